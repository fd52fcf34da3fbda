"""The index of what was written: kept beside the history, never ahead of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, literal_column, select, update
from sqlalchemy.sql import ColumnElement

from ..models import SearchMarkRow, SearchTextRow, SearchWordRow
from .applying import EVENT, VALUE
from .ports import Transaction
from .sql import Holds, Statement
from .tasks import TASK

TEXT = SearchTextRow.__table__  # type: ignore[attr-defined]
WORD = SearchWordRow.__table__  # type: ignore[attr-defined]
MARK = SearchMarkRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A value that was written with an event."""

    event_id: int
    name: str
    task_id: int
    at: int  # ms
    value: str  # JSON


_READ_MARK = Statement(select(MARK.c.event_id))
_FIRST_MARK = Statement(insert(MARK).values(id=literal_column("1"), event_id=bindparam("reached")))
_MOVE_MARK = Statement(
    update(MARK).where(MARK.c.event_id == bindparam("expected")).values(event_id=bindparam("reached"))
)
_VALUES = Statement(
    select(VALUE.c.event_id, VALUE.c.name, EVENT.c.task_id, VALUE.c.value)
    .join(EVENT, EVENT.c.id == VALUE.c.event_id)
    .where(VALUE.c.event_id > bindparam("after"), VALUE.c.event_id <= bindparam("upto"))
    .order_by(VALUE.c.event_id, VALUE.c.name)
    .limit(bindparam("most"))
)
_NEWEST = Statement(select(VALUE.c.event_id).order_by(VALUE.c.event_id.desc()).limit(literal_column("1")))
_EMPTY = tuple(Statement(delete(one)) for one in (WORD, TEXT, MARK))


def mark(tx: Transaction) -> int | None:
    """Up to which event the history is searched; None: it never was."""
    row = tx.one(_READ_MARK)
    return None if row is None else int(row[0])


def is_behind(tx: Transaction) -> bool:
    """Whether something was written that is not searched yet."""
    newest = tx.one(_NEWEST)
    return newest is not None and int(newest[0]) > (mark(tx) or 0)


def move_mark(tx: Transaction, expected: int | None, reached: int) -> bool:
    """Move the mark; False if somebody else has moved it meanwhile.

    Raises:
        StoreError: two made the first mark at once; the later one may try again.
    """
    if expected is None:
        return tx.run(_FIRST_MARK, reached=reached) == 1
    return tx.run(_MOVE_MARK, expected=expected, reached=reached) == 1


def values(tx: Transaction, after: int, upto: int, most: int) -> list[tuple[int, str, int, str]]:
    """(event, name, task, JSON) of the values of these events, in order; those still there."""
    return [
        (event, name, task, value)
        for event, name, task, value in tx.all(_VALUES, after=after, upto=upto, most=most)
    ]


def add(
    tx: Transaction, texts: Sequence[tuple[int, str, int, str]], words: Iterable[tuple[str, int, str]]
) -> None:
    """Keep (event, name, task, folded text), and (word, event, name)."""
    if texts:
        tx.insert(TEXT, list(texts))
        tx.insert(WORD, list(words))


def empty(tx: Transaction) -> None:
    """Forget the index: it is made anew from the history."""
    for one in _EMPTY:
        tx.run(one)


def find(
    tx: Transaction,
    pieces: Sequence[str],
    words: Sequence[str],
    conditions: Sequence[ColumnElement[bool]],
    params: Mapping[str, Any],
    *,
    before: int | None,
    most: int,
) -> list[Written]:
    """What holds all words and pieces, the newest first.

    Args:
        words: the first leads: the longer, the fewer it stands in.
        conditions: on the task; what a reader may not see is not found.
        before: an event; only older ones.
    """
    given = {f"piece{n}": one for n, one in enumerate(pieces)}
    given |= {f"word{n}": one for n, one in enumerate(words)}
    also = [_has(f"word{n}") for n in range(1, len(words))]
    parts = [Holds(TEXT.c.body, f"piece{n}") for n in range(len(pieces))]
    older = [] if before is None else [WORD.c.event_id < before]
    chosen = (
        select(WORD.c.event_id, WORD.c.name, TEXT.c.task_id, EVENT.c.at, VALUE.c.value)
        .join(TEXT, _same(TEXT))
        .join(VALUE, _same(VALUE))
        .join(EVENT, EVENT.c.id == WORD.c.event_id)
        .join(TASK, TASK.c.id == TEXT.c.task_id)
        .where(WORD.c.word == bindparam("word0"), *older, *also, *parts, *conditions)
        .order_by(WORD.c.event_id.desc(), WORD.c.name)
        .limit(most)
    )
    return [
        Written(event_id=event, name=name, task_id=task, at=at, value=value)
        for event, name, task, at, value in tx.all(Statement(chosen), **given, **params)
    ]


def _same(other: Any) -> ColumnElement[bool]:
    """The same value of the same event."""
    return and_(other.c.event_id == WORD.c.event_id, other.c.name == WORD.c.name)


def _has(word: str) -> ColumnElement[bool]:
    """The text has another word too."""
    other = WORD.alias()
    return select(literal_column("1")).where(other.c.word == bindparam(word), _same(other)).exists()
