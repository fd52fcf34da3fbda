"""A text planned in segments: the most important first, cut at a phrase. Pure.

A segment carries 140 octets: 160 characters of the GSM 03.38 alphabet at seven bits, or 70 code units
of UCS-2. A longer text goes in several, each of which gives six octets away to say which part it is:
153 and 67 (3GPP TS 23.038 and 23.040).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["gsm7", "ucs2"]

_ESCAPE: Final = 0x1B
_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40,
    "€": 0x65,
}  # fmt: skip
_SEPTETS: Final[dict[str, bytes]] = {
    **{char: bytes((place,)) for place, char in enumerate(_BASIC) if place != _ESCAPE},
    **{char: bytes((_ESCAPE, place)) for char, place in _EXTENDED.items()},
}

SINGLE: Final[dict[Encoding, int]] = {"gsm7": 160, "ucs2": 70}
"""Units that fit into a text of one segment: septets, or UTF-16 code units."""

JOINED: Final[dict[Encoding, int]] = {"gsm7": 153, "ucs2": 67}
"""Units that fit into each segment of a longer text."""

BOUNDARIES: Final = "，。；、：！？,.;:!? )）」』】〉》\n"
"""After these a text may be cut."""

_ELLIPSIS: Final = {True: "...", False: "…"}  # the one character isn't in the GSM alphabet
_CLINGING: Final = frozenset("\u200d\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is sent, and what it costs."""

    text: str
    segments: int
    encoding: Encoding
    left_out: tuple[str, ...]  # phrases that didn't fit; of one that was cut nothing stands here


def plan(
    phrases: Sequence[str], signature: str = "", most_segments: int = 1, *, unicode_only: bool = False
) -> Plan:
    """As many phrases as fit, the most important first; the first one cut if it alone is too long.

    Args:
        phrases: the most important first; at least one with something in it.
        signature: stands in 【】 at the start, whatever is left out; empty: none.
        most_segments: the text needs no more than these.
        unicode_only: everything is sent as UCS-2.

    Raises:
        ValueError: there is nothing to say, or the signature leaves no room for it.
    """
    wanted = tuple(one for one in map(tidy, phrases) if one)
    if not wanted:
        raise ValueError("no phrase")
    head = f"【{tidy(signature)}】" if tidy(signature) else ""
    text, taken = _joined(head, wanted, most_segments, unicode_only)
    if not taken:
        text, taken = _cut(head, wanted[0], most_segments, unicode_only), 1
    encoding = encoding_of(text, unicode_only=unicode_only)
    return Plan(text=text, segments=len(parts(text, encoding)), encoding=encoding, left_out=wanted[taken:])


def tidy(text: str) -> str:
    """One line without controls and marks that turn the direction of writing."""
    kept = "".join(" " if char.isspace() else char for char in text if char.isspace() or _is_shown(char))
    return " ".join(kept.split())


def encoding_of(text: str, *, unicode_only: bool = False) -> Encoding:
    """GSM 03.38 where it has every character, else UCS-2."""
    return "gsm7" if not unicode_only and all(char in _SEPTETS for char in text) else "ucs2"


def units(text: str, encoding: Encoding) -> int:
    """Septets, or UTF-16 code units: a character outside the basic plane takes two."""
    if encoding == "gsm7":
        return sum(len(_SEPTETS[char]) for char in text)
    return sum(2 if char > "\uffff" else 1 for char in text)


def parts(text: str, encoding: Encoding) -> tuple[str, ...]:
    """The text as it is divided among segments. No character is split between two."""
    if units(text, encoding) <= SINGLE[encoding]:
        return (text,)
    return tuple(_filled(text, encoding, JOINED[encoding]))


def encoded(text: str, encoding: Encoding) -> bytes:
    """The octets of a part: septets one to an octet, as centres take them, or big-endian UCS-2."""
    if encoding == "gsm7":
        return b"".join(_SEPTETS[char] for char in text)
    return text.encode("utf-16-be")


def _filled(text: str, encoding: Encoding, limit: int) -> Iterable[str]:
    begin = used = 0
    for place, char in enumerate(text):
        size = units(char, encoding)
        if used + size > limit:
            yield text[begin:place]
            begin, used = place, 0
        used += size
    yield text[begin:]


def _fits(text: str, most: int, unicode_only: bool) -> bool:
    return len(parts(text, encoding_of(text, unicode_only=unicode_only))) <= most


def _joined(head: str, phrases: Sequence[str], most: int, unicode_only: bool) -> tuple[str, int]:
    """With as many phrases as fit, and how many these are."""
    text, taken = head, 0
    for phrase in phrases:
        longer = text + (_between(text) if taken else "") + phrase
        if not _fits(longer, most, unicode_only):
            break
        text, taken = longer, taken + 1
    return text, taken


def _between(text: str) -> str:
    """What stands between two phrases, by how the first of them ends."""
    last = text[-1]
    wide = unicodedata.east_asian_width(last) in "WF"
    if unicodedata.category(last).startswith("P"):
        return "" if wide else " "
    return "；" if wide else "; "


def _cut(head: str, phrase: str, most: int, unicode_only: bool) -> str:
    """The longest beginning that fits, back to a boundary if one stands in its second half."""
    longest = _longest(head, phrase, most, unicode_only)
    for place in range(longest, longest // 2, -1):
        if phrase[place - 1] in BOUNDARIES:
            return _shortened(head, phrase[:place])
    while longest > 1 and _clings(phrase, longest):
        longest -= 1
    return _shortened(head, phrase[:longest])


def _longest(head: str, phrase: str, most: int, unicode_only: bool) -> int:
    """How many characters fit; more never need fewer segments, so the number can be searched for."""
    low, high = 0, len(phrase)
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(_shortened(head, phrase[:middle]), most, unicode_only):
            low = middle
        else:
            high = middle - 1
    if low == 0:
        raise ValueError("the signature leaves no room")
    return low


def _shortened(head: str, beginning: str) -> str:
    text = head + beginning.rstrip("，；、：,;: ")
    return text + _ELLIPSIS[encoding_of(text) == "gsm7"]


def _clings(phrase: str, place: int) -> bool:
    """Whether the character there belongs to the one before it: an accent, a joined emoji."""
    char = phrase[place] if place < len(phrase) else ""
    return bool(char) and (
        char in _CLINGING or unicodedata.combining(char) > 0 or phrase[place - 1] == "\u200d"
    )


def _is_shown(char: str) -> bool:
    return char == "\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
