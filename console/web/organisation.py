"""The organisation: units, who holds which post, who acts for whom, teams; and one's own absence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Response

from workflow.calendar import Calendar
from workflow.engine import Frame
from workflow.errors import BadValue, DubanError, NotNow
from workflow.reading import scope_of
from workflow.reading.days import read_day, span
from workflow.reading.ledger import zone_of_dates
from workflow.reading.organisation import Holder, Node, Nodes, TeamView, absences, nodes, teams
from workflow.reading.people import AwayView, person_id
from workflow.store import organisation
from workflow.store.delegations import end_delegations
from workflow.text import Text

from .asking import Asking
from .errors import status_of
from .seeing import person_of
from .visits import Visit

router = APIRouter()
UNITS = 50  # of a page
_FIELDS = ("delegate", "from", "to", "reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """A time in which somebody is away, in days."""

    view: AwayView
    since: str
    until: str  # empty: without an end


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A post and whoever holds it, in days."""

    view: Holder
    since: str
    until: str  # empty: without an end
    away: tuple[Absence, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitShown:
    """A unit of the page."""

    node: Node
    held: tuple[Held, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamShown:
    """A team, with the end of its term."""

    view: TeamView
    until: str  # empty: as long as its task


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationPage:
    """A page of units with their posts, teams, and one's own absences."""

    units: tuple[UnitShown, ...]
    total: int
    above: tuple[tuple[str, Text], ...]
    teams: tuple[TeamShown, ...]
    mine: tuple[Absence, ...]


@router.get("/organisation")
def shown(visit: Asking, q: str = "", inside: str = "", page: int = 1, done: str = "") -> Response:
    """Units, posts and people; one's own absences."""
    return _page(visit, {}, None, q=q, inside=inside, page=max(1, min(page, 100_000)), done=bool(done))


def _page(
    visit: Visit,
    typed: Mapping[str, str],
    error: DubanError | None,
    *,
    q: str = "",
    inside: str = "",
    page: int = 1,
    done: bool = False,
) -> Response:
    person = person_of(visit)
    with visit.place.frame() as frame:
        view = _view(frame, person, q, inside, page)
    return visit.page(
        "organisation.html",
        200 if error is None else status_of(error),
        view=view,
        q=q,
        inside=inside,
        page=page,
        pages=-(-view.total // UNITS),
        typed={**dict.fromkeys(_FIELDS, ""), **typed},
        why=None if error is None else error.text,
        done=done,
    )


def _view(frame: Frame, person: int, q: str, inside: str, page: int) -> OrganisationPage:
    calendar = _calendar(frame)
    found = nodes(frame, search=q, inside=inside, offset=(page - 1) * UNITS, limit=UNITS)
    mine = absences(frame, {person}).get(person, ())
    return OrganisationPage(
        units=tuple(_shown(calendar, one, found) for one in found.units),
        total=found.total,
        above=found.above,
        teams=tuple(_team(calendar, one) for one in teams(frame, scope_of(frame, person))),
        mine=tuple(_absence(calendar, one) for one in mine),
    )


def _shown(calendar: Calendar, node: Node, found: Nodes) -> UnitShown:
    return UnitShown(node=node, held=tuple(_held(calendar, one, found) for one in node.holders))


def _held(calendar: Calendar, one: Holder, found: Nodes) -> Held:
    since, until = _days(calendar, one.valid_from, one.valid_to)
    away = tuple(_absence(calendar, away) for away in found.away.get(one.person, ()))
    return Held(view=one, since=since, until=until, away=away)


def _team(calendar: Calendar, view: TeamView) -> TeamShown:
    return TeamShown(view=view, until="" if view.until is None else str(calendar.day_of(view.until)))


def _absence(calendar: Calendar, view: AwayView) -> Absence:
    since, until = _days(calendar, view.valid_from, view.valid_to)
    return Absence(view=view, since=since, until=until)


def _days(calendar: Calendar, begin: int, end: int | None) -> tuple[str, str]:
    """First and last day; an end is the first instant after it."""
    return str(calendar.day_of(begin)), "" if end is None else str(calendar.day_of(end - 1))


def _calendar(frame: Frame) -> Calendar:
    return frame.calendar(zone_of_dates(frame))


@router.post("/organisation/away")
def go_away(visit: Asking) -> Response:
    """I am away for some days; somebody acts for me, or nobody."""
    typed = _typed(visit)
    person = person_of(visit)
    try:
        with visit.place.frame() as frame:
            begin, end = _span(frame, typed)
            other = person_id(frame.tx, typed["delegate"]) if typed["delegate"] else None
        if other == person:
            raise BadValue(
                "未记：不能委托给本人，请另写一人。",
                "Not done: nobody stands in for themselves. Name another.",
            )
        with visit.place.engine.port.write("people") as tx:
            organisation.add_delegation(tx, person, other, begin, end, typed["reason"], visit.now)
            organisation.move_organisation(tx, organisation.stamp(tx))
    except DubanError as error:
        return _page(visit, typed, error)
    return visit.go("/organisation?done=1")


@router.post("/organisation/back")
def come_back(visit: Asking) -> Response:
    """I am back, now."""
    visit.checked()
    person = person_of(visit)
    with visit.place.engine.port.write("people") as tx:
        ended = end_delegations(tx, person, visit.now)
    if not ended:
        error = NotNow("您目前没有外出，无可终止。", "You are not away now: there is nothing to end.")
        return _page(visit, {}, error)
    return visit.go("/organisation?done=1")


def _typed(visit: Visit) -> dict[str, str]:
    given = visit.checked()
    return {name: str(given.get(name, "")).strip()[:500] for name in _FIELDS}


def _span(frame: Frame, typed: Mapping[str, str]) -> tuple[int, int | None]:
    """From the start of a day, or now, to the end of a day, or without an end."""
    today = _calendar(frame).day_of(frame.now)
    first, last = (read_day(typed[name]) if typed[name] else None for name in ("from", "to"))
    if first is not None and first < today:
        raise BadValue(
            f"未记：外出不能早于今天（{today}）。请改写日期。",
            f"Not done: an absence begins today ({today}) or later. Change the day.",
        )
    return span(frame, None if first == today else first, last)
