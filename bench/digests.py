"""`python -m bench.digests`: a morning's digests for everybody, written, then handed over to a mail server.

One campaign on SQLite: a handler's digest with what waits, is due and is late, some handlers to a unit and
three open tasks to each unit. Writing is one `run_once` of the digests: gathered, composed, numbered, kept.
Sending is the office over SMTP to a sink in a process of its own, which takes every message and keeps none.

The floors go over the same rows in the same run. Of writing: one plain Jinja template for the HTML and one
for the text, zlib, and `executemany` of the same rows with the driver alone. Of sending: `smtplib`, as many
connections, the same bytes, nothing kept.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import multiprocessing
import resource
import smtplib
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pysqlite3

from notifier.channel import Outcome, Receipt, Send
from notifier.content import Content, Envelope, Kind, Parcel, Site
from notifier.digests import Digests
from notifier.mail.message import message
from notifier.mail.settings import MailSettings
from notifier.notices import class_of, write_notices
from notifier.office import Office
from notifier.office_settings import OfficeSettings, Pace
from workflow.clock import SystemClock
from workflow.definition import Pack, pack_from_source
from workflow.engine import Library
from workflow.engine.memory import calm
from workflow.store import open_port, tasks

from .pack import measured_pack
from .places import SqlitePlace
from .population import begin, salt
from .report import machine
from .rounds import forget_peak, peak_kib

BASE, TASKS = 20, 3
CONNECTIONS = 4
HOUR = 3_600_000
DAY = 24 * HOUR
HERE = Path(__file__).resolve().parent
_HTML = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>{{ title }}</title></head><body>
{{ frame|safe }}<h1>{{ title }}</h1><p>{{ number }}</p><table>{% for item in items %}
<tr><td>{{ item[0] }}</td><td>{{ item[1] }}</td><td>{{ item[2] }}</td></tr>{% endfor %}</table></body></html>
"""
_TEXT = """{{ title }}
{{ number }}
{% for item in items %}{{ item[0] }} {{ item[1] }} {{ item[2] }}
{% endfor %}"""
_WAITS = "SELECT 1 FROM delivery WHERE status IN ('waiting', 'sending', 'unknown') LIMIT 1"


# --- the campaign -----------------------------------------------------------------------------------


def with_digest(pack: Pack) -> Pack:
    """The bench's campaign with a handler's daily digest."""
    source: dict[str, Any] = copy.deepcopy(dict(pack.source))
    source["campaign.yaml"]["digests"] = {
        "daily_work": {
            "label": {"zh": "每日待办", "en": "Daily work"},
            "for": "handler",
            "at": "workdays 08:00",
            "shows": ["waiting", "due", "late"],
        }
    }
    varied = pack_from_source(source)
    return Pack(
        version=varied.version,
        source=varied.source,
        campaign=varied.campaign,
        definitions=varied.definitions,
        people=pack.people,
    )


