"""The console's tables: who may sign in, and who has."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from workflow.columns import auto, big, flag, to, words


class AccountRow(SQLModel, table=True):
    """Somebody who may sign in."""

    __tablename__ = "account"
    __table_args__ = (
        # A person has one account: of two, one would stay open when the other is closed.
        Index("account_of_person", "person_id", unique=True),
    )
    id: int | None = auto()
    login: str = Field(unique=True)  # in lower case
    person_id: int | None = to("person.id", null=True)  # nobody: the first account of an installation
    duty: str | None = None  # first, system, security, audit; empty: whoever works with tasks
    password: str = words()  # argon2id, with its parameters and salt
    must_change: int = flag()  # 1: somebody else knows this password
    totp: str | None = words(null=True)  # the secret of the second factor, base32
    totp_step: int | None = big(null=True)  # the last time step that was used: a code works once
    failures: int = 0  # wrong passwords or codes in a row
    locked_to: int | None = big(null=True)
    disabled_at: int | None = big(null=True)
    created_at: int = big()
    changed_at: int = big()  # the password


class SessionRow(SQLModel, table=True):
    """A person who is signed in. Only the hash of the cookie's token is kept."""

    __tablename__ = "session"
    __table_args__ = (Index("session_of_account", "account_id"),)
    id: int | None = auto()
    token: str = Field(unique=True)  # SHA-256, hex
    account_id: int = to("account.id")
    csrf: str  # what each form of this session carries
    created_at: int = big()
    seen_at: int = big()
    ended_at: int | None = big(null=True)


TABLES = (AccountRow, SessionRow)
