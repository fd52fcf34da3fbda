"""What a reader finds: tasks by what they are called, facts and history by what was written.

The reader's scope stands in the statements: what somebody may not see is not found, not counted, and
takes no place on a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ..engine import Frame
from ..reading import Line, Scope, Wanted, leaf, names
from ..reading.history import words_of
from ..reading.ledger import parsed_and_shown
from ..reading.scope import within
from ..reading.words import Words, moment
from ..store import searching, tasks
from ..store.searching import Written
from ..text import Text, same
from .words import Asked, asked, excerpt, texts_of

PAGE = 50  # tasks, and texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A text in which it stands."""

    line: Line
    at: str  # when it was written, on the wall
    label: Text  # of the fact, the list, the reason …
    parts: tuple[tuple[str, bool], ...]  # the text around it; True: was looked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What answers to a search."""

    typed: str
    tasks: tuple[Line, ...] = ()  # by number, kind, unit, track; the newest first
    more_tasks: bool = False
    hits: tuple[Hit, ...] = ()  # by what was written; the newest first
    further: int | None = None  # from which event the next page goes on
    behind: bool = False  # what was written last is not searched yet


def search(
    frame: Frame, typed: str, scope: Scope | None, *, before: int | None = None, limit: int = PAGE
) -> Found:
    """Search, in a fixed number of statements.

    Args:
        scope: what the reader may see; None: an operator sees everything.
        before: an event: further pages hold older ones, and texts only.

    Raises:
        BadValue: nothing that could be found.
    """
    wanted = asked(typed)
    rows, further = _texts(frame, wanted, scope, before, limit)
    hits = _hits(frame, wanted, rows)
    behind = searching.is_behind(frame.tx)
    if before is not None:
        return Found(typed=typed, hits=hits, further=further, behind=behind)
    page = leaf(frame, Wanted(words=typed, open=None, scope=scope, limit=limit))
    return Found(
        typed=typed,
        tasks=page.lines,
        more_tasks=page.further is not None,
        hits=hits,
        further=further,
        behind=behind,
    )


def _texts(
    frame: Frame, wanted: Asked, scope: Scope | None, before: int | None, limit: int
) -> tuple[Sequence[Written], int | None]:
    """A page of texts; what was written at once stays together."""
    conditions, params = [], dict[str, Any]()
    if scope is not None:
        condition, params = within(scope)
        conditions.append(condition)
    words = {word for piece in wanted.pieces for word in piece.words}
    rows = searching.find(
        frame.tx,
        [piece.text for piece in wanted.pieces],
        sorted(words, key=lambda one: (-len(one), one)),
        conditions,
        params,
        before=before,
        most=limit + 1,
    )
    if len(rows) <= limit:
        return rows, None
    whole = [one for one in rows if one.event_id > rows[-1].event_id] or rows[:limit]
    return whole, whole[-1].event_id


def _hits(frame: Frame, wanted: Asked, rows: Sequence[Written]) -> tuple[Hit, ...]:
    found = tasks.read_these(frame.tx, sorted({one.task_id for one in rows}))
    lines, parsed = parsed_and_shown(frame, found)
    by_id = {one.id: one for one in lines}
    called = names(frame.tx, (), ())
    words = {ident: words_of(frame, task, called) for ident, task in parsed.items()}
    return tuple(
        _hit(frame, wanted, one, by_id[one.task_id], words.get(one.task_id))
        for one in rows
        if one.task_id in by_id
    )


def _hit(frame: Frame, wanted: Asked, row: Written, line: Line, words: Words | None) -> Hit:
    text = texts_of(orjson.loads(row.value))
    return Hit(
        line=line,
        at=moment(frame.calendar(line.zone), row.at),
        label=_label(row.name, words),
        parts=excerpt(wanted, text),
    )


def _label(name: str, words: Words | None) -> Text:
    if words is None:
        return same(name)
    return words.list(name[:-2]) if name.endswith("[]") else words.fact_label(name)
