"""Checking the whole history of a database: every line of every task, against its rows and its head.

Works through the tasks in blocks, each in a short transaction of its own, so that a daemon may go on
meanwhile. `workflow.audit` says what a chain is; here its lines are put together from the tables, and
what lies beside the chain is compared with what was hashed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import bindparam, func, select

from .audit import GENESIS, Fault, Line, Value, verify_chain
from .store.applying import EVENT, VALUE
from .store.ports import Port, Transaction
from .store.sql import Statement
from .store.tasks import TASK
from .text import Text

BLOCK = 500  # tasks per transaction
EVERYTHING = 2**62
Progress = Callable[[int, int], None]
"""Called with (tasks done, tasks in all)."""

_COUNT = Statement(select(func.count()).select_from(TASK))
_TASKS = Statement(
    select(TASK.c.id, TASK.c.seq, TASK.c.head)
    .where(TASK.c.id > bindparam("after"), TASK.c.id <= bindparam("upto"))
    .order_by(TASK.c.id)
    .limit(bindparam("most"))
)
_of_block = (EVENT.c.task_id > bindparam("after"), EVENT.c.task_id <= bindparam("upto"))
_EVENTS = Statement(select(*EVENT.columns).where(*_of_block).order_by(EVENT.c.task_id, EVENT.c.seq))
_VALUES = Statement(
    select(EVENT.c.task_id, EVENT.c.seq, VALUE.c.name, VALUE.c.salt, VALUE.c.value)
    .join(EVENT, EVENT.c.id == VALUE.c.event_id)
    .where(*_of_block)
)
# Beside the hashed header stand columns to search by: they must say the same.
_BESIDE = (("kind", "kind"), ("at", "at"), ("recorded_at", "recorded"))


@dataclass(kw_only=True, slots=True)
class Verified:
    """What was checked, and the first line that doesn't fit, if there is one."""

    tasks: int = 0
    lines: int = 0
    values: int = 0
    erased: int = 0  # values that are committed to and gone
    fault: Text | None = None
    task_id: int | None = None  # of the fault
    seq: int | None = None


@dataclass(kw_only=True, slots=True)
class _Block:
    """What the tables say of some tasks."""

    heads: list[tuple[int, int, bytes]]  # task, seq, head
    events: dict[int, list[Sequence[Any]]] = field(default_factory=lambda: defaultdict(list))
    values: dict[int, dict[int, dict[str, Value]]] = field(default_factory=dict)


def verify(
    port: Port, *, task: int | None = None, progress: Progress = lambda _done, _total: None
) -> Verified:
    """Check every task, or one; stops at the first line that doesn't fit.

    Lines of tasks that don't exist are found too, when everything is checked.
    """
    found = Verified()
    after, last = (-EVERYTHING, EVERYTHING) if task is None else (task - 1, task)
    with port.read() as tx:
        (total,) = tx.one(_COUNT) or (0,)
    while found.fault is None and after < last:
        with port.read() as tx:
            upto, block = _read(tx, after, last)
        _check(block, found)
        progress(found.tasks, max(total, found.tasks))
        after = upto
    return found


def _read(tx: Transaction, after: int, last: int) -> tuple[int, _Block]:
    """The next tasks, with everything up to the last of them; and how far that goes."""
    heads = [
        (ident, seq, _bytes(head)) for ident, seq, head in tx.all(_TASKS, after=after, upto=last, most=BLOCK)
    ]
    upto = heads[-1][0] if len(heads) == BLOCK else last
    block = _Block(heads=heads)
    for row in tx.all(_EVENTS, after=after, upto=upto):
        block.events[row[1]].append(row)
    for task, seq, name, salt, value in tx.all(_VALUES, after=after, upto=upto):
        kept = Value(_bytes(salt), _value(value))
        block.values.setdefault(task, {}).setdefault(seq, {})[name] = kept
    return upto, block


