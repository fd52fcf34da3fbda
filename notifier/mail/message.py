"""A content and its envelope become RFC 5322 bytes, the same for the same input.

    mixed ─┬─ alternative ─┬─ text/plain
           │               └─ related ─┬─ text/html
           │                           └─ pictures, by Content-ID
           └─ attachments
(each level only where it has something to hold)

Header lines are laid down here rather than by `email.message`: that takes 2.4 ms for a digest, and what
it lets into a header differs from one Python to the next. The tests read every message back with it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflow.text import Text

from ..channel import Unwritten
from ..content import Attachment, Content, Envelope, Picture
from . import headers
from .headers import line
from .leaving import ASKING
from .settings import MailSettings

LOOP_HEADER = "X-Duban-Loop"
DIGEST_HEADER = "X-Duban-Digest"
_REFERENCES_MOST = 20
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_ENDS = re.compile("\r\n|[\n\r\u2028\u2029]")


def message(content: Content, envelope: Envelope, settings: MailSettings) -> bytes:
    """The message, unsigned.

    Raises:
        Unwritten: see `headers`; a text or picture that can't be coded.
    """
    address = headers.mail_address(envelope.address)
    lines = (
        *_people(content, envelope, settings, address),
        *_threading(envelope),
        *_automatic(envelope, settings),
        *_unsubscribing(envelope, settings),
    )
    utf8 = not address.isascii() or not settings.sender.isascii()
    top = b"".join(line(name, value, utf8=utf8) for name, value in lines)
    return top + b"MIME-Version: 1.0\r\n" + _body(content, envelope.delivery_id)


def _people(
    content: Content, envelope: Envelope, settings: MailSettings, address: str
) -> Iterator[tuple[str, str]]:
    named = settings.sender_name
    name = named if isinstance(named, str) else named.get(content.language, "")
    yield "From", headers.mailbox(name, settings.sender)
    if settings.reply_to:
        yield "Reply-To", settings.reply_to
    yield "To", headers.mailbox(envelope.name, address)
    yield "Subject", headers.subject(content.subject)
    yield "Date", format_datetime(datetime.fromtimestamp(envelope.date // 1000, _zone(envelope.zone)))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unwritten(
            Text("没有这个时区的数据：请更正时区。", "There is no such time zone: correct it.")
        ) from None


def _threading(envelope: Envelope) -> Iterator[tuple[str, str]]:
    yield "Message-ID", headers.message_id(envelope.message_id)
    if envelope.thread:
        thread = [headers.message_id(one) for one in envelope.thread]
        yield "In-Reply-To", thread[-1]
        # The head of the thread stays: readers gather by it.
        yield "References", " ".join([thread[0], *thread[1:][-_REFERENCES_MOST:]])


def _automatic(envelope: Envelope, settings: MailSettings) -> Iterator[tuple[str, str]]:
    """Nobody's holiday notice answers, no loop begins (RFC 3834), and readers may sort (RFC 2919)."""
    domain = settings.sender.rpartition("@")[2]
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"
    yield LOOP_HEADER, domain
    yield "List-Id", f"<{envelope.class_}.{settings.list_id or domain}>"
    if envelope.class_ == "information":
        yield "Precedence", "bulk"
    if envelope.digest_number is not None:
        yield DIGEST_HEADER, str(int(envelope.digest_number))


def _unsubscribing(envelope: Envelope, settings: MailSettings) -> Iterator[tuple[str, str]]:
    """RFC 2369 and 8058; formal notices can't be switched off."""
    if envelope.class_ != "information" or not envelope.unsubscribe:
        return
    ways = [f"<{headers.link(envelope.unsubscribe)}>"]
    if settings.unsubscribe:
        ways.append(
            f"<mailto:{quote(settings.unsubscribe, safe='@+')}?subject={_asking(envelope.unsubscribe)}>"
        )
    yield "List-Unsubscribe", ", ".join(ways)
    yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"


def _asking(link: str) -> str:
    """The subject by which a mail asks for the same as the link: a sender's address can be forged."""
    return quote(f"{ASKING} {link.rstrip('/').rpartition('/')[2]}")


# ------------------------------------------------------------------ the body


def _body(content: Content, number: int) -> bytes:
    """Headers and lines of the outermost part."""
    whole = _text("plain", content.text)
    if content.html is not None:
        html = _text("html", content.html)
        if content.pictures:
            html = _several("related", number, [html, *_pictures(content.pictures)], '; type="text/html"')
        whole = _several("alternative", number, [whole, html])
    if content.attachments:
        whole = _several("mixed", number, [whole, *map(_attachment, content.attachments)])
    return whole


def _several(kind: str, number: int, parts: Iterable[bytes], more: str = "") -> bytes:
    # `=_` stands in neither base64 nor quoted-printable: no part can hold a boundary.
    boundary = f"=_{kind}_{number}"
    start = f'Content-Type: multipart/{kind}{more};\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")
    mark = f"--{boundary}".encode("ascii")
    return start + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _text(kind: str, text: str) -> bytes:
    lines = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)).removesuffix("\n").replace("\n", "\r\n") + "\r\n"
    try:
        data = lines.encode("utf-8")
    except UnicodeEncodeError:
        raise Unwritten(
            Text(
                "正文含有无法编码的字符：请删除后重试。",
                "The text has characters that can't be coded: remove them.",
            )
        ) from None
    return f"Content-Type: text/{kind}; charset=utf-8\r\n".encode("ascii") + _coded(data, len(text))


def _coded(data: bytes, characters: int) -> bytes:
    """Whichever is shorter: quoted-printable triples what isn't ASCII, base64 makes all a third longer."""
    if (len(data) - characters) * 6 > len(data):
        return _base64(data)
    # The data ends with CRLF: without any, b2a_qp would break its lines with a lone LF.
    return b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + binascii.b2a_qp(data, istext=True)


def _base64(data: bytes) -> bytes:
    coded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return b"Content-Transfer-Encoding: base64\r\n\r\n" + coded


def _pictures(pictures: tuple[Picture, ...]) -> list[bytes]:
    ids = [one.id for one in pictures]
    if len({*ids}) < len(ids) or not all(re.fullmatch("[A-Za-z0-9-]+", one) for one in ids):
        raise Unwritten(
            Text(
                "图片编号只能用字母、数字和连字符，且不得重复。",
                "Pictures' ids are letters, digits and hyphens, each once.",
            )
        )
    return [_picture(one) for one in pictures]


def _picture(picture: Picture) -> bytes:
    start = (
        f"Content-Type: image/png\r\nContent-ID: <{picture.id}>\r\n"
        f'Content-Disposition: inline; filename="{picture.id}.png"\r\n'
    )
    return start.encode("ascii") + _base64(picture.data)


def _attachment(attachment: Attachment) -> bytes:
    return (
        line("Content-Type", headers.media_type(attachment.type))
        + line("Content-Disposition", f"attachment; {headers.file_name(attachment.name)}")
        + _base64(attachment.data)
    )
