"""The console's tables: who may sign in, and who has."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, SmallInteger, text
from sqlalchemy import Text as LongText
from sqlmodel import Field, SQLModel

_Id = BigInteger().with_variant(Integer(), "sqlite")


def _auto() -> Any:
    return Field(default=None, sa_column=Column(_Id, primary_key=True, autoincrement=True))


def _big(*, null: bool = False) -> Any:
    return Field(default=None, sa_column=Column(BigInteger, nullable=null))


def _to(target: str, *, null: bool = False) -> Any:
    return Field(default=None, sa_column=Column(_Id, ForeignKey(target), nullable=null))


def _words(*, null: bool = False) -> Any:
    return Field(default=None, sa_column=Column(LongText, nullable=null))


def _flag(value: int = 0) -> Any:
    return Field(
        default=value, sa_column=Column(SmallInteger, nullable=False, server_default=text(str(value)))
    )


class AccountRow(SQLModel, table=True):
    """Somebody who may sign in."""

    __tablename__ = "account"
    __table_args__ = (
        # A person has one account: of two, one would stay open when the other is closed.
        Index("account_of_person", "person_id", unique=True),
    )
    id: int | None = _auto()
    login: str = Field(unique=True)  # in lower case
    person_id: int | None = _to("person.id", null=True)  # nobody: the first account of an installation
    duty: str | None = None  # first, system, security, audit; empty: whoever works with tasks
    password: str = _words()  # argon2id, with its parameters and salt
    must_change: int = _flag()  # 1: somebody else knows this password
    totp: str | None = _words(null=True)  # the secret of the second factor, base32
    totp_step: int | None = _big(null=True)  # the last time step that was used: a code works once
    failures: int = 0  # wrong passwords or codes in a row
    locked_to: int | None = _big(null=True)
    disabled_at: int | None = _big(null=True)
    created_at: int = _big()
    changed_at: int = _big()  # the password


class SessionRow(SQLModel, table=True):
    """A person who is signed in. Only the hash of the cookie's token is kept."""

    __tablename__ = "session"
    __table_args__ = (Index("session_of_account", "account_id"),)
    id: int | None = _auto()
    token: str = Field(unique=True)  # SHA-256, hex
    account_id: int = _to("account.id")
    csrf: str  # what each form of this session carries
    created_at: int = _big()
    seen_at: int = _big()
    ended_at: int | None = _big(null=True)


TABLES = (AccountRow, SessionRow)
