"""Days as they are typed, in the zone of the first campaign."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from workflow.errors import BadValue, UsageError

if TYPE_CHECKING:
    from workflow.engine import Frame

DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1901, 2399  # of the calendar: each of their days has one before and one after


def zone_of(frame: Frame) -> str:
    """The zone of dates."""
    from workflow.reading.ledger import zone_of_dates

    return zone_of_dates(frame)


def span(frame: Frame, start: str | None, end: str | None) -> tuple[int, int | None]:
    """From a day's first millisecond (or now) to the first after another day, which may not have passed."""
    calendar = frame.calendar(zone_of(frame))
    today = calendar.day_of(frame.now)
    first, last = (day_of(start) if start else today), (day_of(end) if end else None)
    if last is not None and last < max(first, today):
        raise BadValue(
            f"终止日期 {last} 已过，或早于开始日期。今天是 {today}，请改写。",
            f"The end {last} has passed, or lies before the start. Today is {today}: choose a later day.",
        )
    begin = calendar.start_of(first) if start else frame.now
    return begin, None if last is None else calendar.start_of(last + DAY)


def day_of(typed: str) -> date:
    """A day as it was typed, within what the calendar reckons with."""
    try:
        day = date.fromisoformat(typed)
    except ValueError as error:
        raise UsageError(
            f"“{typed}”不是日期。请写成 2026-03-31。", f"{typed!r} is no date. Write 2026-03-31."
        ) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadValue(
            f"日期 {day} 不在 {FIRST_YEAR} 年至 {LAST_YEAR} 年之间。请改写，或不写。",
            f"The date {day} lies outside the years {FIRST_YEAR} to {LAST_YEAR}. Write another, or leave it "
            "out.",
        )
    return day
