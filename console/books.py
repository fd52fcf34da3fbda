"""What the console needs of workbooks: the ledger as a file, and lists of tasks from files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workflow.reading import Wanted
from workflow.text import Language, Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """A cell that can't be taken."""

    cell: str  # such as B7; empty: the sheet as a whole
    sheet: str
    found: Text
    expected: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What a workbook comes to."""

    lines: int
    added: int
    unchanged: int
    overdue: int  # new tasks whose deadline has passed already
    wrong: Sequence[Wrong]
    waiting: bool  # whether tasks are still to be opened


class Books(Protocol):
    """Workbooks in and out."""

    def export(
        self, wanted: Wanted, file: Path, language: Language, now: int, columns: Collection[str]
    ) -> int:
        """Write the ledger; how many tasks. The file's ending says whether .xlsx or .csv.

        Raises:
            BadValue: there are more than such a file holds.
        """

    def template(self, kind: str, campaign: str | None, file: Path, now: int) -> None:
        """Write an empty book of a kind of task."""

    def check(self, file: Path, kind: str, campaign: str | None, person: int, now: int) -> Checked:
        """What a workbook comes to; nothing is kept.

        Raises:
            BadValue: it can't be read at all. NotAllowed: not by that person.
        """

    def take(self, file: Path, kind: str, campaign: str | None, person: int, now: int) -> Checked:
        """Take a workbook: all of it or nothing. Raises like `check`."""

    def mark(self, file: Path, wrong: Sequence[Wrong], to: Path) -> None:
        """Write a copy in which every wrong cell is coloured and says what is expected."""
