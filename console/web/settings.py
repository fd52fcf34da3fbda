"""Settings: the calendar, quiet hours and budgets, how the installation stands.

The system administrator brings in a year's notice, after having seen what it moves. Others read what
concerns them. No secret is shown to anybody.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from fastapi import APIRouter, Response

from workflow.calendar import Calendar, CalendarYear, import_notice, missing_statutory
from workflow.clock import kernel_synchronised
from workflow.doctor import Finding, Patient, glance
from workflow.engine import Frame
from workflow.engine.years import YearForeseen, bring_year, foresee_year
from workflow.errors import CalendarError, DubanError, NotAllowed
from workflow.reading import number_of
from workflow.reading.ledger import zone_of_dates
from workflow.reading.words import moment
from workflow.text import Text

from ..messages import Setting
from .asking import Asking
from .errors import status_of
from .seeing import person_of
from .visits import Visit

router = APIRouter()
SYSTEM: Final = "system"
SHOWN: Final = 200  # deadlines that a preview lists
_BEFORE, _AFTER = 1, 3  # years beside this one
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Year:
    """A year of the calendar."""

    year: CalendarYear
    worked: int  # days


@dataclass(frozen=True, kw_only=True, slots=True)
class Moving:
    """A deadline that a notice would move, in words. Its number alone: an administrator sees no cases."""

    number: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsPage:
    """What stands on the page."""

    years: tuple[Year, ...]
    file: str | None
    settings: Sequence[Setting]
    findings: Sequence[Finding]
    versions: tuple[tuple[Text, str], ...]
    may_change: bool


@router.get("/settings")
def shown(visit: Asking, done: str = "") -> Response:
    """Everything that the visitor may know of."""
    return _page(visit, done=done)


@router.post("/settings/calendar/preview")
def preview(visit: Asking) -> Response:
    """What a notice would move. Nothing is imported."""
    given = visit.checked()
    _only_system(visit)
    return _previewed(visit, _typed(given, "notice"))


@router.post("/settings/calendar/import")
def bring(visit: Asking) -> Response:
    """Import the notice that was previewed."""
    given = visit.checked()
    _only_system(visit)
    notice, epoch = _typed(given, "notice"), _typed(given, "epoch")
    try:
        year = import_notice(notice)
        bring_year(
            visit.place.engine.port,
            year,
            visit.now,
            epoch=int(epoch) if epoch.isdecimal() and len(epoch) < 18 else -1,
        )
    except DubanError as error:
        return _previewed(visit, notice, error)
    return visit.go("/settings?done=calendar")


def _only_system(visit: Visit) -> None:
    if visit.who.account.duty != SYSTEM:
        raise NotAllowed(
            "只有系统管理员可以改动设置，未作改动。请联系系统管理员。",
            "Only the system administrator changes settings; nothing was changed. Ask them.",
        )


def _typed(given: Mapping[str, object], name: str) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""


# --- the page ---------------------------------------------------------------------------------------


def _page(visit: Visit, *, done: str = "", error: DubanError | None = None) -> Response:
    is_system = visit.who.account.duty == SYSTEM
    if not is_system:
        person_of(visit)
    with visit.place.frame() as frame:
        view = _view(visit, frame, is_system=is_system)
    why = None if error is None else error.text
    return visit.page("settings.html", status_of(error) if error else 200, view=view, why=why, done=done)


def _view(visit: Visit, frame: Frame, *, is_system: bool) -> SettingsPage:
    messages = visit.place.messages
    calendar = frame.calendar(zone_of_dates(frame))
    return SettingsPage(
        years=_years(calendar, frame.now),
        file=None if messages is None else messages.file,
        settings=() if messages is None else messages.settings,
        findings=_findings(visit, frame) if is_system else (),
        versions=_versions(visit.place.engine.port.dialect) if is_system else (),
        may_change=is_system,
    )


def _years(calendar: Calendar, now: int) -> tuple[Year, ...]:
    this = calendar.day_of(now).year
    known = [year for year in range(this - _BEFORE, this + _AFTER + 1) if year in calendar.years]
    return tuple(Year(year=calendar.years[year], worked=_worked(calendar, year)) for year in known)


def _worked(calendar: Calendar, year: int) -> int:
    days = (date(year, 1, 1) + offset * _DAY for offset in range(366))
    return sum(day.year == year and calendar.is_workday(day) for day in days)


def _findings(visit: Visit, frame: Frame) -> list[Finding]:
    engine = visit.place.engine
    patient = Patient(
        port=engine.port,
        library=engine.library,
        now=visit.now,
        synchronised=kernel_synchronised(),
        beside=visit.place.findings,
    )
    return glance(patient, frame)


def _versions(dialect: str) -> tuple[tuple[Text, str], ...]:
    database = "SQLite" if dialect == "sqlite" else "PostgreSQL"
    return (
        (Text("督办", "Duban"), _version("duban")),
        (Text("Python", "Python"), platform.python_version()),
        (Text("数据库", "Database"), database),
        (Text("节假日数据", "Holidays"), _version("holidays")),
        (Text("时区数据", "Time zones"), _version("tzdata")),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "—"


# --- a notice ---------------------------------------------------------------------------------------


def _previewed(visit: Visit, notice: str, error: DubanError | None = None) -> Response:
    """What a notice would move; what is wrong with it."""
    found, moving = None, tuple[Moving, ...]()
    try:
        year = import_notice(notice)
        found = foresee_year(visit.place.engine.port, visit.place.engine.library, year, visit.now)
        moving = _moving(visit, found)
    except CalendarError as refused:
        error = refused
    return visit.page(
        "settings_calendar.html",
        422 if isinstance(error, CalendarError) else status_of(error) if error else 200,
        notice=notice,
        found=found,
        moving=moving,
        most=SHOWN,
        missing=missing_statutory(found.year) if found else (),
        why=error.text if error else None,
    )


def _moving(visit: Visit, found: YearForeseen) -> tuple[Moving, ...]:
    with visit.place.frame() as frame:
        calendar = frame.calendar(zone_of_dates(frame))
        return tuple(
            Moving(
                number=number_of(frame, one.task_id, one.campaign_id),
                old=_when(calendar, one.due[0]),
                new=_when(calendar, one.due[1]),
            )
            for one in found.tasks[:SHOWN]
        )


def _when(calendar: Calendar, at: int | None) -> str:
    return "" if at is None else moment(calendar, at)
