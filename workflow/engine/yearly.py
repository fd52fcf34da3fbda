"""The year ends: what is open and was due before belongs to the plan of the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, bindparam, select

from ..decision import carry_over
from ..errors import BadValue
from ..store import tasks
from ..store.ports import Transaction
from ..store.sql import Statement
from ..store.tasks import TASK
from ..text import Text
from .authority import check_authority
from .batches import Batches, Changed
from .claimed import tasks_of
from .surroundings import Frame

ROLL_OVER = Text("年度结转", "roll over")
_DUE_BEFORE = Statement(
    select(*TASK.columns)
    .where(
        TASK.c.id > bindparam("after", type_=BigInteger()),
        TASK.c.campaign_id == bindparam("campaign"),
        TASK.c.ended_at.is_(None),
        TASK.c.set_aside_at.is_(None),
        TASK.c.due_at < bindparam("begin", type_=BigInteger()),
    )
    .order_by(TASK.c.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turn:
    """A campaign and the instant at which the year begins in its zone."""

    campaign: int
    begin: int


def roll_over(batches: Batches, year: int, person: int, now: int) -> Changed:
    """Every open task that was due before a year is carried over into it; which ones. Twice changes nothing.

    Raises:
        NotAllowed: not by that person.
        BadValue: the year is neither this one nor the next.
    """
    with batches.port.read() as tx:
        turns = _turns(batches.library.frame(tx, now), year, person)
    whole = Changed()
    for turn in turns:
        changed = batches.through(
            lambda tx, after, most, turn=turn: _ids(tx, turn, after, most),  # type: ignore[misc]
            lambda one, around: carry_over(one, around, year),
            [],
            now,
        )
        whole.done.extend(changed.done)
        whole.left.extend(changed.left)
    return whole


def would_roll_over(batches: Batches, year: int, person: int, now: int) -> list[int]:
    """The tasks that `roll_over` would carry over, without doing it. Raises like it."""
    found: list[int] = []
    with batches.port.read() as tx:
        frame = batches.library.frame(tx, now)
        for turn in _turns(frame, year, person):
            after = 0
            while rows := _rows(tx, turn, after, _BLOCK):
                after = rows[-1][0]
                found.extend(_former(frame, rows, year))
    return found


_BLOCK = 1_000  # tasks read at once


def _former(frame: Frame, rows: tasks.Rows, year: int) -> list[int]:
    """Those of these tasks that belong to an earlier year."""
    readable, _ = tasks_of(frame.tx, rows)
    return [
        one.id
        for one in readable
        if (one.plan_year or frame.around(one.version_id).calendar.day_of(one.opened_at).year) < year
    ]


def _turns(frame: Frame, year: int, person: int) -> list[_Turn]:
    check_authority(frame, person, ROLL_OVER)
    turns = []
    for campaign in frame.campaigns.values():
        calendar = frame.calendar(frame.version(campaign.version_id).pack.campaign.zone)
        current = calendar.day_of(frame.now).year
        if year not in (current, current + 1):
            raise BadValue(
                f"不能结转至 {year} 年：只能结转至今年（{current}）或明年。",
                f"Nothing is carried over into {year}: it must be this year ({current}) or the next.",
            )
        turns.append(_Turn(campaign=campaign.id, begin=calendar.start_of(date(year, 1, 1))))
    return turns


def _rows(tx: Transaction, turn: _Turn, after: int, most: int) -> tasks.Rows:
    return tx.all(_DUE_BEFORE, campaign=turn.campaign, begin=turn.begin, after=after, most=most)


def _ids(tx: Transaction, turn: _Turn, after: int, most: int) -> list[int]:
    return [row[0] for row in _rows(tx, turn, after, most)]
