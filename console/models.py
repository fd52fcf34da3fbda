"""The console's tables: who may sign in and who has; programs that come in or are told; votes."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from workflow.columns import Id, auto, big, blob, flag, key, key_to, to, words


class AccountRow(SQLModel, table=True):
    """Somebody who may sign in."""

    __tablename__ = "account"
    __table_args__ = (
        # A person has one account: of two, one would stay open when the other is closed.
        Index("account_of_person", "person_id", unique=True),
        Index("account_of_identity", "issuer", "subject", unique=True),
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
    factor_asked_by: int | None = big(null=True)  # who has asked that the second factor be taken away
    issuer: str | None = words(null=True)  # whoever vouches for the person; then no password opens it
    subject: str | None = words(null=True)  # what the issuer calls them


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


class AccountLogRow(SQLModel, table=True):
    """What was done with accounts. Append-only: triggers refuse changes, and to delete the last 184 days."""

    __tablename__ = "account_log"
    __table_args__ = (Index("account_log_at", "at"), Index("account_log_of_account", "account_id"))
    id: int | None = auto()
    at: int = big()
    act: str
    account_id: int | None = big(null=True)  # whose; nobody's: a login that there isn't
    by_id: int | None = big(null=True)  # the account that did it; nobody's: see `via`
    via: str  # web, or machine: somebody who works at the machine itself
    address: str = ""  # from where, of the web


class AccessLogRow(SQLModel, table=True):
    """Who looked at what. Append-only as the log of accounts; nothing of ballots, no words, no tokens."""

    __tablename__ = "access_log"
    __table_args__ = (Index("access_log_at", "at"),)
    id: int | None = key()
    at: int = big()
    account_id: int | None = big(null=True)  # nobody: not signed in
    method: str
    route: str  # the template, such as /tasks/{number}
    object: str = ""  # the number of a task, or the like
    status: int


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


class ReviewRow(SQLModel, table=True):
    """The vote that belongs to a task: links or codes went out, ballots come back."""

    __tablename__ = "review"
    __table_args__ = (
        # A task is voted on once: of two rolls each person might be on both.
        Index("review_of_task", "task_id", unique=True),
    )
    id: int | None = auto()
    task_id: int = big()  # as all rows of the engine: it may be rebuilt, no foreign key
    way: str  # links (each person's own: confidential) or codes (drawn by lot: anonymous)
    opened_at: int = big()
    closed_at: int | None = big(null=True)  # from here on no ballot is taken
    result: str | None = words(null=True)  # JSON, once counted


class RollRow(SQLModel, table=True):
    """One link or code, and only whether it was used: no name, no time. Erased once counted.

    Kept in the order of the hashes, not in that of their coming: a row id would say who voted first.
    """

    __tablename__ = "roll"
    __table_args__ = (Index("roll_of_review", "review_id", "voted"), {"sqlite_with_rowid": False})
    token: str = Field(primary_key=True)  # SHA-256 of the link's or code's secret, hex
    review_id: int = to("review.id")
    voted: int = flag()


class BallotRow(SQLModel, table=True):
    """One ballot: marks and words under a random key. Nothing here says whose, or when."""

    __tablename__ = "ballot"
    __table_args__ = ({"sqlite_with_rowid": False},)
    review_id: int = key_to("review.id")
    key: str = Field(primary_key=True)  # 128 random bits, hex
    marks: str = words()  # JSON: fact -> millionths
    said: str | None = words(null=True)


TABLES = (
    AccountRow,
    SessionRow,
    AccountLogRow,
    AccessLogRow,
    TokenRow,
    RequestBodyRow,
    UploadRow,
    WebhookRow,
    ReviewRow,
    RollRow,
    BallotRow,
    SavedViewRow,
    CheckedBookRow,
)
