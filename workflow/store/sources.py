"""What several kinds of task say about a unit: read for a batch, and who must hear that it has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

import orjson
from sqlalchemy import or_, select

from ..decision.comparing import Told
from ..decision.comparing import readings as readings_of
from ..definition.model import Source
from ..models import TaskRow
from ..task import Reading, Task
from .ports import Transaction
from .sql import OneOf, Statement, literal_column

TASK = TaskRow.__table__  # type: ignore[attr-defined]
# Whatever was withdrawn says nothing any more. The newest first.
_TOLD = Statement(
    select(TASK.c.id, TASK.c.campaign_id, TASK.c.unit_id, TASK.c.kind, TASK.c.track, TASK.c.body)
    .where(
        OneOf(TASK.c.unit_id, "units"),
        OneOf(TASK.c.kind, "kinds", words=True),
        or_(TASK.c.outcome.is_(None), TASK.c.outcome != literal_column("'abandoned'")),
    )
    .order_by(TASK.c.opened_at.desc(), TASK.c.id.desc())
)
# No light is empty: it leads SQLite to the index of a unit's open tasks, past the many that have ended.
_OPEN_OF_UNITS = Statement(
    select(TASK.c.id, TASK.c.campaign_id, TASK.c.unit_id, TASK.c.version_id, TASK.c.kind)
    .where(OneOf(TASK.c.unit_id, "units"), TASK.c.ended_at.is_(None), TASK.c.light > literal_column("''"))
    .order_by(TASK.c.id)
)
_About = tuple[int, int]  # campaign, unit


def told_about(tx: Transaction, units: Collection[int], kinds: Collection[str]) -> dict[_About, list[Told]]:
    """By campaign and unit, the tasks of these kinds that were not withdrawn, the newest first."""
    found: dict[_About, list[Told]] = defaultdict(list)
    for ident, campaign, unit, kind, track, body in tx.all(_TOLD, units=sorted(units), kinds=sorted(kinds)):
        facts = orjson.loads(body)["facts"]
        found[campaign, unit].append(Told(ident, kind, track or None, facts))
    return found


def readings(
    tx: Transaction, asking: Iterable[tuple[Task, Collection[Source]]]
) -> dict[int, tuple[Reading, ...]]:
    """What is said of the units of these tasks; no statement if none of them asks for anything."""
    wanted = [(task, sources) for task, sources in asking if sources]
    if not wanted:
        return {}
    kinds = {source.kind for _, sources in wanted for source in sources}
    told = told_about(tx, {task.unit_id for task, _ in wanted}, kinds)
    return {
        task.id: tuple(readings_of(task, sources, told.get((task.campaign_id, task.unit_id), ())))
        for task, sources in wanted
    }


def open_of_units(tx: Transaction, units: Collection[int]) -> list[tuple[int, int, int, int, str]]:
    """The open tasks of these units: id, campaign, unit, pack version, kind."""
    return [(row[0], row[1], row[2], row[3], row[4]) for row in tx.all(_OPEN_OF_UNITS, units=sorted(units))]
