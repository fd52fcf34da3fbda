"""Whom events are told to, and how far they have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, bindparam, delete, func, insert, literal_column, or_, select, update

from workflow.store import Transaction
from workflow.store.applying import EVENT
from workflow.store.sql import OneOf, Statement
from workflow.store.tasks import TASK

from ..models import WebhookRow

WEBHOOK = WebhookRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A program elsewhere that is told of events."""

    id: int
    name: str
    url: str
    secret: str
    kinds: tuple[str, ...]  # of events; none: all
    near: bool  # it is on this machine
    cursor: int
    sent: int
    tries: int
    created_at: int
    sent_at: int | None
    failing_since: int | None
    next_at: int
    busy_to: int | None
    disabled_at: int | None
    why: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """An event that is to be told."""

    id: int
    task_id: int
    campaign_id: int
    seq: int
    at: int
    recorded_at: int
    kind: str
    header: bytes  # JSON
    hash: str  # hex


_EVERY = Statement(select(*WEBHOOK.columns).order_by(WEBHOOK.c.name))
_ADD = Statement(
    insert(WEBHOOK).values(
        name=bindparam("called"),
        url=bindparam("address"),
        secret=bindparam("key"),
        kinds=bindparam("of_kinds"),
        near=bindparam("is_near"),
        cursor=bindparam("begin"),
        sent=literal_column("0"),
        tries=literal_column("0"),
        created_at=bindparam("now"),
        next_at=bindparam("now"),
    )
)
_REMOVE = Statement(delete(WEBHOOK).where(WEBHOOK.c.name == bindparam("called")))
_ENABLE = Statement(
    update(WEBHOOK)
    .where(WEBHOOK.c.name == bindparam("called"))
    .values(
        disabled_at=None,
        failing_since=None,
        tries=literal_column("0"),
        next_at=bindparam("now"),
        why=None,
    )
)
# One process tells a webhook at a time: of two that try, one finds it busy.
_CLAIM = Statement(
    update(WEBHOOK)
    .where(
        WEBHOOK.c.id == bindparam("webhook"),
        WEBHOOK.c.disabled_at.is_(None),
        WEBHOOK.c.next_at <= bindparam("now"),
        or_(WEBHOOK.c.busy_to.is_(None), WEBHOOK.c.busy_to <= bindparam("now")),
    )
    .values(busy_to=bindparam("until"))
)
# Whoever was frozen, and whose webhook another process has taken up meanwhile, notes nothing.
_mine = and_(WEBHOOK.c.id == bindparam("webhook"), WEBHOOK.c.busy_to == bindparam("until"))
_TOLD = Statement(
    update(WEBHOOK)
    .where(_mine)
    .values(
        busy_to=None,
        cursor=bindparam("last"),
        sent=WEBHOOK.c.sent + bindparam("more"),
        sent_at=bindparam("at"),
        tries=bindparam("failed"),
        failing_since=bindparam("since"),
        next_at=bindparam("again"),
        disabled_at=bindparam("ended"),
        why=bindparam("because"),
    )
)
_LAST = Statement(select(func.max(EVENT.c.id)))
_events = (
    select(
        EVENT.c.id,
        EVENT.c.task_id,
        TASK.c.campaign_id,
        EVENT.c.seq,
        EVENT.c.at,
        EVENT.c.recorded_at,
        EVENT.c.kind,
        EVENT.c.header,
        EVENT.c.hash,
    )
    .join(TASK, TASK.c.id == EVENT.c.task_id)
    .where(EVENT.c.id > bindparam("after"), EVENT.c.id <= bindparam("settled"))
    .order_by(EVENT.c.id)
    .limit(bindparam("most"))
)
_EVENTS = Statement(_events)
_EVENTS_OF = Statement(_events.where(OneOf(EVENT.c.kind, "kinds", words=True)))


def every(tx: Transaction) -> tuple[Webhook, ...]:
    """All of them, by name."""
    return tuple(_webhook(row) for row in tx.all(_EVERY))


def add(
    tx: Transaction,
    name: str,
    url: str,
    secret: str,
    kinds: Sequence[str],
    begin: int,
    now: int,
    *,
    near: bool,
) -> None:
    """A new one, told of what comes after an event."""
    tx.run(
        _ADD,
        called=name,
        address=url,
        key=secret,
        of_kinds=orjson.dumps(list(kinds)).decode(),
        is_near=int(near),
        begin=begin,
        now=now,
    )


def remove(tx: Transaction, name: str) -> bool:
    """Tell it nothing more; False if there is none."""
    return tx.run(_REMOVE, called=name) == 1


def enable(tx: Transaction, name: str, now: int) -> bool:
    """Tell it again, from where it stopped; False if there is none."""
    return tx.run(_ENABLE, called=name, now=now) == 1


def claim(tx: Transaction, webhook: int, now: int, until: int) -> bool:
    """Take a webhook that isn't busy."""
    return tx.run(_CLAIM, webhook=webhook, now=now, until=until) == 1


def note_told(tx: Transaction, claimed: int, before: Webhook, after: Webhook) -> bool:
    """How far it came; False if another process has taken it up.

    Args:
        claimed: until when it was claimed.
    """
    changed = tx.run(
        _TOLD,
        webhook=before.id,
        until=claimed,
        last=after.cursor,
        more=after.sent - before.sent,
        at=after.sent_at,
        failed=after.tries,
        since=after.failing_since,
        again=after.next_at,
        ended=after.disabled_at,
        because=after.why,
    )
    return changed == 1


def last_event(tx: Transaction) -> int:
    """The newest event; 0 if there is none."""
    row = tx.one(_LAST)
    return int(row[0]) if row and row[0] is not None else 0


def events(tx: Transaction, webhook: Webhook, settled: int, most: int) -> tuple[Happened, ...]:
    """What it is to be told of next, in order."""
    bounds = {"after": webhook.cursor, "settled": settled, "most": most}
    rows = (
        tx.all(_EVENTS_OF, **bounds, kinds=list(webhook.kinds))
        if webhook.kinds
        else tx.all(_EVENTS, **bounds)
    )
    return tuple(_happened(row) for row in rows)


def _webhook(row: Sequence[Any]) -> Webhook:
    own = dict(zip((column.name for column in WEBHOOK.columns), row, strict=True))
    own["kinds"] = tuple(orjson.loads(own["kinds"]))
    own["near"] = bool(own["near"])
    return Webhook(**own)


def _happened(row: Sequence[Any]) -> Happened:
    ident, task, campaign, seq, at, recorded, kind, header, digest = row
    return Happened(
        id=ident,
        task_id=task,
        campaign_id=campaign,
        seq=seq,
        at=at,
        recorded_at=recorded,
        kind=kind,
        header=header.encode(),
        hash=bytes(digest).hex(),
    )
