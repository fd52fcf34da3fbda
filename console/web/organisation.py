"""The organisation: units, who holds which post, who acts for whom; and one's own absence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, Response

from workflow.calendar import Calendar
from workflow.engine import Frame
from workflow.errors import BadValue, DubanError, NotNow
from workflow.reading.ledger import zone_of_dates
from workflow.reading.people import AwayView, PersonView, PostView, UnitView, people, person_id, units
from workflow.store import organisation
from workflow.store.delegations import end_delegations
from workflow.text import Text

from .asking import Asking
from .errors import status_of
from .seeing import person_of
from .visits import Visit

router = APIRouter()
_FIELDS = ("delegate", "from", "to", "reason")
_YEARS = (2000, 2399)
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A post and whoever holds it."""

    person: PersonView
    post: PostView
    since: str
    until: str  # empty: without an end


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """A time in which somebody is away, in days."""

    view: AwayView
    since: str
    until: str  # empty: without an end


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationPage:
    """The tree of units with their posts, absences, and one's own."""

    units: tuple[UnitView, ...]
    held: Mapping[str, tuple[Held, ...]]  # by a unit's code
    away: Mapping[int, tuple[Absence, ...]]  # by person
    me: PersonView | None


@router.get("/organisation")
def shown(visit: Asking, done: str = "") -> Response:
    """Units, posts and people; one's own absences."""
    return _page(visit, {}, None, done=bool(done))


def _page(
    visit: Visit, typed: Mapping[str, str], error: DubanError | None, *, done: bool = False
) -> Response:
    person = person_of(visit)
    with visit.place.frame() as frame:
        view = _view(frame, person)
    status = 200 if error is None else status_of(error)
    why = None if error is None else error.text
    return visit.page(
        "organisation.html",
        status,
        view=view,
        typed={**dict.fromkeys(_FIELDS, ""), **typed},
        why=why,
        done=done,
    )


def _view(frame: Frame, person: int) -> OrganisationPage:
    everybody, calendar = people(frame), _calendar(frame)
    held: dict[str, list[Held]] = defaultdict(list)
    for one in everybody:
        for post in one.posts:
            since, until = _days(calendar, post.valid_from, post.valid_to)
            held[post.unit].append(Held(person=one, post=post, since=since, until=until))
    return OrganisationPage(
        units=units(frame),
        held={unit: tuple(found) for unit, found in held.items()},
        away={one.id: tuple(_absence(calendar, away) for away in one.away) for one in everybody},
        me=next((one for one in everybody if one.id == person), None),
    )


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
    calendar = _calendar(frame)
    today = calendar.day_of(frame.now)
    first = _day(typed["from"]) or today
    last = _day(typed["to"])
    if first < today or (last is not None and last < first):
        raise BadValue(
            f"未记：外出不能早于今天（{today}），止日不能早于起日。请改写日期。",
            f"Not done: an absence begins today ({today}) or later and doesn't end before it begins. "
            "Change the days.",
        )
    begin = frame.now if first == today else calendar.start_of(first)
    return begin, None if last is None else calendar.start_of(last + _DAY)


def _day(typed: str) -> date | None:
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
        if not _YEARS[0] <= day.year <= _YEARS[1]:
            raise ValueError
        return day
    except ValueError:
        said = Text(f"“{typed[:20]}”不是日期", f"{typed[:20]!r} is no date")
        raise BadValue(
            f"未记：{said.zh}。请写成 2026-03-02 的样子。", f"Not done: {said.en}. Write it like 2026-03-02."
        ) from None
