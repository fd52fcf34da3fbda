"""The closed vocabulary of conditions, as data.

A condition in a pack is read once into these frozen terms; `workflow.condition` gives them their
meaning. Nothing that a pack says is ever evaluated as code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..calendar import Duration

Status = Literal["open", "ended", "accepted"]
Operator = Literal[">=", "<=", "==", "!=", ">", "<"]
MICRO = 1_000_000  # numbers are compared as whole millionths: what is written is what is compared


@dataclass(frozen=True, kw_only=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Term, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Any:
    """At least one part holds."""

    parts: tuple[Term, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """The part is known and does not hold."""

    part: Term


@dataclass(frozen=True, kw_only=True, slots=True)
class DueIn:
    """From `duration` before a deadline until the deadline."""

    clock: str  # "deadline", "step", or the name of a date fact
    duration: Duration


@dataclass(frozen=True, kw_only=True, slots=True)
class Overdue:
    """Past a deadline, or past it by a duration."""

    clock: str  # "deadline", "step", or the name of a date fact
    by: Duration | None


@dataclass(frozen=True, kw_only=True, slots=True)
class InStateFor:
    """The task has been in this state for longer than the duration."""

    duration: Duration


@dataclass(frozen=True, kw_only=True, slots=True)
class NothingReported:
    """No act by whom the state waits for, for longer than the duration."""

    duration: Duration


@dataclass(frozen=True, kw_only=True, slots=True)
class Compare:
    """A fact against a constant or another fact."""

    fact: str
    operator: Operator
    value: int | str  # millionths for numbers, position for choices, text otherwise
    other: str | None = None  # the other fact, instead of `value`
    word: str | None = None  # a choice as it was written, beside its position


@dataclass(frozen=True, kw_only=True, slots=True)
class OneOf:
    """A choice that is one of several."""

    fact: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class BehindPlan:
    """A planned fact lags behind its plan by so many units or more."""

    fact: str
    by: int  # millionths


@dataclass(frozen=True, kw_only=True, slots=True)
class NotReported:
    """A fact that nobody has reported, or not for longer than the duration."""

    fact: str
    duration: Duration | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRows:
    """How many rows of a list are still open."""

    list: str
    operator: Operator
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """A transition that was taken so many times or more."""

    transition: str
    times: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tasks:
    """Other tasks: this task's children of a kind, or those of a kind that it concerns."""

    quantifier: Literal["all", "any"]
    kind: str
    status: Status
    concerned: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Parent:
    """The task that opened this one."""

    status: Status


@dataclass(frozen=True, kw_only=True, slots=True)
class SourcesDiffer:
    """Of the campaign's sources, the highest and the lowest known lie so far apart or farther."""

    by: int  # millionths


Term = (
    All
    | Any
    | Not
    | DueIn
    | Overdue
    | InStateFor
    | NothingReported
    | Compare
    | OneOf
    | BehindPlan
    | NotReported
    | OpenRows
    | Happened
    | Tasks
    | Parent
    | SourcesDiffer
)


def leaves(term: Term) -> tuple[Term, ...]:
    """Every term below `term` that is no combination."""
    if isinstance(term, All | Any):
        return tuple(leaf for part in term.parts for leaf in leaves(part))
    if isinstance(term, Not):
        return leaves(term.part)
    return (term,)
