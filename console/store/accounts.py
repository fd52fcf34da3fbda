"""Who may sign in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, insert, literal_column, select, update

from workflow.models import Person
from workflow.store import Transaction
from workflow.store.sql import Statement
from workflow.text import Language, Text

from ..models import AccountRow

ACCOUNT = AccountRow.__table__  # type: ignore[attr-defined]
LONGEST_SUBJECT = 255  # characters (OpenID Connect Core 1.0, 2)
PERSON = Person.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Somebody who may sign in."""

    id: int
    login: str
    person_id: int | None
    duty: str | None
    password: str
    must_change: bool
    totp: str | None
    totp_step: int | None
    failures: int
    locked_to: int | None
    disabled_at: int | None
    created_at: int
    changed_at: int
    factor_asked_by: int | None
    issuer: str | None
    subject: str | None
    code: str | None  # of the person
    name: Text | None  # of the person
    language: Language


_columns = (*ACCOUNT.columns, PERSON.c.code, PERSON.c.zh, PERSON.c.en, PERSON.c.language)
_accounts = select(*_columns).join(PERSON, PERSON.c.id == ACCOUNT.c.person_id, isouter=True)
_BY_LOGIN = Statement(_accounts.where(ACCOUNT.c.login == bindparam("name")))
_BY_IDENTITY = Statement(
    _accounts.where(ACCOUNT.c.issuer == bindparam("vouching"), ACCOUNT.c.subject == bindparam("called"))
)
_BY_ID = Statement(_accounts.where(ACCOUNT.c.id == bindparam("account")))
# Whoever judges a try holds the row: of many tries at once each sees what the one before has counted.
_CLAIM = Statement(
    _accounts.where(ACCOUNT.c.id == bindparam("account")).with_for_update(key_share=True, of=ACCOUNT)
)
_BY_PERSON = Statement(_accounts.where(ACCOUNT.c.person_id == bindparam("person")))
_ALL = Statement(_accounts.order_by(ACCOUNT.c.login))
_ANY = Statement(select(func.count()).select_from(ACCOUNT))
_ADD = Statement(
    insert(ACCOUNT)
    .values(
        login=bindparam("name"),
        person_id=bindparam("person"),
        duty=bindparam("of_duty"),
        password=bindparam("hashed"),
        must_change=literal_column("1"),
        failures=literal_column("0"),
        created_at=bindparam("now"),
        changed_at=bindparam("now"),
    )
    .returning(ACCOUNT.c.id)
)
_ADD_KNOWN = Statement(
    insert(ACCOUNT).values(
        login=bindparam("name"),
        person_id=bindparam("person"),
        duty=bindparam("of_duty"),
        password=bindparam("hashed"),
        must_change=literal_column("0"),
        failures=literal_column("0"),
        created_at=bindparam("now"),
        changed_at=bindparam("now"),
    )
)
_PASSWORD = Statement(
    update(ACCOUNT)
    .where(ACCOUNT.c.id == bindparam("account"), ACCOUNT.c.password == bindparam("before"))
    .values(
        password=bindparam("hashed"),
        must_change=bindparam("change"),
        failures=literal_column("0"),
        locked_to=None,
        changed_at=bindparam("now"),
    )
)
_TRIED = Statement(
    update(ACCOUNT)
    .where(ACCOUNT.c.id == bindparam("account"))
    .values(failures=ACCOUNT.c.failures + literal_column("1"), locked_to=bindparam("until"))
)
# A code works once: of two that come at the same time one finds the step taken.
_STEPPED = Statement(
    update(ACCOUNT)
    .where(
        ACCOUNT.c.id == bindparam("account"),
        func.coalesce(ACCOUNT.c.totp_step, literal_column("0")) < bindparam("step"),
    )
    .values(totp_step=bindparam("step"))
)
_FINE = Statement(
    update(ACCOUNT)
    .where(ACCOUNT.c.id == bindparam("account"))
    .values(failures=literal_column("0"), locked_to=None)
)
_TOTP = Statement(
    update(ACCOUNT)
    .where(ACCOUNT.c.id == bindparam("account"))
    .values(totp=bindparam("secret"), totp_step=None, factor_asked_by=None)
)
_ASK_FACTOR = Statement(
    update(ACCOUNT).where(ACCOUNT.c.id == bindparam("account")).values(factor_asked_by=bindparam("asker"))
)
_LINK = Statement(
    update(ACCOUNT)
    .where(ACCOUNT.c.id == bindparam("account"))
    .values(issuer=bindparam("vouching"), subject=bindparam("called"))
)
_DISABLE = Statement(
    update(ACCOUNT)
    .where(ACCOUNT.c.id == bindparam("account"), ACCOUNT.c.disabled_at.is_(None))
    .values(disabled_at=bindparam("now"))
)


