"""Forgetting: what was sent long ago keeps what became of it, and loses its words and addresses."""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, delete, or_, select, update

from workflow.store.ports import Transaction
from workflow.store.sql import OneOf, Statement

from ..models import ActionLinkRow, DeliverySegmentRow, SpentRow
from .deliveries import DELIVERY

_LINK = ActionLinkRow.__table__  # type: ignore[attr-defined]
_SEGMENT = DeliverySegmentRow.__table__  # type: ignore[attr-defined]
_SPENT = SpentRow.__table__  # type: ignore[attr-defined]
_before = bindparam("before", type_=BigInteger())
# An accepted one may still get a receipt, but not after so long.
_done = or_(DELIVERY.c.ended_at < _before, DELIVERY.c.accepted_at < _before)
_OLD = Statement(
    select(DELIVERY.c.id, DELIVERY.c.channel, DELIVERY.c.reference)
    .where(DELIVERY.c.body.is_not(None), DELIVERY.c.created_at < _before, _done)
    .order_by(DELIVERY.c.created_at, DELIVERY.c.id)
    .limit(bindparam("most"))
)
_FORGET = Statement(update(DELIVERY).where(OneOf(DELIVERY.c.id, "ids")).values(body=None, address=""))
_SEGMENTS = Statement(delete(_SEGMENT).where(OneOf(_SEGMENT.c.text, "texts", words=True)))
_LINKS = Statement(delete(_LINK).where(_LINK.c.expires_at < _before))
_COUNTS = Statement(delete(_SPENT).where(_SPENT.c.day < bindparam("earliest")))


def forget(tx: Transaction, before: int, most: int) -> int:
    """Take the bytes and the address from so many deliveries that were done before an instant; how many."""
    rows = tx.all(_OLD, before=before, most=most)
    if rows:
        tx.run(_FORGET, ids=[row[0] for row in rows])
        texts = sorted({reference for _, _, reference in rows if reference and " " in reference})
        if texts:
            tx.run(_SEGMENTS, texts=texts)
    return len(rows)


def forget_links(tx: Transaction, before: int) -> int:
    """Delete the links that expired before an instant; how many."""
    return tx.run(_LINKS, before=before)


def forget_counts(tx: Transaction, earliest: str) -> int:
    """Delete what was spent before a day (local, ISO); how many."""
    return tx.run(_COUNTS, earliest=earliest)
