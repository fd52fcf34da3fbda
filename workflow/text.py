"""A sentence in both languages, and the choice between them.

Everything a person reads exists twice, in Chinese and in English. `Text` keeps the pair together,
so that nobody can write one and forget the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Text(NamedTuple):
    """One sentence or label, in Chinese and in English."""

    zh: str
    en: str

    def to(self, language: Language) -> str:
        """The sentence in that language."""
        return self.zh if language == "zh" else self.en

    def fill(self, **values: object) -> Text:
        """Both sentences with their `{placeholders}` filled by `str.format`."""
        return Text(self.zh.format(**values), self.en.format(**values))


def same(text: str) -> Text:
    """A text that reads alike in both languages: a word of the pack, a number."""
    return Text(text, text)


def join(texts: Iterable[Text], zh: str = "、", en: str = ", ") -> Text:
    """Several texts in a row."""
    found = list(texts)
    return Text(zh.join(one.zh for one in found), en.join(one.en for one in found))
