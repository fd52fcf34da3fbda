"""A line of a list of tasks, as lists of every page show it."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.engine import Frame
from workflow.reading import Line
from workflow.reading.words import moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A line of a list, with its date in words."""

    line: Line
    due: str  # empty: none
    is_late: bool


def shown_of(frame: Frame, line: Line) -> Shown:
    """A line of the ledger as a list shows it."""
    due = "" if line.due_at is None else moment(frame.calendar(line.zone), line.due_at)
    passed = line.due_at is not None and line.due_at < frame.now
    return Shown(line=line, due=due, is_late=passed and not line.stopped)
