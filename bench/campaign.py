"""`python -m bench.campaign`: a whole campaign of many units, handed out and lived for a year.

Loading brings the shipped pack into force, its regions grown to `--units`; fan-out opens ten tasks for each
of them, of eight kinds, the draw of the cross-check included, in one run of the clock. The floor of the
fan-out is a bare driver that writes the same rows into the same tables of another file. The year is played
by invented people through the engine, act by act; it has no floor, its memory is shown as it goes on.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pysqlite3
import structlog

from workflow.calendar import default_calendar
from workflow.definition import Pack, load_pack, pack_from_source
from workflow.engine import Engine
from workflow.engine.memory import calm
from workflow.simulation import grown, simulate
from workflow.simulation.dice import Dice
from workflow.store import migrate, open_port

from .report import machine
from .rounds import forget_peak, peak_kib

HERE = Path(__file__).resolve().parent
PACK = HERE.parent / "definitions" / "demonstration_site"
UNITS, DAYS, TRACKS = 300, 365, ("employment", "service", "mutual_support")
ONE_EACH = (
    "self_check",
    "employment_base",
    "veteran_review",
    "entitlement",
    "monthly_check",
    "triangulation",
)
_TABLES = ("task", "event", "event_value", "outgoing", "episode", "list_row", "concern", "nudge", "moment")
_HEADER = "| | tasks | lines of history | took | CPU | floor | floor ÷ ours | wanted | peak RSS |"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One thing that was measured."""

    what: str
    tasks: int
    events: int
    seconds: float
    cpu: float  # seconds of this process
    floor: float | None = None  # seconds
    wanted: float | None = None  # seconds, for UNITS and DAYS
    peak_kib: int

    def line(self) -> str:
        """The figure as a row of the table."""
        floor = "" if self.floor is None else f"{self.floor:.2f} s"
        ratio = "" if self.floor is None else f"**{self.floor / self.seconds:.2f}**"
        told = ""
        if self.wanted is not None:
            told = f"≤ {self.wanted:.0f} s {'✓' if self.seconds <= self.wanted else '✗'}"
        cells = (
            self.what,
            f"{self.tasks:,}",
            f"{self.events:,}",
            f"{self.seconds:.1f} s",
            f"{self.cpu:.1f} s",
        )
        return f"| {' | '.join((*cells, floor, ratio, told, f'{self.peak_kib / 1024:.0f} MiB'))} |"


def everything_at_once(pack: Pack) -> Pack:
    """The pack, but that every round for all regions comes on the first morning."""
    source = dict(pack.source)
    campaign = dict(cast("dict[str, Any]", source["campaign.yaml"]))
    rounds: dict[str, Any] = {
        kind: {"at": "start 09:00", "opens": {kind: {"each": "region"}}, "track": "service"}
        for kind in ONE_EACH
    }
    rounds["hand_out"] = {
        "at": "start 09:00",
        "opens": {"creation_task": {"each": "region"}},
        "track": list(TRACKS),
    }
    rounds["draw"] = {"at": "start 09:00", "opens": {"cross_check": {"each": "pair"}}, "track": "service"}
    campaign["rounds"] = rounds
    source["campaign.yaml"] = campaign
    return replace(pack_from_source(source), people=pack.people)


def fan_out(units: int, folder: Path) -> list[Figure]:
    """Load the campaign, then hand all of it out in one run of the clock."""
    pack = everything_at_once(grown(load_pack(PACK), "region", units))
    file = folder / "campaign.db"
    url = f"sqlite:///{file}"
    migrate(url)
    port = open_port(url)
    engine = Engine(port, salts=Dice(1).salt)
    start = default_calendar(pack.campaign.zone).instant(pack.campaign.milestones["start"], 9)
    forget_peak()
    loading = _timed(lambda: engine.load(pack, start - 1))
    handing = _timed(lambda: engine.run_once(start))
    peak = peak_kib()
    port.close()
    tasks, events = _count(file, "task"), _count(file, "event")
    floor = _floor(file, folder / "floor.db")
    loaded, handed = (f"{name}, {units} regions" for name in ("load", "fan-out"))
    return [
        Figure(what=loaded, tasks=0, events=0, seconds=loading[0], cpu=loading[1], peak_kib=peak),
        Figure(
            what=handed,
            tasks=tasks,
            events=events,
            seconds=handing[0],
            cpu=handing[1],
            floor=floor,
            wanted=10 if units == UNITS else None,
            peak_kib=peak,
        ),
    ]


