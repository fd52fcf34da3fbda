"""When a message may reach a person: merging, quiet hours, working days. Pure.

The first notice leaves at once. What follows within the window is gathered and leaves when the window
ends. Quiet hours and days off move that to the next instant at which the person may be told; an urgent
message goes through both, not through the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from workflow.calendar import Calendar

_MINUTE: Final = 60_000
_SATURDAY: Final = 5
_MOST_STEPS: Final = 1_000  # two each day: nobody is on leave for longer than a year


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """At which times a person may be told, in local time."""

    quiet_from: int  # minutes after midnight
    quiet_to: int  # minutes after midnight; the same as quiet_from: no quiet hours
    workdays_only: bool

    def is_quiet(self, minute: int) -> bool:
        """Whether that minute of the day is quiet; quiet hours may cross midnight."""
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= minute < self.quiet_to
        return minute >= self.quiet_from or minute < self.quiet_to


def due(now: int, last: int | None, window: int, habits: Habits, calendar: Calendar, *, urgent: bool) -> int:
    """When what is left now may leave; `last` is when the person was last told on that channel."""
    earliest = now if last is None else max(now, last + window)
    return earliest if urgent else next_allowed(earliest, habits, calendar)


def next_allowed(at: int, habits: Habits, calendar: Calendar) -> int:
    """The first instant from `at` on that is neither quiet nor on a day off that the person keeps free."""
    for _ in range(_MOST_STEPS):
        later = _after_obstacle(at, habits, calendar)
        if later is None:
            return at
        at = later
    return at


def _after_obstacle(at: int, habits: Habits, calendar: Calendar) -> int | None:
    day = calendar.day_of(at)
    if habits.workdays_only and not _is_worked(day, calendar):
        return calendar.start_of(day + timedelta(days=1))
    local = calendar.local(at)
    minute = local.hour * 60 + local.minute
    if not habits.is_quiet(minute):
        return None
    over_midnight = habits.quiet_from > habits.quiet_to and minute >= habits.quiet_from
    ends_on = day + timedelta(days=1) if over_midnight else day
    ends = calendar.instant(ends_on, *divmod(habits.quiet_to, 60))
    # Where a clock is set back an hour comes twice, and its first end has passed: look minute by minute.
    return ends if ends > at else (at // _MINUTE + 1) * _MINUTE


def _is_worked(day: date, calendar: Calendar) -> bool:
    """A year that nobody has published keeps nobody from being told: plain weekdays count."""
    return calendar.is_workday(day) if calendar.covers(day) else day.weekday() < _SATURDAY
