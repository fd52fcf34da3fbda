"""What a bulletin counts: a fixed number of statements, whatever the size of the campaign."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, case, func, select

from workflow.store.ports import Transaction
from workflow.store.sql import OneOf, Statement, literal_column
from workflow.store.tasks import EPISODE, TASK

_PLACE = (TASK.c.unit_id, TASK.c.track, TASK.c.kind)
_one: ColumnElement[int] = literal_column("1")
_none: ColumnElement[int] = literal_column("0")
_OPEN = Statement(
    select(
        *_PLACE,
        TASK.c.state,
        TASK.c.light,
        func.count(),
        func.sum(case((TASK.c.due_at < bindparam("now"), _one), else_=_none)),
    )
    .where(TASK.c.campaign_id == bindparam("campaign"), TASK.c.ended_at.is_(None))
    .group_by(*_PLACE, TASK.c.state, TASK.c.light)
)
_struck_off = (
    TASK.c.campaign_id == bindparam("campaign"),
    TASK.c.ended_at > bindparam("since"),
    TASK.c.ended_at <= bindparam("now"),
    TASK.c.outcome == literal_column("'accepted'"),
)
_STRUCK_OFF = Statement(select(*_PLACE, func.count()).where(*_struck_off).group_by(*_PLACE))
_NEWEST = Statement(
    select(*TASK.columns)
    .where(*_struck_off, OneOf(TASK.c.kind, "kinds", words=True))
    .order_by(TASK.c.ended_at, TASK.c.id)
    .limit(bindparam("most"))
)
_LIT = Statement(
    select(TASK.c.unit_id, TASK.c.version_id, TASK.c.kind, EPISODE.c.rule, func.count(TASK.c.id.distinct()))
    .join(EPISODE, EPISODE.c.task_id == TASK.c.id)
    .where(
        TASK.c.campaign_id == bindparam("campaign"),
        OneOf(TASK.c.unit_id, "units"),
        TASK.c.ended_at.is_(None),
        EPISODE.c.ended_at.is_(None),
        EPISODE.c.inert_at.is_(None),
        EPISODE.c.light.in_([literal_column("'yellow'"), literal_column("'red'")]),
    )
    .group_by(TASK.c.unit_id, TASK.c.version_id, TASK.c.kind, EPISODE.c.rule)
)


class Held(NamedTuple):
    """Open tasks that are alike."""

    unit_id: int
    track: str
    kind: str
    state: str
    light: str
    tasks: int
    overdue: int


def held(tx: Transaction, campaign: int, now: int) -> list[Held]:
    """The open tasks of a campaign, counted."""
    rows = tx.all(_OPEN, campaign=campaign, now=now)
    return [Held(row[0], row[1], row[2], row[3], row[4], int(row[5]), int(row[6] or 0)) for row in rows]


def struck_off(tx: Transaction, campaign: int, since: int, now: int) -> list[tuple[int, str, str, int]]:
    """What ended accepted since then, counted: unit, track, kind, how many."""
    return [
        (row[0], row[1], row[2], int(row[3]))
        for row in tx.all(_STRUCK_OFF, campaign=campaign, since=since, now=now)
    ]


def rows_struck_off(
    tx: Transaction, campaign: int, since: int, now: int, kinds: Collection[str], most: int
) -> list[Sequence[Any]]:
    """The first of them, with every column of a task."""
    return list(tx.all(_NEWEST, campaign=campaign, since=since, now=now, kinds=sorted(kinds), most=most))


def lit(tx: Transaction, campaign: int, units: Collection[int]) -> list[tuple[int, int, str, str, int]]:
    """Which rules hold a yellow or red light on open tasks: unit, version, kind, rule, how many tasks."""
    return [
        (row[0], row[1], row[2], row[3], int(row[4]))
        for row in tx.all(_LIT, campaign=campaign, units=sorted(units))
    ]
