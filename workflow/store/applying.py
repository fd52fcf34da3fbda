"""Writing what was decided: whole decisions, many at once, each guarded by what it was decided on.

The number of statements is bounded by the kinds of rows, never by their number. A task's update says
which `seq` it expects; one that fits no row means that somebody was faster, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import bindparam, select

from .. import audit
from ..decision import Decision, EventDraft, NewTask
from ..errors import Overtaken
from ..models import EventRow, EventValueRow, OutgoingRow
from ..task import Episode, Task
from . import tasks
from .ports import Transaction
from .sql import OneOf, Statement

EVENT = EventRow.__table__  # type: ignore[attr-defined]
VALUE = EventValueRow.__table__  # type: ignore[attr-defined]
OUTGOING = OutgoingRow.__table__  # type: ignore[attr-defined]

Salts = Callable[[], bytes]
"""16 random bytes for each value."""

# What most wakes change: an update of these leaves most indexes alone. If anything else did, all of it
# is written.
_ALWAYS = ("seq", "head", "body", "tries")
_CLOCK_COLUMNS = ("wake_at", "light", "planned_under")
_ALL_COLUMNS = tuple(
    name
    for name in tasks.COLUMNS
    if name
    not in (
        "id",
        "campaign_id",
        "kind",
        "track",
        "parent_id",
        "row_id",
        "opened_at",
        "set_aside_at",
        "set_aside_why",
    )
)
_MAYBE = (*_CLOCK_COLUMNS, *(name for name in _ALL_COLUMNS if name not in (*_ALWAYS, *_CLOCK_COLUMNS)))
_maybe = attrgetter(*_MAYBE)
_EPISODE_COLUMNS = ("told_at", "superseded", "inert_at", "inert_by", "ended_at", "ended_by")
_HEAD = Statement(select(tasks.TASK.c.seq, tasks.TASK.c.head).where(tasks.TASK.c.id == bindparam("task")))
_CONCERN_KEY = ("task_id", "about_id", "episode_id")
_STANDING_CONCERNS = Statement(
    select(*(tasks.CONCERN.c[name] for name in _CONCERN_KEY)).where(
        OneOf(tasks.CONCERN.c.task_id, "tasks"), tasks.CONCERN.c.removed_at.is_(None)
    )
)


class _Change(NamedTuple):
    """A stored task before and after."""

    before: tuple[Any, ...]  # the values of _MAYBE
    after: tuple[Any, ...]
    always: tuple[Any, ...]  # the values of _ALWAYS
    key: tuple[int, int]  # id and the seq that is expected


@dataclass(kw_only=True, slots=True)
class _Rows:
    """The rows of a batch, by table."""

    new_tasks: list[tuple[Any, ...]] = field(default_factory=list)
    moved_tasks: list[_Change] = field(default_factory=list)
    ticked_tasks: list[_Change] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    values: list[tuple[Any, ...]] = field(default_factory=list)
    episodes: list[tuple[Any, ...]] = field(default_factory=list)
    changed_episodes: list[tuple[Any, ...]] = field(default_factory=list)
    concerns: list[tuple[Any, ...]] = field(default_factory=list)
    list_rows: list[tuple[Any, ...]] = field(default_factory=list)
    changed_list_rows: list[tuple[Any, ...]] = field(default_factory=list)
    outgoing: list[tuple[Any, ...]] = field(default_factory=list)
    nudges: list[tuple[Any, ...]] = field(default_factory=list)
    removed: set[tuple[int, int]] = field(default_factory=set)  # (task, what it no longer concerns)
    consumed: list[int] = field(default_factory=list)


def apply(tx: Transaction, decisions: Sequence[Decision], now: int, salts: Salts) -> None:
    """Write whole decisions. The ids of new tasks must have been drawn.

    Raises:
        Overtaken: a task was changed by somebody else since it was loaded; roll back.
    """
    ids = iter(tx.draw("row_id", sum(_ids_needed(decision) for decision in decisions)))
    rows = _Rows()
    for decision in decisions:
        _collect(decision, rows, ids, now, salts)
    _write(tx, rows, now)


def note(tx: Transaction, task_id: int, event: EventDraft, now: int, salts: Salts) -> None:
    """Add one line to a task's history without deciding on it: its data may be what is wrong.

    The caller has locked the row by changing it in the same transaction.
    """
    row = tx.one(_HEAD, task=task_id)
    if row is None:
        return
    chain, rows = _Chain(id=task_id, seq=row[0], head=bytes(row[1])), _Rows()
    ids = iter(tx.draw("row_id", 1 + len(event.messages)))
    _write_event(chain, event, rows, ids, now, salts)
    tx.insert(EVENT, rows.events)
    tx.insert(VALUE, rows.values)
    tx.insert(OUTGOING, rows.outgoing)
    _guarded(tx, tasks.TASK, ("seq", "head"), ("id", "seq"), [(chain.seq, chain.head, task_id, row[0])])


@dataclass(kw_only=True, slots=True)
class _Chain:
    """The end of a task's history."""

    id: int
    seq: int
    head: bytes


