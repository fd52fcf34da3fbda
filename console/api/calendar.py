"""One's deadlines as a calendar to subscribe to (RFC 5545, METHOD:PUBLISH).

The token stands in the path, because calendars can send no header: it opens nothing else, changes nothing,
is revoked at will, and `shown_path` keeps it out of logs. What is shown is what waits for its owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response
from icalendar import Calendar, Event

from workflow.calendar import Calendar as WorkingDays
from workflow.definition.model import LIGHT_LABELS
from workflow.engine import Frame
from workflow.errors import NotAllowed
from workflow.reading import Line, Wanted, ledger
from workflow.text import Language, Text

from ..accounts.tokens import holder_of
from ..web.place import Place

router = APIRouter()
MOST = 500  # deadlines of a feed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGAIN = timedelta(hours=1)  # how often calendars should look again
_GONE = Text(
    "没有这个日历：地址可能抄错，或令牌已撤销。请在“我的账号”中另建一个。\n",
    "There is no such calendar: the address is mistyped, or its token was revoked. Make another under “My "
    "account”.\n",
)


@router.get("/calendar/{token}.ics")
def feed(request: Request, token: str) -> Response:
    """What waits for the token's owner, by its deadline."""
    place: Place = request.app.state.place
    now = place.now
    try:
        account = holder_of(place.engine.port, token, ("calendar",), now).account
    except NotAllowed:
        return Response(_GONE.zh + _GONE.en, 404, media_type="text/plain")
    if account.duty is not None or account.person_id is None:
        return Response(_GONE.zh + _GONE.en, 404, media_type="text/plain")
    with place.frame() as frame:
        lines = ledger(frame, Wanted(waits_for=account.person_id, limit=MOST)).lines
        made = _calendar(frame, lines, account.language, place.settings.organisation)
    return Response(made.to_ical(), media_type="text/calendar")


def _calendar(frame: Frame, lines: Iterable[Line], language: Language, organisation: str) -> Calendar:
    found = Calendar()
    found.add("prodid", "-//Duban//Deadlines//EN")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    name = organisation or Text("督办", "Duban").to(language)
    found.add("name", name)
    found.add("x-wr-calname", name)
    found.add("refresh-interval", _AGAIN, parameters={"VALUE": "DURATION"})
    found.add("x-published-ttl", "PT1H")
    for line in lines:
        if line.due_at is not None:
            found.add_component(_event(frame, line, line.due_at, language))
    return found


def _event(frame: Frame, line: Line, due: int, language: Language) -> Event:
    event = Event()
    event.add("uid", f"{line.number}.{line.campaign}@duban")  # a deadline that moves moves the same entry
    event.add("dtstamp", _instant(frame.now))
    event.add("sequence", line.revision)
    _when(event, frame.calendar(line.zone), due)
    mark = Text("（暂定）", " (provisional)").to(language) if line.provisional else ""
    title = f"{line.kind_label.to(language)} · {line.unit.to(language)}{mark}"
    event.add("summary", f"{line.number} {title}")
    event.add("status", "TENTATIVE" if line.provisional else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("categories", [LIGHT_LABELS[line.light].to(language)])
    event.add("description", _says(line).to(language))
    return event


def _when(event: Event, calendar: WorkingDays, due: int) -> None:
    """A deadline at the end of a day is that whole day; any other is its instant."""
    day = calendar.day_of(due)
    if due == calendar.end_of(day):
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
    else:
        event.add("dtstart", _instant(due))


def _instant(at: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at // 1000 * 1000)


def _says(line: Line) -> Text:
    state = line.state_label
    stopped = Text("，停止计时", "; its clock is stopped") if line.stopped else Text("", "")
    return Text(f"状态：{state.zh}{stopped.zh}", f"State: {state.en}{stopped.en}")
