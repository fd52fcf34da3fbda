"""Mail: a content becomes RFC 5322 bytes, goes out by SMTP, and what comes back is read.

settings.py   what a channel of mail needs to know
headers.py    what may stand in a header, and in which form
message.py    content and envelope to bytes
dkim.py       the signature on them
smtp.py       handing them over, one step at a time
replies.py    what a server says at a step, and which end of a try that is
bounces.py    what a returned mail tells
leaving.py    mail that asks for no more of something
box.py        the box into which both fall
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from ..channel import Receipt, Send
from ..content import Content, Envelope, Kind
from . import bounces, box, leaving, smtp
from .dkim import Signer
from .message import message
from .settings import MailSettings

__all__ = ["MailChannel", "MailSettings", "mail_channel"]


def read_mail(raw: bytes, *, bounce: str | None = None, domain: str = "") -> tuple[Receipt, ...]:
    """What a mail in the box tells: that somebody wants no more of something, or what became of a message."""
    return leaving.read(raw) or bounces.read(raw, bounce=bounce, domain=domain)


def mail_channel(name: str, settings: MailSettings, *, domain: str | None = None) -> MailChannel:
    """A channel of mail. `domain` is that of Message-IDs; left out, the sender's.

    Raises:
        UsageError: a secret that isn't there, a key that is none.
    """
    return MailChannel(name, settings, domain or settings.sender.rpartition("@")[2])


class MailChannel:
    """See `notifier.channel.Channel`."""

    def __init__(self, name: str, settings: MailSettings, domain: str) -> None:
        self._name = name
        self._settings = settings
        self._domain = domain
        self._server = smtp.Server.of(settings)
        self._signer = Signer(settings.dkim) if settings.dkim else None

    @property
    def name(self) -> str:
        """As the settings call it."""
        return self._name

    @property
    def kind(self) -> Kind:
        """Mail addresses."""
        return "mail"

    def write(self, content: Content, envelope: Envelope) -> bytes:
        """The message as it will be sent, signed if a key is configured.

        Raises:
            Unwritten: a wrong address, a header that would be forged, a text that can't be coded.
        """
        raw = message(content, envelope, self._settings)
        return self._signer.signed(raw) if self._signer else raw

    def session(self) -> AbstractContextManager[Send]:
        """Something to send with; connects at the first message."""
        return smtp.session(self._server)

    def receipts(self, keep: Callable[[Receipt], None]) -> int:
        """Read the box of returned mail, if there is one; how many receipts.

        Raises:
            BoxClosed: the box can't be read.
        """
        if self._settings.imap is None:
            return 0
        read = partial(read_mail, bounce=self._settings.bounce, domain=self._domain)
        return box.collect(self._settings.imap, read, keep)
