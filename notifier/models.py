"""The notifier's tables. Instants are whole milliseconds since the epoch."""

from __future__ import annotations

from sqlalchemy import Column, Index
from sqlalchemy import Text as LongText
from sqlmodel import Field, SQLModel

from workflow.columns import auto, big, blob, flag, key, key_to, to, where, words

# --- what people edit -------------------------------------------------------------------------------


class AddressRow(SQLModel, table=True):
    """Where a person can be reached. Personal data: masked wherever it is shown."""

    __tablename__ = "address"
    __table_args__ = (Index("address_once", "person_id", "kind", "value", unique=True),)
    id: int | None = auto()
    person_id: int = to("person.id")
    kind: str  # mail, sms, chat, folder
    value: str
    rank: int = 0  # the smaller is tried first
    recorded_at: int = big()
    broken_at: int | None = big(null=True)  # a receipt or a refusal said that nothing arrives here
    broken_why: str | None = words(null=True)  # JSON: zh, en


class MannerRow(SQLModel, table=True):
    """How a person wishes to be told; where it says nothing the organisation's settings count."""

    __tablename__ = "manner"
    person_id: int = key_to("person.id")
    quiet_from: int | None = None  # minutes after midnight, local
    quiet_to: int | None = None  # minutes after midnight; the same as quiet_from: no quiet hours
    workdays_only: int | None = None  # 1, 0; empty: as the organisation says
    digest_at: int | None = None  # minutes after midnight at which digests are wanted
    empty_digests: int = flag()  # 1: a digest with nothing in it is wanted too


class UnsubscriptionRow(SQLModel, table=True):
    """What a person has switched off: information only, formal notices can't be."""

    __tablename__ = "unsubscription"
    person_id: int = key_to("person.id")
    topic: str = Field(primary_key=True)  # `notices`, or `digest:NAME`
    since: int = big()
    how: str  # command, link, mail


# --- what is sent -----------------------------------------------------------------------------------


class DeliveryRow(SQLModel, table=True):
    """One message on one channel until it is done. `states.py` says what each state means."""

    __tablename__ = "delivery"
    __table_args__ = (
        # What is next: by channel, because each has its own rate, pause and credentials.
        Index(
            "delivery_queue",
            "channel",
            "due_at",
            "id",
            **where("status = 'waiting' OR status = 'unknown'"),
        ),
        # A person has one message at a time into which notices are gathered: two daemons can't begin two.
        Index(
            "delivery_gathering",
            "person_id",
            "channel",
            "class",
            unique=True,
            **where("status = 'gathering'"),
        ),
        Index("delivery_to_write", "due_at", "id", **where("status = 'gathering'")),
        # Handed over and not answered: what a dead process leaves behind.
        Index("delivery_under_way", "claimed_at", "id", **where("status = 'sending'")),
        # What an operator looks at: without it every look would read all deliveries there ever were.
        Index(
            "delivery_trouble",
            "id",
            **where("status = 'held' OR status = 'unknown' OR status = 'bounced' OR status = 'given_up'"),
        ),
        # What still has its words, the oldest first: forgetting reads no other.
        Index("delivery_kept", "created_at", "id", **where("body IS NOT NULL")),
        Index("delivery_of_person", "person_id", "accepted_at"),  # when a person was last told
        Index("delivery_reference", "reference", **where("reference IS NOT NULL")),
        Index("delivery_message", "message_id", unique=True),
    )
    id: int = key()
    person_id: int | None = big(null=True)  # nobody: a test to an address
    unit_id: int | None = big(null=True)  # whose budget it uses
    channel: str  # as the settings call it
    kind: str  # mail, sms, chat, folder
    address: str
    language: str
    class_: str = Field(sa_column=Column("class", LongText, nullable=False))  # formal, information
    about: str  # notice, digest, report, test
    status: str
    hold: str | None = None  # why it is held: restore, person
    urgent: int = flag()  # 1: it may break quiet hours
    due_at: int = big()  # when it is to be written, or sent; after a failure when to try again
    created_at: int = big()
    written_at: int | None = big(null=True)
    message_id: str
    thread_id: int | None = big(null=True)  # the task whose thread it belongs to; several: none
    body: bytes | None = blob(null=True)  # zlib
    digest: str | None = None  # SHA-256 of the body before compression, hex: kept when the body is gone
    tries: int = 0
    unknowns: int = 0  # how often the outcome was unknown: so many duplicates are possible
    claimed_at: int | None = big(null=True)
    claimed_by: str | None = None  # node
    accepted_at: int | None = big(null=True)
    ended_at: int | None = big(null=True)  # delivered, bounced, given up, dropped
    reference: str | None = None  # the peer's id
    why: str | None = words(null=True)  # JSON: zh, en; what went wrong last
    instead_of: int | None = big(null=True)  # the delivery that failed, or was over budget


class DeliveryPartRow(SQLModel, table=True):
    """What the engine left, and in which delivery it is told."""

    __tablename__ = "delivery_part"
    __table_args__ = (Index("delivery_part_of", "outgoing_id"),)
    delivery_id: int = key()
    outgoing_id: int = key()


