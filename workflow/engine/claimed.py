"""From claimed rows to tasks, each as it was when it was last decided."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from ..store import tasks
from ..store.applying import EVENT
from ..store.ports import Transaction
from ..store.sql import OneOf, Statement
from ..task import Task

_ID, _TRIES = tasks.COLUMNS.index("id"), tasks.COLUMNS.index("tries")
_LAST_RECORDED = Statement(
    select(EVENT.c.task_id, func.max(EVENT.c.recorded_at))
    .where(OneOf(EVENT.c.task_id, "ids"))
    .group_by(EVENT.c.task_id)
)


def tasks_of(tx: Transaction, rows: tasks.Rows) -> tuple[list[Task], dict[int, BaseException]]:
    """The tasks that can be read, and what is wrong with the others.

    A task that failed carries the time of its next try in place of its wake. When it was due is lost,
    but nothing has happened to it since its last event: it is looked at from there, so that what it
    slept through bears the instants at which it was true.
    """
    found: list[Task] = []
    broken: dict[int, BaseException] = {}
    since = _last_recorded(tx, rows)
    for row in rows:
        try:
            task = tasks.task_of(row)
        except Exception as error:  # whatever is wrong with one row must not stop the others
            broken[row[_ID]] = error
            continue
        if task.id in since:
            task.wake_at = since[task.id]
        found.append(task)
    return found, broken


def _last_recorded(tx: Transaction, rows: tasks.Rows) -> Mapping[int, int]:
    failed = [row[_ID] for row in rows if row[_TRIES] > 0]
    return dict(tx.all(_LAST_RECORDED, ids=failed)) if failed else {}
