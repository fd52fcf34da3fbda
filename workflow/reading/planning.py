"""What a new calendar, or a re-plan, moves: tasks to plan again, and deadlines that were."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from sqlalchemy import bindparam, func, literal_column, select

from ..engine import Frame
from ..store.applying import EVENT
from ..store.ports import Transaction
from ..store.sql import Statement
from ..store.tasks import TASK
from .ledger import zone_of
from .numbers import number_of

_PENDING = Statement(
    select(func.count())
    .select_from(TASK)
    .where(
        TASK.c.ended_at.is_(None), TASK.c.set_aside_at.is_(None), TASK.c.planned_under < bindparam("epoch")
    )
)
_NEWEST = Statement(select(func.max(EVENT.c.id)))
_MOVED = Statement(
    select(TASK.c.id, TASK.c.campaign_id, TASK.c.version_id, TASK.c.provisional, EVENT.c.header)
    .join(EVENT, EVENT.c.task_id == TASK.c.id)
    .where(EVENT.c.id > bindparam("after"), EVENT.c.kind == literal_column("'deadline_recomputed'"))
    .order_by(EVENT.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A deadline that a new calendar, or a re-plan, has moved."""

    id: int
    number: str
    old: int | None
    new: int
    provisional: bool
    zone: str


def pending_plans(tx: Transaction, epoch: int) -> int:
    """How many open tasks are still planned under an older calendar or campaign."""
    (count,) = tx.one(_PENDING, epoch=epoch) or (0,)
    return int(count)


def newest_event(tx: Transaction) -> int:
    """The id of the last line of history; 0 before the first."""
    (newest,) = tx.one(_NEWEST) or (None,)
    return int(newest or 0)


def moved_since(frame: Frame, event_id: int) -> tuple[Moved, ...]:
    """The deadlines that were recomputed since a line of history."""
    found = []
    for task, campaign, version, provisional, header in frame.tx.all(_MOVED, after=event_id):
        told = orjson.loads(header)
        one = Moved(
            id=task,
            number=number_of(frame, task, campaign),
            old=told["old"],
            new=told["new"],
            provisional=bool(provisional),
            zone=zone_of(frame, version),
        )
        found.append(one)
    return tuple(found)
