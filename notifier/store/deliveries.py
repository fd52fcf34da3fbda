"""Deliveries: new ones, what is gathered into them, the channels' queues, what became of them.

Every write says which state it expects. Bytes are kept compressed, with the SHA-256 of what was sent.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, bindparam, func, literal_column, or_, select

from notifier.content import Part
from notifier.models import DeliveryPartRow, DeliveryRow, DeliveryTryRow
from workflow.errors import Overtaken
from workflow.store.applying import OUTGOING
from workflow.store.ports import Transaction
from workflow.store.sql import OneOf, Statement
from workflow.text import Text

DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
PART = DeliveryPartRow.__table__  # type: ignore[attr-defined]
TRY = DeliveryTryRow.__table__  # type: ignore[attr-defined]

Salts = Callable[[], bytes]
"""16 random bytes."""


# --- one delivery -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class NewDelivery:
    """A delivery that begins. With a body its bytes are fixed, without one it still gathers notices."""

    id: int  # drawn from `row_id`
    person_id: int | None
    channel: str
    kind: str
    address: str
    language: str
    class_: str
    about: str
    due_at: int
    created_at: int
    message_id: str
    unit_id: int | None = None
    thread_id: int | None = None
    urgent: bool = False
    body: bytes | None = None  # as the channel wrote it
    instead_of: int | None = None
    hold: str | None = None  # why it begins held


def draw_deliveries(tx: Transaction, count: int) -> Sequence[int]:
    """Ids for so many new deliveries."""
    return tx.draw("row_id", count)


def message_id(delivery_id: int, salt: bytes, domain: str) -> str:
    """The Message-ID of a delivery: made once, the same at every try."""
    return f"<d{delivery_id}.{salt.hex()[:16]}@{domain}>"


def new_deliveries(tx: Transaction, rows: Sequence[NewDelivery]) -> None:
    """Write new deliveries in bulk: those with a body wait to be sent, the others gather."""
    tx.insert(DELIVERY, [_row(one) for one in rows])


def _row(one: NewDelivery) -> tuple[Any, ...]:
    status = "held" if one.hold else "gathering" if one.body is None else "waiting"
    packed, digest = (None, None) if one.body is None else packed_body(one.body)
    values: dict[str, Any] = {
        **dict.fromkeys(_NAMES),
        "id": one.id,
        "person_id": one.person_id,
        "unit_id": one.unit_id,
        "channel": one.channel,
        "kind": one.kind,
        "address": one.address,
        "language": one.language,
        "class": one.class_,
        "about": one.about,
        "status": status,
        "hold": one.hold,
        "urgent": int(one.urgent),
        "due_at": one.due_at,
        "created_at": one.created_at,
        "written_at": None if one.body is None else one.created_at,
        "message_id": one.message_id,
        "thread_id": one.thread_id,
        "body": packed,
        "digest": digest,
        "tries": 0,
        "unknowns": 0,
        "instead_of": one.instead_of,
    }
    return tuple(values[name] for name in _NAMES)


_NAMES: Final = tuple(column.name for column in DELIVERY.columns)


def packed_body(body: bytes) -> tuple[bytes, str]:
    """(compressed, SHA-256 of what was compressed, hex)."""
    return zlib.compress(body, 6), hashlib.sha256(body).hexdigest()


def unpacked_body(packed: bytes) -> bytes:
    """The bytes as the channel wrote them."""
    return zlib.decompress(packed)


def words(why: Text | None) -> str | None:
    """A reason as it is stored."""
    return None if why is None else orjson.dumps({"zh": why.zh, "en": why.en}).decode()


# --- gathering and writing --------------------------------------------------------------------------

_status = DELIVERY.c.status
_GATHERING_OF = Statement(
    select(
        DELIVERY.c.id,
        DELIVERY.c.person_id,
        DELIVERY.c.channel,
        DELIVERY.c["class"],
        DELIVERY.c.due_at,
        DELIVERY.c.urgent,
        DELIVERY.c.thread_id,
        DELIVERY.c.address,
        DELIVERY.c.instead_of,
    )
    .where(_status == literal_column("'gathering'"), OneOf(DELIVERY.c.person_id, "people"))
    .with_for_update(key_share=True)
)
# A message that ended otherwise has told nobody anything: it keeps nothing waiting.
_TOLD = ("waiting", "sending", "unknown", "accepted", "delivered")
_LAST_TOLD = Statement(
    select(DELIVERY.c.person_id, DELIVERY.c.channel, func.max(DELIVERY.c.written_at))
    .where(
        OneOf(DELIVERY.c.person_id, "people"),
        or_(
            DELIVERY.c.accepted_at.is_(None),
            DELIVERY.c.accepted_at >= bindparam("since", type_=BigInteger()),
        ),
        DELIVERY.c.about == literal_column("'notice'"),
        OneOf(_status, "told", words=True),
        DELIVERY.c.written_at.is_not(None),
    )
    .group_by(DELIVERY.c.person_id, DELIVERY.c.channel)
)
_TO_WRITE = Statement(
    select(
        DELIVERY.c.id,
        DELIVERY.c.person_id,
        DELIVERY.c.channel,
        DELIVERY.c.kind,
        DELIVERY.c.address,
        DELIVERY.c.language,
        DELIVERY.c["class"],
        DELIVERY.c.message_id,
        DELIVERY.c.thread_id,
        DELIVERY.c.urgent,
    )
    .where(_status == literal_column("'gathering'"), DELIVERY.c.due_at <= bindparam("now"))
    .order_by(DELIVERY.c.due_at, DELIVERY.c.id)
    .limit(bindparam("most"))
)
_PARTS = Statement(
    select(
        PART.c.delivery_id,
        OUTGOING.c.id,
        OUTGOING.c.task_id,
        OUTGOING.c.seq,
        OUTGOING.c.role,
        OUTGOING.c.reason,
        OUTGOING.c.rule,
        OUTGOING.c.created_at,
    )
    .join(OUTGOING, OUTGOING.c.id == PART.c.outgoing_id)
    .where(OneOf(PART.c.delivery_id, "deliveries"))
    .order_by(PART.c.delivery_id, OUTGOING.c.id)
)
_STILL_GATHERING = Statement(
    select(DELIVERY.c.id)
    .where(_status == literal_column("'gathering'"), OneOf(DELIVERY.c.id, "deliveries"))
    .order_by(DELIVERY.c.id)
    .with_for_update(key_share=True)
)
_PART_COUNTS = Statement(
    select(PART.c.delivery_id, func.count())
    .where(OneOf(PART.c.delivery_id, "deliveries"))
    .group_by(PART.c.delivery_id)
)


def gathering_of(tx: Transaction, people: Sequence[int]) -> list[tuple[Any, ...]]:
    """The open deliveries of these people, locked: (id, person, channel, class, due, urgent, thread, for)."""
    return tx.all(_GATHERING_OF, people=list(people))


def last_told(tx: Transaction, people: Sequence[int], since: int) -> dict[tuple[int, str], int]:
    """(person, channel) -> when the last message of notices was written, if not before `since`."""
    rows = tx.all(_LAST_TOLD, people=list(people), since=since, told=list(_TOLD))
    return {(person, channel): at for person, channel, at in rows if at > since}


def join(tx: Transaction, rows: Sequence[tuple[Any, ...]]) -> None:
    """Move open deliveries: (due, urgent, thread, instead of, address, id) of each.

    Raises:
        Overtaken: one of them gathers no longer.
    """
    names = ("due_at", "urgent", "thread_id", "instead_of", "address")
    guarded(tx, names, ("id", "status"), [(*row, "gathering") for row in rows])


def add_parts(tx: Transaction, rows: Sequence[tuple[int, int]]) -> None:
    """Put outgoing rows into deliveries: (delivery, outgoing) of each."""
    tx.insert(PART, rows)


def to_write(tx: Transaction, now: int, most: int) -> list[tuple[Any, ...]]:
    """Open deliveries whose time has come."""
    return tx.all(_TO_WRITE, now=now, most=most)


def parts_of(tx: Transaction, deliveries: Sequence[int]) -> dict[int, tuple[Part, ...]]:
    """delivery -> what is told in it, in the order in which it was left."""
    found: dict[int, list[Part]] = {ident: [] for ident in deliveries}
    for delivery, *row in tx.all(_PARTS, deliveries=list(deliveries)):
        ident, task, seq, role, reason, rule, created = row
        part = Part(
            outgoing_id=ident, task_id=task, seq=seq, role=role, reason=reason, rule=rule, created_at=created
        )
        found[delivery].append(part)
    return {delivery: tuple(parts) for delivery, parts in found.items()}


def still_complete(tx: Transaction, counts: Mapping[int, int]) -> set[int]:
    """Those that still gather, and have gained nothing since they were read; locked."""
    ids = [row[0] for row in tx.all(_STILL_GATHERING, deliveries=list(counts))]
    now = dict(tx.all(_PART_COUNTS, deliveries=ids))
    return {ident for ident in ids if now.get(ident, 0) == counts[ident]}


def keep_written(tx: Transaction, bodies: Mapping[int, bytes], now: int) -> None:
    """Fix the bytes of deliveries that were open: from now on they wait."""
    rows = [("waiting", now, *packed_body(body), ident, "gathering") for ident, body in bodies.items()]
    guarded(tx, ("status", "written_at", "body", "digest"), ("id", "status"), rows)


def postpone(tx: Transaction, later: Mapping[int, int], statuses: Mapping[int, str]) -> None:
    """Move the time of deliveries that stand as they stood."""
    rows = [(due, ident, statuses[ident]) for ident, due in later.items()]
    guarded(tx, ("due_at",), ("id", "status"), rows)


def give_up(tx: Transaction, why: Mapping[int, Text], status: str, now: int) -> None:
    """End deliveries that can't be sent, each with its reason."""
    rows = [("given_up", now, words(reason), ident, status) for ident, reason in why.items()]
    guarded(tx, ("status", "ended_at", "why"), ("id", "status"), rows)


def guarded(
    tx: Transaction, names: Sequence[str], guard: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Write columns of deliveries that stand as expected, all or none.

    Raises:
        Overtaken: one of them has moved on since it was read.
    """
    if tx.update(DELIVERY, names, guard, rows) != len(rows):
        raise Overtaken(
            "消息状态已被另一个进程改变，本次写入已撤回，将重新办理。",
            "A message was moved on by another process; the write was rolled back and is decided anew.",
        )
