"""The numbers of tasks as people see and type them: SFD-12."""

from __future__ import annotations

import re

from sqlalchemy import bindparam, select

from ..engine import Frame, unknown_task
from ..errors import Unknown, UsageError
from ..store.sql import Statement
from ..store.tasks import TASK

NUMBER = re.compile(r"(?:(?P<prefix>[A-Za-z][A-Za-z0-9]*)-)?(?P<id>[0-9]{1,15})")
_CAMPAIGN = Statement(select(TASK.c.campaign_id).where(TASK.c.id == bindparam("task")))


def number_of(frame: Frame, task_id: int, campaign_id: int) -> str:
    """A task's number with the prefix of its campaign."""
    campaign = frame.campaigns.get(campaign_id)
    return f"{campaign.prefix}-{task_id}" if campaign else str(task_id)


def read_number(frame: Frame, typed: str) -> int:
    """The id of a task that exists, from `SFD-12` or `12`.

    Raises:
        UsageError: that is no number of a task.
        Unknown: there is no such task, or it belongs to another campaign.
    """
    match = NUMBER.fullmatch(typed.strip())
    if match is None:
        raise UsageError(
            f"“{typed}”不是事项编号。请写成 SFD-12 或 12。",
            f"{typed!r} is no number of a task. Write SFD-12 or 12.",
        )
    ident, prefix = int(match["id"]), match["prefix"]
    row = frame.tx.one(_CAMPAIGN, task=ident)
    if row is None:
        raise unknown_task(ident)
    own = number_of(frame, ident, row[0])
    if prefix is not None and own.casefold() != f"{prefix}-{ident}".casefold():
        raise Unknown(
            f"没有事项 {typed}；编号 {ident} 的事项是 {own}。",
            f"There is no task {typed}; the task with that number is {own}.",
        )
    return ident
