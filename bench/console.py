"""`python -m bench.console`: how long the console's pages take over a million tasks, the daemon at work.

One campaign on SQLite: regions with many tasks each, an eighth of them open. `duban daemon` and
`duban console` run in processes of their own, as in production; the daemon has tasks to look at in every
second. From here one asks for pages as four people do: a handler of a unit, a leader of a unit, the bureau's
supervisor and its leader, each signed in.

The floor of every page, in the same run: the same rows once more by the bare driver over an index, drawn
by one plain Jinja table and served by bare Starlette under the same server.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import pysqlite3

from console.accounts.signing_in import hashed
from console.store import accounts, sessions
from workflow.calendar import default_calendar
from workflow.clock import SystemClock
from workflow.decision import Act
from workflow.definition import Pack, load_pack
from workflow.engine import Engine
from workflow.store import migrate, open_port, organisation, tasks
from workflow.store.ports import Port

from .notice import last_workday
from .pack import measured_pack
from .places import SqlitePlace
from .population import EVIDENCE, HOUR, Population, grow, salt
from .report import machine

HERE = Path(__file__).resolve().parent
ROUNDS: Final = 8  # tasks that each unit begins with
LATER: Final = 600  # seconds over which the daemon's work is spread
WHO: Final = ("region_000_handler", "region_000_leader", "supervisor", "head")
_PAGES: Final = {
    "To do": ("/",),
    "Board": ("/board",),
    "Ledger": ("/ledger", "/ledger?light=red", "/ledger?state=submitted", "/ledger?waits=supervisor"),
    "Task": ("/tasks/1", "/tasks/TASK"),
}


# --- the campaign -----------------------------------------------------------------------------------


def _pack(folder: Path, units: int) -> Pack:
    """The bench's campaign, handed out several times, begun on the workday before."""
    measured_pack(folder, units)
    start = last_workday()
    for file in (folder / "pack").glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace("2026-03-02", start.isoformat())
        first = "  hand_out: {at: start 09:00, opens: {errand: {each: region}}}\n"
        more = "".join(first.replace("hand_out", f"hand_out_{one}") for one in range(2, ROUNDS + 1))
        year = start.replace(year=start.year + 1, day=1).isoformat()
        file.write_text(text.replace(first, first + more).replace("2026-12-31", year), encoding="utf-8")
    return load_pack(folder / "pack")


