"""No personal data in a text: it is shown on locked screens, and every carrier on the way can read it.

What looks like an identity number, a telephone number or a mail address is refused, however it is
spaced or written (full-width digits, other scripts' digits, marks that aren't seen).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from workflow.text import Text

from ..channel import Unwritten

_BIRTH: Final = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_GAP: Final = r"[ .·/()-]{0,3}"  # how people part the groups of a number

PATTERNS: Final = (
    (
        Text("身份证号", "an identity number"),
        re.compile(
            rf"(?<!\d)\d{{6}}{_GAP}(?:1[89]|20)\d\d{_GAP}{_BIRTH}{_GAP}\d{{3}}[\dXx](?!\d)"
            rf"|(?<!\d)\d{{6}}{_GAP}\d\d{_BIRTH}{_GAP}\d{{3}}(?!\d)"
        ),
    ),
    (
        Text("手机号码", "a telephone number"),
        re.compile(
            rf"(?<!\d)(?:(?:\+|00)?86{_GAP})?1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}(?!\d)"
            rf"|\+\d(?:{_GAP}\d){{7,14}}"
        ),
    ),
    (Text("邮箱地址", "a mail address"), re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")),
)
"""What a text must not hold: what it is called, and how it looks."""


def refuse_private(text: str) -> None:
    """Let a text pass, or say what in it looks private. The text itself is never repeated.

    Raises:
        Unwritten: something looks like an identity number, a telephone number or a mail address.
    """
    found = found_private(text)
    if found is not None:
        raise Unwritten(
            Text(
                f"短信未写成：内容里有像{found.zh}的字样，短信不得含个人信息。"
                "请检查短信词句和相关任务的名称，改用任务编号。",
                f"The text message was not written: something in it looks like {found.en}, and a text "
                "must hold no personal data. Check its wording and the task's title; name the task by "
                "its number.",
            )
        )


def found_private(text: str) -> Text | None:
    """What in a text looks private, if anything does."""
    plain = _plain(text)
    return next((what for what, pattern in PATTERNS if pattern.search(plain)), None)


def _plain(text: str) -> str:
    """Digits as ASCII, dashes and spaces as one kind, marks that aren't seen left out."""
    return "".join(map(_plain_char, unicodedata.normalize("NFKC", text)))


def _plain_char(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    return {"Pd": "-", "Zs": " ", "Cf": "", "Cc": " "}.get(category, char)
