"""The console's tables: who may sign in, and who has."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from workflow.columns import Id, auto, big, blob, flag, to, words


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


class SavedViewRow(SQLModel, table=True):
    """Filters and columns of the ledger that somebody keeps under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (
        # A name says one thing to whoever chose it: keeping a view anew replaces it.
        Index("saved_view_once", "person_id", "name", unique=True),
        Index("saved_view_shared", "unit_id"),
    )
    id: int | None = auto()
    person_id: int = to("person.id")
    name: str
    unit_id: int | None = to("unit.id", null=True)  # whoever has a post there sees it; empty: nobody else
    query: str = words()  # as it stands in the address
    saved_at: int = big()


class CheckedBookRow(SQLModel, table=True):
    """A workbook between its check and its import: what was checked is what is imported."""

    __tablename__ = "checked_book"
    # One for each person: the next one that is checked takes its place.
    person_id: int = Field(sa_column=Column(Id, ForeignKey("person.id"), primary_key=True))
    kind: str
    campaign: str
    sha256: str  # of the body, hex
    body: bytes = blob()
    checked_at: int = big()


TABLES = (AccountRow, SessionRow, SavedViewRow, CheckedBookRow)
