"""What a digest shows, as plain records: gathered first, written in a language afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from workflow.text import Text

from .tree import Row, Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A task in a section."""

    id: int
    number: str
    light: str
    kind: Text
    unit: Text
    state: Text
    due: Text | None  # None: without a deadline
    why: tuple[Text, ...] = ()  # the warnings that stand, or what will happen


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """The lights of the last digests of a scope, the oldest first."""

    points: tuple[tuple[str, Tally], ...]  # month and day, tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A section of a digest."""

    name: str  # of SECTIONS, or a kind of task
    label: Text | None = None  # of that kind
    total: int = 0
    items: tuple[Item, ...] = ()
    rows: tuple[Row, ...] = ()  # of the overview
    hidden: int = 0  # further lines of it, with fewer grave lights
    tally: Tally | None = None  # of the overview: the whole scope
    before: Tally | None = None
    trend: Trend | None = None

    @property
    def says_nothing(self) -> bool:
        """Nothing a reader would miss: an overview without any light that burns says nothing either."""
        return self.total == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Somebody who gets this digest."""

    person_id: int
    name: Text
    language: str
    units: Sequence[int]  # where the post is held
    scope: tuple[int, ...]
    number: int
    previous: tuple[int, int] | None  # number of the last one, and when it was made
    sections: tuple[Section, ...] = field(default=())
