"""A published year comes in: first what it would move, then a new planning epoch.

Nothing is changed at once. The clock's sweep plans open tasks anew before anything fires, and what had
passed stays passed (DESIGN §6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from sqlalchemy import bindparam, select

from ..calendar import USUAL_ZONE, Calendar, CalendarYear, default_calendar
from ..decision import Loaded, Surroundings, replan
from ..errors import Stale, StoreError
from ..store import organisation, tasks
from ..store.ports import Port
from ..store.sql import Statement
from ..store.tasks import TASK
from ..text import Text
from .changes import TaskChange, change_of, told_of
from .claimed import tasks_of
from .surroundings import Frame, Library

BLOCK = 250  # tasks that a report decides in one transaction
MOST = 8  # blocks that a report looks at
_DAY = timedelta(days=1)
_DAY_MS = 86_400_000
# A deadline moves only if days between its anchor and itself are worked differently.
_COUNTING = Statement(
    select(*TASK.columns)
    .where(
        TASK.c.id > bindparam("after"),
        TASK.c.ended_at.is_(None),
        TASK.c.set_aside_at.is_(None),
        TASK.c.deadline_basis.contains("workday"),
        TASK.c.deadline >= bindparam("since"),
        TASK.c.deadline_anchor <= bindparam("until"),
    )
    .order_by(TASK.c.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class YearForeseen:
    """What a published year would change."""

    year: CalendarYear
    before: CalendarYear | None  # what is known of it so far; None: nothing
    days: tuple[date, ...]  # that are worked otherwise than so far
    tasks: tuple[TaskChange, ...]  # whose deadline moves
    failed: Mapping[int, Text]  # tasks of which that can't be said, with why
    whole: bool  # whether every task was looked at
    epoch: int  # under which this holds

    @property
    def is_new(self) -> bool:
        """Whether importing it changes anything at all."""
        return self.before != self.year


@dataclass(kw_only=True, slots=True)
class _Found:
    changes: list[TaskChange] = field(default_factory=list)
    failed: dict[int, Text] = field(default_factory=dict)


def foresee_year(port: Port, library: Library, year: CalendarYear, now: int) -> YearForeseen:
    """What a published year would change, computed on copies.

    Raises:
        CalendarError: it contradicts itself or its neighbours.
    """
    with port.read() as tx:
        frame = library.frame(tx, now)
        known = organisation.calendar_years(tx)
        old = default_calendar(imported=known, version=frame.stamp.epoch)
        new = default_calendar(imported={**known, year.year: year}, version=frame.stamp.epoch + 1)
        days = tuple(_differing(old, new, year.year))
        epoch = frame.stamp.epoch
    found, after, blocks = _Found(), 0 if days else None, 0
    years = {**known, year.year: year}
    while after is not None and blocks < MOST:
        with port.read() as tx:
            after = _look(library.frame(tx, now), years, days, after, found)
        blocks += 1
    return YearForeseen(
        year=year,
        before=old.years.get(year.year),
        days=days,
        tasks=tuple(one for one in found.changes if one.due[0] != one.due[1]),
        failed=found.failed,
        whole=after is None,
        epoch=epoch,
    )


def bring_year(port: Port, year: CalendarYear, now: int, *, epoch: int | None = None) -> bool:
    """Import a published year and begin a new planning epoch; False if it was known.

    Args:
        epoch: under which it was foreseen; None: nobody has looked.

    Raises:
        Stale: something else has moved the plans meanwhile: what was shown holds no more.
    """
    with port.write("people") as tx:
        if organisation.calendar_years(tx).get(year.year) == year:
            return False
        if epoch is not None and organisation.stamp(tx).epoch != epoch:
            raise Stale(
                "未导入：日历或节点刚被改动，先前所示已不准确。请重新核对后确认。",
                "Not imported: the calendar or a milestone has just been changed, so what you saw holds no "
                "more. Look at it again, then confirm.",
            )
        organisation.add_calendar_year(tx, year, now)
        organisation.new_epoch(tx, f"calendar {year.year}", now)
    return True


def _differing(old: Calendar, new: Calendar, year: int) -> Iterator[date]:
    """The days of the year, and of the December before it, that are worked otherwise."""
    day = date(year - 1, 12, 1)
    while day.year <= year:
        covered = (old.covers(day), new.covers(day))
        if covered[1] and (not covered[0] or old.is_workday(day) != new.is_workday(day)):
            yield day
        day += _DAY


def _look(
    frame: Frame, years: Mapping[int, CalendarYear], days: tuple[date, ...], after: int, found: _Found
) -> int | None:
    """Decide a block of tasks as if the year had come in; the last of them, None after the last block."""
    zone = frame.calendar(USUAL_ZONE)
    since, until = zone.start_of(days[0]) - _DAY_MS, zone.end_of(days[-1]) + _DAY_MS
    rows = frame.tx.all(_COUNTING, after=after, since=since, until=until, most=BLOCK)
    if not rows:
        return None
    known, broken = tasks_of(frame.tx, rows)
    found.failed.update((ident, told_of(error)) for ident, error in broken.items())
    loaded = tasks.load(frame.tx, known, frame)
    frame.know(loaded)
    calendars: dict[str, Calendar] = {}
    for one in loaded:
        _decide(frame, one, years, calendars, found)
    return int(rows[-1][0]) if len(rows) == BLOCK else None


def _decide(
    frame: Frame,
    one: Loaded,
    years: Mapping[int, CalendarYear],
    calendars: dict[str, Calendar],
    found: _Found,
) -> None:
    try:
        around = _as_if(frame.around(one.task.version_id), years, calendars)
        found.changes.append(change_of(replan(one, around), tuple(each.rule for each in one.episodes)))
    except StoreError:
        raise
    except Exception as error:  # one task that can't be decided must not hide the others
        found.failed[one.task.id] = told_of(error)


def _as_if(
    around: Surroundings, years: Mapping[int, CalendarYear], calendars: dict[str, Calendar]
) -> Surroundings:
    zone, epoch = around.calendar.zone, around.epoch + 1
    if zone not in calendars:
        calendars[zone] = default_calendar(zone, imported=dict(years), version=epoch)
    new = calendars[zone]
    return replace(around, calendar=new, calendars={**around.calendars, epoch: new}, epoch=epoch)
