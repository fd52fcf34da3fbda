"""Tasks between two sides: one does what the other asked for, and only who asked confirms that it is done.

No definition says so in a word of its own: its acts say it. A kind is two-sided where every act that ends
it accepted belongs to one party that is not the first one (which does the work), and is closed to whoever
reported it done for the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import and_, func, literal_column, or_, select
from sqlalchemy.sql import ColumnElement

from ..definition.model import Definition, Transition
from ..engine import Frame
from ..store import organisation
from ..store.sql import Inside, OneOf, Statement
from ..store.tasks import TASK
from ..text import Text
from .ledger import ANY_DUE, Line, lines_of
from .scope import Scope, within
from .waited import definition_of, task_or_none

Stage = Literal["asked", "claimed", "done", "confirmed", "withdrawn"]
STAGES: Final[tuple[Stage, ...]] = ("asked", "claimed", "done", "confirmed", "withdrawn")
MOST: Final = 60  # items of a direction


@dataclass(frozen=True, kw_only=True, slots=True)
class TwoSided:
    """A kind of task between two sides."""

    campaign_id: int
    kind: str
    label: Text
    doer: str  # the party that does it: the first
    asker: str  # the party that confirms it
    asked: frozenset[str]  # states in which nobody has taken it on
    done: frozenset[str]  # states in which it waits for who asked

    def stage(self, state: str, outcome: str | None) -> Stage:
        """How far a task of this kind has come."""
        if outcome is not None:
            return "confirmed" if outcome == "accepted" else "withdrawn"
        return "asked" if state in self.asked else "done" if state in self.done else "claimed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A task with its two sides."""

    line: Line
    doer: Text
    asker: Text
    what: str  # the first text that was given with it
    stage: Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Between:
    """What one side has asked of another."""

    asker: Text
    doer: Text
    counts: Mapping[Stage, int]
    back: Mapping[Stage, int]  # what the other has asked of the one


@dataclass(frozen=True, kw_only=True, slots=True)
class Direction:
    """Items of one direction, as whoever looks stands to them."""

    name: Literal["by us", "of us", "others"]
    items: tuple[Item, ...]
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DualList:
    """Everything between sides that somebody may look at."""

    kinds: tuple[TwoSided, ...]
    between: tuple[Between, ...]
    directions: tuple[Direction, ...]


def two_sided(campaign_id: int, definition: Definition) -> TwoSided | None:
    """A kind as one between two sides; None where it is none."""
    final = {name for name, state in definition.states.items() if state.final == "accepted"}
    closing = [one for one in definition.transitions.values() if one.target in final]
    askers = {party for one in closing for party in _parties(definition, one)}
    first = definition.first_party
    if not closing or len(askers) != 1 or askers & {first, None}:
        return None
    if not all(one.after is None and _is_apart(definition, one) for one in closing):
        return None
    return TwoSided(
        campaign_id=campaign_id,
        kind=definition.kind,
        label=definition.label,
        doer=first,
        asker=str(askers.pop()),
        asked=frozenset([definition.first_state.name]),
        done=frozenset(state for one in closing for state in one.sources),
    )


def _parties(definition: Definition, act: Transition) -> Iterator[str | None]:
    for name in act.by:
        role = definition.roles.get(name)
        yield role.seat.party if role is not None else None


def _is_apart(definition: Definition, act: Transition) -> bool:
    """Whether whoever did the work can't confirm it."""
    first = {definition.first_party}
    others = (definition.transitions.get(name) for name in act.not_by)
    return any(one is not None and set(_parties(definition, one)) == first for one in others)


# --- what there is ----------------------------------------------------------------------------------


def dual_list(frame: Frame, scope: Scope) -> DualList:
    """Needs and services between sides, in both directions, with how far each has come."""
    kinds = tuple(_kinds(frame))
    if not kinds:
        return DualList(kinds=(), between=(), directions=())
    units = {row[0]: Text(row[6], row[7]) for row in organisation.units(frame.tx)}
    known = {(one.campaign_id, one.kind): one for one in kinds}
    asker = _asker(kinds)
    sight, params = within(scope)
    params |= {"every_unit": sorted(units), "two_sided": sorted({one.kind for one in kinds})}
    params["own"] = [str(one) for one in sorted(scope.units)]
    is_ours = OneOf(asker, "own", words=True)
    mine = (
        OneOf(TASK.c.unit_id, "every_unit"),
        OneOf(TASK.c.kind, "two_sided", words=True),
        or_(*(and_(TASK.c.campaign_id == one.campaign_id, TASK.c.kind == one.kind) for one in kinds)),
        or_(sight, is_ours),
    )
    of_us = OneOf(TASK.c.unit_id, "own_units")
    not_ours = func.coalesce(~is_ours, literal_column("1 = 1"))
    params["own_units"] = sorted(scope.units)
    wanted: dict[Any, list[ColumnElement[bool]]] = {
        "by us": [is_ours],
        "of us": [of_us, not_ours],
        "others": [~of_us, not_ours],
    }
    return DualList(
        kinds=kinds,
        between=_between(frame, known, units, asker, mine, params),
        directions=tuple(
            _direction(frame, name, known, units, [*mine, *more], params) for name, more in wanted.items()
        ),
    )


