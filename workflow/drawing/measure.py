"""How wide a text is drawn, and where it breaks. No font is asked: a browser has its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal

from ..text import Text

Spoken = Literal["zh", "en", "both"]
_FULL, _CAPITAL, _HALF = 1.0, 0.72, 0.56  # of the size of the letters; rather too wide than too narrow
_PIECES = re.compile(r"\s+|[\u0021-\u024f]+|.")
# Marks that turn the direction of writing would turn the picture around them; control characters are
# no XML.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+")


def clean(text: str) -> str:
    """The text on one line, without what could break out of its place."""
    return " ".join(_UNSAFE.sub(" ", text).split())


def spoken(text: Text, language: Spoken) -> list[str]:
    """The text in a language, or in both, one line each; once where both read alike."""
    if language != "both":
        return [clean(text.to(language))]
    return list(dict.fromkeys((clean(text.zh), clean(text.en))))


def one_line(text: Text, language: Spoken) -> str:
    """The text in one line, both languages beside each other."""
    return " / ".join(spoken(text, language))


def width(text: str, size: float) -> float:
    """How wide the text is at most, in the unit of `size`."""
    return sum(_share(char) for char in text) * size


def _share(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WFA":
        return _FULL
    return _CAPITAL if char.isupper() or char in "mw%@" else _HALF


def wrap(texts: Iterable[str], size: float, room: float) -> Iterator[str]:
    """The texts as lines that are no wider than `room`, broken between words or Chinese characters."""
    for text in texts:
        line = ""
        for piece in _fitting(text, size, room):
            if line and width(line + piece, size) > room:
                yield line.rstrip()
                line = ""
            line += piece if line or not piece.isspace() else ""
        yield line.rstrip()


def _fitting(text: str, size: float, room: float) -> Iterator[str]:
    """Words and single characters, none of them wider than `room`."""
    for piece in _PIECES.findall(text):
        if width(piece, size) <= room:
            yield piece
        else:
            yield from piece
