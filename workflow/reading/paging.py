"""The ledger page by page, as quick on the last page as on the first.

A page goes on after the last line of the one before (a cursor, no offset), and nothing counts all of it.
Open tasks come by light, the gravest first, then by deadline. Where what is asked for, or the reader's own
scope, comes down to few units, their tasks are read and put in order; else an index that has this order is
walked, each light by itself, until the page is full. What has ended comes by number, the newest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, literal, literal_column, or_, select, union_all
from sqlalchemy.sql import ColumnElement

from ..definition.model import LIGHTS
from ..engine import Frame
from ..errors import BadValue
from ..store.sql import OneOf, Statement, Unindexed
from ..store.tasks import TASK
from ..task import Task
from .filters import Columns
from .ledger import (
    ANY_DUE,
    GRAVITY,
    Line,
    Wanted,
    check_words,
    conditions_of,
    parsed_and_shown,
    seen_by,
    units_meant,
    waiting_for,
)

FEW = 40  # units: to put what they have in hand in order is quicker than to look for it
_CURSOR = re.compile(r"(?:(?P<light>[a-z]{1,9})[.](?P<due>-|-?[0-9]{1,15})[.])?(?P<id>[0-9]{1,18})")
_BY_ID = Statement(select(*TASK.columns).where(OneOf(TASK.c.id, "ids")))
# The order of an index is walked: nothing else may lead away from it.
_KEYS = (TASK.c.id, TASK.c.due_at)
_ANY_LIGHT = or_(*(TASK.c.light == literal_column(f"'{one}'") for one in LIGHTS))
_WALKED: Columns = {one.name: Unindexed(one) for one in TASK.columns}


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """A page of the ledger."""

    lines: tuple[Line, ...]
    tasks: Mapping[int, Task]  # with what was reported; those whose data can be read
    further: str | None  # from where the next page goes on; None at the end


@dataclass(frozen=True, kw_only=True, slots=True)
class _After:
    """The last line of the page before."""

    id: int
    light: str | None = None
    due: int | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Which stretch of the order it lies in."""
        return -LIGHTS.index(self.light or LIGHTS[0]), int(self.due is None)


def leaf(frame: Frame, wanted: Wanted, after: str = "") -> Leaf:
    """A page of what answers to the filters, `wanted.limit` long, in a fixed number of statements.

    Raises:
        Unknown: no such unit, kind, track, state, campaign, person, role or fact.
        BadValue: a value that the fact can't have, or a cursor that no page gave.
    """
    check_words(frame, wanted)
    found = _ids(frame, wanted, _read(after, by_id=wanted.open is not True))
    ids = found[: wanted.limit]
    rows = {row[0]: row for row in frame.tx.all(_BY_ID, ids=ids)}
    lines, parsed = parsed_and_shown(frame, [rows[one] for one in ids if one in rows])
    more = len(found) > wanted.limit and bool(lines)
    return Leaf(lines=lines, tasks=parsed, further=_written(lines[-1], wanted) if more else None)


def _read(after: str, *, by_id: bool) -> _After | None:
    if not after:
        return None
    match = _CURSOR.fullmatch(after)
    if match is None or (match["light"] is None) != by_id or match["light"] not in (None, *LIGHTS):
        raise BadValue(
            "页码无效。请从台账第一页重新翻起。",
            "That is no page of the ledger. Start again from its first page.",
        )
    due = None if match["due"] in (None, "-") else int(match["due"])
    return _After(id=int(match["id"]), light=match["light"], due=due)


def _written(line: Line, wanted: Wanted) -> str:
    if wanted.open is not True:
        return str(line.id)
    return f"{line.light}.{'-' if line.due_at is None else line.due_at}.{line.id}"


