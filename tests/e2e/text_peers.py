"""Kannel with its fake message centre, and an SMPP message centre over node-smpp, on 127.0.0.1.

Kannel has two ways out: its own fake message centre, and SMPP to the other one. So its receipts are of
both kinds: what the fake one says at once, and what the SMPP one reports later.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.e2e.processes import Program, free_port, until

USER: Final = "duban"
PASSWORD: Final = "kannel-e2e"
SYSTEM: Final = "duban"
KANNEL_SYSTEM: Final = "kannel"
SECRET: Final = "smpp-e2e"  # eight characters at most, says SMPP 3.4
FAKE: Final = "/usr/lib/kannel/test/fakesmsc"
_NODE_FOLDER: Final = Path(__file__).parent / "smsc"

_KANNEL: Final = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
admin-deny-ip = "*.*.*.*"
admin-allow-ip = "127.0.0.1"
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
dlr-storage = internal
log-file = "{folder}/bearerbox.log"
log-level = 0

group = smsc
smsc = fake
smsc-id = fake
port = {fake}
connect-allow-ip = "127.0.0.1"
denied-smsc-id = smpp

group = smsc
smsc = smpp
smsc-id = smpp
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = {system}
smsc-password = {secret}
system-type = ""
reconnect-delay = 1
denied-smsc-id = fake

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = 10690000
http-request-retry = 5
http-queue-delay = 1
log-file = "{folder}/smsbox.log"
log-level = 0

group = sendsms-user
username = {user}
password = {password}
concatenation = true
max-messages = 10
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPeers:
    """Where they are, and what they have said."""

    folder: Path
    admin: int
    boxes: int
    fake: int
    sendsms: int
    smsc: int

    def arrived(self, number: str) -> dict[str, Any]:
        """The segments for a number, of which the last has arrived, joined as node-smpp decoded them."""
        segments: list[dict[str, Any]] = until(f"a text for {number}", lambda: self._whole(number))
        ordered = sorted(segments, key=_place)
        return {
            "text": "".join(one["text"] for one in ordered),
            "lengths": [one["length"] for one in ordered],
            "codings": sorted({one["coding"] for one in ordered}),
            "ids": [one["id"] for one in ordered],
        }

    def _whole(self, number: str) -> list[dict[str, Any]] | None:
        found = [one for one in self.events("submit") if one["to"] == number and one["status"] == 0]
        return found if found and len(found) == _total(found[0]) else None

    def events(self, name: str) -> list[dict[str, Any]]:
        """What the SMPP message centre has said of that kind."""
        lines = (self.folder / "smsc.out").read_text("utf-8").splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return [one for one in told if one["event"] == name]

    def faked(self, number: str) -> list[str]:
        """What Kannel's fake message centre was given for a number, as it prints it."""
        lines = (self.folder / "fakesmsc.out").read_text("utf-8", errors="replace").splitlines()
        return [line for line in lines if f" {number} " in line]

    def status(self) -> str:
        """Kannel about itself."""
        address = f"http://127.0.0.1:{self.admin}/status.txt"
        return httpx2.get(address, params={"password": PASSWORD}, trust_env=False).text


def _total(segment: dict[str, Any]) -> int:
    return int(segment["udh"][0][-4:-2], 16) if segment["udh"] else 1


def _place(segment: dict[str, Any]) -> int:
    return int(segment["udh"][0][-2:], 16) if segment["udh"] else 1


def write_files(folder: Path) -> TextPeers:
    """Kannel's configuration, in the folder."""
    ports = {name: free_port() for name in ("admin", "boxes", "fake", "sendsms", "smsc")}
    words = {"user": USER, "password": PASSWORD, "system": KANNEL_SYSTEM, "secret": SECRET}
    (folder / "kannel.conf").write_text(_KANNEL.format(folder=folder, **ports, **words))
    return TextPeers(folder=folder, **ports)


def start_smsc(peers: TextPeers) -> Program:
    """The SMPP message centre, answering."""
    accounts = f"{SYSTEM}:{SECRET},{KANNEL_SYSTEM}:{SECRET}"
    command = ["node", str(_NODE_FOLDER / "smsc.js"), str(peers.smsc), accounts]
    return Program(command, folder=peers.folder, name="smsc").ready(peers.smsc)


def start_kannel(peers: TextPeers) -> list[Program]:
    """Both boxes and the fake message centre; both ways out online."""
    config = str(peers.folder / "kannel.conf")
    bearer = Program(["bearerbox", config], folder=peers.folder, name="bearerbox")
    bearer.ready(peers.admin, peers.boxes)
    fake = Program(
        [FAKE, "-H", "127.0.0.1", "-r", str(peers.fake), "-m", "0", "1 2 text nothing"],
        folder=peers.folder,
        name="fakesmsc",
    )
    box = Program(["smsbox", config], folder=peers.folder, name="smsbox").ready(peers.sendsms)
    until("Kannel's two ways out", lambda: peers.status().count("(online") == 2)
    return [fake, box, bearer]
