"""The rules below the picture: cards in columns, each at the top of the shortest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..definition.model import LIGHT_LABELS, Light
from .layout import PAD, SMALL, Line, height_of, plain, strong
from .marks import NO_LIGHT, OPEN_NOW, times
from .measure import Spoken
from .model import Card

_COLUMNS, _GAP, _SHAPE = 3, 14.0, 22.0  # _SHAPE: room for the light's shape


@dataclass(frozen=True, kw_only=True, slots=True)
class CardBox:
    """A card on the page, its upper left corner and its size."""

    name: str
    light: Light
    open: bool
    x: float
    y: float
    width: float
    height: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Laid:
    """All cards, and how high they stand together."""

    boxes: tuple[CardBox, ...]
    height: float


def lay_out_cards(cards: Sequence[Card], language: Spoken, room: float) -> Laid:
    """The cards in columns across `room`."""
    wide = (room - _GAP * (_COLUMNS - 1)) / _COLUMNS
    ends, boxes = [0.0] * _COLUMNS, []
    for card in cards:
        lines = _lines(card, language, wide - 2 * PAD)
        column = ends.index(min(ends))
        height = height_of(lines) + 2 * PAD
        boxes.append(
            CardBox(
                name=card.name,
                light=card.light,
                open=card.open,
                x=column * (wide + _GAP),
                y=ends[column],
                width=wide,
                height=height,
                lines=tuple(lines),
            )
        )
        ends[column] += height + _GAP
    return Laid(boxes=tuple(boxes), height=max(ends))


def _lines(card: Card, language: Spoken, room: float) -> list[Line]:
    light = NO_LIGHT if card.light == "green" else LIGHT_LABELS[card.light]
    notes = [note for note in (light, OPEN_NOW if card.open else None, times(card.times)) if note is not None]
    return [
        *strong([card.label], SMALL + 1, room - _SHAPE, language),
        *strong(notes, SMALL, room - _SHAPE, language),
        *plain(card.lines, SMALL, room, language),
    ]
