"""Whether the rows fit together: what `duban doctor` asks of the database, and the auditor all day.

Rows that sweeps write in bulk carry no foreign keys, and the clock finds its tasks by one partial index:
both are looked at here from the other side, by reading the tables themselves. Everything here only
reads. Whether a projection equals its derivation, and whether a chain fits its head, is asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Table, bindparam, func, literal_column, select

from ..models import TaskRow
from ..text import Text
from .ports import Transaction
from .sql import Statement

Kind = Literal[
    "orphan",
    "unqueued",
    "behind",
    "old nudge",
    "slow moment",
    "set aside",
    "moment set aside",
    "unheard",
    "held",
]

GRACE_MS = 5 * 60_000  # within which a due task, a nudge, a moment are everyday work
SHOWN = 5  # ids that a finding names
RANGE = 100_000  # tasks that the auditor reads in one statement

_TABLES = TaskRow.metadata.tables
_TASK = _TABLES["task"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that a person should know of."""

    kind: Kind
    broken: bool  # True: the data contradict themselves; False: something waits for somebody
    count: int
    examples: tuple[int, ...]  # ids of tasks, or of what the text names
    text: Text


def check(tx: Transaction, now: int) -> list[Finding]:
    """Everything below, the gravest first."""
    found = [
        *orphans(tx),
        *late_wakes(tx, now),
        *old_nudges(tx, now),
        *slow_moments(tx, now),
        *set_aside_tasks(tx),
        *set_aside_moments(tx),
        *unheard_messages(tx),
        *holds(tx),
    ]
    return sorted(found, key=lambda one: not one.broken)


# --- rows without owner -----------------------------------------------------------------------------

# (table, column, owner's table, owner's column): what a foreign key would hold.
_OWNERS = (
    ("task", "campaign_id", "campaign", "id"),
    ("task", "version_id", "pack_version", "id"),
    ("task", "unit_id", "unit", "id"),
    ("task", "parent_id", "task", "id"),
    ("task", "row_id", "list_row", "id"),
    ("task", "moment_id", "moment", "id"),
    ("episode", "task_id", "task", "id"),
    ("concern", "task_id", "task", "id"),
    ("concern", "about_id", "task", "id"),
    ("concern", "episode_id", "episode", "id"),
    ("list_row", "task_id", "task", "id"),
    ("list_row", "closed_by", "task", "id"),
    ("event", "task_id", "task", "id"),
    ("event_value", "event_id", "event", "id"),
    ("outgoing", "task_id", "task", "id"),
    ("outgoing", "person_id", "person", "id"),
    ("nudge", "task_id", "task", "id"),
    ("nudge", "other_id", "task", "id"),
    ("request", "task_id", "task", "id"),
    ("request", "person_id", "person", "id"),
    ("moment", "campaign_id", "campaign", "id"),
    ("moment", "version_id", "pack_version", "id"),
)


def _anti_join(table: Table, column: str, owners: Table, key: str, *what: Any) -> Any:
    owner = owners.alias("owner")
    joined = table.outerjoin(owner, owner.c[key] == table.c[column])
    return select(*what).select_from(joined).where(table.c[column].is_not(None), owner.c[key].is_(None))


def _orphan_statements(name: str, column: str, owners: str, key: str) -> tuple[Statement, Statement]:
    table, own = _TABLES[name], _TABLES[name].c[column]
    ends = (table, column, _TABLES[owners], key)
    examples = _anti_join(*ends, own).distinct().order_by(own).limit(SHOWN)
    return Statement(_anti_join(*ends, func.count())), Statement(examples)


_ORPHANS = {owner: _orphan_statements(*owner) for owner in _OWNERS}


def orphans(tx: Transaction) -> Iterator[Finding]:
    """Rows whose owner does not exist: a half-written batch, a hand in the tables, a bad restore."""
    for (table, column, owners, _), (count, examples) in _ORPHANS.items():
        ((found,),) = tx.all(count)
        if found:
            yield Finding(
                kind="orphan",
                broken=True,
                count=found,
                examples=tuple(row[0] for row in tx.all(examples)),
                text=Text(
                    f"{table}.{column}：{found} 行所指的 {owners} 不存在。"
                    "请停止写入，从备份恢复，或与开发者联系。",
                    f"{table}.{column}: {found} rows point to a {owners} that does not exist. Stop "
                    "writing, and restore a backup or ask the developers.",
                ),
            )


# --- the clock's queue, seen from the table ---------------------------------------------------------

