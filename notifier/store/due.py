"""What of a channel's queue is due, without taking it: the cluster lays out a job for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, literal_column, or_, select

from notifier.models import DeliveryRow
from workflow.store.ports import Transaction
from workflow.store.sql import Statement

_DELIVERY: Final = DeliveryRow.__table__  # type: ignore[attr-defined]
_status = _DELIVERY.c.status
# As the index says it, or it would not be used.
_sendable = or_(_status == literal_column("'waiting'"), _status == literal_column("'unknown'"))
# Locked until the jobs are written: a job for a try that another node has begun meanwhile would look like
# one whose node has died.
_DUE: Final = Statement(
    select(_DELIVERY.c.id, _DELIVERY.c.tries + _DELIVERY.c.unknowns)
    .where(_DELIVERY.c.channel == bindparam("of"), _sendable, _DELIVERY.c.due_at <= bindparam("now"))
    .order_by(_DELIVERY.c.due_at, _DELIVERY.c.id)
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A delivery that is to be sent, and which try this is."""

    id: int
    number: int  # tries so far, those with an unknown outcome included


def due_of(tx: Transaction, channel: str, now: int, most: int) -> list[Due]:
    """What a channel is to send, the longest due first."""
    return [Due(id=ident, number=number) for ident, number in tx.all(_DUE, of=channel, now=now, most=most)]
