"""The calendar: from a start and a duration to a deadline, and back.

Sweeps ask several times per task, so both directions are two dictionary look-ups once warm: days start
where the zone's table says, and the end of (day, duration) is remembered. Cold, a year's workdays are one
sorted tuple, so that counting is bisecting.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from workflow.errors import CalendarError
from workflow.text import Text

from .derivation import explain
from .duration import Duration, Unit
from .months import add_months, last_of_month, months_before
from .year import SATURDAY, CalendarYear
from .zone import Zone, load_zone

_MS: Final[dict[Unit, int]] = {"minutes": 60_000, "hours": 3_600_000}
WEEKEND: Final = Text("周末", "weekend")
MAKEUP: Final = Text("调休上班", "make-up workday")

_Key = tuple[int, int, str]
"""(ordinal of a day, amount, unit): hashes faster than a Duration, which would hash in Python."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, weakref_slot=True)
class Calendar:
    """Working days and deadlines in one time zone. Compared by identity; safe to share between threads.

    Instants are milliseconds since the epoch, days are dates of the zone. Whatever needs to know whether
    a day is worked raises CalendarError for a year that is not in `years`: never guessed.
    """

    zone: str
    """IANA name. Raises CalendarError if the tzdata package doesn't know it."""
    years: Mapping[int, CalendarYear] = field(repr=False)
    """What is known of each year; not to be changed afterwards. May compute years when asked."""
    version: int
    """The version of this data, as recorded with what was planned under it."""
    _zone: Zone = field(init=False, repr=False)
    _workdays: dict[int, tuple[int, ...]] = field(init=False, repr=False, default_factory=dict)
    _ends: dict[_Key, int] = field(init=False, repr=False, default_factory=dict)
    _firsts: dict[_Key, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_zone", load_zone(self.zone))

    # ------------------------------------------------------------ days and instants

    def day_of(self, instant: int) -> date:
        """The local day that `instant` lies in."""
        return date.fromordinal(self._zone.ordinal(instant))

    def start_of(self, day: date) -> int:
        """The first millisecond of `day`."""
        return self._zone.start(day.toordinal())

    def end_of(self, day: date) -> int:
        """The last millisecond of `day`: what a date means as a deadline."""
        return self._zone.end(day.toordinal())

    def month_end(self, instant: int) -> int:
        """The last millisecond of the local month that `instant` lies in."""
        day = self.day_of(instant)
        return self.end_of(last_of_month(day.year, day.month))

    def local(self, instant: int) -> datetime:
        """The wall time at `instant`, aware of its zone."""
        return self._zone.local(instant)

    def instant(self, day: date, hour: int = 0, minute: int = 0) -> int:
        """When the clocks on the wall show `hour:minute` on `day`.

        A time that a change of clocks skips means the first instant after the gap; a time that happens
        twice means the first.
        """
        return self._zone.instant(day, hour, minute)

    # ------------------------------------------------------------ working days

    def covers(self, day: date) -> bool:
        """Whether anything is known of the day's year."""
        return day.year in self.years

    def is_workday(self, day: date) -> bool:
        """Whether `day` is worked: make-up weekend days are, holidays are not."""
        workdays, ordinal = self._year_workdays(day.year), day.toordinal()
        at = bisect_left(workdays, ordinal)
        return at < len(workdays) and workdays[at] == ordinal

    def remark(self, day: date) -> Text | None:
        """Why `day` is out of the ordinary: the festival's name, 周末 or 调休上班; None on plain days."""
        for year in self._years_about(day.year):
            if day in year.makeup:
                return MAKEUP
            if day in year.holidays:
                return year.holidays[day]
        return WEEKEND if day.weekday() >= SATURDAY else None

    def next_workday(self, day: date) -> date:
        """`day` itself if it is worked, else the first workday after it."""
        return date.fromordinal(self._workday_after(day.toordinal() - 1, 1, day.year))

    def previous_workday(self, day: date) -> date:
        """`day` itself if it is worked, else the last workday before it."""
        return date.fromordinal(self._workday_before(day.toordinal() + 1, 1, day.year))

    def rests_on_projection(self, start: int, end: int) -> bool:
        """Whether a year between the two instants was not published: the deadline is provisional.

        A year counts as a whole, though the next year's notice may still move its last weekend (it
        last did in 2011); deadlines there change with the calendar's version, like all others.
        """
        years = range(self.day_of(start).year, self.day_of(end).year + 1)
        return any(year not in self.years or self.years[year].status == "projected" for year in years)

    # ------------------------------------------------------------ deadlines

    def add(self, start: int, duration: Duration) -> int:
        """The deadline `duration` after `start`, in milliseconds.

        Days, workdays and months run to the last millisecond of the last day, the first day not
        counted; a month ends on the same day of the month or, if there is none, on its last. Hours and
        minutes run to the millisecond. Monotone in `start`.
        """
        fixed = _MS.get(duration.unit)
        if fixed is not None:
            return start + duration.amount * fixed
        key = (self._zone.ordinal(start), duration.amount, duration.unit)
        end = self._ends.get(key)
        if end is None:
            end = self._ends[key] = self._zone.end(self._last_day(*key))
        return end

    def before(self, deadline: int, duration: Duration) -> int:
        """The first instant t with `add(t, duration) >= deadline`: where `due in …` begins."""
        fixed = _MS.get(duration.unit)
        if fixed is not None:
            return deadline - duration.amount * fixed
        key = (self._zone.ordinal(deadline), duration.amount, duration.unit)
        first = self._firsts.get(key)
        if first is None:
            first = self._firsts[key] = self._zone.start(self._first_day(*key))
        return first

    def explain(self, start: int, duration: Duration) -> tuple[Text, ...]:
        """The derivation of `add(start, duration)`, line by line: which days counted, which didn't and
        why (周末, 春节, 调休上班), and on which unpublished years it rests."""
        return explain(self, start, duration)

    def _last_day(self, ordinal: int, amount: int, unit: str) -> int:
        if unit == "workdays":
            return self._workday_after(ordinal, amount, date.fromordinal(ordinal).year)
        if unit == "days":
            return ordinal + amount
        return add_months(date.fromordinal(ordinal), amount).toordinal()

    def _first_day(self, ordinal: int, amount: int, unit: str) -> int:
        """The first day whose `_last_day` is not before `ordinal`."""
        if unit == "workdays":
            # A deadline on a day off is reached only by the end of the next workday.
            due = self._workday_after(ordinal - 1, 1, date.fromordinal(ordinal).year)
            return self._workday_before(due, amount, date.fromordinal(due).year)
        if unit == "days":
            return ordinal - amount
        return months_before(date.fromordinal(ordinal), amount).toordinal()

    def _workday_after(self, ordinal: int, amount: int, year: int) -> int:
        """The `amount`-th workday strictly after the day `ordinal`, counting from `year` on."""
        workdays = self._year_workdays(year)
        at = bisect_right(workdays, ordinal) + amount - 1
        while at >= len(workdays):
            at -= len(workdays)
            year += 1
            workdays = self._year_workdays(year)
        return workdays[at]

    def _workday_before(self, ordinal: int, amount: int, year: int) -> int:
        """The `amount`-th workday strictly before the day `ordinal`, counting from `year` back."""
        workdays = self._year_workdays(year)
        at = bisect_left(workdays, ordinal) - amount
        while at < 0:
            year -= 1
            workdays = self._year_workdays(year)
            at += len(workdays)
        return workdays[at]

    def _year_workdays(self, year: int) -> tuple[int, ...]:
        """Ordinals of the year's workdays, ascending."""
        workdays = self._workdays.get(year)
        if workdays is None:
            workdays = self._workdays[year] = self._count_workdays(year)
        return workdays

    def _count_workdays(self, year: int) -> tuple[int, ...]:
        known = self._years_about(year)
        first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
        days = (date.fromordinal(ordinal) for ordinal in range(first, last + 1))
        return tuple(day.toordinal() for day in days if _is_worked(day, known))

    def _years_about(self, year: int) -> tuple[CalendarYear, ...]:
        """What speaks of the days of `year`, latest word first: the next year's notice may give or take
        days of December."""
        if year not in self.years:
            raise CalendarError(
                f"没有 {year} 年的日历数据，工作日不能猜测。请用 duban calendar import 导入该年放假通知。",
                f"There is no calendar for {year}, and workdays are not guessed. Import the year's notice "
                f"with `duban calendar import`.",
            )
        own = self.years[year]
        following = self.years.get(year + 1)
        return (own,) if following is None else (following, own)


def _is_worked(day: date, known: tuple[CalendarYear, ...]) -> bool:
    for year in known:
        if day in year.makeup:
            return True
        if day in year.holidays:
            return False
    return day.weekday() < SATURDAY
