"""Posts that pass on: from a person to a successor, from a unit to the one it merges into.

Nothing is edited in place: the old row ends at an instant, a new one begins there. What was resolved
before stays as it was recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, exists, insert, or_, select, update

from .organisation import POST
from .ports import Transaction
from .sql import OneOf, Statement

_at, _now = bindparam("begin", type_=BigInteger()), bindparam("now", type_=BigInteger())
_standing = or_(POST.c.valid_to.is_(None), POST.c.valid_to > _at)
_columns = (POST.c.id, POST.c.person_id, POST.c.name, POST.c.unit_id, POST.c.deputy)
_OF_PERSON = Statement(
    select(*_columns).where(POST.c.person_id == bindparam("person"), _standing).order_by(POST.c.id)
)
_AT_UNIT = Statement(
    select(*_columns).where(POST.c.unit_id == bindparam("unit"), _standing).order_by(POST.c.id)
)
_HELD = Statement(
    select(POST.c.name, POST.c.unit_id).where(
        POST.c.person_id == bindparam("person"), _standing, POST.c.valid_from <= _at
    )
)
# One that would begin later never holds: it ends where it begins.
_END = Statement(
    update(POST)
    .where(OneOf(POST.c.id, "ids"))
    .values(valid_to=case((POST.c.valid_from > _at, POST.c.valid_from), else_=_at))
)


class Standing(NamedTuple):
    """A post that is held at an instant, or will be."""

    id: int
    person_id: int
    name: str
    unit_id: int
    deputy: int


def _pass_on(person: ColumnElement[int], unit: ColumnElement[int]) -> Statement:
    """The same posts under another person or at another unit, unless they are held there already."""
    held = POST.alias("held")
    already = exists().where(
        held.c.person_id == person,
        held.c.unit_id == unit,
        held.c.name == POST.c.name,
        held.c.deputy == POST.c.deputy,
        held.c.valid_to.is_(None),
        held.c.valid_from <= _at,
    )
    # The deputy's a millisecond later: no two of a person's posts of one name begin at once.
    begin = case((POST.c.valid_from > _at, POST.c.valid_from), else_=_at + POST.c.deputy)
    columns = ["person_id", "name", "unit_id", "deputy", "valid_from", "valid_to", "recorded_at"]
    passed = select(person, POST.c.name, unit, POST.c.deputy, begin, POST.c.valid_to, _now)
    return Statement(insert(POST).from_select(columns, passed.where(OneOf(POST.c.id, "ids"), ~already)))


_TO_PERSON = _pass_on(bindparam("successor", type_=BigInteger()), POST.c.unit_id)
_TO_UNIT = _pass_on(POST.c.person_id, bindparam("into", type_=BigInteger()))


def held(tx: Transaction, person: int, now: int) -> list[tuple[str, int]]:
    """(post, unit) of every post that a person holds now."""
    return [(name, unit) for name, unit in tx.all(_HELD, person=person, begin=now)]


def of_person(tx: Transaction, person: int, begin: int) -> list[Standing]:
    """The posts that a person holds at an instant, or will hold."""
    return [Standing(*row) for row in tx.all(_OF_PERSON, person=person, begin=begin)]


def at_unit(tx: Transaction, unit: int, begin: int) -> list[Standing]:
    """The posts that are held at a unit at an instant, or will be."""
    return [Standing(*row) for row in tx.all(_AT_UNIT, unit=unit, begin=begin)]


def pass_to_person(tx: Transaction, posts: Sequence[Standing], successor: int, begin: int, now: int) -> None:
    """From an instant on the successor holds these posts, and nobody else by these rows."""
    ids = [one.id for one in posts]
    tx.run(_TO_PERSON, ids=ids, successor=successor, begin=begin, now=now)
    tx.run(_END, ids=ids, begin=begin)


def pass_to_unit(tx: Transaction, posts: Sequence[Standing], into: int, begin: int, now: int) -> None:
    """From an instant on these people hold their posts at another unit."""
    ids = [one.id for one in posts]
    tx.run(_TO_UNIT, ids=ids, into=into, begin=begin, now=now)
    tx.run(_END, ids=ids, begin=begin)


def end(tx: Transaction, posts: Sequence[Standing], at: int) -> None:
    """Nobody holds these posts from an instant on."""
    if posts:
        tx.run(_END, ids=[one.id for one in posts], begin=at)
