"""What outgoing rows tell of: their events, what was reported with them, and what tasks are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import and_, select

from workflow.store.applying import EVENT, OUTGOING, VALUE
from workflow.store.ports import Transaction
from workflow.store.sql import OneOf, Statement
from workflow.store.tasks import CONCERN, EPISODE, TASK

_of_event = and_(EVENT.c.task_id == OUTGOING.c.task_id, EVENT.c.seq == OUTGOING.c.seq)
_EVENTS = Statement(
    select(OUTGOING.c.id, OUTGOING.c.person_id, EVENT.c.id, EVENT.c.kind, EVENT.c.at, EVENT.c.header)
    .join(EVENT, _of_event)
    .where(OneOf(OUTGOING.c.id, "ids"))
)
_VALUES = Statement(
    select(VALUE.c.event_id, VALUE.c.name, VALUE.c.value)
    .where(OneOf(VALUE.c.event_id, "ids"))
    .order_by(VALUE.c.event_id, VALUE.c.name)
)
# What a task is about, because of which rule: dispatches and their like say why they were opened.
_ABOUT = Statement(
    select(CONCERN.c.task_id, CONCERN.c.about_id, EPISODE.c.rule)
    .join(EPISODE, EPISODE.c.id == CONCERN.c.episode_id, isouter=True)
    .where(OneOf(CONCERN.c.task_id, "ids"), CONCERN.c.removed_at.is_(None))
    .order_by(CONCERN.c.task_id, CONCERN.c.about_id)
)
_PARENTS = Statement(select(TASK.c.id, TASK.c.parent_id).where(OneOf(TASK.c.id, "ids")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An outgoing row with the event that it tells of."""

    person_id: int | None  # whom the engine meant; None: the role is vacant to its end
    kind: str  # of the event
    at: int  # ms: when it was true
    header: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)  # what was reported; without what was erased


def told(tx: Transaction, outgoing: Collection[int]) -> dict[int, Told]:
    """What these outgoing rows tell of, by their ids: two statements."""
    rows = tx.all(_EVENTS, ids=sorted(outgoing))
    values: dict[int, dict[str, Any]] = defaultdict(dict)
    for event, name, value in tx.all(_VALUES, ids=sorted({row[2] for row in rows})):
        values[event][name] = orjson.loads(value)
    return {
        ident: Told(
            person_id=person, kind=kind, at=at, header=orjson.loads(header), values=values.get(event, {})
        )
        for ident, person, event, kind, at, header in rows
    }


def reasons_of(tx: Transaction, tasks: Sequence[int]) -> dict[int, list[tuple[int, str | None]]]:
    """What these tasks are about: the other task, and the rule because of which. Two statements.

    A task that concerns nothing is about the one that opened it.
    """
    found: dict[int, dict[int, str | None]] = defaultdict(dict)
    for task, about, rule in tx.all(_ABOUT, ids=list(tasks)):
        found[task].setdefault(about, rule)
    for task, parent in tx.all(_PARENTS, ids=list(tasks)):
        if parent is not None and task not in found:
            found[task][parent] = None
    return {task: list(about.items()) for task, about in found.items()}