def by_login(tx: Transaction, login: str) -> Account | None:
    """The account of that name."""
    row = tx.one(_BY_LOGIN, name=login)
    return _account(row) if row else None


def by_identity(tx: Transaction, issuer: str, subject: str) -> Account | None:
    """The account of whomever an issuer calls so."""
    row = tx.one(_BY_IDENTITY, vouching=issuer, called=subject)
    return _account(row) if row else None


def by_id(tx: Transaction, account: int) -> Account | None:
    """The account of that id."""
    row = tx.one(_BY_ID, account=account)
    return _account(row) if row else None


def claim(tx: Transaction, account: int) -> Account | None:
    """The account of that id, which nobody else changes until the transaction ends."""
    row = tx.one(_CLAIM, account=account)
    return _account(row) if row else None


def every(tx: Transaction) -> list[Account]:
    """All of them, by login."""
    return [_account(row) for row in tx.all(_ALL)]


def by_person(tx: Transaction, person: int) -> Account | None:
    """The account of a person."""
    row = tx.one(_BY_PERSON, person=person)
    return _account(row) if row else None


def count(tx: Transaction) -> int:
    """How many there are."""
    (row,) = tx.all(_ANY)
    return int(row[0])


def add(tx: Transaction, login: str, person: int | None, duty: str | None, hashed: str, now: int) -> int:
    """A new account, whose password must be changed first."""
    (row,) = tx.all(_ADD, name=login, person=person, of_duty=duty, hashed=hashed, now=now)
    return int(row[0])


def add_known(
    tx: Transaction, login: str, person: int | None, duty: str | None, hashed: str, now: int
) -> None:
    """A new account of a demonstration, whose password may stay as it is."""
    tx.run(_ADD_KNOWN, name=login, person=person, of_duty=duty, hashed=hashed, now=now)


def set_password(tx: Transaction, account: Account, hashed: str, now: int, *, must_change: bool) -> bool:
    """Another password; False if somebody else has changed it meanwhile."""
    changed = tx.run(
        _PASSWORD,
        account=account.id,
        before=account.password,
        hashed=hashed,
        now=now,
        change=int(must_change),
    )
    return changed == 1


def note_failure(tx: Transaction, account: int, until: int | None) -> None:
    """A wrong password or code."""
    tx.run(_TRIED, account=account, until=until)


def note_success(tx: Transaction, account: int) -> None:
    """Signed in: what was wrong before counts no more."""
    tx.run(_FINE, account=account)


def use_step(tx: Transaction, account: int, step: int) -> bool:
    """Use up the time step of a code; False if it was used already."""
    return tx.run(_STEPPED, account=account, step=step) == 1


def set_totp(tx: Transaction, account: int, secret: str | None) -> None:
    """Begin or end the use of a second factor."""
    tx.run(_TOTP, account=account, secret=secret)


def ask_for_factor(tx: Transaction, account: int, asker: int) -> None:
    """One administrator asks that the second factor be taken away; another one must consent."""
    tx.run(_ASK_FACTOR, account=account, asker=asker)


def link(tx: Transaction, account: int, issuer: str | None, subject: str | None) -> None:
    """From now on an issuer vouches for the person; None: nobody does any more."""
    tx.run(_LINK, account=account, vouching=issuer, called=subject)


def disable(tx: Transaction, account: int, now: int) -> bool:
    """Close it; False if it was closed already."""
    return tx.run(_DISABLE, account=account, now=now) == 1


def _account(row: Sequence[Any]) -> Account:
    own = dict(zip((column.name for column in ACCOUNT.columns), row, strict=False))
    code, zh, en, language = row[len(own) :]
    name = Text(zh, en) if zh is not None else None
    own["must_change"] = bool(own["must_change"])
    return Account(**own, code=code, name=name, language=language or "zh")
