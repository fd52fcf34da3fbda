"""What kept bytes say, for whoever looks at a delivery: the bytes of any channel as plain text."""

from __future__ import annotations

import re
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html import unescape
from typing import Final

import orjson

_HEADER: Final = re.compile(rb"\A[A-Za-z][A-Za-z0-9-]*:[ \t]")
_HTML: Final = re.compile(r"\A\s*<(?:!doctype|html)", re.IGNORECASE)
_HIDDEN: Final = re.compile(r"<(head|style|script)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_ENDS_LINE: Final = re.compile(r"<(?:br|/p|/div|/tr|/h[1-6]|/li|/table)\b[^>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^>]*>")


def text_of(body: bytes) -> str:
    """The words of a mail, a text message, a chat message, or a file; of the headers only the subject."""
    if _HEADER.match(body) and b"MIME-Version:" in body[:10_000]:
        return _mail(body)
    if body[:1] in (b"{", b"["):
        return _json(body)
    text = body.decode("utf-8", "replace")
    return _html(text) if _HTML.match(text) else text.strip()


def _mail(body: bytes) -> str:
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(body)
    part = message.get_body(preferencelist=("plain", "html"))
    content = "" if part is None else str(part.get_content())
    if part is not None and part.get_content_subtype() == "html":
        content = _html(content)
    return f"{message['Subject'] or ''}\n\n{content.strip()}\n".replace("\r\n", "\n")


def _json(body: bytes) -> str:
    """A record of a text or chat message: what it says stands under `text` or `body`."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        return body.decode("utf-8", "replace").strip()
    said = [found[name] for name in ("title", "subject", "text", "body") if isinstance(found.get(name), str)]
    return "\n\n".join(one for one in said if one)


def _html(document: str) -> str:
    shown = _TAG.sub("", _ENDS_LINE.sub("\n", _HIDDEN.sub("", document)))
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in unescape(shown).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
