"""What lets programs in, in somebody's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update

from workflow.store import Transaction
from workflow.store.sql import Statement

from ..models import TokenRow

TOKEN = TokenRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token as it is kept: never itself."""

    id: int
    hash: str
    account_id: int
    purpose: str  # read, act, calendar
    label: str
    created_at: int
    expires_at: int | None
    used_at: int | None
    revoked_at: int | None


_FIND = Statement(select(*TOKEN.columns).where(TOKEN.c.hash == bindparam("hashed")))
_OF = Statement(
    select(*TOKEN.columns)
    .where(TOKEN.c.account_id == bindparam("account"), TOKEN.c.revoked_at.is_(None))
    .where(or_(TOKEN.c.expires_at.is_(None), TOKEN.c.expires_at > bindparam("now")))
    .order_by(TOKEN.c.id)
)
_ADD = Statement(
    insert(TOKEN).values(
        hash=bindparam("hashed"),
        account_id=bindparam("account"),
        purpose=bindparam("purposed"),
        label=bindparam("called"),
        created_at=bindparam("now"),
        expires_at=bindparam("until"),
    )
)
_USED = Statement(update(TOKEN).where(TOKEN.c.id == bindparam("token")).values(used_at=bindparam("now")))
_REVOKE = Statement(
    update(TOKEN)
    .where(
        TOKEN.c.id == bindparam("token"),
        TOKEN.c.account_id == bindparam("account"),
        TOKEN.c.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("now"))
)
_REVOKE_ALL = Statement(
    update(TOKEN)
    .where(TOKEN.c.account_id == bindparam("account"), TOKEN.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)


def find(tx: Transaction, hashed: str) -> Token | None:
    """The token of a hash."""
    row = tx.one(_FIND, hashed=hashed)
    return _token(row) if row else None


def of_account(tx: Transaction, account: int, now: int) -> tuple[Token, ...]:
    """Those of an account that work, the oldest first."""
    return tuple(_token(row) for row in tx.all(_OF, account=account, now=now))


def add(
    tx: Transaction, hashed: str, account: int, purpose: str, label: str, now: int, until: int | None
) -> None:
    """A new one."""
    tx.run(_ADD, hashed=hashed, account=account, purposed=purpose, called=label, now=now, until=until)


def note_used(tx: Transaction, token: int, now: int) -> None:
    """It was used."""
    tx.run(_USED, token=token, now=now)


def revoke(tx: Transaction, token: int, account: int, now: int) -> bool:
    """End one of an account's tokens; False if it has none of that id, or it has ended."""
    return tx.run(_REVOKE, token=token, account=account, now=now) == 1


def revoke_all(tx: Transaction, account: int, now: int) -> None:
    """End every token of an account: it was closed, or has another password."""
    tx.run(_REVOKE_ALL, account=account, now=now)


def _token(row: tuple[Any, ...]) -> Token:
    return Token(**dict(zip((column.name for column in TOKEN.columns), row, strict=True)))
