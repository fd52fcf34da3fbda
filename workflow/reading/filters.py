"""Filters of the ledger that take more than a column: what was reported, the plan's year, words, lateness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, false, not_, or_
from sqlalchemy.sql import ColumnElement

from ..decision.values import check_value
from ..definition.model import Definition, Fact
from ..engine import Frame
from ..errors import BadValue
from ..store import organisation
from ..store.sql import Among, Inside
from ..store.tasks import TASK
from ..text import Text
from .numbers import NUMBER
from .people import known, person_id, unit_id

MOST_WORDS = 6  # of a search in the ledger
Columns = Mapping[str, ColumnElement[Any]]
"""The columns of a task by name."""


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


def passed(frame: Frame) -> ColumnElement[bool]:
    """The deadline has passed on a task that is open and whose clock isn't stopped."""
    stopped = [
        and_(TASK.c.version_id == one.version_id, TASK.c.kind == kind, _among(TASK.c.state, states))
        for one in frame.campaigns.values()
        for kind, states in _stopping(frame, one.version_id)
    ]
    late = and_(TASK.c.ended_at.is_(None), TASK.c.due_at.is_not(None), TASK.c.due_at < frame.now)
    return and_(late, not_(or_(*stopped))) if stopped else late


def _stopping(frame: Frame, version_id: int) -> Iterable[tuple[str, list[str]]]:
    for kind, book in frame.version(version_id).books.items():
        states = [name for name, state in book.definition.states.items() if state.stops_deadline]
        if states:
            yield kind, states


def called(frame: Frame, word: str, by: Columns) -> ColumnElement[bool]:
    """Tasks with this number, or whose kind, unit or track is called so, in part."""
    part, either = word.casefold(), list[ColumnElement[bool]]()
    number = NUMBER.fullmatch(word)
    if number is not None:
        either.append(TASK.c.id == int(number["id"]))
    for column, names in (("kind", _kinds(frame)), ("track", _tracks(frame))):
        fitting = _fitting(part, names)
        if fitting:
            either.append(_among(by[column], fitting))
    units = _fitting(part, [(row[0], (row[6], row[7])) for row in organisation.units(frame.tx)])
    if units:
        either.append(Among(by["unit_id"], units))
    return or_(*either) if either else false()


def _fitting(part: str, names: Iterable[tuple[Any, tuple[str, ...]]]) -> set[Any]:
    return {one for one, said in names if any(part in each.casefold() for each in said)}


def _kinds(frame: Frame) -> list[tuple[Any, tuple[str, ...]]]:
    versions = [frame.version(one.version_id) for one in frame.campaigns.values()]
    return [(kind, tuple(book.definition.label)) for one in versions for kind, book in one.books.items()]


def _tracks(frame: Frame) -> list[tuple[Any, tuple[str, ...]]]:
    campaigns = [frame.version(one.version_id).pack.campaign for one in frame.campaigns.values()]
    return [(name, tuple(label)) for one in campaigns for name, label in one.tracks.items()]
