"""What a review asks, and what somebody answered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from workflow.definition.model import Ballot as Wanted
from workflow.definition.model import Definition, Fact
from workflow.definition.terms import MICRO
from workflow.errors import BadValue
from workflow.text import Text

from ..store.reviews import Ballot

LONGEST: Final = 500  # characters of words
PREFIX: Final = "mark."
SAID: Final = "said"
_STEPS: Final = (
    Text("很高", "Very high"),
    Text("较高", "High"),
    Text("一般", "Fair"),
    Text("较低", "Low"),
    Text("很低", "Very low"),
)
_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
# Beside letters, marks, digits and signs: what joins the parts of one emoji or of one Indic letter.
_JOINERS: Final = "\u200c\u200d"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A mark that can be given."""

    code: str  # as the form says it
    label: Text
    value: int  # millionths
    shown: str  # its figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a mark is given for, by the fact that it goes into."""

    name: str
    label: Text
    marks: tuple[Mark, ...]  # the best first


def questions(definition: Definition, ballot: Wanted) -> tuple[Question, ...]:
    """What is asked: a mark for each fact that the ballot gives.

    Raises:
        BadValue: a fact has no least or greatest value: there is no scale to give marks on.
    """
    return tuple(_question(definition.facts[name]) for name in ballot.gives)


def _question(fact: Fact) -> Question:
    if fact.min is None or fact.max is None or fact.min >= fact.max:
        raise BadValue(
            f"“{fact.label.zh}”（{fact.name}）没有最小值或最大值，无法评分。请在方案中写明 min 和 max。",
            f"{fact.label.en} ({fact.name}) has no least or greatest value, so there is no scale for marks. "
            "Write its min and max in the pack.",
        )
    return Question(name=fact.name, label=fact.label, marks=tuple(_marks(fact.min, fact.max)))


def _marks(least: int, greatest: int) -> Iterator[Mark]:
    last = len(_STEPS) - 1
    for place, label in enumerate(_STEPS):
        value = greatest - (greatest - least) * place // last
        yield Mark(code=str(last - place), label=label, value=value, shown=f"{value / MICRO:g}")


def read(asked: tuple[Question, ...], given: Mapping[str, str]) -> Ballot:
    """The ballot that somebody filled in.

    Raises:
        BadValue: a mark is missing or none of those, or the words are too long.
    """
    marks = {one.name: _mark(one, given.get(f"{PREFIX}{one.name}", "")) for one in asked}
    return Ballot(marks=marks, said=_said(given.get(SAID, "")))


def _mark(question: Question, code: str) -> int:
    for one in question.marks:
        if one.code == code:
            return one.value
    label = question.label
    raise BadValue(f"还没有提交：请为“{label.zh}”选一项。", f"Not sent yet: choose a mark for “{label.en}”.")


def _said(typed: str) -> str | None:
    words = readable(typed)
    if len(words) > LONGEST:
        raise BadValue(
            f"还没有提交：文字有 {len(words)} 字，最多 {LONGEST} 字。请缩短后再提交。",
            f"Not sent yet: there are {len(words)} characters of words, and {LONGEST} are the most. Shorten "
            "them and send again.",
        )
    return words or None


def readable(typed: str) -> str:
    """Words as they are kept: without what can't be seen and might turn or break what is around them."""
    lines = _ENDS.sub("\n", typed)
    return "".join(one for one in lines if one in ("\n", *_JOINERS) or _seen(one)).strip()


def _seen(one: str) -> bool:
    return unicodedata.category(one)[0] != "C"  # controls, directions, halves of characters, nobody's