class DeliverySegmentRow(SQLModel, table=True):
    """A segment of a text that was accepted in several, until all have arrived or one has not."""

    __tablename__ = "delivery_segment"
    __table_args__ = (
        Index("delivery_segment_of", "channel", "reference"),  # a receipt names a segment
        Index("delivery_segment_text", "channel", "text"),
    )
    id: int = key()
    channel: str
    reference: str  # the peer's id of the segment
    text: str  # the ids of all segments of the text, as the delivery's reference has them
    arrived: int = flag()


class DeliveryTryRow(SQLModel, table=True):
    """How a try ended. Never changed."""

    __tablename__ = "delivery_try"
    __table_args__ = (Index("delivery_try_of", "delivery_id", "number"),)
    id: int = key()
    delivery_id: int = big()
    number: int
    at: int = big()
    outcome: str  # accepted, refused, later, unreachable, unauthorised, unknown
    code: str
    why: str | None = words(null=True)  # JSON: zh, en


class ChannelRow(SQLModel, table=True):
    """A channel that pauses: its credentials failed, or a person stopped it."""

    __tablename__ = "channel"
    name: str = Field(primary_key=True)
    paused_at: int | None = big(null=True)
    paused_by: str | None = None  # a person's code; empty: the channel itself
    why: str | None = words(null=True)  # JSON: zh, en
    alarmed_at: int | None = big(null=True)
    failures: int = 0  # connections in a row that were not made
    again_at: int | None = big(null=True)  # not before: the peer could not be reached


class SpentRow(SQLModel, table=True):
    """How many messages have gone to a number, by a template, for a unit, on a day."""

    __tablename__ = "spent"
    channel: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)  # number, template, unit, day
    key: str = Field(primary_key=True)  # of a number its SHA-256: a count needs no number
    day: str = Field(primary_key=True)  # local ISO date
    count: int


# --- digests ----------------------------------------------------------------------------------------


class DigestRunRow(SQLModel, table=True):
    """A moment at which a digest is due: what it counted, and how far its readers were served."""

    __tablename__ = "digest_run"
    __table_args__ = (
        # Each local moment of a digest happens once, whoever sees it first.
        Index("digest_run_once", "campaign_id", "name", "nominal", unique=True),
        Index("digest_run_open", "at", "id", **where("status = 'open'")),
    )
    id: int = key()
    campaign_id: int = big()
    name: str
    nominal: str  # local date and time
    at: int = big()
    begun_at: int = big()
    since_event: int = big()  # the events after this one …
    upto_event: int = big()  # … up to this one, settled
    counts: str = words()  # JSON: lights by unit and track, to compare the next one with
    cursor: int = big()  # the last person served; 0: nobody yet
    served: int = 0
    status: str  # open, done


class DigestRow(SQLModel, table=True):
    """A reader's digest, numbered so that a missing one is noticed."""

    __tablename__ = "digest"
    __table_args__ = (
        Index("digest_number_once", "person_id", "campaign_id", "name", "number", unique=True),
        # A run serves each reader once, however often it is interrupted and resumed.
        Index("digest_reader_once", "run_id", "person_id", unique=True),
    )
    id: int = key()
    run_id: int = big()
    campaign_id: int = big()
    name: str
    person_id: int = big()
    number: int
    delivery_id: int = big()
    made_at: int = big()


# --- links and documents ----------------------------------------------------------------------------


class ActionLinkRow(SQLModel, table=True):
    """A link by which one person may do one act once. Only the hash of its token is kept."""

    __tablename__ = "action_link"
    __table_args__ = (
        Index("action_link_token", "token", unique=True),
        Index("action_link_of_task", "task_id", **where("used_at IS NULL AND revoked_at IS NULL")),
    )
    id: int = key()
    token: str  # SHA-256 of the token, hex
    person_id: int = big()
    task_id: int = big()
    act: str
    revision: int
    delivery_id: int | None = big(null=True)
    minted_at: int = big()
    expires_at: int = big()
    used_at: int | None = big(null=True)
    revoked_at: int | None = big(null=True)


class DocumentRow(SQLModel, table=True):
    """A document as it was drawn up, with its figures. Never changed: the hash is over its bytes."""

    __tablename__ = "document"
    __table_args__ = (
        # An act draws up its letter once, however often it is asked for.
        Index("document_of_act", "task_id", "seq", unique=True, **where("task_id IS NOT NULL")),
        Index("document_name", "campaign_id", "name", unique=True),
    )
    id: int = key()
    kind: str  # letter, bulletin
    name: str  # of the file, without its ending
    campaign_id: int = big()
    task_id: int | None = big(null=True)
    seq: int | None = None  # of the event that made it final
    person_id: int | None = big(null=True)  # who asked for it; nobody: drawn up by itself
    figures: str = words()  # JSON: what it says, as data
    sha256: str  # of the body, hex
    body: bytes = blob()
    made_at: int = big()


TABLES = (
    AddressRow,
    MannerRow,
    UnsubscriptionRow,
    DeliveryRow,
    DeliveryPartRow,
    DeliverySegmentRow,
    DeliveryTryRow,
    ChannelRow,
    SpentRow,
    DigestRunRow,
    DigestRow,
    ActionLinkRow,
    DocumentRow,
)
