"""Days and instants as people are told them: with their weekday, the year only where it is another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from ..calendar import Calendar
from ..text import Text

_ZH_WEEKDAYS: Final = "一二三四五六日"
_EN_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
PROVISIONAL: Final = Text("（暂定）", " (provisional)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dates:
    """Says instants in a calendar's zone, as seen from `now` (ms since the epoch)."""

    calendar: Calendar
    now: int

    def day(self, instant: int) -> Text:
        """The day: 4月30日（周四）, Thu 30 April."""
        return self.date(self.calendar.day_of(instant))

    def date(self, day: date) -> Text:
        """A date: 4月30日（周四）, Thu 30 April."""
        weekday, here = day.weekday(), day.year == self.calendar.day_of(self.now).year
        year_zh, year_en = ("", "") if here else (f"{day.year}年", f" {day.year}")
        return Text(
            f"{year_zh}{day.month}月{day.day}日（周{_ZH_WEEKDAYS[weekday]}）",
            f"{_EN_WEEKDAYS[weekday]} {day.day} {_MONTHS[day.month - 1]}{year_en}",
        )

    def moment(self, instant: int) -> Text:
        """The day and the time; midnight is the day alone."""
        told, clock = self.day(instant), f"{self.calendar.local(instant):%H:%M}"
        if instant == self.calendar.start_of(self.calendar.day_of(instant)):
            return told
        return Text(f"{told.zh}{clock}", f"{told.en}, {clock}")

    def limit(self, instant: int, *, provisional: bool = False) -> Text:
        """The end of a time limit as a value: 4月30日（周四）24:00, Thu 30 April, end of day."""
        told, note = self.day(instant), PROVISIONAL if provisional else Text("", "")
        if instant == self.calendar.end_of(self.calendar.day_of(instant)):
            return Text(f"{told.zh}24:00{note.zh}", f"{told.en}, end of day{note.en}")
        clock = f"{self.calendar.local(instant + 1):%H:%M}"  # a limit is the last millisecond before
        return Text(f"{told.zh}{clock}{note.zh}", f"{told.en}, {clock}{note.en}")

    def by(self, instant: int, *, provisional: bool = False) -> Text:
        """The same inside a sentence: 4月30日（周四）24:00前, by Thu 30 April, end of day."""
        told, note = self.limit(instant), PROVISIONAL if provisional else Text("", "")
        return Text(f"{told.zh}前{note.zh}", f"by {told.en}{note.en}")
