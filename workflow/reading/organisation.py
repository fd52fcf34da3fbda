"""The organisation a page at a time: some units with who holds their posts, and the teams that work.

However many units there are, only those of a page are read with their people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, or_, select
from sqlalchemy.sql import ColumnElement

from ..engine import Frame
from ..store.organisation import DELEGATION, PERSON, POST, UNIT
from ..store.sql import OneOf, Statement
from ..store.tasks import TASK
from ..task import Task
from ..text import Text
from .names import Names, names
from .numbers import number_of
from .people import AwayView
from .scope import Scope, within
from .waited import definition_of, task_or_none

LONGEST = 100  # characters of what is searched for
_TEAMS = 50  # listed
_LOOKED_AT = 300  # open tasks of the kinds that have teams
_now = bindparam("now", type_=BigInteger())
_inside = func.coalesce(UNIT.c.parent_id, UNIT.c.group_of)
_columns = (
    *(UNIT.c.id, UNIT.c.code, UNIT.c.kind, UNIT.c.zh, UNIT.c.en, UNIT.c.group_of, UNIT.c.merged_into),
    func.count().over(),
)


def _like(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return func.lower(column).like(bindparam("like"), escape="\\")


_held_by = select(POST.c.unit_id).join(PERSON, PERSON.c.id == POST.c.person_id)
_FOUND = Statement(
    select(*_columns)
    .where(
        or_(
            *(_like(column) for column in (UNIT.c.code, UNIT.c.zh, UNIT.c.en)),
            UNIT.c.id.in_(
                _held_by.where(
                    or_(*(_like(one) for one in (PERSON.c.code, PERSON.c.zh, PERSON.c.en, POST.c.name))),
                    or_(POST.c.valid_to.is_(None), POST.c.valid_to > _now),
                )
            ),
        )
    )
    .order_by(UNIT.c.id)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_top = UNIT.alias("top")
_TOP = Statement(
    select(*_columns)
    .where(
        or_(
            _inside.is_(None),
            _inside.in_(select(_top.c.id).where(func.coalesce(_top.c.parent_id, _top.c.group_of).is_(None))),
        )
    )
    .order_by(_inside.is_not(None), UNIT.c.id)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_BELOW = Statement(
    select(*_columns)
    .where(or_(UNIT.c.parent_id == bindparam("inside"), UNIT.c.group_of == bindparam("inside")))
    .order_by(UNIT.c.id)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_COUNTS = Statement(
    select(_inside, func.count())
    .where(or_(OneOf(UNIT.c.parent_id, "ids"), OneOf(UNIT.c.group_of, "ids")))
    .group_by(_inside)
)
_BY_CODE = Statement(select(UNIT.c.id).where(UNIT.c.code == bindparam("code")))
_ABOVE = Statement(select(UNIT.c.id, UNIT.c.code, UNIT.c.zh, UNIT.c.en, _inside))
_POSTS = Statement(
    select(POST.c.unit_id, POST.c.name, POST.c.deputy, POST.c.valid_from, POST.c.valid_to, PERSON.c.id)
    .add_columns(PERSON.c.code, PERSON.c.zh, PERSON.c.en)
    .join(PERSON, PERSON.c.id == POST.c.person_id)
    .where(OneOf(POST.c.unit_id, "ids"), or_(POST.c.valid_to.is_(None), POST.c.valid_to > _now))
    .order_by(POST.c.id)
)
_AWAY = Statement(
    select(DELEGATION.c.principal_id, DELEGATION.c.delegate_id, DELEGATION.c.valid_from)
    .add_columns(DELEGATION.c.valid_to, DELEGATION.c.reason)
    .where(
        OneOf(DELEGATION.c.principal_id, "persons"),
        or_(DELEGATION.c.valid_to.is_(None), DELEGATION.c.valid_to > _now),
    )
    .order_by(DELEGATION.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Somebody in a post."""

    person: int
    code: str
    name: Text
    post: str
    deputy: bool
    valid_from: int  # ms
    valid_to: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A unit with who works there."""

    id: int
    code: str
    kind: str
    name: Text
    is_group: bool  # a group that belongs to the unit above
    is_closed: bool  # it merged into another
    below: int  # how many units lie right below
    holders: tuple[Holder, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Nodes:
    """A page of units."""

    units: tuple[Node, ...]
    total: int
    above: tuple[tuple[str, Text], ...]  # codes and names of the units in which these are, the highest first
    away: Mapping[int, tuple[AwayView, ...]]  # by person


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamView:
    """People who were chosen for a task, with their term."""

    number: str  # of the task
    kind: Text
    role: Text
    members: tuple[Text, ...]
    until: int | None  # ms; None: as long as the task


def nodes(frame: Frame, *, search: str = "", inside: str = "", offset: int = 0, limit: int = 50) -> Nodes:
    """Units that fit a search; else those right below a unit; else the highest, and
    those right below them.

    The search looks at codes and names of units, and of whoever holds a post there.
    """
    ident = _unit(frame, inside) if inside and not search else None
    rows = _rows(frame, search[:LONGEST].strip().lower(), ident, offset, limit)
    ids = [row[0] for row in rows]
    below = dict(frame.tx.all(_COUNTS, ids=ids)) if ids else {}
    holders: dict[int, list[Holder]] = defaultdict(list)
    for unit, *rest in frame.tx.all(_POSTS, ids=ids, now=frame.now) if ids else ():
        holders[unit].append(_holder(rest))
    people = {one.person for found in holders.values() for one in found}
    return Nodes(
        units=tuple(_node(row, below.get(row[0], 0), holders[row[0]]) for row in rows),
        total=rows[0][-1] if rows else 0,
        above=_path(frame, ident),
        away=absences(frame, people),
    )


def _unit(frame: Frame, code: str) -> int | None:
    row = frame.tx.one(_BY_CODE, code=code)
    return None if row is None else int(row[0])


def _rows(frame: Frame, search: str, inside: int | None, offset: int, limit: int) -> list[tuple[Any, ...]]:
    page = {"most": limit, "skip": offset}
    if search:
        plain = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return frame.tx.all(_FOUND, **page, like=f"%{plain}%", now=frame.now)
    return frame.tx.all(_TOP, **page) if inside is None else frame.tx.all(_BELOW, **page, inside=inside)


def _holder(row: Sequence[Any]) -> Holder:
    post, deputy, begin, end, person, code, zh, en = row
    return Holder(
        person=person,
        code=code,
        name=Text(zh, en),
        post=post,
        deputy=bool(deputy),
        valid_from=begin,
        valid_to=end,
    )


def _node(row: Sequence[Any], below: int, holders: Sequence[Holder]) -> Node:
    ident, code, kind, zh, en, group_of, merged_into, _ = row
    return Node(
        id=ident,
        code=code,
        kind=kind,
        name=Text(zh, en),
        is_group=group_of is not None,
        is_closed=merged_into is not None,
        below=below,
        holders=tuple(holders),
    )


def _path(frame: Frame, unit: int | None) -> tuple[tuple[str, Text], ...]:
    if unit is None:
        return ()
    known = {row[0]: row for row in frame.tx.all(_ABOVE)}
    found: list[tuple[str, Text]] = []
    at: int | None = unit
    while at is not None and len(found) < len(known):
        _, code, zh, en, above = known[at]
        found.append((code, Text(zh, en)))
        at = above
    return tuple(reversed(found))


def absences(frame: Frame, people: set[int]) -> dict[int, tuple[AwayView, ...]]:
    """When these people are away, now or later, and who acts for them."""
    rows = frame.tx.all(_AWAY, persons=sorted(people), now=frame.now) if people else []
    called = names(frame.tx, [row[1] for row in rows if row[1] is not None])
    found: dict[int, list[AwayView]] = defaultdict(list)
    for person, delegate, begin, end, reason in rows:
        if end is None or end > begin:  # one that ended before it began never holds
            who = called.person(delegate) if delegate is not None else None
            found[person].append(AwayView(delegate=who, valid_from=begin, valid_to=end, reason=reason))
    return {person: tuple(ones) for person, ones in found.items()}


# --- teams ------------------------------------------------------------------------------------------


def teams(frame: Frame, scope: Scope) -> tuple[TeamView, ...]:
    """The people who were chosen for open tasks that somebody may see, with the end of their term."""
    kinds = _kinds_with_teams(frame)
    if not kinds:
        return ()
    condition, params = within(scope)
    statement = Statement(
        select(*TASK.columns)
        .where(TASK.c.ended_at.is_(None), OneOf(TASK.c.kind, "kinds", words=True), condition)
        .order_by(TASK.c.id.desc())
        .limit(_LOOKED_AT)
    )
    rows = frame.tx.all(statement, **params, kinds=sorted(kinds))
    found = [task for row in rows if (task := task_or_none(row)) is not None and task.teams][:_TEAMS]
    people = {person for task in found for team in task.teams.values() for person in team.members}
    called = names(frame.tx, people)
    return tuple(one for task in found for one in _team_views(frame, task, called))


def _team_views(frame: Frame, task: Task, called: Names) -> Iterator[TeamView]:
    definition = definition_of(frame, task.version_id, task.kind)
    for name, team in task.teams.items():
        role = definition.roles.get(name) if definition is not None else None
        if definition is not None and role is not None:
            yield TeamView(
                number=number_of(frame, task.id, task.campaign_id),
                kind=definition.label,
                role=role.label,
                members=tuple(called.person(one) for one in team.members),
                until=team.until,
            )


def _kinds_with_teams(frame: Frame) -> set[str]:
    return {
        kind
        for campaign in frame.campaigns.values()
        for kind, book in frame.version(campaign.version_id).books.items()
        if any(role.team is not None for role in book.definition.roles.values())
    }
