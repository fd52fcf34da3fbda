"""When a reader's digest leaves: at their own hour, on their working days, outside their quiet hours."""

from __future__ import annotations

from datetime import timedelta

from workflow.calendar import Calendar

from ..office_settings import OfficeSettings
from ..store.addresses import Manner

_HOUR = 60


def leaves_at(at: int, now: int, manner: Manner, settings: OfficeSettings, calendar: Calendar) -> int:
    """The first instant, not before `at` and `now`, at which the reader wishes to have it."""
    day = calendar.day_of(at)
    if manner.digest_at is not None:
        at = calendar.instant(day, *divmod(manner.digest_at, _HOUR))
    found = _after_quiet(max(at, now), manner, settings, calendar)
    workdays = settings.workdays_only if manner.workdays_only is None else manner.workdays_only
    day = calendar.day_of(found)
    if not workdays or calendar.is_workday(day):
        return found
    local = calendar.local(at)
    moved = calendar.instant(calendar.next_workday(day), local.hour, local.minute)
    return _after_quiet(moved, manner, settings, calendar)


def _after_quiet(at: int, manner: Manner, settings: OfficeSettings, calendar: Calendar) -> int:
    begin = settings.quiet_from if manner.quiet_from is None else manner.quiet_from
    end = settings.quiet_to if manner.quiet_to is None else manner.quiet_to
    local = calendar.local(at)
    minute = local.hour * _HOUR + local.minute
    if begin == end or not _within(minute, begin, end):
        return at
    wakes = calendar.instant(calendar.day_of(at), *divmod(end, _HOUR))
    return (
        wakes
        if wakes > at
        else calendar.instant(calendar.day_of(at) + timedelta(days=1), *divmod(end, _HOUR))
    )


def _within(minute: int, begin: int, end: int) -> bool:
    return begin <= minute < end if begin < end else minute >= begin or minute < end
