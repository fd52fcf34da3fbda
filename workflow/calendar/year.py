"""One year of a calendar: which weekdays are off, which weekend days are worked, and who says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from workflow.errors import CalendarError
from workflow.text import Text

Status = Literal["published", "projected"]
SATURDAY: Final = 5
"""`date.weekday()` of the first day of the weekend."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarYear:
    """What is known of one year. Compared by value; raises CalendarError if it contradicts itself.

    A notice may speak of the December before its year (the notice for 2012 made 2011-12-31 a
    workday), so days of that month may appear here too.
    """

    year: int
    """The year, Gregorian."""
    status: Status
    """`published`: an authority decreed it. `projected`: computed; deadlines on it are provisional."""
    source: str
    """Who says so: a notice's number, or library and version."""
    holidays: Mapping[date, Text] = field(hash=False)
    """Days off and why. Festivals that fall on a weekend are here too, for their names."""
    makeup: frozenset[date]
    """Weekend days that are worked (调休上班)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "holidays", MappingProxyType(dict(sorted(self.holidays.items()))))
        for wrong, zh, en in (
            (self._outside(), "不属于该年", "lies outside the year"),
            (self._worked_weekdays(), "不是周末，不能调休上班", "is no weekend day, so no make-up workday"),
            (self._both(), "既放假又上班", "is both off and worked"),
        ):
            if wrong:
                raise CalendarError(
                    f"{self.year} 年日历自相矛盾，未采用：{min(wrong)} {zh}。请更正后重试。",
                    f"The calendar of {self.year} was not taken, it contradicts itself: {min(wrong)} {en}. "
                    f"Correct it and try again.",
                )

    def _outside(self) -> set[date]:
        return {day for day in {*self.holidays, *self.makeup} if not belongs(day, self.year)}

    def _worked_weekdays(self) -> set[date]:
        return {day for day in self.makeup if day.weekday() < SATURDAY}

    def _both(self) -> set[date]:
        return {day for day in self.makeup if day in self.holidays}

    def to_json(self) -> str:
        """Canonical JSON (keys and days sorted), read back by `from_json`."""
        record = {
            "year": self.year,
            "status": self.status,
            "source": self.source,
            "holidays": {day.isoformat(): list(name) for day, name in self.holidays.items()},
            "makeup": sorted(day.isoformat() for day in self.makeup),
        }
        return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> CalendarYear:
        """The year that `to_json` wrote. Raises CalendarError for anything else."""
        try:
            return cls._from_record(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CalendarError(
                f"日历年份数据损坏，无法读取（{error}）。请重新导入该年通知。",
                f"The stored calendar year can't be read ({error}). Import the year's notice again.",
            ) from error

    @classmethod
    def _from_record(cls, record: dict[str, object]) -> CalendarYear:
        year, status, source = record["year"], record["status"], record["source"]
        holidays, makeup = record["holidays"], record["makeup"]
        if not (isinstance(year, int) and isinstance(source, str)):
            raise ValueError("year, source")
        if not (isinstance(holidays, dict) and isinstance(makeup, list)):
            raise ValueError("holidays, makeup")
        return cls(
            year=year,
            status=_status(status),
            source=source,
            holidays={date.fromisoformat(day): Text(*name) for day, name in holidays.items()},
            makeup=frozenset(date.fromisoformat(day) for day in makeup),
        )


def belongs(day: date, year: int) -> bool:
    """Whether a notice for `year` may speak of `day`: the year itself and the December before it."""
    return day.year == year or (day.year == year - 1 and day.month == 12)


def _status(value: object) -> Status:
    if value == "published":
        return "published"
    if value == "projected":
        return "projected"
    raise ValueError(f"status {value!r}")
