"""The channels' queues: what is due, claimed, under way, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, bindparam, literal_column, or_, select, update

from notifier.channel import Outcome
from notifier.retrying import Sent, Settled
from workflow.store.ports import Transaction
from workflow.store.sql import OneOf, Statement
from workflow.text import Text

from .addresses import ADDRESS
from .deliveries import DELIVERY, PART, TRY, guarded, unpacked_body, words

_status = DELIVERY.c.status
_COLUMNS = (
    "id",
    "channel",
    "person_id",
    "unit_id",
    "kind",
    "address",
    "class",
    "about",
    "status",
    "urgent",
    "message_id",
    "body",
    "written_at",
    "tries",
    "unknowns",
    "claimed_at",
    "claimed_by",
)
_columns = tuple(DELIVERY.c[name] for name in _COLUMNS)
# As the index says it, or it would not be used.
_sendable = or_(_status == literal_column("'waiting'"), _status == literal_column("'unknown'"))
_QUEUE = Statement(
    select(*_columns)
    .where(DELIVERY.c.channel == bindparam("of"), _sendable, DELIVERY.c.due_at <= bindparam("now"))
    .order_by(DELIVERY.c.due_at, DELIVERY.c.id)
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)
_UNDER_WAY = Statement(
    select(*_columns)
    .where(
        _status == literal_column("'sending'"),
        DELIVERY.c.claimed_at <= bindparam("until", type_=BigInteger()),
    )
    .order_by(DELIVERY.c.claimed_at, DELIVERY.c.id)
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)
_THESE = Statement(select(*_columns).where(OneOf(DELIVERY.c.id, "ids")).order_by(DELIVERY.c.id))
_BY_REFERENCE = Statement(
    select(*_columns)
    .where(DELIVERY.c.reference == bindparam("given"), DELIVERY.c.channel == bindparam("of"))
    .order_by(DELIVERY.c.id)
    .with_for_update(key_share=True)
)
_BY_MESSAGE = Statement(
    select(*_columns).where(DELIVERY.c.message_id == bindparam("given")).with_for_update(key_share=True)
)
_other = PART.alias("other")
_TRIED = Statement(
    select(_other.c.outgoing_id, DELIVERY.c.channel, DELIVERY.c.kind, DELIVERY.c.address)
    .select_from(
        PART.join(_other, _other.c.outgoing_id == PART.c.outgoing_id).join(
            DELIVERY, DELIVERY.c.id == _other.c.delivery_id
        )
    )
    .where(OneOf(PART.c.delivery_id, "deliveries"))
    .distinct()
)

_BREAK = Statement(
    update(ADDRESS)
    .where(
        ADDRESS.c.person_id == bindparam("person"),
        ADDRESS.c.kind == bindparam("of_kind"),
        ADDRESS.c.value == bindparam("written"),
        ADDRESS.c.broken_at.is_(None),
    )
    .values(broken_at=bindparam("at"), broken_why=bindparam("because"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """A delivery whose bytes are fixed, as it stands in the queue or on its way."""

    id: int
    channel: str
    person_id: int | None
    unit_id: int | None
    kind: str
    address: str
    class_: str
    about: str
    status: str
    urgent: bool
    message_id: str
    packed: bytes | None
    written_at: int
    tries: int
    unknowns: int
    claimed_at: int | None  # None: it was never under way
    claimed_by: str | None

    @property
    def body(self) -> bytes:
        """The bytes as they were written."""
        return unpacked_body(self.packed or b"")

    @property
    def sent(self) -> Sent:
        """As decisions look at it."""
        return Sent(
            id=self.id,
            channel=self.channel,
            written_at=self.written_at,
            tries=self.tries,
            unknowns=self.unknowns,
        )


def _queued(row: Sequence[Any]) -> Queued:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["class_"], values["packed"] = values.pop("class"), values.pop("body")
    values["urgent"], values["written_at"] = bool(values["urgent"]), values["written_at"] or 0
    return Queued(**values)


def due_on(tx: Transaction, channel: str, now: int, most: int) -> list[Queued]:
    """What a channel is to send, the longest due first; locked, without what another daemon holds."""
    return [_queued(row) for row in tx.all(_QUEUE, of=channel, now=now, most=most)]


def claim(tx: Transaction, chosen: Sequence[Queued], node: str, now: int) -> None:
    """From now on these are under way."""
    rows = [("sending", now, node, one.id, one.status) for one in chosen]
    guarded(tx, ("status", "claimed_at", "claimed_by"), ("id", "status"), rows)


def under_way(tx: Transaction, until: int, most: int) -> list[Queued]:
    """Messages claimed no later than that instant and has no outcome yet; locked."""
    return [_queued(row) for row in tx.all(_UNDER_WAY, until=until, most=most)]


def these(tx: Transaction, ids: Iterable[int]) -> list[Queued]:
    """Deliveries by id."""
    return [_queued(row) for row in tx.all(_THESE, ids=list(ids))]


def receipted(tx: Transaction, channel: str, reference: str) -> Queued | None:
    """The delivery that a receipt is about: by the peer's id of it, else by its Message-ID."""
    rows = tx.all(_BY_REFERENCE, of=channel, given=reference) or tx.all(_BY_MESSAGE, given=reference)
    return _queued(rows[-1]) if rows else None


