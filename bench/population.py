"""Many open tasks, each as the engine would have written it.

The engine hands out one task to each unit and their people sign for it; every further task is a copy of
one of these, with its history, under ids of its own. Only its chain of hashes isn't its own: nothing
that is measured reads it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workflow.calendar import default_calendar
from workflow.decision import Act
from workflow.definition import Pack
from workflow.engine import Engine
from workflow.store import open_port, organisation, tasks
from workflow.store.sql import Dialect

HOUR = 3_600_000
EVIDENCE = "0" * 64
_CHUNK = 20_000  # tasks per statement
Say = Callable[[str], None]


def salt() -> bytes:
    """As in production."""
    return os.urandom(16)


@dataclass(frozen=True, kw_only=True, slots=True)
class Population:
    """The originals, and how far their copies lie apart."""

    originals: int  # tasks, by their ids 1, 2, 3 …
    stride: int  # between the ids of events of one copy and the next
    handlers: tuple[int, ...]  # person by original: task 1, task 2 …
    revision: int  # of each task, as a form shows it
    begun_at: int  # when all of it had been signed for

    def handler(self, task_id: int) -> int:
        """Who handles a task."""
        return self.handlers[(task_id - 1) % self.originals]


def begin(url: str, pack: Pack) -> Population:
    """Hand out one task to each unit, and let its handler sign for it."""
    start = default_calendar(pack.campaign.zone).instant(pack.campaign.milestones["start"], 9)
    port = open_port(url)
    try:
        engine = Engine(port, salts=salt)
        engine.load(pack, start - HOUR)
        engine.run_once(start)
        return _signed(engine, start)
    finally:
        port.close()


def _signed(engine: Engine, start: int) -> Population:
    with engine.port.read() as tx:
        persons = {code: ident for ident, code, *_ in organisation.persons(tx)}
        units = {ident: code for ident, code, *_ in organisation.units(tx)}
        found = tasks.read_these(tx, range(1, len(units) + 1))
    opened = [tasks.task_of(row) for row in found]
    handlers = [persons[f"{units[task.unit_id]}_handler"] for task in opened]
    answers = [
        engine.act(task.id, Act(name="sign_for", person_id=person, facts={"progress": 90}), start + HOUR)
        for task, person in zip(opened, handlers, strict=True)
    ]
    with engine.port.write("people") as tx:
        (stride,) = tx.draw("row_id", 1)
        tx.insert(organisation.EVIDENCE, [(EVIDENCE, 24, start)])
    if [task.id for task in opened] != list(range(1, len(opened) + 1)):
        raise RuntimeError("the originals are not the tasks 1, 2, 3 …")
    return Population(
        originals=len(opened),
        stride=stride,
        handlers=tuple(handlers),
        revision=answers[0].revision,
        begun_at=start + 2 * HOUR,
    )


def grow(connection: Any, dialect: Dialect, population: Population, want: int, say: Say) -> None:
    """Copy the originals until there are `want` tasks, by the ids 1, 2, 3 …"""
    if want % population.originals:
        raise ValueError(f"the number of tasks must be a multiple of {population.originals}")
    connection.execute("PRAGMA synchronous = OFF" if dialect == "sqlite" else "SET synchronous_commit = off")
    step, last = max(1, _CHUNK // population.originals), want // population.originals
    for begin in range(1, last, step):
        end = min(begin + step, last)
        for copy in _copies(population):
            connection.execute(_copying(connection, copy, begin, end))
        say(f"{end * population.originals:,} of {want:,} tasks")
    _set_ids(connection, dialect, want + 1, last * population.stride)
    _settle(connection, dialect)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Copy:
    """How the rows of a table are copied; `s.k` is the number of the copy."""

    table: str
    originals: str  # which rows are copied
    order: str
    own: dict[str, str]  # what a copy has of its own


def _copies(population: Population) -> list[_Copy]:
    task, row = f"s.k * {population.originals}", f"s.k * {population.stride}"
    own = {"id": f"t.id + {row}", "task_id": f"t.task_id + {task}"}
    return [
        _Copy(
            table="task",
            originals=f"t.id <= {population.originals}",
            order="t.id",
            own={"id": f"t.id + {task}", "moment_id": "NULL"},
        ),
        _Copy(table="event", originals=f"t.task_id <= {population.originals}", order="t.id", own=own),
        _Copy(
            table="event_value",
            originals=f"t.event_id < {population.stride}",
            order="t.event_id",
            own={"event_id": f"t.event_id + {row}"},
        ),
    ]


def _copying(connection: Any, copy: _Copy, begin: int, end: int) -> str:
    names = [one[0] for one in connection.execute(f"SELECT * FROM {copy.table} WHERE 1 = 0").description]
    values = ", ".join(copy.own.get(name, f"t.{name}") for name in names)
    return (
        f"WITH RECURSIVE s(k) AS (SELECT {begin} UNION ALL SELECT k + 1 FROM s WHERE k + 1 < {end})"
        f" INSERT INTO {copy.table} ({', '.join(names)}) SELECT {values} FROM s CROSS JOIN {copy.table} AS t"
        f" WHERE {copy.originals} ORDER BY s.k, {copy.order}"
    )


def _set_ids(connection: Any, dialect: Dialect, task: int, row: int) -> None:
    for name, value in (("task_id", task), ("row_id", row)):
        if dialect == "sqlite":
            connection.execute("UPDATE counter SET next = ? WHERE name = ?", (value, name))
        else:
            connection.execute("SELECT setval(%s, %s, false)", (name, value))


def _settle(connection: Any, dialect: Dialect) -> None:
    if dialect == "sqlite":
        connection.execute("PRAGMA synchronous = FULL")
    else:
        connection.execute("SET synchronous_commit = on")
        connection.execute("VACUUM ANALYZE")


def make_due(connection: Any, ids: Sequence[int], at: int) -> None:
    """Move the deadline of these tasks to the millisecond before an instant, as a supervisor might."""
    _in_chunks(
        connection,
        "UPDATE task SET deadline = {0}, due_at = {0}, wake_at = {1} WHERE id IN ({2})",
        (at - 1, at),
        ids,
    )


def _in_chunks(connection: Any, text: str, values: tuple[int, ...], ids: Iterable[int]) -> None:
    listed = list(ids)
    for start in range(0, len(listed), 1_000):
        connection.execute(text.format(*values, ", ".join(map(str, listed[start : start + 1_000]))))
