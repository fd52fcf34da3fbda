"""Can conditions hold, and hold together?

A condition is taken apart into cases: leaves that must hold and leaves that must not. A case is
possible if, for everything that its leaves speak of (a fact, the rows of a list, the tasks of a
kind …), there is a world in which all of them agree. Few worlds are enough: of numbers, those next to
the numbers that are named. Clocks are compared in pairs.

What is not understood counts as possible: "can't hold" is proven, "can hold" is only not disproven.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..calendar import Duration
from ..definition import terms
from ..definition.model import Definition, Fact

COMPLETED = "completed"  # the transition that a round fires on drafts
_STEPS = 5_000  # what taking a condition apart may cost; a longer one counts as possible
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_CLOCKS = (
    terms.DueIn,
    terms.Overdue,
    terms.InStateFor,
    terms.NothingReported,
    terms.BehindPlan,
)

Topic = tuple[Hashable, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What may be the case on a task of a definition."""

    definition: Definition
    state: str | None = None  # in this state; None: in any
    untouched: bool = False  # nobody has acted on the task yet
    given: frozenset[str] = frozenset()  # facts that an untouched task may have nevertheless
    timeless: bool = False  # clocks may say anything, even what contradicts itself


class Literal(NamedTuple):
    """A leaf that must hold, or must be known not to."""

    leaf: terms.Term
    wanted: bool


Branch = tuple[tuple[Literal, ...], tuple[Literal, ...]]  # still to be taken apart, and the leaves so far


def can_hold(together: Iterable[terms.Term], outlook: Outlook) -> bool:
    """Whether nothing proves that these conditions can't all hold at once."""
    branches: list[Branch] = [(tuple(Literal(term, True) for term in together), ())]
    for _ in range(_STEPS):
        if not branches:
            return False
        todo, case = branches.pop()
        if not todo:
            return True
        branches.extend(_apart(todo[0], todo[1:], case, outlook))
    return True


def _apart(
    first: Literal, rest: tuple[Literal, ...], case: tuple[Literal, ...], outlook: Outlook
) -> list[Branch]:
    term, wanted = first
    if isinstance(term, terms.Not):
        return [((Literal(term.part, not wanted), *rest), case)]
    if isinstance(term, terms.All | terms.Any):
        parts = [Literal(part, wanted) for part in term.parts]
        if isinstance(term, terms.All) is wanted:
            return [((*parts, *rest), case)]
        return [((part, *rest), case) for part in parts]
    return [(rest, (*case, first))] if _agrees(first, case, outlook) else []


def _agrees(new: Literal, case: tuple[Literal, ...], outlook: Outlook) -> bool:
    if not _has_clock(new.leaf, outlook):
        return False
    topic = topic_of(new.leaf)
    alike = [one for one in case if topic_of(one.leaf) == topic]
    if _is_clock(new.leaf):
        return outlook.timeless or not any(_clash(new, one) or _clash(one, new) for one in alike)
    alike.append(new)
    return any(
        all(_truth(leaf, world) is wanted for leaf, wanted in alike) for world in _worlds(alike, outlook)
    )


def topic_of(leaf: terms.Term) -> Topic:
    """What a leaf speaks of; leaves on different topics don't contradict each other."""
    match leaf:
        case terms.Compare(fact=fact, other=str(other)):
            return ("order", fact, other)
        case terms.Compare(fact=fact) | terms.OneOf(fact=fact) | terms.NotReported(fact=fact, duration=None):
            return ("fact", fact)
        case terms.NotReported(fact=fact):
            return ("unreported", fact)
        case terms.BehindPlan(fact=fact):
            return ("plan", fact)
        case terms.OpenRows(list=rows):
            return ("rows", rows)
        case terms.Happened(transition=name):
            return ("acts", name)
        case terms.Tasks(kind=kind, concerned=concerned):
            return ("tasks", kind, concerned)
        case terms.DueIn(clock=clock) | terms.Overdue(clock=clock):
            return ("clock", clock)
    return (type(leaf).__name__,)


def topics_of(term: terms.Term) -> set[Topic]:
    """All that a condition speaks of, a comparison of two facts as both of them."""
    found = {topic_of(leaf) for leaf in terms.leaves(term)}
    compared = {("fact", fact) for topic in found if topic[0] == "order" for fact in topic[1:]}
    return found | compared


# --- clocks ---------------------------------------------------------------------------------------


def _is_clock(leaf: terms.Term) -> bool:
    if isinstance(leaf, terms.NotReported):
        return leaf.duration is not None
    return isinstance(leaf, _CLOCKS)


def _has_clock(leaf: terms.Term, outlook: Outlook) -> bool:
    """False where a leaf speaks of a clock that its state doesn't have: then it stays unknown."""
    if outlook.state is None:
        return True
    state = outlook.definition.states[outlook.state]
    if isinstance(leaf, terms.DueIn | terms.Overdue) and leaf.clock == "step":
        return state.within is not None
    return not isinstance(leaf, terms.NothingReported) or state.waits_for is not None


def _clash(one: Literal, other: Literal) -> bool:
    """Whether `one` holding excludes the other; both are on one topic."""
    if not one.wanted:
        return False
    if other.wanted:  # `due in` ends where `overdue` begins
        return type(one.leaf) is not type(other.leaf)
    return _implies(one.leaf, other.leaf)


