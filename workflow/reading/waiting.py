"""What waits for a person: found by the index of what posts wait for.

A task waits for the holder of a post at a unit, for whoever steps in where nobody is there, or for people
who were chosen. Whose post it is, is told without reading any task; only of posts that nobody fills, and
of people who were chosen, a task of each seat is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import String, and_, cast, func, literal_column, select, union_all
from sqlalchemy.sql import ColumnElement

from ..definition.model import Definition, Role
from ..engine import Frame
from ..errors import DubanError
from ..store import organisation, tasks
from ..store.delegations import staffed
from ..store.sql import OneOf, Paired, Statement
from ..store.tasks import TASK
from ..task import Loaded
from .scope import posts_of
from .waited import task_or_none, waited_for

_SLASH: ColumnElement[str] = literal_column("'/'")
SEAT = (
    func.coalesce(cast(TASK.c.waits_unit, String), literal_column("''"))
    + _SLASH
    + TASK.c.waits_post
    + _SLASH
    + TASK.c.waits_for
    + _SLASH
    + TASK.c.kind
    + _SLASH
    + cast(TASK.c.unit_id, String)
    + _SLASH
    + cast(TASK.c.version_id, String)
)
WAITING = (TASK.c.ended_at.is_(None), TASK.c.waits_for.is_not(None))
AT = Paired(TASK.c.waits_unit, TASK.c.waits_post, "pairs")
NOWHERE = and_(TASK.c.waits_unit.is_(None), OneOf(TASK.c.waits_post, "posts", words=True))


def _seats(where: ColumnElement[bool]) -> Statement:
    """Of the seats at posts that nobody fills: one task each, to ask who steps in."""
    return Statement(select(SEAT.label("seat"), func.min(TASK.c.id)).where(*WAITING, where).group_by(SEAT))


# Apart from each other: joined by OR, neither would be found by the index.
_SEATS = (_seats(AT), _seats(NOWHERE))
_CHOSEN = Statement(
    select(TASK.c.id).where(*WAITING, TASK.c.waits_post.is_(None), OneOf(TASK.c.waits_unit, "units"))
)
_CHOSEN_NOWHERE = Statement(
    select(TASK.c.id).where(*WAITING, TASK.c.waits_post.is_(None), TASK.c.waits_unit.is_(None))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mine:
    """Where tasks wait for a person."""

    pairs: frozenset[tuple[int, str]]  # unit and post
    seats: tuple[str, ...]  # at posts that nobody fills
    vacant: frozenset[tuple[int | None, str]]
    chosen: tuple[int, ...] = field(default=())  # tasks


def at(pairs: Iterable[tuple[int | None, str]]) -> dict[str, Any]:
    """The parameters of `AT` and `NOWHERE`."""
    listed = list(pairs)
    return {
        "pairs": sorted(f"{unit}/{post}" for unit, post in listed if unit is not None),
        "posts": sorted(post for unit, post in listed if unit is None),
    }


# Each way in which a task may wait for a person, found by itself.
_THEIRS = union_all(
    select(TASK.c.id).where(*WAITING, Paired(TASK.c.waits_unit, TASK.c.waits_post, "held")),
    select(TASK.c.id).where(*WAITING, AT, OneOf(SEAT, "seats", words=True)),
    select(TASK.c.id).where(*WAITING, NOWHERE, OneOf(SEAT, "seats", words=True)),
    select(TASK.c.id).where(*WAITING, OneOf(TASK.c.id, "chosen")),
)


def theirs(mine: Mine) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """The condition that a task waits for whoever this is, with its parameters."""
    held = at(mine.pairs)["pairs"]
    more = {"held": held, "seats": list(mine.seats), "chosen": list(mine.chosen)}
    return TASK.c.id.in_(_THEIRS), at(mine.vacant) | more


def mine(frame: Frame, person: int) -> Mine:
    """In a fixed number of statements, whatever waits."""
    posts = posts_of(frame, person)
    held = frozenset((unit, post) for post, unit in posts)
    frame.know_units({unit for unit, _ in held})
    pairs = frozenset(pair for pair in held if person in _there(frame, pair))
    roles = list(_falling_to(frame, {post for post, _ in posts}))
    vacant = _vacant(frame, {role.post for role in roles if not _is_chosen(role)}) - pairs
    seats = [row for one in _SEATS for row in frame.tx.all(one, **at(vacant))] if vacant else []
    units = {unit for unit, _ in held}
    chosen = _chosen(frame, units, everywhere=any(_is_chosen(role) for role in roles))
    own = _for(frame, person, [*(ident for _, ident in seats), *chosen])
    return Mine(
        pairs=pairs,
        seats=tuple(seat for seat, ident in seats if ident in own),
        vacant=vacant if seats else frozenset(),
        chosen=tuple(ident for ident in chosen if ident in own),
    )


def _there(frame: Frame, pair: tuple[int, str]) -> set[int]:
    unit, post = pair
    campaign = next(iter(frame.campaigns.values()), None)
    if campaign is None:
        return set()
    directory = frame.around(campaign.version_id).directory
    return {one.person_id for one in directory.present(post, unit, frame.now)}


def _is_chosen(role: Role) -> bool:
    """Whether its people are chosen, or must be free of interests: then no post tells who they are."""
    return role.team is not None or bool(role.recused)


def _falling_to(frame: Frame, posts: set[str]) -> Iterator[Role]:
    """The roles for which whoever holds one of these posts may step in."""
    for definition in _definitions(frame):
        for role in definition.roles.values():
            if any(_is_chosen(one) or one.post in posts for one in _after(definition, role)):
                yield role


def _after(definition: Definition, role: Role) -> Iterator[Role]:
    known, name = {role.name}, role.otherwise
    while name is not None and name not in known:
        yield definition.roles[name]
        known.add(name)
        name = definition.roles[name].otherwise


def _definitions(frame: Frame) -> Iterator[Definition]:
    """Of every version that a task may be on."""
    for version in organisation.pack_versions(frame.tx):
        try:
            books = frame.version(version).books
        except DubanError:
            continue  # its tasks are set aside
        yield from (book.definition for book in books.values())


def _vacant(frame: Frame, posts: set[str]) -> frozenset[tuple[int | None, str]]:
    """The units at which nobody is there for one of these posts; and no unit at all."""
    if not posts:
        return frozenset()
    filled = staffed(frame.tx, sorted(posts), frame.now)
    units = [row[0] for row in organisation.units(frame.tx)]
    every: set[tuple[int | None, str]] = {(unit, post) for unit in units for post in posts}
    return frozenset(every - filled | {(None, post) for post in posts})


def _chosen(frame: Frame, units: set[int], *, everywhere: bool) -> list[int]:
    if not everywhere:
        return [row[0] for row in frame.tx.all(_CHOSEN, units=sorted(units))] if units else []
    known = [row[0] for row in organisation.units(frame.tx)]
    return [row[0] for row in (*frame.tx.all(_CHOSEN, units=known), *frame.tx.all(_CHOSEN_NOWHERE))]


def _for(frame: Frame, person: int, ids: Sequence[int]) -> set[int]:
    """Those of these tasks that wait for a person, as a decision would see it."""
    rows = tasks.read_these(frame.tx, ids) if ids else []
    found = [task for row in rows if (task := task_or_none(row)) is not None]
    frame.know([Loaded(task=task) for task in found])
    return {task.id for task in found if (who := waited_for(frame, task)) and person in who.persons}
