"""What there is, counted: for whoever watches over an installation. A fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, literal_column, select

from workflow.store import Transaction, tasks
from workflow.store.applying import OUTGOING
from workflow.store.sql import Statement
from workflow.store.tasks import TASK

from ..models import WebhookRow

WEBHOOK = WebhookRow.__table__  # type: ignore[attr-defined]
_OPEN = Statement(
    select(TASK.c.state, TASK.c.light, func.count())
    .where(TASK.c.ended_at.is_(None))
    .group_by(TASK.c.state, TASK.c.light)
)
_OUTGOING = {  # each by an index of its own: what has been told is never counted
    status: Statement(
        select(func.count()).select_from(OUTGOING).where(OUTGOING.c.status == literal_column(f"'{status}'"))
    )
    for status in ("waiting", "nobody")
}
_WEBHOOKS = Statement(select(WEBHOOK.c.disabled_at, WEBHOOK.c.failing_since))


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What there is."""

    open_tasks: Mapping[tuple[str, str], int]  # by state and light
    outgoing: Mapping[str, int]  # by status
    webhooks: Mapping[str, int]  # working, failing, disabled
    next_wake: int | None  # the oldest instant that the clock owes, or the first to come


def count(tx: Transaction) -> Counted:
    """Count everything."""
    webhooks = {"working": 0, "failing": 0, "disabled": 0}
    for disabled, failing in tx.all(_WEBHOOKS):
        webhooks["disabled" if disabled is not None else "failing" if failing is not None else "working"] += 1
    return Counted(
        open_tasks={(state, light): int(many) for state, light, many in tx.all(_OPEN)},
        outgoing={status: int((tx.one(one) or (0,))[0]) for status, one in _OUTGOING.items()},
        webhooks=webhooks,
        next_wake=tasks.next_wake(tx),
    )