def _check(block: _Block, found: Verified) -> None:
    known = {task for task, _, _ in block.heads}
    strays = sorted(block.events.keys() - known)
    for task, seq, head in block.heads:
        _check_task(task, seq, head, block, found)
        if found.fault is not None:
            return
    if strays:
        found.task_id, found.seq = strays[0], block.events[strays[0]][0][2]
        found.fault = Text(
            f"留痕中有事项 {strays[0]} 的记录，但没有这个事项：事项被删除，或记录是后加的。",
            f"There is history of task {strays[0]}, but no such task: it was deleted, or lines were added.",
        )


def _check_task(task: int, seq: int, head: bytes, block: _Block, found: Verified) -> None:
    rows, values = block.events[task], block.values.get(task, {})
    found.tasks += 1
    found.lines += len(rows)
    kept = sum(len(one) for one in values.values())
    found.values += kept
    lines, damaged = _lines(rows)
    if damaged is not None:
        found.fault, found.task_id, found.seq = damaged[0], task, damaged[1]
        return
    found.erased += sum(len(line.commitments) for line in lines) - kept
    fault = verify_chain(lines, head, values)
    _note(fault, task, found)
    if fault is None:
        _note_beside(rows, lines, seq, task, found)


def _lines(rows: Sequence[Sequence[Any]]) -> tuple[list[Line], tuple[Text, int] | None]:
    """The lines of a chain; or the first row that is no line at all."""
    lines: list[Line] = []
    previous = GENESIS
    for _, task, seq, _, _, _, header, commitments, digest in rows:
        try:
            line = _line(task, seq, header, commitments, previous, digest)
        except (ValueError, TypeError, AttributeError) as error:
            text = Text(
                f"事项 {task} 第 {seq} 条留痕残缺，无法读取（{error}）。",
                f"Task {task}, line {seq} is damaged and can't be read ({error}).",
            )
            return lines, (text, seq)
        lines.append(line)
        previous = line.hash
    return lines, None


def _line(task: int, seq: int, header: str, commitments: str, previous: bytes, digest: Any) -> Line:
    told: Mapping[str, str] = orjson.loads(commitments)
    return Line(
        task_id=task,
        seq=seq,
        header=dict(orjson.loads(header)),
        commitments={name: bytes.fromhex(one) for name, one in told.items()},
        previous=previous,
        hash=_bytes(digest),
    )


def _bytes(stored: Any) -> Any:
    """PostgreSQL gives a memoryview or bytes; text that somebody put there stays text, and is named."""
    return bytes(stored) if isinstance(stored, bytes | bytearray | memoryview) else stored


def _value(stored: str) -> object:
    try:
        return orjson.loads(stored)
    except ValueError:
        return stored  # damaged: it won't open its commitment


def _note(fault: Fault | None, task: int, found: Verified) -> None:
    if fault is None:
        return
    found.fault, found.task_id, found.seq = fault.text, task, fault.seq
    if fault.task_id is None:
        found.fault = Text(f"事项 {task} 的留痕全部缺失。", f"Task {task}: all of its history is missing.")


def _note_beside(
    rows: Sequence[Sequence[Any]], lines: Sequence[Line], seq: int, task: int, found: Verified
) -> None:
    """The columns beside the chain, and the task's own count of its lines."""
    for row, line in zip(rows, lines, strict=True):
        for name in _differing(row, line):
            found.task_id, found.seq = task, line.seq
            found.fault = Text(
                f"事项 {task} 第 {line.seq} 条留痕旁的列 {name} 被改动过，与留痕不符。",
                f"Task {task}, line {line.seq}: the column {name} beside it was altered and doesn't fit.",
            )
            return
    if seq != len(lines):
        found.task_id, found.seq = task, len(lines)
        found.fault = Text(
            f"事项 {task} 记有 {seq} 条留痕，实有 {len(lines)} 条。",
            f"Task {task} counts {seq} lines of history, and there are {len(lines)}.",
        )


def _differing(row: Sequence[Any], line: Line) -> Iterator[str]:
    columns = dict(zip((column.name for column in EVENT.columns), row, strict=True))
    yield from (column for column, key in _BESIDE if columns[column] != line.header.get(key))


__all__ = ["BLOCK", "Progress", "Verified", "verify"]
