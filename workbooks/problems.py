"""What is wrong with a workbook, cell by cell, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflow.text import Text

NAMESAKE = "namesake"  # the one kind of problem that a person may wave through
_SHOWN = 60  # characters of what was found


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A cell that can't be taken."""

    sheet: str
    cell: str  # such as B7; empty for the sheet as a whole
    found: Text
    expected: Text
    kind: str = ""  # NAMESAKE, or empty

    def to_text(self) -> Text:
        """The problem in a sentence."""
        place = f"{self.sheet}!{self.cell}" if self.cell else self.sheet
        return Text(
            f"{place}：见到{self.found.zh}，应为{self.expected.zh}。",
            f"{place}: found {self.found.en}, expected {self.expected.en}.",
        )


class Wrong(Exception):
    """A value that can't be taken; whoever reads the cell says where it stands."""

    def __init__(self, expected: Text, found: Text | None = None) -> None:
        super().__init__(expected.en)
        self.expected, self.found = expected, found


def shown(value: Any) -> Text:
    """What was found, as it may be repeated to a reader."""
    if value is None or value == "":
        return Text("空白", "nothing")
    text = str(value)
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return Text(f"“{cut}”", repr(cut))
