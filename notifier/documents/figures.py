"""What a letter says, as data: gathered once, kept beside the document, and all that its layout sees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflow.calendar import Calendar
from workflow.definition.letter import ALWAYS, PLACE, filled
from workflow.definition.model import LIGHT_LABELS, Definition
from workflow.text import Language, Text

from .inert import lines

SHAPES: Final[Mapping[str, str]] = {"green": "●", "blue": "◆", "yellow": "▲", "red": "■"}
"""Lights are told apart in black and white: by shape, and by their word."""

OF_ROW: Final = ("position", "number", "matter", "unit", "deadline", "light", *SHAPES, "why")
"""What a template may say of each task that the letter concerns: `{% for row in rows %}`."""

OF_PARAGRAPH: Final = ("head", "text")
"""And of each paragraph: one of the two is empty."""

OWN: Final = ("label", "title")
"""Names of a template beside those that the letter's text may use."""

_HEAD = re.compile(r"(?:[一二三四五六七八九十]{1,3}、|[0-9]{1,2}\. )\S.{0,60}")
NOT_GIVEN = Text("（未填写）", "(not given)")
NONE = Text("无", "none")


@dataclass(frozen=True, kw_only=True, slots=True)
class Concerned:
    """A task that the letter is about, as it stood when the letter was signed."""

    number: str
    matter: str  # kind and track
    unit: str
    deadline: str
    light: str  # green, blue, yellow, red
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """A line of the letter: either a heading or text."""

    head: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterFigures:
    """Everything that a letter says."""

    language: Language
    label: str  # 督办函
    file: str  # name of the file, without its ending
    title: str
    at: int  # ms: when it was signed; of a draft when it was looked at
    draft: bool
    values: Mapping[str, str]  # of every placeholder
    paragraphs: tuple[Paragraph, ...]
    concerned: tuple[Concerned, ...]
    template: str | None = None  # SHA-256 of the organisation's own, hex


def names_of(definition: Definition) -> frozenset[str]:
    """The placeholders of a kind's letter."""
    return frozenset((*ALWAYS, *definition.parties, *definition.facts))


def paragraphs(text: str, values: Mapping[str, str]) -> tuple[Paragraph, ...]:
    """The lines of a letter, filled. Only the definition makes headings: what people typed never is one."""
    return tuple(_paragraphs(text, values))


def _paragraphs(text: str, values: Mapping[str, str]) -> Iterator[Paragraph]:
    for one in lines(text):
        if _HEAD.fullmatch(one) and not PLACE.search(one):
            yield Paragraph(head=one)
        else:
            yield from (Paragraph(text=found) for found in lines(filled(one, values)))


def context(figures: LetterFigures) -> dict[str, Any]:
    """What a template sees: texts and rows of texts, nothing that could be called."""
    rows = [_row(n, one, figures.language) for n, one in enumerate(figures.concerned, 1)]
    return {
        **figures.values,
        "label": figures.label,
        "title": figures.title,
        "rows": rows or [{**dict.fromkeys(OF_ROW, ""), "matter": NONE.to(figures.language)}],
        "paragraphs": [{"head": one.head, "text": one.text} for one in figures.paragraphs],
    }


def _row(position: int, one: Concerned, language: Language) -> dict[str, str]:
    shown = f"{SHAPES[one.light]} {LIGHT_LABELS[one.light].to(language)}"
    return {
        "position": str(position),
        "number": one.number,
        "matter": one.matter,
        "unit": one.unit,
        "deadline": one.deadline,
        "light": shown,
        **{light: shown if light == one.light else "" for light in SHAPES},
        "why": one.why,
    }


def day(calendar: Calendar, instant: int | None, language: Language) -> str:
    """A day as letters write it; with the time where it is not the day's end."""
    if instant is None:
        return "—"
    local = calendar.local(instant)
    day, whole = calendar.day_of(instant), instant == calendar.end_of(calendar.day_of(instant))
    if language == "zh":
        said = f"{day.year}年{day.month}月{day.day}日"
    else:
        said = f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    return said if whole else f"{said} {local:%H:%M}"


def date_of(calendar: Calendar, instant: int, language: Language) -> str:
    """The day of an instant, without its time."""
    return day(calendar, calendar.end_of(calendar.day_of(instant)), language)


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
