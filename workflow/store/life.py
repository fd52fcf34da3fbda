"""Signs of life: when something that acts on what is due was last at work."""

from __future__ import annotations

from sqlalchemy import select

from .applying import EVENT
from .organisation import HEARTBEAT, remember, remembered, remembered_like
from .ports import Transaction
from .sql import Statement

SIMULATION = "simulation"  # the node of a virtual campaign: it acted, and goes on no more
_DEMONSTRATION = "demonstration"
_LAST_EVENT = Statement(select(EVENT.c.recorded_at).order_by(EVENT.c.id.desc()).limit(1))


def beat(tx: Transaction, node: str, now: int) -> None:
    """Leave a sign of life that `doctor`, and a watchdog outside the process, can read."""
    remember(tx, f"{HEARTBEAT}:{node}", str(now))


def beats(tx: Transaction) -> dict[str, int]:
    """node -> its last sign of life."""
    return {key.partition(":")[2]: int(value) for key, value in remembered_like(tx, HEARTBEAT).items()}


def last_sign(tx: Transaction) -> int | None:
    """The last event or heartbeat, whichever is newer: a quiet campaign is no downtime."""
    row = tx.one(_LAST_EVENT)
    return max([*beats(tx).values(), *([int(row[0])] if row else [])], default=None)


def mark_demonstration(tx: Transaction) -> None:
    """Everything in this database is invented, and everybody may know its passwords: for good."""
    remember(tx, _DEMONSTRATION, "yes")


def is_demonstration(tx: Transaction) -> bool:
    """Whether this database is a demonstration's."""
    return remembered(tx, _DEMONSTRATION) is not None
