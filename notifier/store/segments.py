"""The segments of texts that were accepted in several: each has its own id, and its own receipt.

A text has arrived when all of its segments have, and has not when one of them has not. So that whoever
keeps receipts needs to know nothing of segments, the receipt of a segment becomes that of its text.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, select, update

from workflow.store.ports import Transaction
from workflow.store.sql import OneOf, Statement

from ..channel import Receipt
from ..models import DeliverySegmentRow

SEGMENT = DeliverySegmentRow.__table__  # type: ignore[attr-defined]

_TEXT_OF = Statement(
    select(SEGMENT.c.id, SEGMENT.c.text)
    .where(SEGMENT.c.channel == bindparam("of"), SEGMENT.c.reference == bindparam("given"))
    .order_by(SEGMENT.c.id.desc())  # a centre that begins to count anew: the newest is meant
    .limit(1)
)
_ARRIVED = Statement(update(SEGMENT).where(SEGMENT.c.id == bindparam("ident")).values(arrived=1))
_MISSING = Statement(
    select(SEGMENT.c.id)
    .where(SEGMENT.c.channel == bindparam("of"), SEGMENT.c.text == bindparam("given"))
    .where(SEGMENT.c.arrived == 0)
    .limit(1)
)
_FORGET = Statement(
    delete(SEGMENT).where(SEGMENT.c.channel == bindparam("of"), OneOf(SEGMENT.c.text, "given", words=True))
)


def keep_segments(tx: Transaction, channel: str, references: Iterable[str | None]) -> int:
    """Remember which segments an accepted text has, of those with several ids in a reference; how many."""
    found = [(text, one) for text in references if text and " " in text for one in text.split(" ")]
    if not found:
        return 0
    tx.run(_FORGET, of=channel, given=sorted({text for text, _one in found}))
    idents = tx.draw("row_id", len(found))
    rows = [(ident, channel, one, text, 0) for ident, (text, one) in zip(idents, found, strict=True)]
    tx.insert(SEGMENT, rows)
    return len(found)


def whole(tx: Transaction, channel: str, receipt: Receipt) -> Receipt | None:
    """The receipt of the text that a segment belongs to; None: there is nothing to say of it yet.

    A receipt that is of no segment is given back as it came.
    """
    row = tx.one(_TEXT_OF, of=channel, given=receipt.reference)
    if row is None:
        return receipt
    ident, text = row
    if receipt.end == "later":
        return None
    if receipt.end == "delivered":
        tx.run(_ARRIVED, ident=ident)
        if tx.one(_MISSING, of=channel, given=text) is not None:
            return None
    tx.run(_FORGET, of=channel, given=[text])
    return Receipt(reference=text, end=receipt.end, why=receipt.why, code=receipt.code)
