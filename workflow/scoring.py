"""Scores: the mean of a checklist, and the ranking of units by a published formula. Pure.

Everything is reckoned in whole millionths and rounded once, at the end, half up to two decimals: what
is published is what is compared, and units with the same published score share a rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .definition.model import Formula
from .definition.terms import MICRO

_HUNDREDTH = MICRO // 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What one source adds to a score."""

    source: str
    weight: int  # millionths
    value: int | None  # millionths; None: nobody has reported it
    task_id: int | None = None  # that says so


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A unit in a ranking."""

    unit_id: int
    rank: int | None  # None: something is missing
    score: int | None  # millionths, whole hundredths
    parts: tuple[Part, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The sources of which nothing is known."""
        return tuple(part.source for part in self.parts if part.value is None)


def weighted_mean(marks: Iterable[tuple[int, int]]) -> int:
    """The mean of (weight, value), both in millionths and not negative; whole hundredths, half up."""
    pairs = list(marks)
    weights = sum(weight for weight, _ in pairs)
    total = sum(weight * value for weight, value in pairs)
    return (2 * total + _HUNDREDTH * weights) // (2 * _HUNDREDTH * weights) * _HUNDREDTH


def ranking(formula: Formula, known: Mapping[int, Mapping[str, tuple[int, int]]]) -> tuple[Ranked, ...]:
    """Units by their score, the highest first; behind them those of which something is missing.

    Args:
        known: unit -> source -> (value in millionths, the task that says so).
    """
    listed = [_place(formula, unit, told) for unit, told in known.items()]
    ranked = sorted((one for one in listed if one.score is not None), key=_order)
    scores = [one.score for one in ranked]
    placed = [_at(one, scores.index(one.score) + 1) for one in ranked]
    return (*placed, *sorted((one for one in listed if one.score is None), key=_order))


def _order(place: Ranked) -> tuple[int, int]:
    return -(place.score or 0), place.unit_id


def _at(place: Ranked, rank: int) -> Ranked:
    return Ranked(unit_id=place.unit_id, rank=rank, score=place.score, parts=place.parts)


def _place(formula: Formula, unit: int, told: Mapping[str, tuple[int, int]]) -> Ranked:
    parts = tuple(
        Part(source=source, weight=weight, value=told[source][0], task_id=told[source][1])
        if source in told
        else Part(source=source, weight=weight, value=None)
        for source, weight in formula.weights.items()
    )
    marks = [(part.weight, part.value) for part in parts if part.value is not None]
    score = weighted_mean(marks) if len(marks) == len(parts) else None
    return Ranked(unit_id=unit, rank=None, score=score, parts=parts)
