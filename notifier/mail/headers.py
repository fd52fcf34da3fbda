"""What may stand in a header, and in which form (security 7; RFC 5322, 2047, 2231).

Addresses, ids and subjects with what would end a line or turn the reading are refused. Names are
cleaned instead: nobody should go untold because of how they are written. Whatever remains becomes
printable ASCII, and `line` lets nothing else through.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from email.header import decode_header
from functools import lru_cache
from urllib.parse import quote

from email_validator import EmailNotValidError, validate_email

from workflow.text import Text

from ..channel import Unwritten
from ..masking import masked

SUBJECT_MOST = 120  # characters; a phone shows fewer
_BREAKS = " ，。；：、！？,.;:!?)）】》」"
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_WORD_BEGINS = re.compile(r"=+\?")  # however many: taking out one `=?` of `==??` would leave another
_PLAIN = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_LINK = re.compile(r"https://[!-;=?-~]+")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")
_WORD_BYTES = 45  # of UTF-8 in one encoded-word of 72 characters (RFC 2047: 75 at most)


@lru_cache(maxsize=4096)
def mail_address(value: str) -> str:
    """The address as it goes over the wire: its domain in ASCII. Nothing is looked up.

    Raises:
        Unwritten: no address; shown masked.
    """
    try:
        found = validate_email(value, check_deliverability=False, strict=True, globally_deliverable=False)
    except EmailNotValidError:
        shown = masked(value)
        raise Unwritten(
            Text(
                f"“{shown}”不是可用的邮件地址，没有寄出：请更正此人的地址。",
                f"{shown!r} is no mail address, nothing was sent: correct this person's address.",
            )
        ) from None
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"


def safe(value: str, what: Text) -> str:
    """The value itself.

    Raises:
        Unwritten: it has line breaks or control characters, or an encoded-word that hides some.
    """
    if _UNSAFE.search(value) or ("=?" in value and _UNSAFE.search(_decoded(value))):
        raise Unwritten(
            Text(
                f"{what.zh}含有换行或控制字符，会伪造邮件头，没有寄出：请删除这些字符。",
                f"The {what.en} has line breaks or control characters, which would forge a header;"
                " nothing was sent: remove them.",
            )
        )
    return value


def _decoded(value: str) -> str:
    """What careless readers would make of encoded-words; a broken one may be read in any way."""
    try:
        parts = decode_header(value)
    except (ValueError, LookupError):
        return "\0"
    return "".join(part if isinstance(part, str) else _lenient(part, charset) for part, charset in parts)


def _lenient(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "latin-1", "replace")
    except LookupError:
        return data.decode("latin-1")


def cleaned(name: str) -> str:
    """A name without what would end a line, turn its direction, or be read as an encoded-word."""
    name = _WORD_BEGINS.sub("?", _SURROGATES.sub("", _BIDI.sub("", name)))
    return " ".join(_UNSAFE.sub(" ", name).split())


def cut(text: str, most: int = SUBJECT_MOST) -> str:
    """At most so many characters, ended at a word or a phrase, never inside of what is seen as one."""
    if len(text) <= most:
        return text
    end = most - 1
    while end and not _may_part(text, end):
        end -= 1
    near = max((at for at in range(end * 3 // 4, end) if text[at] in _BREAKS), default=end)
    return text[: near if near else most - 1].rstrip(_BREAKS) + "…"


def _may_part(text: str, at: int) -> bool:
    """Whether nothing that stands together is parted before this character: accents, joined emoji, flags."""
    joined = unicodedata.category(text[at]) in ("Mn", "Me", "Mc", "Cf", "Sk") or text[at - 1] == "\u200d"
    return not joined and not "\U0001f1e6" <= text[at] <= "\U0001f1ff"


def subject(value: str) -> str:
    """A subject as its header has it, cut where it is too long.

    Raises:
        Unwritten: see `safe`.
    """
    value = " ".join(safe(_BIDI.sub("", value), Text("标题", "subject")).split())
    return words(cut(value))


def words(value: str) -> str:
    """Plain text for a header: as it is, or in encoded-words."""
    if _PLAIN.fullmatch(value) and "=?" not in value and all(len(one) < 200 for one in value.split(" ")):
        return value
    return " ".join(
        f"=?utf-8?b?{base64.b64encode(part).decode('ascii')}?=" for part in _parts(value.encode("utf-8"))
    )


def _parts(data: bytes) -> list[bytes]:
    """Pieces that each are whole characters."""
    parts = []
    while data:
        end = min(_WORD_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        parts.append(data[:end])
        data = data[end:]
    return parts


def mailbox(name: str, address: str) -> str:
    """`Name <address>`, with the name in the form that it needs; the address has been checked."""
    name = cut(cleaned(name), 80)
    if not name:
        return address
    if _ATOMS.fullmatch(name):
        return f"{name} <{address}>"
    if _PLAIN.fullmatch(name):
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{words(name)} <{address}>"


def message_id(value: str) -> str:
    """A Message-ID with its angle brackets.

    Raises:
        Unwritten: it is none.
    """
    if not _MESSAGE_ID.fullmatch(value) or len(value) > 250:
        raise Unwritten(Text("邮件编号（Message-ID）格式不对：应为 <…@…>。", "A Message-ID must read <…@…>."))
    return value


def link(value: str) -> str:
    """An https address as List-Unsubscribe takes it.

    Raises:
        Unwritten: another scheme, or characters that an address has to write as %….
    """
    if not _LINK.fullmatch(value) or len(value) > 900:
        raise Unwritten(
            Text("退订链接须为 https 地址，且不含空格。", "The unsubscribe link must be an https address.")
        )
    return value


def media_type(value: str) -> str:
    """The media type of an attachment.

    Raises:
        Unwritten: it is none, or one that has parts of its own.
    """
    if not _MEDIA_TYPE.fullmatch(value) or value.startswith(("multipart/", "message/")) or len(value) > 120:
        raise Unwritten(
            Text(
                "附件类型不对：应为 application/pdf 这样的形式。",
                "An attachment's type must read like application/pdf.",
            )
        )
    return value


def file_name(value: str) -> str:
    """`filename` of a Content-Disposition; neither a path nor longer than a line may be (RFC 2231)."""
    value = re.sub(r'[/\\:*?"<>|]', "_", cleaned(value)).lstrip(".") or "attachment"
    stem, dot, ending = value.rpartition(".")
    if len(value) > 60 and dot and len(ending) <= 8:
        value = f"{cut(stem, 50)}.{ending}"
    value = cut(value, 60)
    if _PLAIN.fullmatch(value):
        return f'filename="{value}"'
    return f"filename*=utf-8''{quote(value, safe='')}"


def line(name: str, value: str, *, utf8: bool = False) -> bytes:
    """One header, folded at its spaces.

    Raises:
        Unwritten: something got through that must not; nothing that is written here does it.
    """
    rows, row = [], f"{name}:"
    for word in value.split(" "):
        if len(row) + 1 + len(word) > 76 and row.strip() and not row.endswith(":"):
            rows.append(row)
            row = ""
        row += f" {word}"
    rows.append(row)
    if any(len(one) > 990 for one in rows) or not (utf8 or value.isascii()) or _UNSAFE.search(value):
        raise Unwritten(Text(f"邮件头 {name} 无法写成。", f"The header {name} cannot be written."))
    return "\r\n".join((*rows, "")).encode("utf-8")
