"""Mail that asks for no more of something, by the subject that `List-Unsubscribe` has offered (RFC 2369).

It counts by the token in its subject, which is signed; who has sent it says nothing: that can be forged.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from typing import Final

from ..channel import Receipt

ASKING: Final = "unsubscribe"
_READ_MOST: Final = 65_536  # bytes: its head is enough
_SUBJECT: Final = re.compile(rf"{ASKING}\s+([A-Za-z0-9_-]{{4,120}}\.[A-Za-z0-9_-]{{20,80}})", re.IGNORECASE)


def read(raw: bytes) -> tuple[Receipt, ...]:
    """What it asks for; nothing for any other mail. Never raises."""
    found = _SUBJECT.fullmatch(_subject(raw[:_READ_MOST]).strip())
    return () if found is None else (Receipt(reference=found[1], end="unsubscribed"),)


def _subject(raw: bytes) -> str:
    try:
        head = raw.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
        return str(
            make_header(decode_header(str(message_from_bytes(head, policy=policy.compat32)["Subject"] or "")))
        )
    except (ValueError, LookupError, MessageError):  # a coding that nobody knows, or none at all
        return ""
