"""Workbooks between their check and their import: one for each person."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select

from workflow.store import Transaction
from workflow.store.sql import Statement

from ..models import CheckedBookRow

BOOK = CheckedBookRow.__table__  # type: ignore[attr-defined]
LASTS = 3_600_000  # ms: whoever has not confirmed by then checks again

_DROP = Statement(delete(BOOK).where(BOOK.c.person_id == bindparam("person")))
_DROP_OLD = Statement(delete(BOOK).where(BOOK.c.checked_at <= bindparam("before")))
_CLAIM = Statement(
    delete(BOOK).where(BOOK.c.person_id == bindparam("person"), BOOK.c.sha256 == bindparam("hashed"))
)
_FIND = Statement(
    select(BOOK.c.kind, BOOK.c.campaign, BOOK.c.sha256, BOOK.c.body).where(
        BOOK.c.person_id == bindparam("person"),
        BOOK.c.sha256 == bindparam("hashed"),
        BOOK.c.checked_at > bindparam("after"),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedBook:
    """A workbook as it was checked."""

    kind: str
    campaign: str  # empty: there is only one
    sha256: str
    body: bytes


def keep(tx: Transaction, person: int, book: CheckedBook, now: int) -> None:
    """Keep a workbook in place of the one before; what nobody confirmed in time goes."""
    tx.run(_DROP_OLD, before=now - LASTS)
    tx.run(_DROP, person=person)
    row = {
        "person_id": person,
        "kind": book.kind,
        "campaign": book.campaign,
        "sha256": book.sha256,
        "body": book.body,
        "checked_at": now,
    }
    tx.insert(BOOK, [tuple(row[column.name] for column in BOOK.columns)])


def kept(tx: Transaction, person: int, sha256: str, now: int) -> CheckedBook | None:
    """Somebody's workbook with this hash; None if another took its place, or it is too old."""
    row = tx.one(_FIND, person=person, hashed=sha256, after=now - LASTS)
    if row is None:
        return None
    kind, campaign, found, body = row
    return CheckedBook(kind=kind, campaign=campaign, sha256=found, body=bytes(body))


def forget(tx: Transaction, person: int, sha256: str) -> None:
    """It was imported."""
    tx.run(_CLAIM, person=person, hashed=sha256)
