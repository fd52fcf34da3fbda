"""Who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, bindparam, insert, select, update

from workflow.store import Transaction
from workflow.store.sql import Statement

from ..models import SessionRow

SESSION = SessionRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A person who is signed in."""

    id: int
    account_id: int
    csrf: str
    created_at: int
    seen_at: int
    ended_at: int | None


_FIND = Statement(
    select(
        SESSION.c.id,
        SESSION.c.account_id,
        SESSION.c.csrf,
        SESSION.c.created_at,
        SESSION.c.seen_at,
        SESSION.c.ended_at,
    ).where(SESSION.c.token == bindparam("hashed"))
)
_ADD = Statement(
    insert(SESSION).values(
        token=bindparam("hashed"),
        account_id=bindparam("account"),
        csrf=bindparam("secret"),
        created_at=bindparam("now"),
        seen_at=bindparam("now"),
    )
)
_SEEN = Statement(
    update(SESSION)
    .where(SESSION.c.id == bindparam("session"), SESSION.c.seen_at < bindparam("now"))
    .values(seen_at=bindparam("now"))
)
_END = Statement(
    update(SESSION)
    .where(SESSION.c.id == bindparam("session"), SESSION.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)
_OF_ACCOUNT = Statement(
    select(
        SESSION.c.id,
        SESSION.c.account_id,
        SESSION.c.csrf,
        SESSION.c.created_at,
        SESSION.c.seen_at,
        SESSION.c.ended_at,
    )
    .where(
        SESSION.c.account_id == bindparam("account"),
        SESSION.c.ended_at.is_(None),
        SESSION.c.seen_at > bindparam("since", type_=BigInteger()),
    )
    .order_by(SESSION.c.seen_at.desc())
)
_END_OTHERS = Statement(
    update(SESSION)
    .where(
        SESSION.c.account_id == bindparam("account"),
        SESSION.c.id != bindparam("session"),
        SESSION.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("now"))
)
_END_ALL = Statement(
    update(SESSION)
    .where(SESSION.c.account_id == bindparam("account"), SESSION.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)


def find(tx: Transaction, hashed: str) -> Session | None:
    """The session of a token's hash."""
    row = tx.one(_FIND, hashed=hashed)
    return _session(row) if row is not None else None


def _session(row: Sequence[Any]) -> Session:
    ident, account, csrf, created, seen, ended = row
    return Session(id=ident, account_id=account, csrf=csrf, created_at=created, seen_at=seen, ended_at=ended)


def of_account(tx: Transaction, account: int, since: int) -> list[Session]:
    """Those that last, and were seen since an instant; the latest first."""
    return [_session(row) for row in tx.all(_OF_ACCOUNT, account=account, since=since)]


def end_others(tx: Transaction, account: int, session: int, now: int) -> int:
    """Every session of an account but one ends; how many."""
    return tx.run(_END_OTHERS, account=account, session=session, now=now)


def begin(tx: Transaction, hashed: str, account: int, csrf: str, now: int) -> None:
    """Somebody signs in."""
    tx.run(_ADD, hashed=hashed, account=account, secret=csrf, now=now)


def note_seen(tx: Transaction, session: int, now: int) -> None:
    """They are still there."""
    tx.run(_SEEN, session=session, now=now)


def end(tx: Transaction, session: int, now: int) -> None:
    """They sign out."""
    tx.run(_END, session=session, now=now)


def end_all(tx: Transaction, account: int, now: int) -> None:
    """Every session of an account ends: it was closed, or its password changed."""
    tx.run(_END_ALL, account=account, now=now)