def year(units: int, days: int, folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Play the campaign for so many days; figures at a third, two thirds and the end."""
    pack = grown(load_pack(PACK), "region", units)
    file = folder / "year.db"
    begun, cpu = time.perf_counter(), time.process_time()
    found: list[Figure] = []
    forget_peak()

    def figure(day: int, total: int) -> Figure:
        return Figure(
            what=f"day {day} of {total}, {units} regions",
            tasks=_count(file, "task"),
            events=_count(file, "event"),
            seconds=time.perf_counter() - begun,
            cpu=time.process_time() - cpu,
            wanted=300 if (units, day, total) == (UNITS, DAYS, DAYS) else None,
            peak_kib=peak_kib(),
        )

    def progress(done: int, total: int) -> None:
        if len(found) < 2 and done >= total * (len(found) + 1) // 3:
            found.append(figure(done, total))
            say(found[-1].line())

    simulate(pack, days=days, seed=1, url=f"sqlite:///{file}", progress=progress)
    yield from found
    yield figure(days, days)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - cpu


def _count(file: Path, table: str) -> int:
    with pysqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return int(found[0])


def _floor(source: Path, target: Path) -> float:
    """Seconds in which a bare driver writes the rows of the fan-out into tables like these."""
    migrate(f"sqlite:///{target}")
    written = pysqlite3.connect(str(source))
    rows = {table: written.execute(f"SELECT * FROM {table}").fetchall() for table in _TABLES}
    written.close()
    connection = pysqlite3.connect(str(target))
    connection.execute("PRAGMA journal_mode=WAL")
    begun = time.perf_counter()
    with connection:
        for table, found in rows.items():
            if found:
                places = ", ".join("?" * len(found[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({places})", found)
    took = time.perf_counter() - begun
    connection.close()
    return took


def main() -> None:
    """Measure as the command line says, and write bench/campaign.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.campaign", description=__doc__)
    parser.add_argument("--units", type=int, default=UNITS, help="how many regions")
    parser.add_argument("--days", type=int, default=DAYS, help="virtual days; 0 leaves the year out")
    parser.add_argument("--note", default="", help="a remark to write down, as about the machine's load")
    parser.add_argument("--results", type=Path, default=HERE, help="where campaign.md goes")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    calm()  # as the daemon does
    print(_HEADER)
    with tempfile.TemporaryDirectory(prefix="duban-bench-") as name:
        figures = fan_out(chosen.units, Path(name))
        print("\n".join(one.line() for one in figures), flush=True)
        if chosen.days:
            figures += year(chosen.units, chosen.days, Path(name), lambda line: print(line, flush=True))
            print(figures[-1].line())
    _write(chosen.results / "campaign.md", figures, chosen)


def _write(file: Path, figures: list[Figure], chosen: argparse.Namespace) -> None:
    command = f"python -m bench.campaign --units {chosen.units} --days {chosen.days}"
    facts = {"command": command, "date": datetime.now(UTC).date().isoformat(), **machine()}
    facts |= {"note": chosen.note} if chosen.note else {}
    told = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    rows = "\n".join(one.line() for one in figures)
    rule = "|---" * (_HEADER.count("|") - 1) + "|"
    file.write_text(
        f"# A whole campaign\n\n{told}\n\n{_HEADER}\n{rule}\n{rows}\n\n{(__doc__ or '').partition(': ')[2]}",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
