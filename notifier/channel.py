"""What a channel must offer, and how a try can end.

A try ends in one of six ways, each with its own constructor:

    accepted       the peer took responsibility
    refused        the peer will never take this message for this address (SMTP 5xx, an unknown number)
    later          the peer asks to try again (SMTP 4xx, throttled)
    unreachable    no connection, or it broke before the message was handed over: nothing was sent
    unauthorised   the credentials are wrong: the channel pauses, the message keeps its tries
    unknown        it broke after the message was handed over and before an answer: perhaps sent
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from workflow.text import Text

from .content import Content, Envelope, Kind, Parcel

End = Literal["accepted", "refused", "later", "unreachable", "unauthorised", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a try ended. Made by its named constructors only."""

    end: End
    why: Text | None = None  # what the peer said, in words; None when accepted
    code: str = ""  # the peer's own code: 250, 451, ESME_RTHROTTLED
    reference: str | None = None  # the peer's id of the message: receipts name it

    @classmethod
    def accepted(cls, *, code: str = "", reference: str | None = None) -> Outcome:
        """The peer took responsibility."""
        return cls(end="accepted", code=code, reference=reference)

    @classmethod
    def refused(cls, why: Text, *, code: str = "") -> Outcome:
        """The peer will never take this message for this address."""
        return cls(end="refused", why=why, code=code)

    @classmethod
    def later(cls, why: Text, *, code: str = "") -> Outcome:
        """The peer asks to try again."""
        return cls(end="later", why=why, code=code)

    @classmethod
    def unreachable(cls, why: Text, *, code: str = "") -> Outcome:
        """Nothing was handed over."""
        return cls(end="unreachable", why=why, code=code)

    @classmethod
    def unauthorised(cls, why: Text, *, code: str = "") -> Outcome:
        """The credentials are wrong."""
        return cls(end="unauthorised", why=why, code=code)

    @classmethod
    def unknown(cls, why: Text, *, code: str = "") -> Outcome:
        """Perhaps the peer has it."""
        return cls(end="unknown", why=why, code=code)


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What a peer said later about a message that it had accepted."""

    # The id that the peer gave it; of mail the Message-ID with angle brackets. Unsubscribed: a link's token.
    reference: str
    end: Literal["delivered", "bounced", "later", "unsubscribed"]  # later: still under way
    why: Text | None = None
    code: str = ""


class Unwritten(Exception):
    """A content that can't take the form of a channel: `why` says what is wrong and what to do."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


Send = Callable[[Parcel], Outcome]


class Channel(Protocol):
    """A way to people. One object serves several threads; each thread has a session of its own."""

    @property
    def name(self) -> str:
        """As the settings call it."""

    @property
    def kind(self) -> Kind:
        """Which addresses it serves."""

    def write(self, content: Content, envelope: Envelope) -> bytes:
        """The message as it will be sent, kept from now on.

        Raises:
            Unwritten: a wrong address, a header that would be forged, a text that can't be coded.
        """

    def session(self) -> AbstractContextManager[Send]:
        """Something to send with; connects at the first message, and again after the peer went away.

        The callable never raises for what a peer does: every end has an `Outcome`.
        """

    def receipts(self, keep: Callable[[Receipt], None]) -> int:
        """Collect what peers said later; how many.

        Each receipt is acknowledged to the peer only after `keep` has returned: what could not be
        stored comes again.
        """
