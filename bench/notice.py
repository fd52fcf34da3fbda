"""`python -m bench.notice`: how long after a person's act the notice of it reaches the mail server.

One campaign on SQLite, and the daemon as `duban daemon` runs it, in a process of its own, ringing once a
second. From here a supervisor returns one piece of work after the other, each to another handler; a sink
notes when each mail is there. The time runs from the commit of the act to the end of the mail's DATA.

The floor is the same mail, handed to the same sink by bare `smtplib` over a new connection. The rest is
waiting for two rings at most: one that takes the notice, one that sends what was written.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import signal
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from notifier.settings import read_settings
from notifier.store.addresses import put_address
from notifier.wiring import Machine, Notifier
from workflow.calendar import USUAL_ZONE, default_calendar
from workflow.clock import SystemClock, VirtualClock
from workflow.decision import Act
from workflow.definition import Pack, load_pack
from workflow.engine import Engine
from workflow.store import open_port, organisation
from workflow.store.ports import Port

from .pack import measured_pack
from .places import SqlitePlace
from .population import EVIDENCE, HOUR, Population, begin, salt
from .report import machine

HERE = Path(__file__).resolve().parent
MINUTE = 60_000
LONGEST = 60.0  # seconds to wait for a mail before giving up
_SETTINGS = """\
[site]
domain = "example.org"
[manners]
quiet = "00:00-00:00"
[channels.mail]
kind = "mail"
host = "127.0.0.1"
port = PORT
tls = "none"
sender = "duban@example.org"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What was measured, in seconds, in order of size."""

    took: Sequence[float]
    floor: Sequence[float]

    def line(self) -> str:
        """A row of the table."""
        low, high = statistics.median(self.took), max(self.took)
        floor = statistics.median(self.floor)
        cells = (
            *(str(len(self.took)), f"{min(self.took):.2f} s", f"{low:.2f} s", f"{high:.2f} s"),
            *(f"{floor * 1000:.1f} ms", f"{floor / low:.4f}"),
        )
        return f"| {' | '.join(cells)} |"


HEADER = "| notices | least | median | most | floor, median | floor ÷ ours |"


def measure(notices: int, folder: Path) -> Figure:
    """So many notices, each to another person."""
    apart = multiprocessing.get_context("spawn")
    here, there = multiprocessing.Pipe()
    sink = apart.Process(target=_sink, args=(there,), daemon=True)
    sink.start()
    try:
        settings = folder / "duban.toml"
        smtp = here.recv()
        settings.write_text(_SETTINGS.replace("PORT", str(smtp)), encoding="utf-8")
        url = SqlitePlace(folder).create("notice")
        population = begin(url, _yesterday(folder, notices))
        with _port(url) as port:
            return _measured(port, url, settings, population, here, smtp)
    finally:
        sink.terminate()


def _yesterday(folder: Path, units: int) -> Pack:
    """The bench's campaign, begun on the workday before: what is measured runs on the clock of the wall."""
    measured_pack(folder, units)
    start = last_workday()
    for file in (folder / "pack").glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace("2026-03-02", start.isoformat())
        later = (start + timedelta(days=200)).isoformat()
        file.write_text(text.replace("2026-12-31", later), encoding="utf-8")
    return load_pack(folder / "pack")


def last_workday() -> date:
    """The workday before today, in the usual zone."""
    calendar = default_calendar(USUAL_ZONE)
    day = calendar.day_of(SystemClock().now()) - timedelta(days=1)
    while not calendar.is_workday(day):
        day -= timedelta(days=1)
    return day


def _measured(port: Port, url: str, settings: Path, population: Population, told: Any, smtp: int) -> Figure:
    engine, clock = Engine(port, salts=salt), SystemClock()
    _address(port, clock.now())
    revisions = _submitted(engine, population)
    _cleared(engine, settings, clock.now() - HOUR)
    supervisor = _person(port, "supervisor")
    took: list[float] = []
    mail = b""
    with _daemon(url, settings):
        time.sleep(3)  # it starts
        while told.poll():
            told.recv()  # what was cleared away
        for task, revision in revisions.items():
            engine.act(
                task,
                Act(name="return", person_id=supervisor, facts={"reason": "请补充材料"}),
                clock.now(),
                revision=revision,
            )
            done = time.monotonic()
            mail, at = _arrival(told, f"region_{task - 1:03}_handler")
            took.append(at - done)
            time.sleep(0.037 * (task % 13))  # at any distance from a ring
    return Figure(took=sorted(took), floor=sorted(_plainly(mail, smtp, told) for _ in took))


