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
