"""What a text is made of, and where a search stands in it.

A text is folded character by character (NFKC, then case folding), so that ＡＢ, AB and ab are the same and
each folded character still has a place in the original. Chinese knows no spaces: two characters side by
side make a word, so any part of two or more is found by the words in it. Of letters and digits the whole
run is a word. Everything else parts words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import BadValue

LONGEST = 64  # characters of a word that the index holds
MOST_PIECES = 8  # of a search
MOST_TYPED = 200  # characters of a search
AROUND = 40  # characters shown on each side of what was found
LOOKED_AT = 10_000  # characters of a text in which marks are put: nobody waits for a book
_CHINESE = (
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD)),
    (0x3007, 0x3007),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of a search that stands in a text as it was typed."""

    text: str  # folded
    words: tuple[str, ...]  # that are in it: never empty


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A search: a text answers to it that holds every piece."""

    typed: str
    pieces: tuple[Piece, ...]


def folded(text: str) -> str:
    """A text as it is searched."""
    return "".join(_fold(one) for one in unicodedata.normalize("NFC", text))


def words_of(text: str) -> frozenset[str]:
    """The words of a folded text."""
    return frozenset(_words(text))


def asked(typed: str) -> Asked:
    """What somebody looks for.

    Raises:
        BadValue: nothing that could be found.
    """
    pieces = []
    for one in typed[:MOST_TYPED].split()[:MOST_PIECES]:
        text = folded(one)
        words = tuple(dict.fromkeys(_words(text)))
        if not words:
            raise BadValue(
                f"“{one}”太短，检索不了。中文请至少输入两个相连的字，英文和数字请输入整个词。",
                f"{one!r} is too short to be found. Type at least two Chinese characters side by side, or a "
                "whole word of letters or digits.",
            )
        pieces.append(Piece(text=text, words=words))
    if not pieces:
        raise BadValue(
            "请输入要检索的词：中文至少两个字，英文和数字为整个词。",
            "Type what to search for: two Chinese characters or more, or whole words of letters or digits.",
        )
    return Asked(typed=typed, pieces=tuple(pieces))


def holds(asked: Asked, text: str) -> bool:
    """Whether a text answers to a search: what the index is to find, neither more nor less."""
    own = folded(text)
    words = words_of(own)
    return all(piece.text in own and words.issuperset(piece.words) for piece in asked.pieces)


def texts_of(value: Any) -> str:
    """Every text in a value of an event, a line each."""
    return "\n".join(_texts(value))


def excerpt(asked: Asked, text: str) -> tuple[tuple[str, bool], ...]:
    """The stretch of a text around what was found, in parts; True: was looked for."""
    text = " ".join(unicodedata.normalize("NFC", _near(asked, text)).split())
    marked = _marked(asked, text)
    if not any(marked):
        return ((text[: 2 * AROUND] + ("…" if len(text) > 2 * AROUND else ""), False),)
    first = marked.index(True)
    begin, end = max(first - AROUND, 0), min(first + 2 * AROUND, len(text))
    parts = list(_parts(text[begin:end], marked[begin:end]))
    before, after = [("…", False)] * (begin > 0), [("…", False)] * (end < len(text))
    return (*before, *parts, *after)


def _near(asked: Asked, text: str) -> str:
    """Of a long text the stretch in which the first piece stands."""
    if len(text) <= LOOKED_AT:
        return text
    return text[max(text.casefold().find(asked.pieces[0].text) - AROUND, 0) :][:LOOKED_AT]


def _marked(asked: Asked, text: str) -> list[bool]:
    """Of each character, whether it was looked for."""
    places = [at for at, one in enumerate(text) for _ in _fold(one)]
    own, marked = "".join(_fold(one) for one in text), [False] * len(text)
    for piece in asked.pieces:
        at, done = own.find(piece.text), 0
        while at >= 0:  # those that overlap as well, each character once
            for place in places[max(at, done) : at + len(piece.text)]:
                marked[place] = True
            at, done = own.find(piece.text, at + 1), at + len(piece.text)
    return marked


def _parts(text: str, marked: list[bool]) -> Iterator[tuple[str, bool]]:
    begin = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or marked[at] != marked[begin]:
            yield text[begin:at], marked[begin]
            begin = at


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)


@lru_cache(maxsize=16_384)
def _fold(character: str) -> str:
    """A character as it is searched. No database keeps a NUL in a text."""
    return unicodedata.normalize("NFKC", character).casefold().replace("\0", " ")


def _is_chinese(character: str) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in _CHINESE)


def _words(text: str) -> Iterator[str]:
    for run, chinese in _runs(text):
        if chinese:
            yield from (run[at : at + 2] for at in range(len(run) - 1))
        else:
            yield run[:LONGEST]


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Stretches of Chinese, and of letters and digits."""
    run, before = "", ""
    for one in text:
        sort = "chinese" if _is_chinese(one) else "letters" if one.isalnum() else ""
        if sort != before:
            if run:
                yield run, before == "chinese"
            run, before = "", sort
        if sort:
            run += one
    if run:
        yield run, before == "chinese"
