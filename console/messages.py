"""What the console needs of whoever sends messages. It knows no notifier: `commands` puts one behind these.

Records are read only, and say nothing that a page would still have to mask: addresses come masked, texts
without the tokens of links. Who may see which of them is decided by the pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from workflow.engine import Frame
from workflow.text import Text

# --- links ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """What an action link is for."""

    standing: Literal["open", "used", "revoked", "expired", "unknown"]
    why: Text | None = None  # why it can't be used
    person_id: int = 0  # to whom it was sent
    task_id: int = 0
    act: str = ""
    revision: int = 0  # of the task that its reader was told of
    needs_login: bool = False  # an act of weight


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """What an unsubscribe link is for."""

    person_id: int
    name: str  # notices, digest:NAME


class Links(Protocol):
    """Links in messages."""

    def look(self, frame: Frame, token: str) -> Link:
        """What a link is for. Changes nothing."""

    def consume(self, token: str, facts: Mapping[str, Any], now: int) -> None:
        """Do what a link is for, once.

        Raises:
            Refused: it can't be used, or the engine refuses.
        """

    def topic(self, token: str) -> Topic:
        """What an unsubscribe link is for. Changes nothing.

        Raises:
            Unknown: it was not made here.
        """

    def unsubscribe(self, token: str, now: int) -> Topic:
        """Switch it off; twice changes nothing.

        Raises:
            Unknown: it was not made here.
        """


# --- reports of gateways ----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What became of the reports that a gateway sent."""

    kept: int  # they changed something
    unread: int  # nobody can read them: to send them again would not help
    later: int  # they can't be kept yet: the gateway must send them again
    answer: str  # what this gateway expects to read


class Callbacks(Protocol):
    """Gateways that call back."""

    def header(self, channel: str) -> str | None:
        """The header in which a gateway shows the secret; None: its address ends with it, or none calls."""

    def take(
        self, channel: str, secret: str, kind: str, body: bytes, query: Mapping[str, str], now: int
    ) -> Taken:
        """Read and keep what a gateway reports.

        Raises:
            NotAllowed: no such gateway calls back, or this is not its secret.
            BadValue: it is nothing that can be read, or too much.
        """


# --- deliveries -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which deliveries."""

    state: str | None = None  # None: what isn't done
    every: bool = False  # whatever their state
    channel: str | None = None
    person: str | None = None  # code
    person_id: int | None = None
    task: int | None = None
    limit: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A message as it is listed."""

    id: int
    state: str
    state_label: Text
    channel: str
    person_id: int | None
    person: Text | None  # None: a test to an address
    address: str  # masked
    formal: bool
    about: str  # notice, digest, report, test
    created_at: int
    due_at: int
    accepted_at: int | None
    ended_at: int | None
    possible_duplicates: int
    why: Text | None  # what went wrong last


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What is told in a message."""

    task_id: int
    number: str  # of the task
    label: Text  # why it is told


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """How a try ended."""

    at: int
    outcome: Text
    code: str
    why: Text | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """All of a message."""

    delivery: Delivery
    meaning: Text  # of its state
    message_id: str
    instead_of: int | None  # the one that failed
    parts: tuple[Part, ...]
    tries: tuple[Try, ...]
    text: str | None  # as it was sent; None: not written yet, or kept no longer


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """How a channel stands."""

    name: str
    paused_at: int | None
    again_at: int | None  # not reached: not before
    why: Text | None
    counts: Sequence[tuple[Text, int]]  # by state


Handling = Literal["hold", "release", "retry"]


class Deliveries(Protocol):
    """Messages on their way, and what is done about them."""

    states: Mapping[str, Text]  # every state, as it is called

    def listed(self, frame: Frame, asked: Asked) -> tuple[Sequence[Delivery], int]:
        """Messages, trouble first, and how many there are in all.

        Raises:
            Unknown: there is no such state, or no such person.
        """

    def whole(self, frame: Frame, ident: int) -> Whole:
        """All of one.

        Raises:
            Unknown: there is none with this number.
        """

    def channels(self, frame: Frame) -> Sequence[Channel]:
        """How each channel stands."""

    def is_held(self, frame: Frame) -> bool:
        """Whether nothing is sent until somebody releases the outbox: after a restore."""

    def handle(self, ident: int, what: Handling, who: str, why: str, now: int) -> bool:
        """Hold, release or retry one; False if its state allows it no more."""

    def release_all(self, who: str, now: int) -> int:
        """Let everything go that is held, after a restore too; how many messages."""

    def pause(self, channel: str, who: str, why: str, now: int) -> None:
        """Send nothing further on a channel.

        Raises:
            Unknown: there is none of this name.
        """

    def resume(self, channel: str, who: str, now: int) -> None:
        """Send on it again.

        Raises:
            Unknown: it does not pause.
        """


# --- how a person wishes to be told -----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a person is reached."""

    kind: Text
    address: str  # masked
    broken: Text | None  # why nothing arrives there


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """How a person wishes to be told; empty: as the organisation says."""

    quiet_from: str = ""  # 21:00
    quiet_to: str = ""  # the same as quiet_from: no quiet hours
    workdays_only: bool | None = None
    digest_at: str = ""  # 08:00
    empty_digests: bool = False
    off: frozenset[str] = frozenset()  # topics that are switched off


class Reaching(Protocol):
    """How people are reached."""

    usual: Habits  # what the organisation says

    def addresses(self, frame: Frame, person: int) -> Sequence[Address]:
        """Where a person is reached."""

    def habits(self, frame: Frame, person: int) -> Habits:
        """What a person has chosen."""

    def choose(self, person: int, habits: Habits, topics: Sequence[str], now: int) -> None:
        """Keep what a person chooses; of topics only these are switched.

        Raises:
            BadValue: a time that is none.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting as it stands. Never a secret."""

    label: Text
    value: Text
    place: str  # where in the file it is changed


@dataclass(frozen=True, kw_only=True, slots=True)
class Messages:
    """Whoever sends messages, as the console knows it."""

    file: str  # of the settings: its name alone, where it lies is nobody's business on a page
    settings: Sequence[Setting]  # quiet hours and budgets
    deliveries: Deliveries
    reaching: Reaching
    callbacks: Callbacks
    links: Links | None = None  # None: the settings name no site, and no message carries a link