def _ids(frame: Frame, wanted: Wanted, after: _After | None) -> list[int]:
    """One more than a page holds, if there are."""
    params: dict[str, Any] = {}
    waits = [] if wanted.waits_for is None else waiting_for(frame, wanted.waits_for, params)
    is_few = "held" in params or _few(frame, wanted)  # what waits for one person has an index of its own
    by: Columns = TASK.c if is_few else _WALKED
    conditions = waits + conditions_of(frame, wanted, by)
    conditions += seen_by(wanted, params, by)
    most = wanted.limit + 1
    if wanted.open is not True:
        chosen = _newest(conditions, after, most)
    elif is_few:
        chosen = _in_order(conditions, after, most)
    else:
        rows = frame.tx.all(Statement(_walk(conditions, wanted.light, after, most)), **params)
        return [row[1] for row in sorted(rows, key=lambda one: (one[0], one[2] or 0, one[1]))][:most]
    return [row[0] for row in frame.tx.all(Statement(chosen), **params)]


def _few(frame: Frame, wanted: Wanted) -> bool:
    """Whether what is asked for lies in few units."""
    meant = units_meant(frame, wanted)
    scope = wanted.scope
    if meant is None and scope is not None and not any(scope.kinds.values()):
        meant = scope.units
    return meant is not None and len(meant) <= FEW


def _newest(conditions: list[ColumnElement[bool]], after: _After | None, most: int) -> Select[Any]:
    onwards = [] if after is None else [TASK.c.id < after.id]
    return select(TASK.c.id).where(*conditions, *onwards).order_by(TASK.c.id.desc()).limit(most)


def _in_order(conditions: list[ColumnElement[bool]], after: _After | None, most: int) -> Select[Any]:
    """`_ANY_LIGHT` says nothing new: it leads SQLite into the index of what is open, past what has ended."""
    onwards = [_ANY_LIGHT] if after is None else [_ANY_LIGHT, _behind(after)]
    order = (GRAVITY.desc(), ANY_DUE, TASK.c.due_at, TASK.c.id)
    return select(TASK.c.id).where(*conditions, *onwards).order_by(*order).limit(most)


def _behind(after: _After) -> ColumnElement[bool]:
    light, none = (literal(one) for one in after.place)
    gravity: ColumnElement[int] = literal_column("0") - GRAVITY
    same = and_(gravity.__eq__(light), ANY_DUE.__eq__(none), _further(after))
    return or_(gravity > light, and_(gravity.__eq__(light), none < ANY_DUE), same)


def _further(after: _After) -> ColumnElement[bool]:
    """Behind a line of the same light; both with a deadline, or both without."""
    if after.due is None:
        return and_(TASK.c.due_at.is_(None), TASK.c.id > after.id)
    return and_(TASK.c.due_at >= after.due, or_(TASK.c.due_at > after.due, TASK.c.id > after.id))


def _walk(conditions: list[ColumnElement[bool]], light: str | None, after: _After | None, most: int) -> Any:
    """Each light by itself, those with a deadline first: every stretch is a walk along an index."""
    parts = []
    for number, (one, has_due) in enumerate(_stretches(light, after)):
        due = TASK.c.due_at.is_not(None) if has_due else TASK.c.due_at.is_(None)
        own = [TASK.c.light == one, due, *conditions]
        if after is not None and after.place == (-LIGHTS.index(one), int(not has_due)):
            own.append(_further(after))
        order = (TASK.c.due_at, TASK.c.id) if has_due else (TASK.c.id,)
        part = select(literal(number).label("stretch"), *_KEYS).where(*own).order_by(*order).limit(most)
        inside = part.subquery()
        parts.append(select(inside.c.stretch, inside.c.id, inside.c.due_at))
    return union_all(*parts)


def _stretches(light: str | None, after: _After | None) -> Iterator[tuple[str, bool]]:
    for one in reversed(LIGHTS):
        for has_due in (True, False):
            place = (-LIGHTS.index(one), int(not has_due))
            if light in (None, one) and (after is None or place >= after.place):
                yield one, has_due
