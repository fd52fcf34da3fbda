"""Years taken from the `holidays` library, which carries the State Council's notices.

A notice moves weekends (调休), and the library writes these moves down year by year. Their presence is
the evidence that a year was published: without them the library only computes the statutory days off
(《全国年节及纪念日放假办法》), which is a projection. Countries without such notices have no published
years here; import them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.metadata import version as installed_version
from typing import Final, final

import holidays as library

from workflow.errors import CalendarError
from workflow.text import Text

from .arithmetic import Calendar
from .year import CalendarYear, Status
from .zone import USUAL_ZONE

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
"""Beyond it the library computes no Chinese lunar calendar."""

_AMERICAN_DATE: Final = re.compile(r"(\d\d)/(\d\d)/(\d{4})")


@cache
def published_years(country: str = "CN") -> frozenset[int]:
    """The years of which the library holds the authority's substitutions."""
    return frozenset(getattr(_load(LAST_YEAR, country, "en_US"), "special_public_holidays", ()))


@cache
def published_year(year: int, country: str = "CN") -> CalendarYear:
    """The year as it was decreed, make-up workdays included. Raises CalendarError if nobody did."""
    if year not in published_years(country):
        raise CalendarError(
            f"没有 {year} 年（{country}）的放假通知，不能当作已公布。"
            f"请用 duban calendar import 导入通知，或使用推算年份。",
            f"No holiday notice for {year} ({country}) is known, so it was not taken as published. Import it "
            f"with `duban calendar import`, or use the projected year.",
        )
    return _year(year, country, "published")


@cache
def projected_year(year: int, country: str = "CN") -> CalendarYear:
    """The year as the statute lets one compute it; which weekends will be worked, nobody knows yet.

    Raises CalendarError for a country or a year that the library can't compute.
    """
    return _year(year, country, "projected")


def missing_statutory(year: CalendarYear, country: str = "CN") -> tuple[date, ...]:
    """Statutory days that `year` forgot to give off: worth a question before a notice is taken."""
    statutory = _load(year.year, country, "en_US", observed=False)
    return tuple(sorted(day for day in statutory if day not in year.holidays and day.year == year.year))


def _year(year: int, country: str, status: Status) -> CalendarYear:
    chinese, english = _load(year, country, "zh_CN"), _load(year, country, "en_US")
    if not chinese:
        raise _no_data(year, country)
    basis = "authority's notice" if status == "published" else "computed from the statute"
    return CalendarYear(
        year=year,
        status=status,
        source=f"holidays {installed_version('holidays')}, {country}: {basis}",
        holidays={day: Text(name, _iso_dates(english[day])) for day, name in chinese.items()},
        # The library lists the neighbours' Decembers too, whatever year it is asked for.
        makeup=frozenset(day for day in chinese.weekend_workdays if day.year == year),
    )


def _load(year: int, country: str, language: str, *, observed: bool = True) -> library.HolidayBase:
    # `expand` off: otherwise asking for a date of another year would quietly compute that year.
    try:
        return library.country_holidays(
            country, years=year, language=language, expand=False, observed=observed
        )
    except NotImplementedError as error:
        raise _no_data(year, country) from error


def _no_data(year: int, country: str) -> CalendarError:
    return CalendarError(
        f"无法推算 {year} 年（{country}）的日历：节假日库没有数据。请导入该年的放假通知。",
        f"The calendar of {year} ({country}) can't be computed: the library has no data. Import the "
        f"year's notice.",
    )


def _iso_dates(name: str) -> str:
    """`substituted from 02/14/2026` reads differently in London and in New York."""
    return _AMERICAN_DATE.sub(r"\3-\1-\2", name)


@final
class LibraryYears(Mapping[int, CalendarYear]):
    """All years from `first` to `last`: the imported ones, else published, else projected.

    A year is computed when it is first asked for (1 to 2 ms) and kept; safe to share between threads,
    which at worst compute the same year twice.
    """

    def __init__(self, *, country: str, first: int, last: int, imported: Mapping[int, CalendarYear]) -> None:
        self._country = country
        self._imported = dict(imported)
        self._years = tuple(sorted({*range(first, last + 1), *imported}))
        self._known = frozenset(self._years)

    def __getitem__(self, year: int) -> CalendarYear:
        if year not in self._known:
            raise KeyError(year)
        if year in self._imported:
            return self._imported[year]
        if year in published_years(self._country):
            return published_year(year, self._country)
        return projected_year(year, self._country)

    def __contains__(self, year: object) -> bool:
        return year in self._known

    def __iter__(self) -> Iterator[int]:
        return iter(self._years)

    def __len__(self) -> int:
        return len(self._years)


def library_years(
    *,
    country: str = "CN",
    first: int = FIRST_YEAR,
    last: int = LAST_YEAR,
    imported: Mapping[int, CalendarYear] | None = None,
) -> LibraryYears:
    """The years to build a `Calendar` from; `imported` (from the database) takes precedence."""
    return LibraryYears(country=country, first=first, last=last, imported=imported or {})


def default_calendar(
    zone: str = USUAL_ZONE,
    first: int = FIRST_YEAR,
    last: int = LAST_YEAR,
    *,
    country: str = "CN",
    imported: Mapping[int, CalendarYear] | None = None,
    version: int = 0,
) -> Calendar:
    """The calendar to use when nobody configured another: what is published, the rest projected."""
    years = library_years(country=country, first=first, last=last, imported=imported)
    return Calendar(zone=zone, years=years, version=version)