def _ids_needed(decision: Decision) -> int:
    messages = sum(len(event.messages) for event in decision.events)
    # A row whose task begins with it was given its id before: the task's first event names it.
    rows = sum(not one.id for one in decision.added_rows)
    own = len(decision.events) + len(decision.new_episodes) + rows
    return messages + own + len(decision.nudges) + len(decision.links)


def _collect(decision: Decision, rows: _Rows, ids: Iterator[int], now: int, salts: Salts) -> None:
    task = decision.task
    for episode in decision.new_episodes:
        episode.id = next(ids)
        rows.episodes.append(_episode_row(task.id, episode))
    for event in decision.events:
        _write_event(task, event, rows, ids, now, salts)
    for episode in decision.changed_episodes:
        rows.changed_episodes.append((*(getattr(episode, name) for name in _EPISODE_COLUMNS), episode.id))
    for change in decision.added_rows:
        row = change.row
        ident = change.id or next(ids)
        rows.list_rows.append((ident, task.id, row.list, _json(row.values), row.closed_at, row.closed_by))
    for row in decision.changed_rows:
        rows.changed_list_rows.append((_json(row.values), row.closed_at, row.closed_by, row.id))
    _collect_links(decision, rows, ids, now)
    rows.removed.update((task.id, about) for about in decision.removed_concerns)
    rows.consumed.extend(decision.consumed)
    _collect_task(decision, rows)


def _collect_links(decision: Decision, rows: _Rows, ids: Iterator[int], now: int) -> None:
    about = decision.task.id
    rows.nudges.extend((next(ids), other, cause, about, now) for other, cause in decision.told_others)
    rows.concerns.extend((task, this, episode.id, now, None) for task, this, episode in decision.concerns)


def _collect_task(decision: Decision, rows: _Rows) -> None:
    before, task = decision.before, decision.task
    if decision.is_new:
        rows.new_tasks.append(tasks.row_of(task))
        return
    always = task.seq, task.head, tasks.body_of(task), 0
    change = _Change(_maybe(before), _maybe(task), always, (task.id, before.seq))
    clock = len(_CLOCK_COLUMNS)
    ticked = change.before[clock:] == change.after[clock:]
    (rows.ticked_tasks if ticked else rows.moved_tasks).append(change)


def _change_tasks(tx: Transaction, changes: Sequence[_Change]) -> None:
    """One statement with the columns that change in any of these tasks.

    SQLite writes an index anew for every column that is set, whether its value is another or not.
    """
    if not changes:
        return
    kept = [n for n in range(len(_MAYBE)) if any(one.before[n] != one.after[n] for one in changes)]
    rows = [(*one.always, *(one.after[n] for n in kept), *one.key) for one in changes]
    _guarded(tx, tasks.TASK, (*_ALWAYS, *(_MAYBE[n] for n in kept)), ("id", "seq"), rows)


