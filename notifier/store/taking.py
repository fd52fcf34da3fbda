"""What the engine left, and what the office must know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select

from workflow.store.applying import OUTGOING
from workflow.store.organisation import PERSON
from workflow.store.ports import Transaction
from workflow.store.sql import OneOf, Statement
from workflow.store.tasks import EPISODE, TASK

_LEFT = Statement(
    select(
        OUTGOING.c.id,
        OUTGOING.c.task_id,
        OUTGOING.c.seq,
        OUTGOING.c.person_id,
        OUTGOING.c.role,
        OUTGOING.c.reason,
        OUTGOING.c.rule,
        OUTGOING.c.created_at,
    )
    .where(OUTGOING.c.status == literal_column("'waiting'"))
    .order_by(OUTGOING.c.id)
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)
_ABOUT = Statement(select(TASK.c.id, TASK.c.version_id, TASK.c.unit_id).where(OneOf(TASK.c.id, "tasks")))
_LIGHTS = Statement(
    select(EPISODE.c.task_id, EPISODE.c.rule, EPISODE.c.light)
    .where(OneOf(EPISODE.c.task_id, "tasks"))
    .order_by(EPISODE.c.id)
)
_LANGUAGES = Statement(
    select(PERSON.c.id, PERSON.c.language, PERSON.c.code, PERSON.c.zh, PERSON.c.en).where(
        OneOf(PERSON.c.id, "people")
    )
)
_NOBODY = Statement(
    select(func.count(), func.max(OUTGOING.c.id)).where(
        OUTGOING.c.status == literal_column("'nobody'"), OUTGOING.c.id > bindparam("since")
    )
)
_BY_CODE = Statement(
    select(PERSON.c.id).where(OneOf(PERSON.c.code, "codes", words=True)).order_by(PERSON.c.id)
)


def left(tx: Transaction, most: int) -> list[tuple[Any, ...]]:
    """Outgoing rows that nobody has taken yet, the oldest first; locked."""
    return tx.all(_LEFT, most=most)


def end_outgoing(tx: Transaction, statuses: Mapping[int, str], before: str) -> int:
    """What became of outgoing rows that stood so; how many still did."""
    rows = [(status, ident, before) for ident, status in statuses.items()]
    return tx.update(OUTGOING, ("status",), ("id", "status"), rows)


def about(tx: Transaction, tasks: Sequence[int]) -> dict[int, tuple[int, int | None]]:
    """task -> (pack version, unit)."""
    return {task: (version, unit) for task, version, unit in tx.all(_ABOUT, tasks=list(tasks))}


def lights(tx: Transaction, tasks: Sequence[int]) -> dict[tuple[int, str], str]:
    """(task, rule) -> the light of its newest episode."""
    return {(task, rule): light for task, rule, light in tx.all(_LIGHTS, tasks=list(tasks))}


def persons(tx: Transaction, people: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """person -> (language, code, name in Chinese, name in English)."""
    return {row[0]: tuple(row[1:]) for row in tx.all(_LANGUAGES, people=list(people))}


def by_code(tx: Transaction, codes: Sequence[str]) -> list[int]:
    """People by code, those there are."""
    return [row[0] for row in tx.all(_BY_CODE, codes=list(codes))]


def reached_nobody(tx: Transaction, since: int) -> tuple[int, int]:
    """(how many outgoing rows after that one reach nobody, the last of them)."""
    (row,) = tx.all(_NOBODY, since=since)
    return int(row[0]), int(row[1] or since)
