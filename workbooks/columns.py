"""A column of a book: its heading, what it means, how its cells are read."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from workflow.combining import is_piled
from workflow.text import Text

from .cells import Reader

Example = str | int | float | date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column as a template writes it and an import reads it."""

    code: str
    label: Text
    note: Text  # what it means, for the sheet of explanations
    read: Reader
    required: bool = False
    choices: tuple[str, ...] = ()  # for a drop-down list
    examples: tuple[Example, Example] = (None, None)

    @property
    def heading(self) -> str:
        """The heading as a template writes it: both languages, then the code."""
        return f"{self.label.zh}\n{self.label.en}\n[{self.code}]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """A kind of workbook: what its sheet is called and which columns it has."""

    name: str  # units, people, tasks
    sheet: str
    title: Text
    columns: tuple[Column, ...]
    most: int  # lines


def named(columns: Sequence[Column], heading: str) -> Column | None:
    """The column that a heading means: by its code in brackets, else by either label if only one has it."""
    lines = [_folded(line) for line in heading.splitlines() if line.strip()]
    for column in columns:
        if lines and lines[-1] == f"[{column.code}]":
            return column
    wanted = set(lines)
    fitting = [one for one in columns if wanted & {_folded(one.label.zh), _folded(one.label.en)}]
    return fitting[0] if len(fitting) == 1 else None


def _folded(text: str) -> str:
    return text if is_piled(text) else unicodedata.normalize("NFKC", text).strip().casefold()
