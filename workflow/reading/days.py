"""Days as people type them, in the zone of the first campaign, and the instants between two of them."""

from __future__ import annotations

from datetime import date, timedelta

from ..engine import Frame
from ..errors import BadValue
from .ledger import zone_of_dates

DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1901, 2399  # of the calendar: each of their days has one before and one after


def read_day(typed: str) -> date:
    """A day as it was typed, within what the calendar reckons with.

    Raises:
        BadValue: it is none, or lies outside.
    """
    try:
        day = date.fromisoformat(typed)
    except ValueError as error:
        raise BadValue(
            f"“{typed[:20]}”不是日期。请写成 2026-03-31。",
            f"{typed[:20]!r} is no date. Write 2026-03-31.",
        ) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadValue(
            f"日期 {day} 不在 {FIRST_YEAR} 年至 {LAST_YEAR} 年之间。请改写，或不写。",
            f"The date {day} lies outside the years {FIRST_YEAR} to {LAST_YEAR}. Write another, or leave it "
            "out.",
        )
    return day


def span(frame: Frame, first: date | None, last: date | None) -> tuple[int, int | None]:
    """From a day's first millisecond (or now) to the first after another day, which may not have passed.

    Raises:
        BadValue: the end has passed, or lies before the start.
    """
    calendar = frame.calendar(zone_of_dates(frame))
    today = calendar.day_of(frame.now)
    if last is not None and last < max(first or today, today):
        raise BadValue(
            f"终止日期 {last} 已过，或早于开始日期。今天是 {today}，请改写。",
            f"The end {last} has passed, or lies before the start. Today is {today}: choose a later day.",
        )
    begin = frame.now if first is None else calendar.start_of(first)
    return begin, None if last is None else calendar.start_of(last + DAY)
