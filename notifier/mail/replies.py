"""What a mail server says, step by step, and which end of a try that is (RFC 5321).

greeting, EHLO, STARTTLS   anything but yes    unreachable; 421 and other 4xx: later
AUTH                       4xx later           5xx unauthorised
MAIL                       4xx later           552 refused (too large), other 5xx unauthorised:
                                               it is us whom the server doesn't take, not this person
RCPT, DATA                 4xx later           5xx refused; 530 534 535 538 unauthorised
final dot                  4xx later           5xx refused; silence, or what isn't SMTP: unknown
"""

from __future__ import annotations

import re
from typing import Literal

from workflow.text import Text

from ..channel import Outcome
from ..masking import masked

Step = Literal["greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "dot"]

_UNAUTHORISED = frozenset({530, 534, 535, 538})
_ENCODED_ADDRESS = re.compile(r"[^\s<>\"]+@[^\s<>\"]+")
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_SAID_MOST = 200


class Ended(Exception):
    """A try that came to its end before the message was accepted."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


def judged(step: Step, code: int, said: bytes) -> Outcome:
    """Which end a reply is that isn't the one hoped for."""
    if not 200 <= code <= 599:
        return lost(step, Text("对方的答复不是 SMTP", "its answer is not SMTP"))
    why = Text(
        f"邮件服务器在 {step} 答复：{code} {quoted(said)}",
        f"At {step} the server said: {code} {quoted(said)}",
    )
    told = _code(code, said)
    if 400 <= code < 500:
        return Outcome.later(why, code=told)
    if code < 400:  # a yes where none belongs
        return Outcome.unknown(why, code=told) if step == "dot" else Outcome.unreachable(why, code=told)
    if step in ("greeting", "EHLO", "STARTTLS"):
        return Outcome.unreachable(why, code=told)
    if _is_about_us(step, code):
        return Outcome.unauthorised(why, code=told)
    return Outcome.refused(why, code=told)


def _code(code: int, said: bytes) -> str:
    """The code, with the enhanced one where the server gives it (RFC 2034)."""
    enhanced = _ENHANCED.match(said)
    return f"{code} {enhanced.group().decode()}" if enhanced else str(code)


def _is_about_us(step: Step, code: int) -> bool:
    return step == "AUTH" or code in _UNAUTHORISED or (step == "MAIL" and code != 552)


def lost(step: Step, how: Text) -> Outcome:
    """Which end it is when no proper answer came."""
    why = Text(f"邮件服务器在 {step} 之后中断：{how.zh}", f"The server was lost after {step}: {how.en}")
    return Outcome.unknown(why) if step == "dot" else Outcome.unreachable(why)


def quoted(said: bytes) -> str:
    """A server's own words, on one line, without the addresses that they may repeat."""
    line = "".join(char if char.isprintable() else " " for char in said.decode("utf-8", "replace"))
    return _ENCODED_ADDRESS.sub(lambda found: masked(found.group()), " ".join(line.split()))[:_SAID_MOST]