# `+wake_at` is no column to either planner, so neither can answer from the index that is under suspicion:
# the rows are read by ranges of their key. Ranges, because one statement over all tasks would hold its
# snapshot for minutes where there are millions.
_PLUS_WAKE: ColumnElement[int] = literal_column("+task.wake_at")
_DUE_ROWS = Statement(
    select(_TASK.c.id)
    .where(
        _TASK.c.id >= bindparam("first"),
        _TASK.c.id < bindparam("beyond"),
        _TASK.c.set_aside_at.is_(None),
        _PLUS_WAKE.op("<=")(bindparam("before")),
    )
    .order_by(_TASK.c.id)
)
_LAST_ID = Statement(select(func.max(_TASK.c.id)))
# The same question put to the index, as the daemon puts it.
_DUE_ENTRIES = Statement(
    select(_TASK.c.id)
    .where(
        _TASK.c.wake_at.is_not(None), _TASK.c.set_aside_at.is_(None), _TASK.c.wake_at <= bindparam("before")
    )
    .order_by(_TASK.c.wake_at, _TASK.c.id)
    .limit(bindparam("most"))
)


def late_wakes(tx: Transaction, now: int, *, grace: int = GRACE_MS) -> Iterator[Finding]:
    """Open tasks whose wake has passed by more than `grace` ms: the clock is behind, or can't see them."""
    due: list[int] = []
    for first in range(0, (last_task(tx) or 0) + 1, RANGE):
        due.extend(due_rows(tx, first, first + RANGE, now - grace))
    yield from judge_wakes(tx, due, now - grace)


def last_task(tx: Transaction) -> int | None:
    """The highest id of a task; None if there is none."""
    ((last,),) = tx.all(_LAST_ID)
    return last if last is None else int(last)


def due_rows(tx: Transaction, first: int, beyond: int, before: int) -> list[int]:
    """The tasks in a range of ids whose wake came at or before an instant, read from the table itself.

    `workflow.auditor` walks through the ranges, one at each ring, so that none of them is long.
    """
    return [row[0] for row in tx.all(_DUE_ROWS, first=first, beyond=beyond, before=before)]


def judge_wakes(tx: Transaction, due: list[int], before: int) -> Iterator[Finding]:
    """Which of these due tasks the clock's index knows: the others would never be woken."""
    if not due:
        return
    known = {row[0] for row in tx.all(_DUE_ENTRIES, before=before, most=len(due) + RANGE)}
    lost = [task for task in due if task not in known]
    behind = [task for task in due if task in known]
    if lost:
        yield _finding(
            "unqueued",
            lost,
            Text(
                "{count} 个事项已到时，索引 task_wake 却查不到，时钟不会叫醒它们。"
                "请运行 REINDEX INDEX task_wake（SQLite：REINDEX task_wake），并检查磁盘。",
                "{count} tasks are due, but the index task_wake does not know them: the clock would "
                "never wake them. Run REINDEX INDEX task_wake (SQLite: REINDEX task_wake) and check "
                "the disk.",
            ),
            broken=True,
        )
    if behind:
        yield _finding(
            "behind",
            behind,
            Text(
                "{count} 个事项到时已久仍未处理。请检查 duban daemon 是否在运行、是否跟得上。",
                "{count} tasks have been due for a while and were not looked at. See whether duban "
                "daemon runs, and keeps up.",
            ),
        )


def _finding(kind: Kind, ids: list[int], text: Text, *, broken: bool = False) -> Finding:
    return Finding(
        kind=kind,
        broken=broken,
        count=len(ids),
        examples=tuple(ids[:SHOWN]),
        text=text.fill(count=len(ids)),
    )


# --- what waits too long ----------------------------------------------------------------------------

