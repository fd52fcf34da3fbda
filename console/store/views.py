"""Views of the ledger that people keep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, or_, select

from workflow.store import Transaction
from workflow.store.organisation import PERSON, UNIT
from workflow.store.sql import OneOf, Statement
from workflow.text import Text

from ..models import SavedViewRow

VIEW = SavedViewRow.__table__  # type: ignore[attr-defined]
MOST = 50  # of a person

_own = VIEW.c.person_id == bindparam("person")
_SEEN = Statement(
    select(
        VIEW.c.id, VIEW.c.name, VIEW.c.query, VIEW.c.person_id, PERSON.c.zh, PERSON.c.en, UNIT.c.zh, UNIT.c.en
    )
    .join(PERSON, PERSON.c.id == VIEW.c.person_id)
    .outerjoin(UNIT, UNIT.c.id == VIEW.c.unit_id)
    .where(or_(_own, OneOf(VIEW.c.unit_id, "units")))
    .order_by(VIEW.c.name, VIEW.c.id)
)
_HOW_MANY = Statement(select(VIEW.c.id).where(_own))
_DROP_NAME = Statement(delete(VIEW).where(_own, VIEW.c.name == bindparam("called")))
_DROP = Statement(delete(VIEW).where(_own, VIEW.c.id == bindparam("view")))
_ADD = Statement(
    insert(VIEW).values(
        person_id=bindparam("person"),
        name=bindparam("called"),
        unit_id=bindparam("unit"),
        query=bindparam("asked"),
        saved_at=bindparam("now"),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedView:
    """Filters and columns under a name."""

    id: int
    name: str
    query: str  # as it stands in the address
    own: bool
    by: Text
    shared: Text | None  # with which unit


def seen(tx: Transaction, person: int, units: Iterable[int]) -> list[SavedView]:
    """Somebody's own views, and those shared with one of their units."""
    return [
        SavedView(
            id=ident,
            name=name,
            query=query,
            own=owner == person,
            by=Text(zh, en),
            shared=None if unit_zh is None else Text(unit_zh, unit_en),
        )
        for ident, name, query, owner, zh, en, unit_zh, unit_en in tx.all(
            _SEEN, person=person, units=sorted(units)
        )
    ]


def save(tx: Transaction, person: int, name: str, query: str, unit: int | None, now: int) -> bool:
    """Keep a view, in place of one's own of that name; False if there are too many."""
    replaced = tx.run(_DROP_NAME, person=person, called=name)
    if not replaced and len(tx.all(_HOW_MANY, person=person)) >= MOST:
        return False
    tx.run(_ADD, person=person, called=name, unit=unit, asked=query, now=now)
    return True


def drop(tx: Transaction, person: int, view: int) -> bool:
    """Forget one of somebody's own views; whether it was there."""
    return tx.run(_DROP, person=person, view=view) == 1
