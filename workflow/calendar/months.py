"""Months of the Gregorian calendar: their ends, and how to count them."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta


def last_of_month(year: int, month: int) -> date:
    """The last day of that month."""
    return date(year, month, monthrange(year, month)[1])


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later, or that month's last day if it is too short."""
    index = day.year * 12 + day.month - 1 + months
    last = last_of_month(index // 12, index % 12 + 1)
    return last.replace(day=min(day.day, last.day))


def months_before(day: date, months: int) -> date:
    """The first day whose `add_months` is not before `day`."""
    same = add_months(day, -months)
    # 31 March less a month is 28 February by clipping, but a month from then only leads to 28 March.
    return same if same.day == day.day else same + timedelta(days=1)
