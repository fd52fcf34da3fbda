"""Working days, durations and deadlines, with their derivation. Pure: nothing here reads a clock.

duration     what supervisors write: 2 workdays, 1 month
year         one year's days off and make-up workdays, published or projected
library      years from the `holidays` library
notice       years from a notice that a person typed off
months       adding months, month's ends
zone         days of a time zone as instants
arithmetic   Calendar: add, before
derivation   why a deadline is when it is
"""

from __future__ import annotations

from .arithmetic import Calendar
from .duration import UNITS, Duration, Misread, Unit, parse_duration
from .library import (
    LibraryYears,
    default_calendar,
    library_years,
    missing_statutory,
    projected_year,
    published_year,
    published_years,
)
from .months import add_months, last_of_month
from .notice import import_notice
from .year import CalendarYear, Status
from .zone import USUAL_ZONE

__all__ = [
    "UNITS",
    "USUAL_ZONE",
    "Calendar",
    "CalendarYear",
    "Duration",
    "LibraryYears",
    "Misread",
    "Status",
    "Unit",
    "add_months",
    "default_calendar",
    "import_notice",
    "last_of_month",
    "library_years",
    "missing_statutory",
    "parse_duration",
    "projected_year",
    "published_year",
    "published_years",
]
