"""Days as they are typed on the command line, in the zone of the first campaign."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from workflow.errors import UsageError

if TYPE_CHECKING:
    from workflow.engine import Frame

DAY = timedelta(days=1)


def zone_of(frame: Frame) -> str:
    """The zone of dates."""
    from workflow.reading.ledger import zone_of_dates

    return zone_of_dates(frame)


def span(frame: Frame, start: str | None, end: str | None) -> tuple[int, int | None]:
    """From a day's first millisecond (or now) to the first after another day, which may not have passed."""
    from workflow.reading import days

    return days.span(frame, day_of(start) if start else None, day_of(end) if end else None)


def day_of(typed: str) -> date:
    """A day as it was typed, within what the calendar reckons with."""
    from workflow.reading.days import read_day

    try:
        date.fromisoformat(typed)
    except ValueError as error:
        raise UsageError(
            f"“{typed}”不是日期。请写成 2026-03-31。", f"{typed!r} is no date. Write 2026-03-31."
        ) from error
    return read_day(typed)