_NUDGE, _MOMENT, _OUTGOING, _HOLD = (_TABLES[name] for name in ("nudge", "moment", "outgoing", "hold"))
# Nudges of tasks that are set aside wait for a person, and are told of there.
_OLD_NUDGES = Statement(
    select(_NUDGE.c.task_id)
    .join(_TASK, _TASK.c.id == _NUDGE.c.task_id)
    .where(_NUDGE.c.at <= bindparam("before"), _TASK.c.set_aside_at.is_(None))
    .distinct()
    .order_by(_NUDGE.c.task_id)
)
_SLOW_MOMENTS = Statement(
    select(_MOMENT.c.id, _MOMENT.c.round, _MOMENT.c.nominal, _MOMENT.c.cursor, _MOMENT.c.total)
    .where(_MOMENT.c.status == "open", _MOMENT.c.fired_at <= bindparam("before"))
    .order_by(_MOMENT.c.at, _MOMENT.c.id)
)
_SET_ASIDE = Statement(
    select(_TASK.c.id, _TASK.c.set_aside_why).where(_TASK.c.set_aside_at.is_not(None)).order_by(_TASK.c.id)
)
_MOMENTS_ASIDE = Statement(
    select(
        _MOMENT.c.id, _MOMENT.c.round, _MOMENT.c.nominal, _MOMENT.c.cursor, _MOMENT.c.total, _MOMENT.c.note
    )
    .where(_MOMENT.c.status == "set aside")
    .order_by(_MOMENT.c.at, _MOMENT.c.id)
)
_UNHEARD = Statement(
    select(_OUTGOING.c.task_id)
    .where(_OUTGOING.c.person_id.is_(None), _OUTGOING.c.status == "waiting")
    .distinct()
    .order_by(_OUTGOING.c.task_id)
)
_HOLDS = Statement(
    select(_HOLD.c.id, _HOLD.c.zh, _HOLD.c.en).where(_HOLD.c.standing.is_not(None)).order_by(_HOLD.c.id)
)


def old_nudges(tx: Transaction, now: int, *, grace: int = GRACE_MS) -> Iterator[Finding]:
    """Tasks that were told of something more than `grace` ms ago and have not looked."""
    ids = [row[0] for row in tx.all(_OLD_NUDGES, before=now - grace)]
    if ids:
        yield _finding(
            "old nudge",
            ids,
            Text(
                "{count} 个事项早已接到其他事项的消息，仍未处理。请检查 duban daemon 是否在运行。",
                "{count} tasks were told of others long ago and have not looked. See whether duban "
                "daemon runs.",
            ),
        )


def slow_moments(tx: Transaction, now: int, *, grace: int = GRACE_MS) -> Iterator[Finding]:
    """Rounds that began more than `grace` ms ago and are not worked off."""
    for ident, name, nominal, done, total in tx.all(_SLOW_MOMENTS, before=now - grace):
        yield Finding(
            kind="slow moment",
            broken=False,
            count=total - done,
            examples=(ident,),
            text=Text(
                f"轮次 {name}（{nominal}）只做到 {done}/{total}。请检查 duban daemon 是否在运行。",
                f"The round {name} ({nominal}) has done {done} of {total}. See whether duban daemon runs.",
            ),
        )


def set_aside_tasks(tx: Transaction) -> Iterator[Finding]:
    """Tasks whose data could not be handled, each with why."""
    for ident, why in tx.all(_SET_ASIDE):
        yield Finding(
            kind="set aside",
            broken=False,
            count=1,
            examples=(ident,),
            text=Text(
                f"事项 {ident} 已搁置：{why}。查明原因后请运行 duban release {ident}。",
                f"Task {ident} is set aside: {why}. Once the reason is dealt with, run duban "
                f"release {ident}.",
            ),
        )


def set_aside_moments(tx: Transaction) -> Iterator[Finding]:
    """Rounds that could not do all that they were to do, each with why."""
    for ident, name, nominal, done, total, why in tx.all(_MOMENTS_ASIDE):
        call = f'duban release --round {name} "{nominal}"'
        yield Finding(
            kind="moment set aside",
            broken=False,
            count=total - done,
            examples=(ident,),
            text=Text(
                f"轮次 {name}（{nominal}）已搁置，还差 {total - done} 项：{why}。查明原因后请运行 {call}。",
                f"The round {name} ({nominal}) is set aside with {total - done} of {total} undone: {why}. "
                f"Once the reason is dealt with, run {call}.",
            ),
        )


def unheard_messages(tx: Transaction) -> Iterator[Finding]:
    """Messages that reach nobody: the role is vacant to the end of its `else`."""
    ids = [row[0] for row in tx.all(_UNHEARD)]
    if ids:
        yield _finding(
            "unheard",
            ids,
            Text(
                "{count} 个事项有消息无人接收：相应岗位及其替补都空缺。请补充人员岗位。",
                "{count} tasks have messages that reach nobody: the post and whoever stands in for it are "
                "vacant. Fill the posts.",
            ),
        )


def holds(tx: Transaction) -> Iterator[Finding]:
    """What keeps everything from firing."""
    for ident, zh, en in tx.all(_HOLDS):
        yield Finding(kind="held", broken=False, count=1, examples=(ident,), text=Text(zh, en))
