"""What people have typed, made harmless on paper: nothing of it is markup, a command, or out of order."""

from __future__ import annotations

import re

# Control characters, which XML refuses or Word obeys; marks that turn the direction of what follows; halves
# of characters, and what Unicode says is no character. U+2028 and U+2029 are ends of lines.
_HARMFUL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ufdd0-\ufdef\ufeff\ufffe\uffff\ud800-\udfff]"
)


def line(text: str) -> str:
    """The text on one line."""
    return " ".join(_HARMFUL.sub("", text).split())


def lines(text: str) -> list[str]:
    """The text line by line, without empty ones."""
    return [found for one in _HARMFUL.sub("", text).splitlines() if (found := line(one))]