def tried(tx: Transaction, deliveries: Sequence[int]) -> dict[int, set[tuple[str, str, str]]]:
    """outgoing row of these deliveries -> (channel, kind, address) on which it has been tried."""
    found: dict[int, set[tuple[str, str, str]]] = {}
    for outgoing, channel, kind, address in tx.all(_TRIED, deliveries=list(deliveries)):
        found.setdefault(outgoing, set()).add((channel, kind, address))
    return found


_SETTLED = (
    "status",
    "due_at",
    "tries",
    "unknowns",
    "accepted_at",
    "ended_at",
    "reference",
    "why",
)


def keep_settled(
    tx: Transaction, node: str, settled: Mapping[int, Settled], claimed: Mapping[int, int]
) -> int:
    """Write what became of messages that this node had under way; how many it still had."""
    rows = [(*_values(one), ident, "sending", node, claimed[ident]) for ident, one in settled.items()]
    return tx.update(DELIVERY, _SETTLED, ("id", "status", "claimed_by", "claimed_at"), rows)


def keep_left_behind(tx: Transaction, settled: Mapping[int, Settled]) -> None:
    """Write that nobody knows what became of messages that a dead process had under way."""
    rows = [(*_values(one), ident, "sending") for ident, one in settled.items()]
    guarded(tx, _SETTLED, ("id", "status"), rows)


def _values(one: Settled) -> tuple[Any, ...]:
    return (
        one.status.value,
        one.due_at,
        one.tries,
        one.unknowns,
        one.accepted_at,
        one.ended_at,
        one.reference,
        words(one.why),
    )


def put_back(tx: Transaction, node: str, untried: Sequence[Queued], claimed: Mapping[int, int]) -> None:
    """Messages that were claimed and not tried stand in the queue as before."""
    rows = [(one.status, one.id, "sending", node, claimed[one.id]) for one in untried]
    tx.update(DELIVERY, ("status",), ("id", "status", "claimed_by", "claimed_at"), rows)


def keep_tries(tx: Transaction, ended: Sequence[tuple[Queued, Outcome]], now: int) -> None:
    """Note how tries ended."""
    ids = tx.draw("row_id", len(ended))
    rows = [
        (ident, one.id, one.tries + one.unknowns + 1, now, outcome.end, outcome.code, words(outcome.why))
        for ident, (one, outcome) in zip(ids, ended, strict=True)
    ]
    tx.insert(TRY, rows)


def keep_receipt(tx: Transaction, one: Queued, status: str, why: Text | None, now: int) -> None:
    """A receipt has settled what became of a message."""
    values = (status, now, words(why), one.id, one.status)
    guarded(tx, ("status", "ended_at", "why"), ("id", "status"), [values])


def break_address(tx: Transaction, one: Queued, why: Text | None, now: int) -> bool:
    """Nothing arrives at the address of this message any more; False if that was known, or it is gone."""
    if one.person_id is None:
        return False
    broken = tx.run(
        _BREAK, person=one.person_id, of_kind=one.kind, written=one.address, at=now, because=words(why)
    )
    return broken > 0
