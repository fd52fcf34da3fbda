"""`python -m bench.overload`: 10,000 deadlines in one second, while people use the console.

One campaign on SQLite: every task was handed out at one moment and is due some minutes later, to the
millisecond; each then opens an episode and a supervision and tells its people. `duban daemon` and
`duban console` run in processes of their own, as in production. Four people go from page to page all the
time, a second of pause between two pages; what they wait for is measured before the deadline, and from the
deadline until the last task was acted on.

The floor of the pages, in the same run: the same bare page as in `bench.console`, asked for in between.
How fast deadlines are acted on beside bare writing is W2 of `python -m bench`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
import pysqlite3

from workflow.clock import SystemClock
from workflow.definition import Pack, load_pack
from workflow.engine import Engine
from workflow.store import open_port

from .console import (
    WHO,
    answers,
    free,
    p95,
    plain,
    running,
    signed_in,
    timed,
)
from .notice import last_workday
from .pack import measured_pack
from .places import SqlitePlace
from .population import salt
from .report import machine

UNITS: Final = 250
PAUSE: Final = 1.0  # seconds that somebody looks at a page
LONGEST: Final = 300.0  # seconds after the deadline; then it is given up
CALM: Final = 20  # seconds before the deadline that are measured, for comparison
_PAGES: Final = ("/", "/board", "/ledger?light=red", "/tasks/TASK")  # the first unit's tasks


def _pack(folder: Path, each: int, minutes: int) -> Pack:
    """The bench's campaign: so many tasks for each unit, due some minutes after they were opened."""
    measured_pack(folder, UNITS)
    start = last_workday()
    first = "  hand_out: {at: start 09:00, opens: {errand: {each: region}}}\n"
    more = "".join(first.replace("hand_out", f"hand_out_{one}") for one in range(2, each + 1))
    year = start.replace(year=start.year + 1, day=1).isoformat()
    for file in (folder / "pack").glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace("2026-03-02", start.isoformat())
        text = text.replace(first, first + more).replace("2026-12-31", year)
        file.write_text(text.replace("40 workdays", f"{minutes} minutes"), encoding="utf-8")
    return load_pack(folder / "pack")


def _hand_out(url: str, pack: Pack) -> int:
    """Open all of it now; when it is due, in ms."""
    with closing(open_port(url)) as port:
        engine = Engine(port, salts=salt)
        now = SystemClock().now()
        engine.load(pack, now)
        engine.run_once(now)
    with closing(_read(url)) as connection:
        ((first, last),) = connection.execute("SELECT MIN(due_at), MAX(due_at) FROM task").fetchall()
    if last - first >= 1_000:
        raise RuntimeError("the tasks are not due within one second")
    return int(last)


def _read(url: str) -> pysqlite3.Connection:
    return pysqlite3.connect(url.removeprefix("sqlite:///"), timeout=60)


def _acted_on(url: str) -> int:
    """How many tasks are late and known to be."""
    with closing(_read(url)) as connection:
        ((found,),) = connection.execute("SELECT COUNT(*) FROM episode WHERE rule = 'late'").fetchall()
    return int(found)


@dataclass
class Walk:
    """What one person waited for, in seconds, by when they asked."""

    waited: list[tuple[float, float]] = field(default_factory=list)  # (monotonic time, seconds)
    floor: list[tuple[float, float]] = field(default_factory=list)
    refused: int = 0  # pages that did not come


