"""What a delivery says, in one language, before it takes the form of a channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workflow.engine import Frame
from workflow.store import Transaction
from workflow.text import Language, Text

Kind = Literal["mail", "sms", "chat", "folder"]
"""Which addresses a channel serves."""

Class = Literal["formal", "information"]
"""Formal notices cannot be switched off; information can."""

About = Literal["notice", "digest", "report", "test"]
"""What a delivery is: notices gathered for one person, a digest, a report to operators, a test."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file that goes along."""

    name: str  # file name, without a path
    type: str  # media type, such as application/pdf
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture inside the HTML: `<img src="cid:ID">`."""

    id: str  # letters, digits and hyphens; unique within the message
    data: bytes  # PNG
    alt: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What is to be said. Made by whoever writes notices and digests; channels only give it a form."""

    language: Language
    subject: str  # one line; cut by the channel if it must
    text: str  # the whole in plain text, lines separated by \n
    html: str | None = None  # the whole as an HTML document; None: text only
    phrases: tuple[str, ...] = ()  # for a text message: the most important first; no personal data
    template: str = "notice"  # by which name a provider's template is looked up
    values: Mapping[str, str] = field(default_factory=dict)  # for the provider's template
    attachments: tuple[Attachment, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """To whom, and as what. Everything of a message that is not its content."""

    delivery_id: int
    address: str  # of the channel's kind: a mail address, a number, a chat address
    name: str  # of the person, in the language of the content
    message_id: str  # with angle brackets; the same at every try
    thread: tuple[str, ...] = ()  # Message-IDs that it belongs under, the oldest first
    class_: Class
    about: About
    date: int  # ms since the epoch: when it was written
    zone: str  # IANA, for the date that people see
    digest_number: int | None = None
    unsubscribe: str | None = None  # https address for RFC 8058; None for formal notices, or without a site


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """One delivery on its way to a channel: its bytes never change between tries."""

    delivery_id: int
    address: str
    message_id: str
    body: bytes  # as `Channel.write` made it


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What the engine left for one person: of which event, in which role, why."""

    outgoing_id: int
    task_id: int
    seq: int  # of the event
    role: str
    reason: str
    rule: str | None
    created_at: int  # ms


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """A delivery that is to be written: everything that is told to one person in it."""

    delivery_id: int
    person_id: int
    kind: Kind
    language: Language
    class_: Class
    parts: tuple[Part, ...]  # in the order in which they were left


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A link that somebody may need: to do one act on a task once."""

    person_id: int
    task_id: int
    act: str
    revision: int  # as the message tells of it
    delivery_id: int


Event = tuple[int, int]  # task, seq


def _nothing(_frame: Frame, _events: Sequence[Event]) -> Mapping[Event, tuple[Attachment, ...]]:
    return {}


def _never(_tx: Transaction, _token: str, _now: int) -> bool:
    return False


def _nowhere(_person: int, _topic: str) -> None:
    return None


def _none(_tx: Transaction, _now: int) -> int:
    return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What messages need of the organisation's installation."""

    base_url: str | None = None  # of the console, without a slash at its end; None: no links
    domain: str = "duban.invalid"  # in Message-IDs
    signature: str = ""  # of text messages, without its brackets
    words: Mapping[str, Text] = field(default_factory=dict)  # the organisation's own, by name
    mint: Callable[[Wish], str] | None = None  # a link's address; None: messages carry no action links
    # Stores what was minted since it was last asked, and says how many. Whoever keeps the bytes of messages
    # calls it in the same transaction: a link that is not stored opens nothing.
    keep: Callable[[Transaction, int], int] = _none
    attachments: Callable[[Frame, Sequence[Event]], Mapping[Event, tuple[Attachment, ...]]] = _nothing
    unsubscribe: Callable[[int, str], str | None] = _nowhere  # (person, topic) -> https address
    # (token of such an address) -> whether it switched something off: a mail said so.
    switch_off: Callable[[Transaction, str, int], bool] = _never


@dataclass(frozen=True, kw_only=True, slots=True)
class Unwritable:
    """Why a delivery cannot be written; the others of its batch are."""

    why: Text
