"""What an everyday act needs from the database before it is decided: the people, units and tasks it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from ..decision import Act, Surroundings
from ..decision.beyond import Beyond, Other
from ..decision.everyday import COPY, INTO, MERGE, PERSONS, TRANSFER, UNIT
from ..store import units
from ..store.organisation import PERSON
from ..store.ports import Transaction
from ..store.sql import OneOf, Statement
from ..store.tasks import TASK
from .surroundings import Frame

_PERSONS = Statement(select(PERSON.c.id).where(OneOf(PERSON.c.id, "ids")))
_OPEN = Statement(
    select(TASK.c.id, TASK.c.campaign_id, TASK.c.kind).where(
        OneOf(TASK.c.id, "ids"), TASK.c.ended_at.is_(None), TASK.c.set_aside_at.is_(None)
    )
)
_NAMED: Mapping[str, str] = {COPY: PERSONS.name, TRANSFER: UNIT.name, MERGE: INTO.name}
_DIGITS = 15  # more don't fit the numbers of JSON


def also_locked(wanted: Act) -> list[int]:
    """The other task that an act is about. Of two merged into each other at once, one is refused."""
    return _named(wanted) if wanted.name == MERGE else []


def around_act(frame: Frame, version_id: int, wanted: Act) -> Surroundings:
    """What a decision on this act looks at. Rows of tasks must be locked."""
    around, ids = frame.around(version_id), _named(wanted)
    if not ids:
        return around
    if wanted.name == TRANSFER:
        frame.know_units(ids)
    return replace(around, beyond=_look_up(frame.tx, wanted.name, ids))


def _named(wanted: Act) -> list[int]:
    """The ids that an act names. What is no id is left to the decision, which refuses it."""
    raw: Any = wanted.facts.get(_NAMED.get(wanted.name, ""))
    listed = raw if isinstance(raw, list | tuple) else [raw]
    texts = [str(one) for one in listed if not isinstance(one, bool)]
    return sorted({int(one) for one in texts if one.isascii() and one.isdecimal() and len(one) <= _DIGITS})


def _look_up(tx: Transaction, name: str, ids: list[int]) -> Beyond:
    if name == COPY:
        return Beyond(persons=frozenset(row[0] for row in tx.all(_PERSONS, ids=ids)))
    if name == TRANSFER:
        return Beyond(kinds=units.open_kinds(tx, ids))
    found = [Other(id=row[0], campaign_id=row[1], kind=row[2]) for row in tx.all(_OPEN, ids=ids)]
    return Beyond(tasks={one.id: one for one in found})