def populate(path: Path, readers: int, per_unit: int) -> None:
    """So many handlers with an address, and open tasks at their units, copied from the first one."""
    connection: Any = pysqlite3.connect(str(path), isolation_level=None)
    connection.execute("BEGIN")
    (original,) = connection.execute("SELECT * FROM task WHERE waits_for IS NOT NULL LIMIT 1").fetchall()
    (parent,) = connection.execute("SELECT id FROM unit WHERE code = 'bureau'").fetchone()
    at = {name: position for position, name in enumerate(tasks.COLUMNS)}
    units = range(10_000, 10_000 + -(-readers // per_unit))
    connection.executemany(
        "INSERT INTO unit (id, code, kind, parent_id, zh, en) VALUES (?, ?, 'region', ?, ?, ?)",
        [(one, f"u{one}", parent, f"第{one}街道", f"Subdistrict {one}") for one in units],
    )
    people = range(1_000_000, 1_000_000 + readers)
    connection.executemany(
        "INSERT INTO person (id, code, zh, en, language) VALUES (?, ?, ?, ?, ?)",
        [(one, f"p{one}", f"某{one}", f"Person {one}", "zh" if one % 4 else "en") for one in people],
    )
    connection.executemany(
        "INSERT INTO post (person_id, name, unit_id, valid_from, recorded_at) VALUES (?, 'handler', ?, 0, 0)",
        [(one, 10_000 + (one - 1_000_000) // per_unit) for one in people],
    )
    connection.executemany(
        "INSERT INTO address (person_id, kind, value, rank, recorded_at) VALUES (?, 'mail', ?, 0, 0)",
        [(one, f"p{one}@example.org") for one in people],
    )
    marks = ", ".join("?" * len(original))
    connection.executemany(
        f"INSERT INTO task VALUES ({marks})",
        list(_copies(original, at, [one for one in units for _ in range(TASKS)])),
    )
    connection.execute("UPDATE meta SET value = value || '+' WHERE key = 'organisation'")
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.close()


def _copies(original: tuple[Any, ...], at: dict[str, int], units: list[int]) -> Iterator[tuple[Any, ...]]:
    """Every third is late and yellow, every third due soon, all wait for their unit's handlers."""
    for number, unit in enumerate(units):
        row = list(original)
        body = row[at["body"]].replace(f'"unit":{original[at["unit_id"]]}', f'"unit":{unit}')
        changes = {
            "id": 5_000_000 + number,
            "unit_id": unit,
            "waits_unit": unit,
            "body": body,
            "moment_id": None,
            "wake_at": None,
            "light": ("yellow", "blue", "green")[number % 3],
            "due_at": row[at["opened_at"]] + (DAY, 9 * DAY, 60 * DAY)[number % 3],
        }
        for name, value in changes.items():
            row[at[name]] = value
        yield tuple(row)


# --- a mail channel, and a server that takes everything ---------------------------------------------


class PlainMail:
    """The product's mail over a plain connection: no TLS, no signature."""

    name = "mail"
    kind: Kind = "mail"

    def __init__(self, port: int) -> None:
        self._port = port
        self._settings = MailSettings(
            kind="mail", host="127.0.0.1", port=port, tls="none", sender="duban@example.org"
        )

    def write(self, content: Content, envelope: Envelope) -> bytes:
        """The message, as the product's channel lays it down."""
        return message(content, envelope, self._settings)

    def session(self) -> AbstractContextManager[Send]:
        """A connection that is kept."""
        return _session(self._port)

    def receipts(self, _keep: Callable[[Receipt], None]) -> int:
        """None."""
        return 0


@contextmanager
def _session(port: int) -> Iterator[Send]:
    connection = smtplib.SMTP("127.0.0.1", port, local_hostname="bench.invalid")

    def send(parcel: Parcel) -> Outcome:
        connection.sendmail("duban@example.org", [parcel.address], parcel.body)
        return Outcome.accepted(code="250")

    try:
        yield send
    finally:
        connection.quit()


def _sink(told: Any) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**22)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


# --- what is measured -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """How long something took, and what this process computed meanwhile."""

    seconds: float
    cpu: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One thing that was measured, beside its floor."""

    what: str
    readers: int
    took: Took
    floor: Took
    peak_kib: int

    def line(self) -> str:
        """A row of the table."""
        each = self.took.seconds * 1000 / self.readers
        cells = (
            *(self.what, f"{self.readers:,}", f"{self.took.seconds:.1f} s", f"{self.took.cpu:.1f} s"),
            *(f"{each:.2f} ms", f"{self.floor.seconds:.1f} s", f"{self.floor.cpu:.1f} s"),
            f"**{self.floor.seconds / self.took.seconds:.2f}** ({self.floor.cpu / self.took.cpu:.2f} by CPU)",
            f"{self.peak_kib / 1024:.0f} MiB",
        )
        return f"| {' | '.join(cells)} |"


HEADER = "| | readers | took | CPU | each | floor | its CPU | floor ÷ ours | peak RSS |"


def measure(readers: int, folder: Path, *, per_unit: int = 5, profile: bool = False) -> list[Figure]:
    """Both figures."""
    apart = multiprocessing.get_context("spawn")
    url = SqlitePlace(folder).create("digests")
    path = Path(url.removeprefix("sqlite:///"))
    with apart.Pool(1) as pool:  # what making the campaign needs of memory is not counted
        now = pool.apply(_made, (url, folder, readers, per_unit))
    here, there = multiprocessing.Pipe()
    sink = apart.Process(target=_sink, args=(there,), daemon=True)
    sink.start()
    smtp = here.recv()
    try:
        written = _writing(url, path, readers, now, smtp, folder, profile=profile)
        return [written, _sending(url, path, readers, now, smtp)]
    finally:
        sink.terminate()


def _made(url: str, folder: Path, readers: int, per_unit: int) -> int:
    """Make the campaign; when its digests are due: 08:00 in its zone, a week later."""
    population = begin(url, with_digest(measured_pack(folder, BASE)))
    populate(Path(url.removeprefix("sqlite:///")), readers, per_unit)
    now = population.begun_at + 7 * DAY
    return now - ((now + 8 * HOUR) % DAY - 8 * HOUR)


def _writing(
    url: str, path: Path, readers: int, now: int, smtp: int, folder: Path, *, profile: bool
) -> Figure:
    with _closing(url) as port:
        channels = {"mail": PlainMail(smtp)}
        digests = Digests(port, Library(), channels, _settings(), Site(), salt)
        forget_peak()
        made: list[int] = []
        took = _timed(lambda: made.append(digests.run_once(now).made), profile=profile)
        peak = peak_kib()
    if made[0] < readers:
        raise RuntimeError(f"{made[0]} digests for {readers} readers")
    return Figure(
        what="write", readers=made[0], took=took, floor=_timed(lambda: _plainly(path, folder)), peak_kib=peak
    )


def _plainly(path: Path, folder: Path) -> None:
    """The floor of writing: templates, zlib, the same rows with the driver alone."""
    environment = jinja2.Environment(autoescape=True, cache_size=-1)
    html, text = environment.from_string(_HTML), environment.from_string(_TEXT)
    source: Any = pysqlite3.connect(str(path))
    target: Any = pysqlite3.connect(str(folder / "floor.db"), isolation_level=None)
    target.execute("PRAGMA journal_mode = WAL")
    target.execute("PRAGMA synchronous = FULL")
    for table in ("delivery", "digest"):
        for (statement,) in source.execute("SELECT sql FROM sqlite_master WHERE tbl_name = ?", (table,)):
            if statement:
                target.execute(statement)
    columns = [row[1] for row in source.execute("PRAGMA table_info(delivery)")]
    where = columns.index("body")
    frame = "x" * 6_000  # what every page has around its text
    items = [("yellow", "BN-1 Subdistrict: issued", "by Fri 6 March")] * 5
    chunks = source.execute("SELECT * FROM delivery")
    numbers = source.execute("SELECT * FROM digest")
    while rows := chunks.fetchmany(500):
        made = []
        for row in rows:
            view = {"title": "Daily work", "number": row[0], "items": items, "frame": frame}
            zlib.compress((html.render(view) + text.render(view)).encode(), 6)
            made.append((*row[:where], row[where], *row[where + 1 :]))
        target.execute("BEGIN IMMEDIATE")
        target.executemany(f"INSERT INTO delivery VALUES ({', '.join('?' * len(columns))})", made)
        target.executemany("INSERT INTO digest VALUES (?, ?, ?, ?, ?, ?, ?, ?)", numbers.fetchmany(500))
        target.execute("COMMIT")
    source.close()
    target.close()


def _sending(url: str, path: Path, readers: int, now: int, smtp: int) -> Figure:
    with _closing(url) as port:
        office = Office(
            port,
            Library(),
            {"mail": PlainMail(smtp)},
            _settings(),
            Site(),
            SystemClock(),
            salt,
            writer=write_notices,
            class_of=class_of,
        )
        forget_peak()

        def send() -> None:
            while _waiting(path):
                office.run_once(now + 1_000)

        took = _timed(send)
        peak = peak_kib()
        office.close()
    return Figure(
        what="send",
        readers=readers,
        took=took,
        floor=_timed(lambda: _plainly_sent(path, smtp)),
        peak_kib=peak,
    )


def _waiting(path: Path) -> bool:
    connection: Any = pysqlite3.connect(str(path))
    found = connection.execute(_WAITS).fetchone()
    connection.close()
    return found is not None


def _plainly_sent(path: Path, smtp: int) -> None:
    """The floor of sending: as many connections, the same bytes, nothing kept."""

    def share(number: int) -> None:
        source: Any = pysqlite3.connect(str(path))
        rows = source.execute(
            "SELECT address, body FROM delivery WHERE about = 'digest' AND id % ? = ?", (CONNECTIONS, number)
        )
        with smtplib.SMTP("127.0.0.1", smtp, local_hostname="bench.invalid") as connection:
            while found := rows.fetchmany(100):
                for address, body in found:
                    connection.sendmail("duban@example.org", [address], zlib.decompress(body))
        source.close()

    threads = [threading.Thread(target=share, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _settings() -> OfficeSettings:
    pace = Pace(rate=1e6, burst=1_000_000, concurrency=CONNECTIONS)
    return OfficeSettings(quiet_from=0, quiet_to=0, paces={"mail": pace})


@contextmanager
def _closing(url: str) -> Iterator[Any]:
    port = open_port(url)
    try:
        yield port
    finally:
        port.close()


def _timed(work: Callable[[], object], *, profile: bool = False) -> Took:
    began, computed = time.perf_counter(), time.process_time()
    if profile:
        import cProfile
        import pstats

        profiler = cProfile.Profile()
        profiler.runcall(work)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(40)
    else:
        work()
    return Took(seconds=time.perf_counter() - began, cpu=time.process_time() - computed)


def main() -> None:
    """Measure, and print the table; with --results write it down."""
    parser = argparse.ArgumentParser(prog="python -m bench.digests", description=__doc__)
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--per-unit", type=int, default=5, help="handlers of one unit: they share its tasks")
    parser.add_argument("--profile", action="store_true", help="print where the time of writing goes")
    parser.add_argument("--note", default="", help="what else the machine did")
    parser.add_argument("--results", type=Path, default=None, help="write digests.md into this folder")
    parser.add_argument("--folder", type=Path, default=None, help="on which disk the databases lie")
    options = parser.parse_args()
    calm()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        figures = measure(options.readers, Path(name), per_unit=options.per_unit, profile=options.profile)
    told = [HEADER, "|" + "---|" * (HEADER.count("|") - 1), *(one.line() for one in figures), ""]
    about = [f"- {key}: {value}" for key, value in {**machine(), "note": options.note}.items() if value]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    text = "\n".join(["# Digests", "", *told, *about, f"- largest in all, floors included: {peak} MiB", ""])
    print(text)
    if options.results is not None:
        (options.results / "digests.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
