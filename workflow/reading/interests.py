"""Interests in units that people have declared."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine import Frame
from ..store.interests import declared
from ..text import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class InterestView:
    """A declaration."""

    person: str  # code
    name: Text
    unit: str  # code
    unit_name: Text
    reason: str
    valid_from: int
    valid_to: int | None


def interests(frame: Frame) -> tuple[InterestView, ...]:
    """Every declaration, those that have ended included."""
    return tuple(
        InterestView(
            person=code,
            name=Text(zh, en),
            unit=unit,
            unit_name=Text(unit_zh, unit_en),
            reason=reason,
            valid_from=begin,
            valid_to=end,
        )
        for code, zh, en, unit, unit_zh, unit_en, reason, begin, end in declared(frame.tx)
    )
