"""Filters of the ledger that look into what was reported: a fact's value, the year of the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, or_
from sqlalchemy.sql import ColumnElement

from ..decision.values import check_value
from ..definition.model import Definition, Fact
from ..engine import Frame
from ..errors import BadValue
from ..store.sql import Inside
from ..store.tasks import TASK
from ..text import Text
from .people import known, person_id, unit_id


def reported(
    frame: Frame, definitions: Sequence[Definition], where: Iterable[tuple[str, str]]
) -> list[ColumnElement[bool]]:
    """Tasks on which each of these facts has that value, whatever kind they are of.

    Raises:
        Unknown: no definition in force has the fact.
        BadValue: the value fits the fact of no definition.
    """
    return [_is(frame, definitions, name, raw) for name, raw in where]


def _is(frame: Frame, definitions: Sequence[Definition], name: str, raw: str) -> ColumnElement[bool]:
    facts = [(one.kind, one.facts[name]) for one in definitions if name in one.facts]
    if not facts:
        raise known(Text("填报项", "fact"), name, {fact for one in definitions for fact in one.facts})
    kinds: dict[tuple[str, ...], set[str]] = defaultdict(set)
    refusal: BadValue | None = None
    for kind, fact in facts:
        try:
            kinds[_spellings(_value(frame, fact, raw))].add(kind)
        except BadValue as error:
            refusal = error
    if not kinds and refusal is not None:
        raise refusal
    stored = Inside(TASK.c.body, "facts", name)
    return or_(*(and_(_among(TASK.c.kind, of), _among(stored, texts)) for texts, of in sorted(kinds.items())))


def _among(column: ColumnElement[str], words: Iterable[str]) -> ColumnElement[bool]:
    return or_(*(column == word for word in sorted(words)))


def _value(frame: Frame, fact: Fact, raw: str) -> Any:
    if fact.type == "unit":
        return unit_id(frame.tx, raw)
    return person_id(frame.tx, raw) if fact.type == "person" else check_value(fact, raw)


def _spellings(value: Any) -> tuple[str, ...]:
    """The ways in which a value of JSON reads as text: databases spell small fractions each their own."""
    if not isinstance(value, float):
        return (str(value),)
    plain = f"{value:.6f}".rstrip("0")
    return tuple(sorted({repr(value), plain, repr(value).replace("e-", ".0e-")}))


def of_year(frame: Frame, year: int) -> ColumnElement[bool]:
    """Tasks of a year's plan: carried over into it, or opened in it and not carried over."""
    carried = Inside(TASK.c.body, "plan_year")
    opened = [
        and_(TASK.c.campaign_id == campaign.id, *_within(frame, campaign.version_id, year))
        for campaign in frame.campaigns.values()
    ]
    return or_(carried == str(year), and_(carried.is_(None), or_(*opened)))


def _within(frame: Frame, version_id: int, year: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    calendar = frame.calendar(frame.version(version_id).pack.campaign.zone)
    begin, end = calendar.start_of(date(year, 1, 1)), calendar.end_of(date(year, 12, 31))
    return TASK.c.opened_at >= begin, TASK.c.opened_at <= end