def _populate(url: str, pack: Pack, want: int) -> None:
    """One task in eight is open, and of a tenth of the units one waits for the bureau; the rest is closed."""
    start = default_calendar(pack.campaign.zone).instant(pack.campaign.milestones["start"], 9)
    with closing(open_port(url)) as port:
        engine = Engine(port, salts=salt)
        engine.load(pack, start - HOUR)
        engine.run_once(start)
        population = _worked(engine, start)
    with closing(pysqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        grow(connection, "sqlite", population, want - want % population.originals, _say)


def _worked(engine: Engine, start: int) -> Population:
    with engine.port.read() as tx:
        persons = {code: ident for ident, code, *_ in organisation.persons(tx)}
        units = {ident: code for ident, code, *_ in organisation.units(tx)}
        found = tasks.read_these(tx, range(1, len(units) * ROUNDS))
    with engine.port.write("people") as tx:
        tx.insert(organisation.EVIDENCE, [(EVIDENCE, 24, start)])
    opened = [tasks.task_of(row) for row in found]
    handlers = []
    for number, task in enumerate(opened):
        handler = persons[f"{units[task.unit_id]}_handler"]
        handlers.append(handler)
        _work(engine, task.id, number, handler, persons["supervisor"], start + HOUR)
    with engine.port.write("people") as tx:
        (stride,) = tx.draw("row_id", 1)
    return Population(
        originals=len(opened), stride=stride, handlers=tuple(handlers), revision=0, begun_at=start + 2 * HOUR
    )


def _work(engine: Engine, task: int, number: int, handler: int, supervisor: int, at: int) -> None:
    """Every eighth task is being worked on, every eightieth waits for review, the others are closed."""
    engine.act(task, Act(name="sign_for", person_id=handler, facts={"progress": 90}), at)
    if number % ROUNDS == 0:
        return
    facts = {"own_score": 92, "summary": "按要求落实，已见成效，材料附后"}
    engine.act(task, Act(name="submit", person_id=handler, facts=facts, evidence=[EVIDENCE]), at)
    if number % (ROUNDS * 10) == 1:
        return
    engine.act(task, Act(name="review", person_id=supervisor, facts={"verified_score": 90}), at)
    engine.act(task, Act(name="approve", person_id=supervisor), at)


def _say(text: str) -> None:
    print(f"\r{text}", end="", file=sys.stderr, flush=True)


# --- who asks ---------------------------------------------------------------------------------------


def signed_in(port: Port, now: int) -> dict[str, str]:
    """The token of a session for each of those who ask."""
    with port.write("people") as tx:
        persons = {code: ident for ident, code, *_ in organisation.persons(tx)}
        tokens = {}
        for code in WHO:
            known = accounts.by_login(tx, code)
            account = known.id if known else accounts.add(tx, code, persons[code], None, "none", now)
            made = accounts.by_id(tx, account)
            if made is not None and made.must_change:
                accounts.set_password(tx, made, "no hash, nobody signs in", now, must_change=False)
            tokens[code] = salt().hex() * 2
            sessions.begin(tx, hashed(tokens[code]), account, salt().hex(), now)
    return tokens


def _busy(path: Path, now: int) -> None:
    """Some tasks to look at for the daemon in each second."""
    with closing(pysqlite3.connect(str(path), isolation_level=None)) as connection:
        connection.execute(
            "UPDATE task SET wake_at = ? + (id % ?) * 1000"
            " WHERE id IN (SELECT id FROM task WHERE wake_at IS NOT NULL LIMIT 30000)",
            (now, LATER),
        )


# --- the processes ----------------------------------------------------------------------------------


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of ours, in a process of its own, until it was asked to stop."""
    process = subprocess.Popen(
        [sys.executable, str(HERE.parent / "main.py"), *words],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()


def free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def plain(path: str, port: int) -> None:
    """The floor: fifty open tasks by the bare driver, one plain table, one bare server."""
    import jinja2
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    environment = jinja2.Environment(autoescape=True)
    table = environment.from_string(
        "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>"
        "{% endfor %}</table>"
    )

    def page(_request: Request) -> HTMLResponse:
        with closing(pysqlite3.connect(path)) as connection:
            rows = connection.execute(
                "SELECT id, unit_id, state, light, due_at, opened_at FROM task ORDER BY id DESC LIMIT 50"
            ).fetchall()
        return HTMLResponse(table.render(rows=rows))

    uvicorn.run(Starlette(routes=[Route("/", page)]), port=port, log_level="warning")


def answers(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(httpx2.HTTPError):
            httpx2.get(f"http://127.0.0.1:{port}/robots.txt")
            return
        time.sleep(0.1)
    raise RuntimeError("the console does not answer")


# --- what is measured -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One page, in seconds."""

    page: str
    who: str
    took: Sequence[float]
    size: int  # bytes of the largest answer
    status: int
    floor: Sequence[float]

    def line(self) -> str:
        """A row of the table."""
        middle, floor = statistics.median(self.took), statistics.median(self.floor)
        cells = (
            *(
                self.page,
                self.who,
                str(self.status),
                f"{middle * 1000:.0f} ms",
                f"**{p95(self.took):.0f} ms**",
            ),
            *(f"{max(self.took) * 1000:.0f} ms", f"{p95(self.floor):.0f} ms", f"{floor / middle:.2f}"),
            f"{self.size / 1000:.0f} kB",
        )
        return f"| {' | '.join(cells)} |"


HEADER = "| page | for | status | median | p95 | most | floor's p95 | floor ÷ ours | largest |"


def p95(took: Sequence[float]) -> float:
    return sorted(took)[int(len(took) * 0.95)] * 1000


def measure(url: str, times: int) -> list[Figure]:
    """Every page for everybody, so many times each."""
    path = Path(url.removeprefix("sqlite:///"))
    with closing(open_port(url)) as port:
        tokens = signed_in(port, SystemClock().now())
    _busy(path, SystemClock().now())
    web, bare = free(), free()
    apart = multiprocessing.get_context("spawn")
    floor = apart.Process(target=plain, args=(str(path), bare), daemon=True)
    floor.start()
    try:
        with (
            running("--database", url, "daemon"),
            running("--database", url, "console", "--port", str(web)),
        ):
            answers(web)
            answers(bare)
            return [_asked(web, bare, page, who, tokens[who], times) for page in _PAGES for who in WHO]
    finally:
        floor.terminate()


def _asked(web: int, bare: int, page: str, who: str, token: str, times: int) -> Figure:
    took, floor, size, status = [], [], 0, 200
    with (
        httpx2.Client(base_url=f"http://127.0.0.1:{web}", cookies={"duban": token}, timeout=60) as client,
        httpx2.Client(base_url=f"http://127.0.0.1:{bare}", timeout=60) as other,
    ):
        for number in range(times + 2):
            for path in _PAGES[page]:
                one, answer = timed(client, path.replace("TASK", str(2_000 * number + 1)))
                two, _ = timed(other, "/")
                if number > 1:  # the first ones warm up
                    took.append(one)
                    floor.append(two)
                size, status = max(size, len(answer.content)), max(status, answer.status_code)
    return Figure(page=page, who=who, took=took, size=size, status=status, floor=floor)


def timed(client: httpx2.Client, path: str) -> tuple[float, httpx2.Response]:
    began = time.perf_counter()
    answer = client.get(path)
    return time.perf_counter() - began, answer


def main() -> None:
    """Measure, and print the table; with --results write it down."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=250)
    parser.add_argument("--times", type=int, default=40, help="each page is asked for")
    parser.add_argument("--keep", type=Path, default=None, help="a database to use again, or to make")
    parser.add_argument("--results", type=Path, default=None, help="write console.md into this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.keep is not None and options.keep.exists():
            url = f"sqlite:///{options.keep}"
            migrate(url)
        else:
            folder = Path(name) if options.keep is None else options.keep.parent
            url = SqlitePlace(folder).create("console" if options.keep is None else options.keep.stem)
            _populate(url, _pack(Path(name), options.units), options.tasks)
        figures = measure(url, options.times)
    told = [HEADER, "|" + "---|" * (HEADER.count("|") - 1), *(one.line() for one in figures), ""]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    about = [f"- {key}: {value}" for key, value in machine().items()]
    about += [f"- tasks: {options.tasks:,}", f"- largest process: {peak} MiB", "- wanted: p95 under 100 ms"]
    text = "\n".join(["# The console's pages", "", *told, *about, ""])
    print(text)
    if options.results is not None:
        (options.results / "console.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