def _episode_row(task_id: int, episode: Episode) -> tuple[Any, ...]:
    return (
        episode.id,
        task_id,
        episode.rule,
        episode.light,
        episode.opened_at,
        episode.told_at,
        episode.epoch,
        episode.superseded,
        episode.inert_at,
        episode.inert_by,
        episode.ended_at,
        episode.ended_by,
    )


def _write_event(
    task: Task | _Chain, event: EventDraft, rows: _Rows, ids: Iterator[int], now: int, salts: Salts
) -> None:
    """Give an event its number and its hash, and move the task's head to it."""
    task.seq += 1
    ident = next(ids)
    header = header_of(task.id, task.seq, event, now)
    commitments: dict[str, bytes] = {}
    for name, value in event.values.items():
        salt = salts()
        commitments[name] = audit.commit(salt, name, value)
        rows.values.append((ident, name, salt, _json(value)))
    task.head = audit.link(task.head, header, commitments)
    told = (
        orjson.dumps({name: one.hex() for name, one in commitments.items()}).decode() if commitments else "{}"
    )
    rows.events.append((ident, task.id, task.seq, event.at, now, event.kind, _json(header), told, task.head))
    for message in event.messages:
        rows.outgoing.append(
            (
                next(ids),
                task.id,
                task.seq,
                message.person_id,
                message.role,
                message.reason,
                message.rule,
                now,
                "waiting",
            )
        )


def header_of(task_id: int, seq: int, event: EventDraft, now: int) -> dict[str, Any]:
    """What is hashed of an event: ids, codes, numbers and instants; no personal data."""
    header: dict[str, Any] = {
        **event.header,
        "task": task_id,
        "seq": seq,
        "kind": event.kind,
        "at": event.at,
        "recorded": now,
    }
    if event.tasks:
        header["tasks"] = [one.id if isinstance(one, NewTask) else one for one in event.tasks]
    told = [message.person_id for message in event.messages]
    if told:
        header["told"] = told
    return header


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _write(tx: Transaction, rows: _Rows, now: int) -> None:
    _change_tasks(tx, rows.moved_tasks)
    _change_tasks(tx, rows.ticked_tasks)
    tx.insert(tasks.TASK, rows.new_tasks)
    tx.insert(EVENT, rows.events)
    tx.insert(VALUE, rows.values)
    # Ended episodes first: a new one of the same rule would meet the unique index of open ones.
    _guarded(tx, tasks.EPISODE, _EPISODE_COLUMNS, ("id",), rows.changed_episodes)
    tx.insert(tasks.EPISODE, rows.episodes)
    tx.insert(tasks.CONCERN, rows.concerns)
    tx.insert(tasks.LIST_ROW, rows.list_rows)
    _guarded(tx, tasks.LIST_ROW, ("body", "closed_at", "closed_by"), ("id",), rows.changed_list_rows)
    tx.insert(OUTGOING, rows.outgoing)
    tx.insert(tasks.NUDGE, rows.nudges)
    _remove_concerns(tx, rows.removed, now)
    tasks.drop_nudges(tx, rows.consumed)


def _remove_concerns(tx: Transaction, removed: set[tuple[int, int]], now: int) -> None:
    """Take tasks off drafts, whichever episodes had put them there. The rows stay, with the instant."""
    if not removed:
        return
    standing = tx.all(_STANDING_CONCERNS, tasks=sorted({task for task, _ in removed}))
    gone = [(now, *key) for key in standing if key[:2] in removed]
    _guarded(tx, tasks.CONCERN, ("removed_at",), _CONCERN_KEY, gone)


def _guarded(
    tx: Transaction, table: Any, names: Sequence[str], guard: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    if rows and tx.update(table, names, guard, rows) != len(rows):
        raise Overtaken(
            f"{table.name} 中有行已被他人更改，本批写入已撤回，将重新判定。",
            f"Rows of {table.name} were changed by somebody else; the batch was rolled back and is decided "
            "again.",
        )


__all__ = ["EVENT", "OUTGOING", "VALUE", "Salts", "apply", "header_of"]
