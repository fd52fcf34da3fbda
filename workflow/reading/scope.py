"""Which tasks a person may look at: those of their units and of the units below, and those of every kind
on which a post of theirs watches over all units.

A post watches over all units where a role looks for it at a named unit (`is: POST at NAME`) and not at a
party of the task: whoever fills such a role may have to act on any task of that kind. While somebody is
away their delegate sees what they see. Whoever a single task concerns sees it as well: a member of its
team, or of any of its parties.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, or_, select
from sqlalchemy.sql import ColumnElement

from ..engine import Frame
from ..errors import NotAllowed
from ..store import organisation
from ..store.organisation import DELEGATION, POST
from ..store.sql import OneOf, Statement
from ..store.tasks import TASK
from ..task import Task

_now = bindparam("now", type_=BigInteger())
_holds = (POST.c.valid_from <= _now, or_(POST.c.valid_to.is_(None), POST.c.valid_to > _now))
_PRINCIPALS = Statement(
    select(DELEGATION.c.principal_id).where(
        DELEGATION.c.delegate_id == bindparam("person"),
        DELEGATION.c.valid_from <= _now,
        or_(DELEGATION.c.valid_to.is_(None), DELEGATION.c.valid_to > _now),
    )
)
_POSTS = Statement(select(POST.c.name, POST.c.unit_id).where(OneOf(POST.c.person_id, "persons"), *_holds))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a person may look at."""

    person: int
    units: frozenset[int]  # those of their posts, and every one below
    kinds: Mapping[int, frozenset[str]] = field(default_factory=dict)  # by campaign: seen at every unit


def scope_of(frame: Frame, person: int) -> Scope:
    """What a person may look at now, in a fixed number of statements."""
    posts = posts_of(frame, person)
    rows = organisation.units(frame.tx)
    codes = {row[0]: row[1] for row in rows}
    at = {(name, codes[unit]) for name, unit in posts if unit in codes}
    kinds = {campaign.id: _watched(frame, campaign.version_id, at) for campaign in frame.campaigns.values()}
    return Scope(person=person, units=below(rows, {unit for _, unit in posts}), kinds=kinds)


def posts_of(frame: Frame, person: int) -> set[tuple[str, int]]:
    """The posts, with their units, of a person and of those for whom they act while these are away."""
    principals = [row[0] for row in frame.tx.all(_PRINCIPALS, person=person, now=frame.now)]
    return set(frame.tx.all(_POSTS, persons=[person, *principals], now=frame.now))


def _watched(frame: Frame, version_id: int, at: Collection[tuple[str, str]]) -> frozenset[str]:
    """The kinds on which one of these posts watches over all units."""
    return frozenset(
        kind
        for kind, book in frame.version(version_id).books.items()
        for role in book.definition.roles.values()
        if role.seat.unit is not None and (role.post, role.seat.unit) in at
    )


def below(rows: Iterable[tuple[Any, ...]], tops: Collection[int]) -> frozenset[int]:
    """These units and everything below them; a group sees what the unit sees to which it belongs."""
    below: dict[int, list[int]] = defaultdict(list)
    waiting = set(tops)
    for ident, _, _, parent, group_of, *_ in rows:
        above = parent if parent is not None else group_of
        if above is not None:
            below[above].append(ident)
        if ident in tops and group_of is not None:
            waiting.add(group_of)
    found: set[int] = set()
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting.update(child for child in below[one] if child not in found)
    return frozenset(found)


def within(
    scope: Scope, by: Mapping[str, ColumnElement[Any]] = TASK.c
) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """The condition that lists only what a scope holds, with its parameters."""
    params: dict[str, Any] = {"seen_units": sorted(scope.units)}
    either: list[ColumnElement[bool]] = [OneOf(by["unit_id"], "seen_units")]
    for campaign, kinds in scope.kinds.items():
        if kinds:
            params[f"seen_kinds_{campaign}"] = sorted(kinds)
            watched = OneOf(by["kind"], f"seen_kinds_{campaign}", words=True)
            either.append(and_(by["campaign_id"] == campaign, watched))
    return or_(*either), params


def sees(scope: Scope, task: Task) -> bool:
    """Whether a scope holds one task."""
    if task.kind in scope.kinds.get(task.campaign_id, ()):
        return True
    if scope.units.intersection((task.unit_id, *task.parties.values())):
        return True
    return any(scope.person in team.members for team in task.teams.values())


def check_sight(scope: Scope, task: Task) -> None:
    """Refuse a look at a task that is none of somebody's business.

    Raises:
        NotAllowed: the scope doesn't hold it.
    """
    if not sees(scope, task):
        raise NotAllowed(
            "您无权查看这个事项：它不属于您所在单位及其下级，也不归您的岗位督办。"
            "确有需要，请联系该事项的督办员。",
            "You may not look at this task: it is neither of your units nor under the watch of your posts. "
            "If you need to, ask its supervisor.",
        )
