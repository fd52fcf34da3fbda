"""Channels that pause or rest, and what has been spent on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson
from sqlalchemy import bindparam, select

from notifier.budgets import Scope, Spent
from notifier.models import ChannelRow, SpentRow
from workflow.errors import Overtaken
from workflow.store.ports import Transaction
from workflow.store.sql import OneOf, Statement
from workflow.text import Text

from .deliveries import words

CHANNEL = ChannelRow.__table__  # type: ignore[attr-defined]
SPENT = SpentRow.__table__  # type: ignore[attr-defined]
_NAMES = ("paused_at", "paused_by", "why", "alarmed_at", "failures", "again_at")
_ALL = Statement(select(CHANNEL).order_by(CHANNEL.c.name))
_SPENT = Statement(
    select(SPENT.c.scope, SPENT.c.key, SPENT.c.count).where(
        SPENT.c.channel == bindparam("of"),
        SPENT.c.day == bindparam("on"),
        OneOf(SPENT.c.key, "keys", words=True),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a channel stands."""

    name: str
    paused_at: int | None = None
    paused_by: str | None = None  # a person's code; None: the channel itself
    why: Text | None = None
    alarmed_at: int | None = None
    failures: int = 0  # connections in a row that were not made
    again_at: int | None = None  # not before

    def works(self, now: int) -> bool:
        """Whether something may be sent."""
        return self.paused_at is None and (self.again_at is None or self.again_at <= now)


def standings(tx: Transaction) -> dict[str, Standing]:
    """Every channel that has ever paused or rested."""
    return {
        row[0]: Standing(
            name=row[0],
            paused_at=row[1],
            paused_by=row[2],
            why=None if row[3] is None else Text(**orjson.loads(row[3])),
            alarmed_at=row[4],
            failures=row[5],
            again_at=row[6],
        )
        for row in tx.all(_ALL)
    }


def put_standing(tx: Transaction, one: Standing) -> None:
    """Write how a channel stands."""
    values = (one.paused_at, one.paused_by, words(one.why), one.alarmed_at, one.failures, one.again_at)
    if tx.update(CHANNEL, _NAMES, ("name",), [(*values, one.name)]) == 0:
        tx.insert(CHANNEL, [(one.name, *values)])


def spent_on(tx: Transaction, channel: str, day: str, keys: Iterable[Spent]) -> dict[Spent, int]:
    """How much of these has been used on that day."""
    wanted = set(keys)
    rows = tx.all(_SPENT, of=channel, on=day, keys=sorted({key for _, key in wanted}))
    return {(scope, key): count for scope, key, count in rows if (scope, key) in wanted}


def keep_spent(
    tx: Transaction, channel: str, day: str, before: Mapping[Spent, int], after: Mapping[Spent, int]
) -> None:
    """Write counts that have grown.

    Raises:
        Overtaken: another daemon has counted meanwhile.
    """
    new = [
        (channel, scope, key, day, count) for (scope, key), count in after.items() if _new(before, scope, key)
    ]
    tx.insert(SPENT, new)
    grown = [
        (count, channel, scope, key, day, before[scope, key])
        for (scope, key), count in after.items()
        if not _new(before, scope, key)
    ]
    if tx.update(SPENT, ("count",), ("channel", "scope", "key", "day", "count"), grown) != len(grown):
        raise Overtaken(
            "额度已被另一个进程更新，本次写入已撤回，将重新办理。",
            "Another process has counted meanwhile; the write was rolled back and is decided anew.",
        )


def _new(before: Mapping[Spent, int], scope: Scope, key: str) -> bool:
    return (scope, key) not in before
