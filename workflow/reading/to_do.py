"""What a person has to do: what waits for them, the most urgent first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.sql import ColumnElement

from ..engine import Frame
from ..store import tasks
from ..store.sql import OneOf, Statement
from ..store.tasks import TASK
from .ledger import ANY_DUE, GRAVITY, Ledger, lines_of
from .waiting import AT, NOWHERE, SEAT, WAITING, at, mine

_order = (GRAVITY.desc(), ANY_DUE, TASK.c.due_at, TASK.c.id)
_key = (GRAVITY, ANY_DUE, TASK.c.due_at, TASK.c.id)


def _urgent(*where: ColumnElement[bool]) -> Statement:
    """The most urgent of those that wait there, with how many there are."""
    return Statement(
        select(*_key, func.count().over()).where(*WAITING, *where).order_by(*_order).limit(bindparam("most"))
    )


_HELD = _urgent(AT)
_STEPPED_IN = tuple(_urgent(where, OneOf(SEAT, "seats", words=True)) for where in (AT, NOWHERE))
_THESE = Statement(select(*_key).where(OneOf(TASK.c.id, "ids")))


def to_do(frame: Frame, person: int, *, offset: int = 0, limit: int = 50) -> Ledger:
    """The tasks that wait for a person: the gravest light first, then the nearest deadline."""
    own, most = mine(frame, person), offset + limit
    parts = [frame.tx.all(_HELD, **at(own.pairs), most=most)] if own.pairs else []
    if own.seats:
        there = at(own.vacant) | {"seats": list(own.seats), "most": most}
        parts += [frame.tx.all(statement, **there) for statement in _STEPPED_IN]
    chosen = frame.tx.all(_THESE, ids=list(own.chosen)) if own.chosen else []
    total = sum(rows[0][-1] for rows in parts if rows) + len(chosen)
    found = [row[:4] for rows in parts for row in rows] + chosen
    found.sort(key=_rank)
    return Ledger(lines=_lines(frame, [row[3] for row in found[offset:most]]), total=total)


def _rank(row: Sequence[Any]) -> tuple[int, int, int, int]:
    gravity, without, due, ident = row
    return -gravity, without, due or 0, ident


def _lines(frame: Frame, ids: Sequence[int]) -> Any:
    rows = {row[0]: row for row in tasks.read_these(frame.tx, ids)} if ids else {}
    return lines_of(frame, [rows[ident] for ident in ids if ident in rows])
