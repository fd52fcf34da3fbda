"""The running numbers of documents: drawn in the transaction of the event, so that none is missing.

A counter's row stays locked until the transaction ends: an act that is rolled back leaves no hole, and
two daemons can't give one number to two documents.
"""

from __future__ import annotations

from sqlalchemy import bindparam, update

from ..models import DocumentNumberRow
from .ports import Transaction
from .sql import Statement

NUMBER = DocumentNumberRow.__table__  # type: ignore[attr-defined]
_DRAW = Statement(
    update(NUMBER)
    .where(
        NUMBER.c.campaign_id == bindparam("campaign"),
        NUMBER.c.pattern == bindparam("wanted"),
        NUMBER.c.year == bindparam("of_year"),
    )
    .values(last=NUMBER.c.last + bindparam("count"))
    .returning(NUMBER.c.last)
)


def draw_numbers(tx: Transaction, campaign: int, pattern: str, year: int, count: int) -> range:
    """The next numbers of a pattern in a year.

    Raises:
        Overtaken: somebody else has just drawn its very first number.
    """
    row = tx.one(_DRAW, campaign=campaign, wanted=pattern, of_year=year, count=count)
    if row is not None:
        return range(row[0] - count + 1, row[0] + 1)
    tx.insert(NUMBER, [(campaign, pattern, year, count)])
    return range(1, count + 1)
