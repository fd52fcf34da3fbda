"""The checks that units have had, as far as a campaign counts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

import orjson
from sqlalchemy import or_, select

from ..definition.model import Burden
from ..models import TaskRow, Unit
from ..task import Counted, Task
from .ports import Transaction
from .sql import OneOf, Statement, literal_column

TASK = TaskRow.__table__  # type: ignore[attr-defined]
UNIT = Unit.__table__  # type: ignore[attr-defined]
_HAD = Statement(
    select(TASK.c.id, TASK.c.campaign_id, TASK.c.unit_id, TASK.c.kind, TASK.c.body)
    .where(
        OneOf(TASK.c.unit_id, "units"),
        OneOf(TASK.c.kind, "kinds", words=True),
        or_(TASK.c.outcome.is_(None), TASK.c.outcome != literal_column("'abandoned'")),
    )
    .order_by(TASK.c.id)
)
# Two people who begin two checks of one unit at once would each see one too few.
_LOCK = Statement(
    select(UNIT.c.id).where(OneOf(UNIT.c.id, "units")).order_by(UNIT.c.id).with_for_update(key_share=True)
)
_About = tuple[int, int]  # campaign, unit


def lock_units(tx: Transaction, units: Collection[int]) -> None:
    """Let nobody else count or begin checks of these units until this transaction is over."""
    tx.all(_LOCK, units=sorted(units))


def checks_had(tx: Transaction, units: Collection[int], burden: Burden) -> dict[_About, list[Counted]]:
    """By campaign and unit, the checks that have begun and were not withdrawn."""
    found: dict[_About, list[Counted]] = defaultdict(list)
    for ident, campaign, unit, kind, body in tx.all(_HAD, units=sorted(units), kinds=sorted(burden.counts)):
        told = orjson.loads(body)
        if told.get("began_at") is not None:
            one = Counted(
                id=ident, kind=kind, began_at=told["began_at"], scope=told["facts"].get(burden.scope)
            )
            found[campaign, unit].append(one)
    return found


def counted(tx: Transaction, asking: Iterable[tuple[Task, Burden | None]]) -> dict[int, tuple[Counted, ...]]:
    """The checks that the units of these tasks have had; no statement if none of them asks."""
    wanted = [(task, burden) for task, burden in asking if burden is not None]
    by_burden: dict[Burden, list[Task]] = defaultdict(list)
    for task, burden in wanted:
        by_burden[burden].append(task)
    found = {}
    for burden, tasks in by_burden.items():
        had = checks_had(tx, {task.unit_id for task in tasks}, burden)
        found.update({task.id: tuple(had.get((task.campaign_id, task.unit_id), ())) for task in tasks})
    return found