def _kinds(frame: Frame) -> Iterator[TwoSided]:
    for campaign in frame.campaigns.values():
        for book in frame.version(campaign.version_id).books.values():
            found = two_sided(campaign.id, book.definition)
            if found is not None:
                yield found


def _asker(kinds: Sequence[TwoSided]) -> ColumnElement[str]:
    """The unit that asked, as text."""
    parties = sorted({one.asker for one in kinds})
    found: ColumnElement[str] = Inside(TASK.c.body, "parties", parties[0])
    for other in parties[1:]:
        found = func.coalesce(found, Inside(TASK.c.body, "parties", other))
    return found


def _between(
    frame: Frame,
    known: Mapping[tuple[int, str], TwoSided],
    units: Mapping[int, Text],
    asker: ColumnElement[str],
    mine: Sequence[ColumnElement[bool]],
    params: Mapping[str, Any],
) -> tuple[Between, ...]:
    by = (TASK.c.campaign_id, TASK.c.kind, TASK.c.unit_id, asker.label("asker"), TASK.c.state, TASK.c.outcome)
    inner = select(*by).where(*mine).subquery("sides")
    counting = Statement(select(*inner.c, func.count()).group_by(*inner.c))
    found: defaultdict[tuple[int, int], dict[Stage, int]] = defaultdict(dict)
    for campaign, kind, doer, asked_by, state, outcome, many in frame.tx.all(counting, **params):
        stage = known[campaign, kind].stage(state, outcome)
        counts = found[int(asked_by or 0), doer]
        counts[stage] = counts.get(stage, 0) + many
    return tuple(
        Between(
            asker=_named(units, one),
            doer=_named(units, other),
            counts=counts,
            back=found.get((other, one), {}),
        )
        for (one, other), counts in sorted(found.items())
        if (other, one) not in found or one <= other
    )


def _named(units: Mapping[int, Text], ident: int) -> Text:
    return units.get(ident, Text(f"单位 {ident}", f"unit {ident}"))


def _direction(
    frame: Frame,
    name: Any,
    known: Mapping[tuple[int, str], TwoSided],
    units: Mapping[int, Text],
    conditions: Sequence[ColumnElement[bool]],
    params: Mapping[str, Any],
) -> Direction:
    ended: ColumnElement[int] = literal_column("CASE WHEN task.ended_at IS NULL THEN 0 ELSE 1 END")
    listing = Statement(
        select(*TASK.columns, literal_column("count(*) OVER ()"))
        .where(*conditions)
        .order_by(ended, ANY_DUE, TASK.c.due_at, TASK.c.id)
        .limit(MOST)
    )
    rows = frame.tx.all(listing, **params)
    lines = lines_of(frame, rows)
    items = tuple(_item(frame, row, line, known, units) for row, line in zip(rows, lines, strict=True))
    return Direction(name=name, items=items, total=rows[0][-1] if rows else 0)


def _item(
    frame: Frame,
    row: Sequence[Any],
    line: Line,
    known: Mapping[tuple[int, str], TwoSided],
    units: Mapping[int, Text],
) -> Item:
    task = task_or_none(row)
    at = {column.name: n for n, column in enumerate(TASK.columns)}
    kind = known[row[at["campaign_id"]], line.kind]
    parties = task.parties if task is not None else {}
    definition = definition_of(frame, row[at["version_id"]], line.kind)
    texts = [one.name for one in definition.facts.values() if one.type == "text"] if definition else []
    facts = task.facts if task is not None else {}
    return Item(
        line=line,
        doer=line.unit,
        asker=_named(units, parties.get(kind.asker, 0)),
        what=next((str(facts[one]) for one in texts if facts.get(one)), ""),
        stage=kind.stage(line.state, line.outcome),
    )
