"""`python -m bench.workbooks`: a workbook of tasks in, the ledger out, beside plain openpyxl and csv.

The floor of reading is openpyxl going through the same file in its reading mode; that of writing is
openpyxl writing the same cells in its writing mode, without any look, or the `csv` module. Nothing beside
stands for the database: what opening a task costs there is W2 of the other table. CPU is this process's:
where others use the machine too, it is the steadier figure (PostgreSQL's own is not in it).
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args

import openpyxl

from workbooks.giving import export
from workbooks.taking import Wish, book_of, take
from workbooks.template import template
from workflow.definition import Pack
from workflow.engine import Engine, Ran
from workflow.engine.memory import calm
from workflow.reading import Wanted
from workflow.store import open_port

from .pack import measured_pack
from .places import Kind, Place, place
from .population import salt
from .report import machine
from .rounds import forget_peak, peak_kib

LINES, UNITS = 50_000, 250
_HEADER = "| | database | lines | took | CPU | floor | its CPU | floor ÷ ours, by CPU | wanted | peak RSS |"
HERE = Path(__file__).resolve().parent


class Took(NamedTuple):
    """How long something took."""

    seconds: float
    cpu: float  # seconds of this process


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One thing that was measured."""

    what: str
    database: str
    lines: int
    took: Took
    floor: Took
    wanted: float | None = None  # seconds, for LINES
    peak_kib: int

    def line(self) -> str:
        """The figure as a row of the table."""
        wanted = self.wanted if self.lines == LINES else None
        told = "" if wanted is None else f"≤ {wanted:.0f} s {'✓' if self.took.seconds <= wanted else '✗'}"
        cells = (
            *(self.what, self.database, f"{self.lines:,}"),
            *(f"{one:.1f} s" for one in (*self.took, *self.floor)),
            *(f"**{self.floor.cpu / self.took.cpu:.2f}**", told, f"{self.peak_kib / 1024:.0f} MiB"),
        )
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What is measured on one database."""

    database: Kind
    engine: Engine
    folder: Path
    now: int
    lines: int

    def figures(self) -> list[Figure]:
        """Everything, in order."""
        file = self._book()
        wish = Wish(book="tasks", kind="errand", file=file, person="head")
        checked = self._figure("check (dry run)", self._taker(wish, dry_run=True), lambda: _read(file))
        taken = self._figure("import", self._taker(wish, dry_run=False), lambda: _read(file), wanted=60)
        again = self._figure("the same again", self._taker(wish, dry_run=False), lambda: _read(file))
        written = [self._export(ending) for ending in ("xlsx", "csv")]
        return [checked, taken, again, *written]

    def _figure(
        self, what: str, work: Callable[[], None], floor: Callable[[], None], wanted: float | None = None
    ) -> Figure:
        forget_peak()
        took = _timed(work)
        peak = peak_kib()
        return Figure(
            what=what,
            database=self.database,
            lines=self.lines,
            took=took,
            floor=_timed(floor),
            wanted=wanted,
            peak_kib=peak,
        )

    def _book(self) -> Path:
        with self.engine.port.read() as tx:
            made = template(book_of(self.engine.library.frame(tx, self.now), "tasks", "errand"))
        sheet: Any = made.worksheets[0]
        for number in range(self.lines):
            unit = f"region_{number % UNITS:03}"
            row = (f"2026-{number:05}", unit, date(2026, 6, 30), number % 100, 71.5, "按要求落实", 80)
            sheet.append(row)
        file = self.folder / f"{self.database}.xlsx"
        made.save(file)
        return file

    def _taker(self, wish: Wish, *, dry_run: bool) -> Callable[[], None]:
        def work() -> None:
            own = Wish(book=wish.book, kind=wish.kind, file=wish.file, person=wish.person, dry_run=dry_run)
            found = take(self.engine, own, self.now, lambda _done, _total: None)
            if found.refused:
                raise RuntimeError(found.problems[0].to_text().en)
            while found.waits and self.engine.importing.work(self.now, Ran()):
                pass

        return work

    def _export(self, ending: str) -> Figure:
        file, is_csv = self.folder / f"{self.database}-out.{ending}", ending == "csv"

        def work() -> None:
            wanted = Wanted(kind="errand")
            count = export(
                self.engine, wanted, file, "zh", self.now, lambda _done, _total: None, as_csv=is_csv
            )
            if count != self.lines:
                raise RuntimeError(f"{count} lines were exported")

        found = self._figure(f"export .{ending}", work, lambda: None, wanted=30)
        rows = _rows(file, is_csv=is_csv)
        floor = _timed(lambda: _write(self.folder / f"floor.{ending}", rows, is_csv=is_csv))
        return replace(found, floor=floor)


def _timed(work: Callable[[], None]) -> Took:
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - start, time.process_time() - cpu)


def _read(file: Path) -> None:
    book = openpyxl.load_workbook(file, read_only=True)
    for _ in book.worksheets[0].iter_rows(values_only=True):
        pass
    book.close()


def _rows(file: Path, *, is_csv: bool) -> list[Any]:
    if is_csv:
        with file.open(encoding="utf-8-sig", newline="") as source:
            return list(csv.reader(source))
    book = openpyxl.load_workbook(file, read_only=True)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    return rows


def _write(file: Path, rows: list[Any], *, is_csv: bool) -> None:
    if is_csv:
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            csv.writer(out).writerows(rows)
        return
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet()
    for row in rows:
        sheet.append(row)
    book.save(file)


def measure(found: Place, database: Kind, pack: Pack, folder: Path, lines: int) -> list[Figure]:
    """The figures on one database."""
    port = open_port(found.create("workbooks"))
    try:
        engine, now = Engine(port, salts=salt), round(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
        engine.load(pack, now)
        return Bench(database=database, engine=engine, folder=folder, now=now, lines=lines).figures()
    finally:
        port.close()


def table(figures: list[Figure], facts: Mapping[str, str]) -> str:
    """The page of results."""
    known = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    rule = "|" + "---|" * (_HEADER.count("|") - 1)
    notes = (__doc__ or "").partition("\n\n")[2]
    lines = [one.line() for one in figures]
    return "\n".join(["# Workbooks", "", known, "", _HEADER, rule, *lines, "", notes])


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.workbooks", description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--database", choices=[*get_args(Kind), "both"], default="both")
    parser.add_argument("--note", default="", help="a remark to write down, as about the machine's load")
    parser.add_argument("--results", type=Path, default=HERE, help="where workbooks.md goes")
    chosen = parser.parse_args()
    kinds: list[Kind] = list(get_args(Kind)) if chosen.database == "both" else [chosen.database]
    calm()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="duban-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root, PostgreSQL runs as somebody else, who must get through here
        pack = measured_pack(folder, UNITS)
        for kind in kinds:
            with place(kind, folder) as found:
                figures += measure(found, kind, pack, folder, chosen.lines)
    facts = {
        "command": " ".join(["python -m bench.workbooks", *sys.argv[1:]]),
        "date": datetime.now(UTC).date().isoformat(),
        **machine(),
        **({"note": chosen.note} if chosen.note else {}),
    }
    page = table(figures, facts)
    (chosen.results / "workbooks.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
