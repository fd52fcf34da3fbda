"""Units that are renamed or merged: the old name and the unit that is closed stay on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, bindparam, insert, select, update

from ..models import UnitChange
from ..text import Text
from .organisation import UNIT
from .ports import Transaction
from .sql import OneOf, Statement

CHANGE = UnitChange.__table__  # type: ignore[attr-defined]

_columns = (
    *(UNIT.c.id, UNIT.c.code, UNIT.c.kind, UNIT.c.parent_id, UNIT.c.group_of, UNIT.c.group_name),
    *(UNIT.c.zh, UNIT.c.en, UNIT.c.merged_into),
)
_NODES = Statement(select(*_columns).order_by(UNIT.c.id))
_MERGED = Statement(select(UNIT.c.id, UNIT.c.merged_into).where(UNIT.c.merged_into.is_not(None)))
_OPEN_KINDS = Statement(
    select(UNIT.c.id, UNIT.c.kind).where(OneOf(UNIT.c.id, "ids"), UNIT.c.ended_at.is_(None))
)
_FORMER = Statement(
    select(UNIT.c.code, CHANGE.c.zh, CHANGE.c.en)
    .join(UNIT, UNIT.c.id == CHANGE.c.unit_id)
    .where(CHANGE.c.kind == "renamed")
)
_CHANGES = Statement(
    select(CHANGE.c.unit_id, CHANGE.c.kind, CHANGE.c.zh, CHANGE.c.en, CHANGE.c.into_id, CHANGE.c.at)
    .where(CHANGE.c.unit_id == bindparam("unit"))
    .order_by(CHANGE.c.id)
)
_NOTE = Statement(
    insert(CHANGE).from_select(
        ["unit_id", "kind", "zh", "en", "into_id", "person_id", "at"],
        select(
            UNIT.c.id,
            bindparam("what"),
            UNIT.c.zh,
            UNIT.c.en,
            bindparam("into", type_=BigInteger()),
            bindparam("person", type_=BigInteger()),
            bindparam("now", type_=BigInteger()),
        ).where(UNIT.c.id == bindparam("unit")),
    )
)
_RENAME = Statement(
    update(UNIT).where(UNIT.c.id == bindparam("unit")).values(zh=bindparam("zh_"), en=bindparam("en_"))
)
_CLOSE = Statement(
    update(UNIT)
    .where(UNIT.c.id == bindparam("unit"))
    .values(ended_at=bindparam("end"), merged_into=bindparam("into"))
)
# Whatever had merged into it before is now the other one too: nobody follows a chain.
_FOLLOW = Statement(
    update(UNIT).where(UNIT.c.merged_into == bindparam("unit")).values(merged_into=bindparam("into"))
)
_ADOPT = Statement(
    update(UNIT).where(UNIT.c.parent_id == bindparam("unit")).values(parent_id=bindparam("into"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A unit in its tree, closed or not."""

    id: int
    code: str
    kind: str
    parent_id: int | None
    group_of: int | None
    group: str | None
    name: Text
    merged_into: int | None


def nodes(tx: Transaction) -> dict[str, Node]:
    """Every unit by code."""
    return {row[1]: _node(row) for row in tx.all(_NODES)}


def _node(row: tuple[Any, ...]) -> Node:
    return Node(
        id=row[0],
        code=row[1],
        kind=row[2],
        parent_id=row[3],
        group_of=row[4],
        group=row[5],
        name=Text(row[6], row[7]),
        merged_into=row[8],
    )


def merged(tx: Transaction) -> Mapping[int, int]:
    """The units that are closed -> the one that stands for each."""
    return dict(tx.all(_MERGED))


def open_kinds(tx: Transaction, ids: list[int]) -> dict[int, str]:
    """The kinds of those of these units that exist and are not closed."""
    return dict(tx.all(_OPEN_KINDS, ids=ids))


def former_names(tx: Transaction) -> dict[str, set[Text]]:
    """What units were called before, by code."""
    found: dict[str, set[Text]] = {}
    for code, zh, en in tx.all(_FORMER):
        found.setdefault(code, set()).add(Text(zh, en))
    return found


def changes(tx: Transaction, unit: int) -> list[tuple[str, Text, int | None, int]]:
    """What became of a unit: renamed or merged, its name until then, into which, when."""
    return [(kind, Text(zh, en), into, at) for _, kind, zh, en, into, at in tx.all(_CHANGES, unit=unit)]


def rename(tx: Transaction, unit: int, name: Text, person: int | None, now: int) -> None:
    """A unit is called otherwise from now on; what it was called stays on record."""
    tx.run(_NOTE, unit=unit, what="renamed", into=None, person=person, now=now)
    tx.run(_RENAME, unit=unit, zh_=name.zh, en_=name.en)


def close(tx: Transaction, unit: int, into: int, ended_at: int, person: int, now: int) -> None:
    """A unit has merged into another, which stands for it; what lay below it lies below the other."""
    tx.run(_NOTE, unit=unit, what="merged", into=into, person=person, now=now)
    tx.run(_CLOSE, unit=unit, into=into, end=ended_at)
    tx.run(_FOLLOW, unit=unit, into=into)
    tx.run(_ADOPT, unit=unit, into=into)
