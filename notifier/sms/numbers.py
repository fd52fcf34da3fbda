"""A number as it is dialled, from what people write.

Only what every number has is checked: E.164's length (at most 15 digits with the country's), and the
eleven digits of a mainland mobile number. Which ranges are handed out changes every month; whether a
number is in use only the network knows, and its refusal is an outcome like any other.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from workflow.text import Text

from ..channel import Unwritten

Style = Literal["e164", "digits", "national"]

_MAINLAND: Final = re.compile(r"1[3-9]\d{9}")
_SPACING: Final = re.compile(r"[\s().\-\u2010-\u2015]")
_WRITTEN: Final = re.compile(r"(\+|00)?(\d{5,15})", re.ASCII)


def e164(written: str, country: str = "86") -> str | None:
    """With + and the country's number; None: that can't be a number.

    Args:
        written: as people write it, with spaces, hyphens, brackets; +86…, 0086… or without.
        country: of a number that names none.
    """
    match = _WRITTEN.fullmatch(_SPACING.sub("", unicodedata.normalize("NFKC", written)))
    if match is None:
        return None
    digits = match[2] if match[1] else _with_country(match[2], country)
    return f"+{digits}" if _can_be_dialled(digits) else None


def styled(number: str, style: Style, country: str = "86") -> str:
    """An E.164 number as a peer wants it: with +, digits alone, or without its own country's number."""
    if style == "e164":
        return number
    digits = number.removeprefix("+")
    return digits.removeprefix(country) if style == "national" else digits


def dialled(written: str, country: str) -> str:
    """As `e164`.

    Raises:
        Unwritten: that can't be a number. The sentence doesn't repeat it.
    """
    number = e164(written, country)
    if number is None:
        raise Unwritten(
            Text(
                "短信未写成：收件人的号码不是有效的手机号。请改正号码：大陆手机 11 位，"
                "其他地区以 + 和国家代码开头。",
                "The text message was not written: the receiver's number can't be dialled. Correct it: "
                "eleven digits for a mainland mobile, + and the country's number for any other.",
            )
        )
    return number


def _with_country(digits: str, country: str) -> str:
    """People write 86138… without +, too; a trunk 0 is dropped."""
    if country == "86" and len(digits) == 13 and digits.startswith("86"):
        return digits
    return country + digits.removeprefix("0")


def _can_be_dialled(digits: str) -> bool:
    if digits.startswith("86"):
        return _MAINLAND.fullmatch(digits[2:]) is not None
    return 7 <= len(digits) <= 15 and not digits.startswith("0")