def _walk(web: int, bare: int, token: str, number: int, walk: Walk, ended: threading.Event) -> None:
    ended.wait(PAUSE * (number * 0.618 % 1))  # nobody keeps step with the others
    with (
        httpx2.Client(base_url=f"http://127.0.0.1:{web}", cookies={"duban": token}, timeout=60) as client,
        httpx2.Client(base_url=f"http://127.0.0.1:{bare}", timeout=60) as other,
    ):
        while not ended.wait(PAUSE):
            page = _PAGES[number % len(_PAGES)].replace("TASK", str(1 + UNITS * (number % 4)))
            number += 1
            began = time.monotonic()
            took, answer = timed(client, page)
            walk.waited.append((began, took))
            walk.refused += answer.status_code != 200
            walk.floor.append((began, timed(other, "/")[0]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What was seen, in seconds."""

    tasks: int
    drained: float  # from the deadline until the last task was acted on
    before: Sequence[float]
    during: Sequence[float]
    floor: Sequence[float]  # during
    refused: int

    def lines(self) -> list[str]:
        """The rows of the table."""
        ratio = statistics.median(self.floor) / statistics.median(self.during)
        return [
            f"| deadlines within one second | {self.tasks:,} |",
            f"| from the deadline until all were acted on | **{self.drained:.1f} s** (wanted: 60) |",
            f"| tasks acted on in a second | {self.tasks / self.drained:.0f} |",
            f"| pages before: median, p95, count | {_told(self.before)} |",
            f"| pages meanwhile: median, p95, count | {_told(self.during)} (wanted: p95 under 300 ms) |",
            f"| floor's pages meanwhile | {_told(self.floor)} |",
            f"| floor ÷ ours, medians | {ratio:.2f} |",
            f"| pages that were not shown | {self.refused} |",
        ]


def _told(took: Sequence[float]) -> str:
    return f"{statistics.median(took) * 1000:.0f} ms, **{p95(took):.0f} ms**, {len(took)}"


def measure(url: str, pack: Pack, people: int) -> Figure:
    """The storm, with so many people at their pages."""
    due = _hand_out(url, pack)
    with closing(open_port(url)) as port:
        tokens = signed_in(port, SystemClock().now())
    wanted = _count(url)
    web, bare = free(), free()
    floor = multiprocessing.get_context("spawn").Process(
        target=plain, args=(url.removeprefix("sqlite:///"), bare), daemon=True
    )
    floor.start()
    ended = threading.Event()
    walks = [Walk() for _ in range(people)]
    try:
        with running("--database", url, "daemon"), running("--database", url, "console", "--port", str(web)):
            answers(web)
            answers(bare)
            threads = [
                threading.Thread(
                    target=_walk, args=(web, bare, tokens[WHO[n % len(WHO)]], n, walk, ended), daemon=True
                )
                for n, walk in enumerate(walks)
            ]
            _wait_until(due - CALM * 1000)
            for thread in threads:
                thread.start()
            began, drained = _drained(url, due, wanted)
            ended.set()
            for thread in threads:
                thread.join(60)
    finally:
        floor.terminate()
    return _figure(walks, began, drained, wanted)


def _figure(walks: Sequence[Walk], began: float, drained: float, wanted: int) -> Figure:
    return Figure(
        tasks=wanted,
        drained=drained,
        before=[took for walk in walks for at, took in walk.waited if at < began],
        during=[took for walk in walks for at, took in walk.waited if at >= began],
        floor=[took for walk in walks for at, took in walk.floor if at >= began],
        refused=sum(walk.refused for walk in walks),
    )


def _count(url: str) -> int:
    with closing(_read(url)) as connection:
        ((found,),) = connection.execute("SELECT COUNT(*) FROM task").fetchall()
    return int(found)


def _wait_until(instant: int) -> None:
    left = (instant - SystemClock().now()) / 1000
    if left < 0:
        raise RuntimeError(f"it was due {-left:.0f} s too early; try more --minutes")
    time.sleep(left)


def _drained(url: str, due: int, wanted: int) -> tuple[float, float]:
    """When the deadline was (monotonic), and how long after it the last task was acted on."""
    _wait_until(due)
    began = time.monotonic()
    while (found := _acted_on(url)) < wanted:
        took = time.monotonic() - began
        print(f"\r{found:,} of {wanted:,} after {took:.0f} s ", end="", file=sys.stderr, flush=True)
        if took > LONGEST:
            raise RuntimeError(f"only {found} of {wanted} were acted on after {took:.0f} s")
        time.sleep(0.25)
    return began, time.monotonic() - began


def main() -> None:
    """Measure, and print the table; with --results write it down."""
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--minutes", type=int, default=3, help="until they are due")
    parser.add_argument("--people", type=int, default=4, help="at their pages")
    parser.add_argument("--results", type=Path, default=None, help="write overload.md into this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        pack = _pack(Path(name), max(1, options.tasks // UNITS), options.minutes)
        figure = measure(SqlitePlace(Path(name)).create("overload"), pack, options.people)
    about = [f"- {key}: {value}" for key, value in machine().items()]
    about.append(f"- people at their pages: {options.people}, {PAUSE:.0f} s between two pages")
    text = "\n".join(["# Overload", "", "| what | seen |", "|---|---|", *figure.lines(), "", *about, ""])
    print(text)
    if options.results is not None:
        (options.results / "overload.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
