"""The console's tables: who may sign in and who has, what lets programs in, whom events are told to."""

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


class TokenRow(SQLModel, table=True):
    """What lets a program in, in somebody's name. Only the hash is kept."""

    __tablename__ = "token"
    __table_args__ = (Index("token_of_account", "account_id"),)
    id: int | None = auto()
    hash: str = Field(unique=True)  # SHA-256, hex
    account_id: int = to("account.id")
    purpose: str  # read, act: the API; calendar: the feed of one's deadlines
    label: str = words()  # what its owner calls it
    created_at: int = big()
    expires_at: int | None = big(null=True)  # empty: until it is revoked
    used_at: int | None = big(null=True)
    revoked_at: int | None = big(null=True)


class RequestBodyRow(SQLModel, table=True):
    """What was asked for under an idempotency key: the same key with another body is a mistake."""

    __tablename__ = "request_body"
    id: str = Field(primary_key=True)  # as the engine knows the request
    hash: str  # SHA-256, hex
    at: int = big()


class UploadRow(SQLModel, table=True):
    """A file that a program has sent for a task: only its sender may attach it, and only there."""

    __tablename__ = "upload"
    __table_args__ = (
        # The same file sent twice counts once against what somebody may send.
        Index("upload_once", "task_id", "person_id", "sha256", unique=True),
    )
    id: int | None = auto()
    task_id: int = big()
    person_id: int = big()
    sha256: str
    at: int = big()


class WebhookRow(SQLModel, table=True):
    """A program elsewhere that is told of events, in their order."""

    __tablename__ = "webhook"
    id: int | None = auto()
    name: str = Field(unique=True)
    url: str = words()
    secret: str = words()  # that signs; it must be known to sign, so no hash would do
    kinds: str = words()  # JSON: kinds of events; an empty list: all
    near: int = flag()  # 1: may be this machine itself
    cursor: int = big()  # the last event that it was told of, or that is none of its kinds
    sent: int  # how many, ever
    tries: int  # that failed in a row
    created_at: int = big()
    sent_at: int | None = big(null=True)
    failing_since: int | None = big(null=True)
    next_at: int = big()
    busy_to: int | None = big(null=True)  # one process tells it at a time; of one that died, until then
    disabled_at: int | None = big(null=True)
    why: str | None = words(null=True)  # what failed last


TABLES = (AccountRow, SessionRow, TokenRow, RequestBodyRow, UploadRow, WebhookRow)
