"""When a reader's digest leaves: at their own hour, on their working days, outside their quiet hours."""

from __future__ import annotations

from workflow.calendar import Calendar

from ..manners import Habits, next_allowed
from ..office_settings import OfficeSettings
from ..store.addresses import Manner


def leaves_at(at: int, now: int, manner: Manner, settings: OfficeSettings, calendar: Calendar) -> int:
    """The first instant, not before `at` and `now`, at which the reader wishes to have it."""
    habits = Habits(
        quiet_from=settings.quiet_from if manner.quiet_from is None else manner.quiet_from,
        quiet_to=settings.quiet_to if manner.quiet_to is None else manner.quiet_to,
        workdays_only=settings.workdays_only if manner.workdays_only is None else manner.workdays_only,
    )
    local, day = calendar.local(at), calendar.day_of(at)
    hour = (local.hour, local.minute) if manner.digest_at is None else divmod(manner.digest_at, 60)
    found = next_allowed(max(calendar.instant(day, *hour), now), habits, calendar)
    if calendar.day_of(found) == day:
        return found
    # Put off to another day: there too not before the hour.
    return next_allowed(max(calendar.instant(calendar.day_of(found), *hour), now), habits, calendar)
