"""What happened to a task, line by line, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import bindparam, select

from ..definition.model import Definition
from ..engine import Frame
from ..store.applying import EVENT, VALUE
from ..store.ports import Transaction
from ..store.sql import OneOf, Statement
from ..store.tasks import TASK
from ..task import Task
from ..text import Text
from .everyday import told
from .ledger import zone_of
from .names import Names, names
from .numbers import number_of
from .waited import definition_of
from .words import Words, opener_of

_EVENTS = Statement(select(*EVENT.columns).where(EVENT.c.task_id == bindparam("task")).order_by(EVENT.c.seq))
_VALUES = Statement(
    select(VALUE.c.event_id, VALUE.c.name, VALUE.c.value)
    .join(EVENT, EVENT.c.id == VALUE.c.event_id)
    .where(EVENT.c.task_id == bindparam("task"))
    .order_by(VALUE.c.event_id, VALUE.c.name)
)
_KINDS = Statement(select(TASK.c.id, TASK.c.version_id, TASK.c.kind).where(OneOf(TASK.c.id, "ids")))
# Keys of a header that hold a person, and those that hold several.
_PERSONS = (
    *("actor", "on_behalf", "asked_by", "entered_by", "entered_for", "cosigned_by"),
    *("leaver", "successor"),
)
_PEOPLE = ("told", "signed", "members")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of history."""

    seq: int
    at: int  # when it was true, ms
    recorded_at: int
    kind: str
    text: Text
    values: tuple[Text, ...]  # what was reported; what was erased is not here
    told: tuple[Text, ...]  # who was told
    header: Mapping[str, Any]
    hash: str  # hex


def history(frame: Frame, task: Task) -> tuple[Entry, ...]:
    """Every event of a task, the oldest first."""
    events = frame.tx.all(_EVENTS, task=task.id)
    values: dict[int, dict[str, Any]] = defaultdict(dict)
    for event, name, value in frame.tx.all(_VALUES, task=task.id):
        values[event][name] = orjson.loads(value)
    headers = {row[0]: orjson.loads(row[6]) for row in events}
    called = _names(frame.tx, task, headers.values(), values.values())
    others = _definitions(frame, {opener_of(header) for header in headers.values()} - {None})
    words, entries = replace(words_of(frame, task, called), others=others), []
    for row in reversed(events):
        header = headers[row[0]]
        entries.append(_entry(row, header, values[row[0]], words))
        if header["kind"] == "migrated":  # what lies before was said in the words of another version
            words = replace(words_of(frame, task, called, header["from_version"]), others=others)
    return tuple(reversed(entries))


def _entry(row: Sequence[Any], header: dict[str, Any], values: Mapping[str, Any], words: Words) -> Entry:
    _, _, seq, at, recorded, kind, _, _, digest = row
    return Entry(
        seq=seq,
        at=at,
        recorded_at=recorded,
        kind=kind,
        text=words.event(kind, header),
        values=tuple(told(words, kind, header, values)),
        told=tuple(words.names.person(person) for person in header.get("told", ()) if person is not None),
        header=header,
        hash=bytes(digest).hex(),
    )


def _definitions(frame: Frame, ids: Collection[int | None]) -> dict[int, Definition]:
    """What other tasks follow; those that can't be read are left out."""
    found = {
        row[0]: definition_of(frame, row[1], row[2])
        for row in (frame.tx.all(_KINDS, ids=sorted(filter(None, ids))) if ids else ())
    }
    return {ident: one for ident, one in found.items() if one is not None}


def _names(tx: Transaction, task: Task, headers: Any, values: Any) -> Names:
    """The names of everybody, and of every unit, that a history speaks of."""
    persons: set[int] = set()
    units = {*task.parties.values(), task.unit_id}
    for header in headers:
        units.update(units_of_line(header))
        persons.update(persons_of_line(header))
    ids = {value for one in values for value in one.values() if isinstance(value, int)}
    return names(tx, persons | ids, units | ids)


def persons_of_line(header: Mapping[str, Any]) -> set[int]:
    """Everybody whom a line speaks of."""
    persons = {header[key] for key in _PERSONS if header.get(key) is not None}
    persons.update(one for key in _PEOPLE for one in header.get(key, ()) if one is not None)
    teams = [
        *(one["members"] for one in header.get("teams", {}).values()),
        *header.get("wanted", {}).values(),
    ]
    return persons | {person for members in teams for person in members}


def units_of_line(header: Mapping[str, Any]) -> set[int]:
    """The units that a line speaks of; the task may have left them since."""
    moved = [unit for pair in header.get("parties", {}).values() for unit in pair]
    return {unit for unit in (*moved, header.get("unit")) if unit is not None}


def words_of(frame: Frame, task: Task, called: Names, version_id: int | None = None) -> Words:
    """What the words of a task's definition are called, in its version unless another is named."""
    version = task.version_id if version_id is None else version_id
    definition = definition_of(frame, version, task.kind)
    books = frame.version(version).books if definition is not None else {}
    return Words(
        definition=definition,
        kinds={kind: book.definition.label for kind, book in books.items()},
        names=called,
        calendar=frame.calendar(zone_of(frame, version)),
        number=lambda ident: number_of(frame, ident, task.campaign_id),
    )
