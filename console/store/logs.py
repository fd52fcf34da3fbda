"""What was done with accounts, and who looked at what: two logs that only grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, BindParameter, String, bindparam, delete, insert, or_, select

from workflow.store import Transaction
from workflow.store.sql import Statement, literal_column

from ..models import AccessLogRow, AccountLogRow
from .accounts import ACCOUNT

ACCOUNT_LOG = AccountLogRow.__table__  # type: ignore[attr-defined]
ACCESS_LOG = AccessLogRow.__table__  # type: ignore[attr-defined]
_OTHER = ACCOUNT.alias("by_account")
_before = bindparam("before", type_=BigInteger())
_after = bindparam("after", type_=BigInteger())
_most: BindParameter[int] = bindparam("most")


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Who does something with an account, and from where."""

    by: int | None = None  # an account
    via: str = "web"
    address: str = ""


AT_THE_MACHINE = Origin(via="machine")


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A line of the log of accounts."""

    id: int
    at: int
    act: str
    login: str | None  # whose account
    by: str | None  # the login of who did it
    via: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """A line of the access log."""

    id: int
    at: int
    account_id: int | None
    login: str | None
    method: str
    route: str
    object: str
    status: int


_ADD = Statement(
    insert(ACCOUNT_LOG).values(
        at=bindparam("now"),
        act=bindparam("what"),
        account_id=bindparam("account"),
        by_id=bindparam("by"),
        via=bindparam("way"),
        address=bindparam("whence"),
    )
)
_lines = (
    select(
        ACCOUNT_LOG.c.id,
        ACCOUNT_LOG.c.at,
        ACCOUNT_LOG.c.act,
        ACCOUNT.c.login,
        _OTHER.c.login,
        ACCOUNT_LOG.c.via,
        ACCOUNT_LOG.c.address,
    )
    .join(ACCOUNT, ACCOUNT.c.id == ACCOUNT_LOG.c.account_id, isouter=True)
    .join(_OTHER, _OTHER.c.id == ACCOUNT_LOG.c.by_id, isouter=True)
    .order_by(ACCOUNT_LOG.c.id.desc())
    .limit(_most)
)
_WANTED = Statement(
    _lines.where(
        ACCOUNT_LOG.c.id < _before,
        or_(
            bindparam("login", type_=String()) == literal_column("''"),
            ACCOUNT.c.login == bindparam("login", type_=String()),
            _OTHER.c.login == bindparam("login", type_=String()),
        ),
        or_(
            bindparam("what", type_=String()) == literal_column("''"),
            ACCOUNT_LOG.c.act == bindparam("what", type_=String()),
        ),
    )
)
_ABOUT = Statement(_lines.where(ACCOUNT_LOG.c.account_id == bindparam("account")))
_ACCESS = Statement(
    select(
        ACCESS_LOG.c.id,
        ACCESS_LOG.c.at,
        ACCESS_LOG.c.account_id,
        ACCOUNT.c.login,
        ACCESS_LOG.c.method,
        ACCESS_LOG.c.route,
        ACCESS_LOG.c.object,
        ACCESS_LOG.c.status,
    )
    .join(ACCOUNT, ACCOUNT.c.id == ACCESS_LOG.c.account_id, isouter=True)
    .where(ACCESS_LOG.c.id > _after)
    .order_by(ACCESS_LOG.c.id)
    .limit(_most)
)


def _older(table: Any) -> Statement:
    first = select(table.c.id).where(table.c.at < _before).order_by(table.c.at).limit(_most)
    return Statement(delete(table).where(table.c.id.in_(first)))


_RETIRE = (_older(ACCOUNT_LOG), _older(ACCESS_LOG))


def note(tx: Transaction, act: str, account: int | None, origin: Origin, now: int) -> None:
    """Something was done with an account; written in the transaction that does it."""
    tx.run(_ADD, now=now, what=act, account=account, by=origin.by, way=origin.via, whence=origin.address)


def wanted(tx: Transaction, *, login: str, act: str, before: int, most: int) -> list[Done]:
    """The newest lines first. Empty texts ask for everything.

    Args:
        before: only lines with a smaller id.
    """
    return [_done(row) for row in tx.all(_WANTED, login=login, what=act, before=before, most=most)]


def about(tx: Transaction, account: int, most: int) -> list[Done]:
    """What was done with an account, the newest first."""
    return [_done(row) for row in tx.all(_ABOUT, account=account, most=most)]


def _done(row: Sequence[Any]) -> Done:
    ident, at, act, login, by, via, address = row
    return Done(id=ident, at=at, act=act, login=login, by=by, via=via, address=address)


def add_access(tx: Transaction, rows: Sequence[tuple[int, int | None, str, str, str, int]]) -> None:
    """Who looked at what, in one go: (at, account, method, route, object, status)."""
    ids = tx.draw("access_id", len(rows))
    tx.insert(ACCESS_LOG, [(ident, *row) for ident, row in zip(ids, rows, strict=True)])


def access_after(tx: Transaction, after: int, most: int) -> list[Access]:
    """The lines after an id, the oldest first."""
    return [
        Access(
            id=row[0],
            at=row[1],
            account_id=row[2],
            login=row[3],
            method=row[4],
            route=row[5],
            object=row[6],
            status=row[7],
        )
        for row in tx.all(_ACCESS, after=after, most=most)
    ]


def retire(tx: Transaction, before: int, most: int) -> int:
    """Delete so many lines of each log that are older than an instant; how many."""
    return sum(tx.run(one, before=before, most=most) for one in _RETIRE)