def _address(port: Port, now: int) -> None:
    with port.write("people") as tx:
        for ident, code, *_ in organisation.persons(tx):
            put_address(tx, ident, "mail", f"{code}@example.org", 0, now)


def _submitted(engine: Engine, population: Population) -> Mapping[int, int]:
    """All work handed in yesterday; revision by task."""
    facts = {"own_score": 92, "summary": "按要求落实，已见成效，材料附后"}
    found = {}
    for task in range(1, population.originals + 1):
        wanted = Act(name="submit", person_id=population.handler(task), facts=facts, evidence=[EVIDENCE])
        found[task] = engine.act(task, wanted, population.begun_at, revision=population.revision).revision
    return found


def _cleared(engine: Engine, settings: Path, at: int) -> None:
    """What yesterday left is sent, an hour ago: nothing of it gathers what is measured."""
    own = Machine(port=engine.port, library=engine.library, random=salt, clock=VirtualClock(at))
    with closing(Notifier(read_settings(settings), own)) as notifier:
        for later in range(0, 20 * MINUTE, MINUTE):
            notifier.office.run_once(at + later)


def _person(port: Port, code: str) -> int:
    with port.read() as tx:
        return {known: int(ident) for ident, known, *_ in organisation.persons(tx)}[code]


def _arrival(told: Any, name: str) -> tuple[bytes, float]:
    """The mail to this address, and when it was there.

    Raises:
        RuntimeError: it did not come.
    """
    while told.poll(LONGEST):
        address, at, mail = told.recv()
        if address == name:
            return mail, at
    raise RuntimeError(f"no mail for {name} within {LONGEST} s")


def _plainly(mail: bytes, smtp: int, told: Any) -> float:
    """The floor: from here to the sink, and nothing else."""
    began = time.monotonic()
    with smtplib.SMTP("127.0.0.1", smtp, local_hostname="bench.invalid") as connection:
        connection.sendmail("duban@example.org", ["floor@example.org"], mail)
    return _arrival(told, "floor")[1] - began


@contextmanager
def _daemon(url: str, settings: Path) -> Iterator[None]:
    """`duban daemon`, in a process of its own, until it was asked to stop."""
    command = [sys.executable, str(HERE.parent / "main.py"), "--database", url, "--settings", str(settings)]
    process = subprocess.Popen([*command, "daemon"], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _sink(told: Any) -> None:
    """A mail server in a process of its own; says to whom, when, and what."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        name = ""
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                mail = await reader.readuntil(b"\r\n.\r\n")
                told.send((name, time.monotonic(), mail[:-3]))
            elif verb == b"RCPT":
                name = line.decode().partition("<")[2].partition("@")[0]
            writer.write(b"250 ok\r\n" if verb != b"QUIT" else b"221 bye\r\n")
            if verb == b"QUIT":
                break
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**22)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def _port(url: str) -> Iterator[Port]:
    with closing(open_port(url)) as port:
        yield port


def main() -> None:
    """Measure, and print the table; with --results write it down."""
    parser = argparse.ArgumentParser(prog="python -m bench.notice", description=__doc__)
    parser.add_argument("--notices", type=int, default=40)
    parser.add_argument("--results", type=Path, default=None, help="write notice.md into this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figure = measure(options.notices, Path(name))
    about = [f"- {key}: {value}" for key, value in machine().items()]
    lines = ["# From an act to its notice", "", HEADER, "|" + "---|" * (HEADER.count("|") - 1), figure.line()]
    text = "\n".join([*lines, "", *about, "- wanted: within 5 s", ""])
    print(text)
    if options.results is not None:
        (options.results / "notice.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
