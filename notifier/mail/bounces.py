"""Returned mail: what a report of delivery, or a server's own way of saying no, tells of a message.

Standard reports (RFC 3464) are read field by field. Others are taken for one only if a mail system
wrote them, they name one of our messages, and say that it failed or is late. Whatever else comes,
holiday notices, our own messages in a circle, letters of people, tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from email.utils import parseaddr

from workflow.text import Text

from ..channel import Receipt
from .message import LOOP_HEADER
from .replies import quoted

_READ_MOST = 262_144  # bytes; a report quotes the message, and its head is enough
_PARTS_MOST = 50
_ID = re.compile(r"<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,120}>")
_ID_LINE = re.compile(rb"^[> \t]*Message-ID:\s*(<[^\s<>]{1,250}>)", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_CODE = re.compile(r"\b([45]\d\d)[ -]")
_SYSTEM = re.compile(r"mailer-daemon|postmaster|mail delivery", re.IGNORECASE)
_FAILED = re.compile(
    r"undeliver|returned|failure|failed|could ?n.t be delivered|not be delivered|退信|退回|无法投递|投递失败",
    re.IGNORECASE,
)
_DELAYED = re.compile(r"delayed|warning|will be retried|still trying|延迟", re.IGNORECASE)
_ENDS = {"failed": "bounced", "delayed": "later", "delivered": "delivered"}


def read(raw: bytes, *, bounce: str | None = None, domain: str = "") -> tuple[Receipt, ...]:
    """What a returned mail tells of our messages; nothing for whatever is no report. Never raises.

    `bounce` is the address of the box and `domain` that of our Message-IDs: where a report quotes nothing,
    the address it came to (bounce+ID@…) still names the message.
    """
    try:
        return _read(raw, bounce, domain)
    except RecursionError:  # parts inside of parts, thousands deep: no mail system reports so
        return ()


def _read(raw: bytes, bounce: str | None, domain: str) -> tuple[Receipt, ...]:
    mail = message_from_bytes(raw[:_READ_MOST], policy=policy.compat32)
    if mail.get(LOOP_HEADER) is not None or _is_automatic(mail):
        return ()
    reference = _reference(mail, raw, bounce, domain)
    if reference is None:
        return ()
    reports = tuple(_reported(mail, reference))
    return reports or tuple(_guessed(mail, raw, reference))


def _is_automatic(mail: Message) -> bool:
    """A holiday notice or another machine's answer (RFC 3834); reports of delivery are `auto-replied` too."""
    if _kind(mail) == "multipart/report":
        return False
    answered = _word(mail, "Auto-Submitted").startswith("auto-replied")
    answered = answered or _word(mail, "Precedence") == "auto_reply" or "X-Autoreply" in mail
    return answered and not _SYSTEM.search(_word(mail, "From"))


def _kind(mail: Message) -> str:
    return mail.get_content_type()


def _word(mail: Message, name: str) -> str:
    return str(mail.get(name, "")).strip().lower()


def _parts(mail: Message) -> Iterator[Message]:
    for number, part in enumerate(mail.walk()):
        if number >= _PARTS_MOST:
            return
        yield part


def _reference(mail: Message, raw: bytes, bounce: str | None, domain: str) -> str | None:
    """The Message-ID that it is about: as quoted, else as the address says to which it was returned."""
    own = _word(mail, "Message-ID")
    for part in list(_parts(mail))[1:]:
        found = _ID.search(str(part.get("Message-ID", "")))
        if found:
            return found.group()
        if _kind(part) == "text/rfc822-headers" and (line := _ID_LINE.search(_payload(part))):
            return line.group(1).decode("ascii", "replace")
    if (told := _told(mail, bounce)) is not None and domain:
        return f"<{told}@{domain}>"
    ids = [one.decode("ascii", "replace") for one in _ID_LINE.findall(raw[:_READ_MOST])]
    return next((one for one in ids if one.lower() != own), None)


def _payload(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _told(mail: Message, bounce: str | None) -> str | None:
    if bounce is None:
        return None
    local, _, host = bounce.lower().rpartition("@")
    for name in ("Delivered-To", "X-Original-To", "To"):
        address = parseaddr(str(mail.get(name, "")))[1]
        start, _, end = address.rpartition("@")
        if end.lower() == host and start.lower().startswith(f"{local}+"):
            return start[len(local) + 1 :]
    return None


def _reported(mail: Message, reference: str) -> Iterator[Receipt]:
    """RFC 3464: one block of fields for each recipient; our messages have one."""
    for part in _parts(mail):
        if _kind(part) != "message/delivery-status" or not part.is_multipart():
            continue
        for block in part.get_payload():
            if isinstance(block, Message) and (receipt := _block(block, reference)):
                yield receipt


def _block(block: Message, reference: str) -> Receipt | None:
    action = _word(block, "Action").partition(" ")[0]
    if action not in _ENDS:
        return None
    said = str(block.get("Diagnostic-Code", "")).encode("utf-8", "replace")
    status = _STATUS.search(_word(block, "Status"))
    return _receipt(reference, _ENDS[action], status.group(1) if status else "", said)


def _receipt(reference: str, end: str, code: str, said: bytes) -> Receipt:
    if end == "delivered":
        return Receipt(reference=reference, end="delivered", code=code)
    words = f"{code} {quoted(said)}".strip()
    if end == "later":
        why = Text(f"对方邮件系统仍在尝试：{words}", f"The other mail system is still trying: {words}")
        return Receipt(reference=reference, end="later", why=why, code=code)
    why = Text(f"被对方邮件系统退回：{words}", f"Returned by the other mail system: {words}")
    return Receipt(reference=reference, end="bounced", why=why, code=code)


def _guessed(mail: Message, raw: bytes, reference: str) -> Iterator[Receipt]:
    """What isn't written as RFC 3464 asks, such as qmail's and many providers' returns."""
    if _kind(mail) == "multipart/report" and any(
        _kind(one) == "message/delivery-status" for one in _parts(mail)
    ):
        return  # a proper report of something that doesn't concern us, such as `relayed`
    if not (_SYSTEM.search(_word(mail, "From")) or "X-Failed-Recipients" in mail):
        return
    text = _text(mail, raw)
    status = _STATUS.search(text) or _CODE.search(text)
    code = status.group(1) if status else ""
    late = code.startswith("4") or bool(_DELAYED.search(text) and not code.startswith("5"))
    if late or code.startswith("5") or "X-Failed-Recipients" in mail or _FAILED.search(text):
        yield _receipt(reference, "later" if late else "bounced", code, b"")


def _text(mail: Message, raw: bytes) -> str:
    """The subject and the words of the first part, before whatever it quotes."""
    first = next((one for one in _parts(mail) if _kind(one) == "text/plain"), None)
    words = _payload(first) if first is not None else raw
    words = _ID_LINE.split(words[:20_000])[0]
    return f"{mail.get('Subject', '')}\n{words.decode('utf-8', 'replace')}"