def _implies(one: terms.Term, other: terms.Term) -> bool:
    match (one, other):
        case (terms.Overdue(), terms.Overdue(by=None)):
            return True
        case (terms.Overdue(by=Duration() as longer), terms.Overdue(by=Duration() as shorter)):
            return _covers(longer, shorter)
        case (terms.DueIn(duration=shorter), terms.DueIn(duration=longer)):
            return _covers(longer, shorter)
        case (terms.InStateFor(duration=longer), terms.InStateFor(duration=shorter)):
            return _covers(longer, shorter)
        case (terms.NothingReported(duration=longer), terms.NothingReported(duration=shorter)):
            return _covers(longer, shorter)
        case (
            terms.NotReported(duration=Duration() as longer),
            terms.NotReported(duration=Duration() as shorter),
        ):
            return _covers(longer, shorter)
        case (terms.BehindPlan(by=more), terms.BehindPlan(by=less)):
            return more >= less
    return False


def _covers(longer: Duration, shorter: Duration) -> bool:
    return longer.unit == shorter.unit and longer.amount >= shorter.amount


# --- worlds ---------------------------------------------------------------------------------------


class Value(NamedTuple):
    """A fact in one world."""

    reported: bool
    value: int | str | None  # as it is compared; None: unknown
    word: str = ""  # as `in` compares it


_STATUSES = ("open", "abandoned", "accepted")
_TASK_WORLDS = tuple(
    frozenset(status for bit, status in enumerate(_STATUSES) if world >> bit & 1) for world in range(8)
)


def _worlds(alike: Sequence[Literal], outlook: Outlook) -> Iterable[Any]:
    leaves = [one.leaf for one in alike]
    match leaves[-1]:
        case terms.Compare(fact=fact, other=str(other)):
            known = not outlook.untouched or (_known(fact, outlook) and _known(other, outlook))
            return (None, -1, 0, 1) if known else (None,)
        case terms.Compare(fact=fact) | terms.OneOf(fact=fact) | terms.NotReported(fact=fact):
            return _values(outlook.definition.facts[fact], leaves, outlook)
        case terms.OpenRows(list=rows):
            unscored = len(outlook.definition.lists[rows].indicators)
            return (unscored,) if outlook.untouched else _around(leaves)
        case terms.SourcesDiffer():
            gaps = [leaf.by for leaf in leaves if isinstance(leaf, terms.SourcesDiffer)]
            return (None, *(gap + step for gap in gaps for step in (-1, 0)))
        case terms.Happened(transition=name):
            return (0,) if outlook.untouched and _by_hand(name, outlook.definition) else _around(leaves)
        case terms.Tasks():
            return _TASK_WORLDS
    return (*_STATUSES, "none")  # the parent


def _by_hand(name: str, definition: Definition) -> bool:
    return definition.transitions[name].after is None and name != COMPLETED


def _around(leaves: Sequence[terms.Term]) -> set[int]:
    """Counts enough to tell all comparisons apart."""
    rows = [leaf.number for leaf in leaves if isinstance(leaf, terms.OpenRows)]
    acts = [leaf.times for leaf in leaves if isinstance(leaf, terms.Happened)]
    return {0, *(n + step for n in (*rows, *acts) for step in (-1, 0, 1) if n + step >= 0)}


def _known(fact: str, outlook: Outlook) -> bool:
    return fact in outlook.given or fact in outlook.definition.plan


def _values(fact: Fact, leaves: Sequence[terms.Term], outlook: Outlook) -> list[Value]:
    plan = outlook.definition.plan.get(fact.name)
    unreported = Value(reported=False, value=plan[0].value if plan else None)  # counts as the plan's start
    if outlook.untouched and fact.name not in outlook.given:
        return [unreported]
    if fact.type == "choice":
        return [unreported, *(Value(True, rank, word) for rank, word in enumerate(fact.choices))]
    return [unreported, *(Value(True, value, str(value)) for value in _candidates(fact, leaves))]


def _candidates(fact: Fact, leaves: Sequence[terms.Term]) -> Iterable[int | str]:
    """Values enough to tell all comparisons apart."""
    if fact.type == "yes/no":
        return ("yes", "no")
    named = [leaf.value for leaf in leaves if isinstance(leaf, terms.Compare)]
    if fact.type in ("number", "percent", "count"):
        near = {int(value) + step for value in named for step in (-1, 0, 1)} | {fact.min or 0, fact.max or 0}
        return {value for value in near if _fits(fact, value)}
    words = {
        *map(str, named),
        *(word for leaf in leaves if isinstance(leaf, terms.OneOf) for word in leaf.values),
    }
    return {"", *words, *(f"{word}~" for word in words)}  # before all of them, and right behind each


def _fits(fact: Fact, value: int) -> bool:
    return (fact.min is None or value >= fact.min) and (fact.max is None or value <= fact.max)


def _truth(leaf: terms.Term, world: Any) -> bool | None:
    """What a leaf says in a world of its topic; None where it is unknown."""
    match leaf:
        case terms.Compare(operator=sign, other=str()):
            return None if world is None else _OPERATORS[sign](world, 0)
        case terms.Compare(operator=sign, value=value):
            return None if world.value is None else _OPERATORS[sign](world.value, value)
        case terms.OneOf(values=values):
            return None if world.value is None else world.word in values
        case terms.NotReported():
            return not world.reported
        case terms.OpenRows(operator=sign, number=number):
            return _OPERATORS[sign](world, number)
        case terms.SourcesDiffer(by=by):
            return None if world is None else bool(world >= by)
        case terms.Happened(times=times):
            return bool(world >= times)
        case terms.Tasks(quantifier=quantifier, status=status):
            held = [_has(one, status) for one in world]
            return bool(held) and (all(held) if quantifier == "all" else any(held))
        case terms.Parent(status=status):
            return None if world == "none" else _has(world, status)
    return None


def _has(actual: str, status: terms.Status) -> bool:
    if status == "ended":
        return actual != "open"
    return actual == status
