"""Workbooks as the console asks for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from console.books import Checked, Wrong
from workflow.engine import Engine, Ran
from workflow.reading import Wanted
from workflow.text import Language

_MOST = 100_000  # tasks in an .xlsx: more take longer than anybody waits
_AT_ONCE = 4  # batches opened while somebody waits; the daemon goes on


class DeskBooks:
    """The workbooks' room, over an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def export(
        self, wanted: Wanted, file: Path, language: Language, now: int, columns: Collection[str]
    ) -> int:
        """Write the ledger, as .csv or .xlsx."""
        from workbooks.giving import export

        is_csv = file.suffix == ".csv"
        return export(
            self._engine,
            wanted,
            file,
            language,
            now,
            _quietly,
            as_csv=is_csv,
            columns=columns,
            most=None if is_csv else _MOST,
        )

    def template(self, kind: str, campaign: str | None, file: Path, now: int) -> None:
        """Write an empty book of a kind of task."""
        from workbooks.taking import book_of
        from workbooks.template import template

        with self._engine.port.read() as tx:
            made = template(book_of(self._engine.library.frame(tx, now), "tasks", kind, campaign))
        made.save(file)

    def check(self, file: Path, kind: str, campaign: str | None, person: int, now: int) -> Checked:
        """What a workbook comes to."""
        return self._take(file, kind, campaign, person, now, dry_run=True)

    def take(self, file: Path, kind: str, campaign: str | None, person: int, now: int) -> Checked:
        """Take it, and begin to open its tasks."""
        found = self._take(file, kind, campaign, person, now, dry_run=False)
        if found.waiting:
            ran = Ran()
            for _ in range(_AT_ONCE):
                if not self._engine.importing.work(now, ran):
                    break
        return found

    def mark(self, file: Path, wrong: Sequence[Wrong], to: Path) -> None:
        """A copy that shows what is wrong."""
        from workbooks.marking import marked
        from workbooks.problems import Problem

        problems = [
            Problem(sheet=one.sheet, cell=one.cell, found=one.found, expected=one.expected) for one in wrong
        ]
        marked(file, problems).save(to)

    def _take(
        self, file: Path, kind: str, campaign: str | None, person: int, now: int, *, dry_run: bool
    ) -> Checked:
        from workbooks.taking import Wish, take

        wish = Wish(book="tasks", kind=kind, campaign=campaign, file=file, person=person, dry_run=dry_run)
        found = take(self._engine, wish, now, _quietly)
        return Checked(
            lines=found.lines,
            added=found.added,
            unchanged=found.unchanged,
            overdue=found.overdue,
            wrong=[
                Wrong(cell=one.cell, sheet=one.sheet, found=one.found, expected=one.expected)
                for one in found.problems
            ],
            waiting=found.waits,
        )


def _quietly(_done: int, _total: int) -> None:
    """Nobody watches."""
