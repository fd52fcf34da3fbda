"""Interests in units: who has one by a post, and those that people declare.

A post at a unit, or at a unit inside it, gives an interest in it; so does a declaration. Rows stay when
they have ended: what was so then is how it was judged then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, insert, literal_column, or_, select, update

from ..models import Interest as InterestRow
from ..models import Person as PersonRow
from ..models import Post, Unit
from ..people import Interest
from .ports import Transaction
from .sql import OneOf, Statement

INTEREST = InterestRow.__table__  # type: ignore[attr-defined]
_UNIT = Unit.__table__  # type: ignore[attr-defined]
_POST = Post.__table__  # type: ignore[attr-defined]
_PERSON = PersonRow.__table__  # type: ignore[attr-defined]

# Each unit asked for, with itself and every unit below it; a group counts as inside its unit, and a unit
# that merged as inside the one it merged into. UNION drops what it has met: a unit under itself doesn't
# make it walk for ever.
_inside = (
    select(_UNIT.c.id.label("outer"), _UNIT.c.id.label("inner"))
    .where(OneOf(_UNIT.c.id, "units"))
    .cte("inside", recursive=True)
)
_inside = _inside.union(
    select(_inside.c.outer, _UNIT.c.id).join(
        _inside,
        or_(
            _UNIT.c.parent_id == _inside.c.inner,
            _UNIT.c.group_of == _inside.c.inner,
            _UNIT.c.merged_into == _inside.c.inner,
        ),
    )
)
_BY_POST = Statement(
    select(
        _inside.c.outer,
        _POST.c.person_id,
        _POST.c.unit_id,
        literal_column("0"),
        _POST.c.valid_from,
        _POST.c.valid_to,
    )
    .join(_POST, _POST.c.unit_id == _inside.c.inner)
    .order_by(_inside.c.outer, _POST.c.id)
)
_DECLARED = Statement(
    select(
        _inside.c.outer,
        INTEREST.c.person_id,
        INTEREST.c.unit_id,
        literal_column("1"),
        INTEREST.c.valid_from,
        INTEREST.c.valid_to,
    )
    .join(INTEREST, INTEREST.c.unit_id == _inside.c.inner)
    .order_by(_inside.c.outer, INTEREST.c.id)
)
_DECLARE = Statement(
    insert(INTEREST).values(
        person_id=bindparam("person"),
        unit_id=bindparam("unit"),
        reason=bindparam("reason"),
        valid_from=bindparam("valid_from"),
        valid_to=bindparam("valid_to"),
        recorded_at=bindparam("now"),
    )
)
_END = Statement(
    update(INTEREST)
    .where(
        INTEREST.c.person_id == bindparam("person"),
        INTEREST.c.unit_id == bindparam("unit"),
        or_(INTEREST.c.valid_to.is_(None), INTEREST.c.valid_to > bindparam("end")),
    )
    .values(valid_to=bindparam("end"))
)
_LIST = Statement(
    select(
        _PERSON.c.code,
        _PERSON.c.zh,
        _PERSON.c.en,
        _UNIT.c.code,
        _UNIT.c.zh,
        _UNIT.c.en,
        INTEREST.c.reason,
        INTEREST.c.valid_from,
        INTEREST.c.valid_to,
    )
    .select_from(INTEREST)
    .join(_PERSON, _PERSON.c.id == INTEREST.c.person_id)
    .join(_UNIT, _UNIT.c.id == INTEREST.c.unit_id)
    .order_by(INTEREST.c.id)
)


def interests(tx: Transaction, units: Sequence[int]) -> dict[int, list[Interest]]:
    """Who has an interest in each of these units, past and to come: by a post in or below it, or declared.

    Units in which nobody has one are left out.
    """
    found: dict[int, list[Interest]] = defaultdict(list)
    wanted = list(units)
    for outer, person, unit, declared, begin, end in (
        *tx.all(_BY_POST, units=wanted),
        *tx.all(_DECLARED, units=wanted),
    ):
        one = Interest(
            person_id=person, unit_id=unit, declared=bool(declared), valid_from=begin, valid_to=end
        )
        found[outer].append(one)
    return dict(found)


def declare(
    tx: Transaction, person: int, unit: int, valid_from: int, valid_to: int | None, reason: str, now: int
) -> None:
    """A person has an interest in a unit for a time."""
    tx.run(
        _DECLARE,
        person=person,
        unit=unit,
        reason=reason,
        valid_from=valid_from,
        valid_to=valid_to,
        now=now,
    )


def end(tx: Transaction, person: int, unit: int, at: int) -> int:
    """What a person declared of a unit holds no longer, from an instant on; how many declarations ended."""
    return tx.run(_END, person=person, unit=unit, end=at)


def declared(tx: Transaction) -> list[tuple[Any, ...]]:
    """Every declaration: person's code and names, unit's code and names, reason, from, to."""
    return tx.all(_LIST)
