"""A small message centre of our own: SMPP 3.4 by hand on raw sockets, and able to die at every step.

It shares no code with what it tests. `dies` names, connection by connection, the step after which the
centre hangs up; connections beyond the list live on:

    connect    accepted, nothing read
    bind       a bind was read and not answered
    bind_resp  bound, nothing more
    read       a submit_sm was read, and not kept
    submit     a submit_sm was read and kept, and not answered
    between    the first segment was kept and answered
    resp       every segment was kept and answered: the last one by its header
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

Step = Literal["connect", "bind", "bind_resp", "read", "submit", "between", "resp"]
STEPS: tuple[Step, ...] = get_args(Step)

BINDS = {0x1: "receiver", 0x2: "transmitter", 0x9: "transceiver"}
SUBMIT, DELIVER, DELIVER_RESP, UNBIND, ENQUIRE = 0x4, 0x5, 0x80000005, 0x6, 0x15
RESP = 0x80000000


class HangUp(Exception):
    """The centre ends this connection."""


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """A segment as it arrived."""

    id: str
    destination: str
    esm_class: int
    data_coding: int
    registered: int
    octets: bytes

    @property
    def header(self) -> tuple[int, int, int] | None:
        """Reference, of how many, which: for a text in several segments."""
        return (self.octets[3], self.octets[4], self.octets[5]) if self.esm_class & 0x40 else None

    @property
    def words(self) -> str:
        """What a phone would show. Basic GSM letters and digits are those of ASCII."""
        plain = self.octets[6:] if self.header else self.octets
        return plain.decode("utf-16-be" if self.data_coding == 8 else "ascii")

    @property
    def is_last(self) -> bool:
        return self.header is None or self.header[1] == self.header[2]


@dataclass
class Smsc:
    """What the centre does, and what it saw."""

    port: int = 0
    dies: list[Step] = field(default_factory=list)
    bind_status: int = 0
    submit_statuses: list[int] = field(default_factory=list)  # of the next submissions; then 0
    instead: bytes | None = None  # raw bytes in place of an answer to a submission
    deliver: list[bytes] = field(default_factory=list)  # short messages sent to who can receive
    mute: bool = False  # reads submissions and never answers
    submitted: list[Submitted] = field(default_factory=list)
    binds: list[tuple[str, str, str]] = field(default_factory=list)  # how, system_id, password
    answered: list[int] = field(default_factory=list)  # statuses of deliver_sm_resp
    enquired: int = 0
    interrupting: bool = False  # sends enquire_link and a receipt before it answers a submission
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def texts(self) -> list[str]:
        """Whole texts as phones joined them, in the order in which they became whole."""
        waiting: dict[tuple[str, int], dict[int, str]] = {}
        whole: list[str] = []
        for one in self.submitted:
            reference, total, number = one.header or (-1, 1, 1)
            got = waiting.setdefault((one.destination, reference), {})
            got[number] = one.words
            if len(got) == total:
                whole.append("".join(got[key] for key in sorted(got)))
                waiting.pop((one.destination, reference))
        return whole

    # -------------------------------------------------------------- a connection

    def serve(self, peer: socket.socket, dies: Step | None) -> None:
        with contextlib.suppress(HangUp, OSError), peer:
            peer.settimeout(10)
            if dies != "connect":
                while True:
                    self._answer(peer, *_read(peer), dies)

    def _answer(
        self, peer: socket.socket, command: int, status: int, number: int, body: bytes, dies: Step | None
    ) -> None:
        if command in BINDS:
            self._bind(peer, command, number, body, dies)
        elif command == SUBMIT:
            self._submit(peer, number, body, dies)
        elif command == DELIVER_RESP:
            self.answered.append(status)
        elif command in (UNBIND, ENQUIRE):
            self.enquired += command == ENQUIRE
            _write(peer, command | RESP, 0, number)
            if command == UNBIND:
                raise HangUp

    def _bind(self, peer: socket.socket, command: int, number: int, body: bytes, dies: Step | None) -> None:
        system_id, password, *_ = body.split(b"\0")
        self.binds.append((BINDS[command], system_id.decode(), password.decode()))
        if dies == "bind":
            raise HangUp
        _write(peer, command | RESP, self.bind_status, number, b"" if self.bind_status else b"smsc\0")
        if dies == "bind_resp" or self.bind_status:
            raise HangUp
        if BINDS[command] != "transmitter":
            while self.deliver:
                self._deliver(peer, self.deliver.pop(0))

    def _submit(self, peer: socket.socket, number: int, body: bytes, dies: Step | None) -> None:
        one = _submission(body, str(next(self.ids)))
        status = self.submit_statuses.pop(0) if self.submit_statuses else 0
        if dies == "read":
            raise HangUp
        if not status:
            self.submitted.append(one)
        if dies == "submit":
            raise HangUp
        if self.interrupting:
            _write(peer, ENQUIRE, 0, 9_000)
            self._deliver(peer, report("earlier", "DELIVRD"))
        if self.instead is not None:
            peer.sendall(self.instead)
        elif not self.mute:
            _write(peer, SUBMIT | RESP, status, number, b"" if status else one.id.encode() + b"\0")
        if dies == "between" or (dies == "resp" and one.is_last):
            raise HangUp

    def _deliver(self, peer: socket.socket, text: bytes) -> None:
        head = b"\0" + b"\1\1" + b"13800000000\0" + b"\0\0" + b"1069\0" + b"\x04\0\0" + b"\0\0" + b"\0\0\0\0"
        _write(peer, DELIVER, 0, 5_000 + next(self.ids), head + bytes((len(text),)) + text)


@contextlib.contextmanager
def smsc(dies: Sequence[Step] = (), **behaviour: object) -> Iterator[Smsc]:
    """A centre on a port of this machine until the block ends. Its threads end with it."""
    centre = Smsc(dies=list(dies), **behaviour)  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        centre.port = listening.getsockname()[1]
        threads: list[threading.Thread] = []
        peers: list[socket.socket] = []
        accepting = threading.Thread(target=_accept, args=(centre, listening, threads, peers))
        accepting.start()
        try:
            yield centre
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for peer in peers:
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def report(message_id: str, stat: str, err: str = "000") -> bytes:
    """A delivery report as centres write it."""
    return (
        f"id:{message_id} sub:001 dlvrd:001 submit date:2611231200 done date:2611231201 "
        f"stat:{stat} err:{err} text:"
    ).encode()


def _accept(
    centre: Smsc, listening: socket.socket, threads: list[threading.Thread], peers: list[socket.socket]
) -> None:
    with contextlib.suppress(OSError):
        while True:
            peer, _ = listening.accept()
            dies = centre.dies.pop(0) if centre.dies else None
            thread = threading.Thread(target=centre.serve, args=(peer, dies))
            threads.append(thread)
            peers.append(peer)
            thread.start()


def _read(peer: socket.socket) -> tuple[int, int, int, bytes]:
    length, command, status, number = struct.unpack(">IIII", _exactly(peer, 16))
    return command, status, number, _exactly(peer, length - 16)


def _exactly(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            raise HangUp
        data += more
    return data


def _write(peer: socket.socket, command: int, status: int, number: int, body: bytes = b"") -> None:
    peer.sendall(struct.pack(">IIII", 16 + len(body), command, status, number) + body)


def _submission(body: bytes, message_id: str) -> Submitted:
    _service, rest = body.split(b"\0", 1)
    _source, rest = rest[2:].split(b"\0", 1)
    destination, rest = rest[2:].split(b"\0", 1)
    esm_class, rest = rest[0], rest[3:]
    _schedule, rest = rest.split(b"\0", 1)
    _validity, rest = rest.split(b"\0", 1)
    registered, _replace, data_coding, _default, length = rest[:5]
    return Submitted(
        id=message_id,
        destination=destination.decode(),
        esm_class=esm_class,
        data_coding=data_coding,
        registered=registered,
        octets=rest[5 : 5 + length],
    )
