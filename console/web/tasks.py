"""The ledger, one task, and acting on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Response

from workflow.definition.model import LIGHTS
from workflow.engine import Frame
from workflow.errors import Unknown
from workflow.reading import (
    Line,
    Wanted,
    ledger,
    scope_of,
)
from workflow.reading.words import moment
from workflow.text import Text

from .asking import Asking
from .seeing import person_of

router = APIRouter()
MOST = 200  # lines of a page
STEPS = 6  # of what happens if nobody acts
_FURTHER = Text("此后还会继续；这里只列出最先的几步。", "It goes on: only the first steps are shown here.")


# --- lists ------------------------------------------------------------------------------------------


@router.get("/ledger")
def whole_ledger(
    visit: Asking,
    unit: str = "",
    inside: str = "",
    kind: str = "",
    track: str = "",
    light: str = "",
    state: str = "",
    open: str = "yes",
) -> Response:
    """The tasks that I may look at, by what is asked for."""
    asked = {"unit": unit, "inside": inside, "kind": kind, "track": track, "light": light, "state": state}
    person = person_of(visit)
    with visit.place.frame() as frame:
        choices = _choices(frame)
        wanted = Wanted(
            unit=unit or None,
            inside=inside or None,
            kind=kind or None,
            track=track or None,
            light=light or None,
            state=state or None,
            open={"yes": True, "no": False}.get(open),
            scope=scope_of(frame, person),
            limit=MOST,
        )
        try:
            found, why = ledger(frame, wanted), None
        except Unknown as error:
            found, why = ledger(frame, Wanted(scope=wanted.scope, limit=MOST)), error.text
        shown = [shown_of(frame, one) for one in found.lines]
    return visit.page(
        "ledger.html",
        422 if why else 200,
        lines=shown,
        total=found.total,
        asked={**asked, "open": open},
        choices=choices,
        why=why,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A line of a list, with its date in words."""

    line: Line
    due: str  # empty: none
    is_late: bool


def shown_of(frame: Frame, line: Line) -> Shown:
    """A line of the ledger as a list shows it."""
    due = "" if line.due_at is None else moment(frame.calendar(line.zone), line.due_at)
    passed = line.due_at is not None and line.due_at < frame.now
    return Shown(line=line, due=due, is_late=passed and not line.stopped)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What the ledger can be asked for."""

    kinds: Mapping[str, Text]
    tracks: Mapping[str, Text]
    lights: tuple[str, ...] = LIGHTS


def _choices(frame: Frame) -> Choices:
    versions = [frame.version(one.version_id) for one in frame.campaigns.values()]
    return Choices(
        kinds={kind: book.definition.label for one in versions for kind, book in one.books.items()},
        tracks={name: label for one in versions for name, label in one.pack.campaign.tracks.items()},
    )
