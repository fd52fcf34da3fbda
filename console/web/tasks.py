"""To do, one task, and acting on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Response

from workflow.decision import Act
from workflow.engine import Frame
from workflow.engine.acting import introduce
from workflow.errors import BadValue, DubanError, Stale, Unknown
from workflow.evidence import Folder
from workflow.explaining import Possible, Subject, everyday, possible, subject_of, would_be_taken
from workflow.explaining import deadline as why_deadline
from workflow.explaining import light as why_light
from workflow.forecast import forecast
from workflow.reading import (
    Line,
    Standing,
    Wanted,
    foreteller,
    history,
    known_facts,
    ledger,
    number_of,
    standing,
    world_of,
)
from workflow.reading.screens import Block
from workflow.reading.words import moment
from workflow.text import Text

from ..forms import ID, Form, facts_in, form_for, rows_in
from .asking import Asking
from .errors import status_of
from .evidence import Attached, attached
from .seeing import person_of, seen
from .uploads import keep, uploads_of
from .visits import Visit

router = APIRouter()
MOST = 200  # lines of a page
STEPS = 6  # of what happens if nobody acts
_FURTHER = Text("此后还会继续；这里只列出最先的几步。", "It goes on: only the first steps are shown here.")


# --- lists ------------------------------------------------------------------------------------------


@router.get("/")
def to_do(visit: Asking) -> Response:
    """What waits for me, the most urgent first."""
    if visit.who.account.duty is not None:
        return visit.go("/accounts" if visit.who.account.duty != "system" else "/account")
    person = person_of(visit)
    with visit.place.frame() as frame:
        found = ledger(frame, Wanted(waits_for=person, limit=MOST))
        shown = [_shown(frame, one) for one in found.lines]
    return visit.page("to_do.html", lines=shown, total=found.total)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A line of a list, with its date in words."""

    line: Line
    due: str  # empty: none
    is_late: bool


def _shown(frame: Frame, line: Line) -> Shown:
    due = "" if line.due_at is None else moment(frame.calendar(line.zone), line.due_at)
    passed = line.due_at is not None and line.due_at < frame.now
    return Shown(line=line, due=due, is_late=passed and not line.stopped)


# --- one task ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A line of history, with its time in words."""

    at: str
    text: Text
    values: tuple[Text, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPage:
    """Everything that the page of a task shows."""

    shown: Shown
    standing: Standing
    may: tuple[Possible, ...]
    may_not: tuple[Possible, ...]
    daily: tuple[Possible, ...]
    ahead: tuple[Block, ...]  # what happens if nobody acts
    why: tuple[Text, ...]  # the light and the deadline, line by line
    told: tuple[Told, ...]
    evidence: tuple[Attached, ...]


@router.get("/tasks/{number}")
def task(visit: Asking, number: str, done: str = "") -> Response:
    """Where a task stands, what may be done, what happens if nobody acts, and all that has happened."""
    person = person_of(visit)
    with visit.place.frame() as frame:
        ident, subject = seen(frame, number, person)
        view = _task_page(frame, ident, subject, person, visit.place.folder)
    return visit.page("task.html", view=view, done=bool(done))


def _task_page(frame: Frame, ident: int, subject: Subject, person: int, folder: Folder | None) -> TaskPage:
    stands = standing(frame, ident)
    entries = history(frame, subject.loaded.task)
    acts = possible(subject, person)
    calendar = frame.calendar(stands.line.zone)
    return TaskPage(
        shown=_shown(frame, stands.line),
        standing=stands,
        may=tuple(one for one in acts if one.may),
        may_not=tuple(one for one in acts if not one.may),
        daily=tuple(one for one in everyday(subject, person) if one.may),
        ahead=_ahead(frame, ident) if stands.line.ended_at is None else (),
        why=tuple(_why(subject)),
        told=tuple(
            Told(at=moment(calendar, one.at), text=one.text, values=one.values) for one in reversed(entries)
        ),
        evidence=attached(frame, folder, entries, stands.line.zone),
    )


def _ahead(frame: Frame, ident: int) -> tuple[Block, ...]:
    world = world_of(frame, ident, frame.now + 366 * 86_400_000)
    found = forecast(world, steps=STEPS)
    told = replace(foreteller(frame, world, found, ()), further=_FURTHER)
    return tuple(told.screens(found, ()))


def _why(subject: Subject) -> Iterator[Text]:
    yield from why_light(subject)
    yield from why_deadline(subject)


# --- acting -----------------------------------------------------------------------------------------


@router.get("/tasks/{number}/do/{act}")
def form(visit: Asking, number: str, act: str) -> Response:
    """The form of an act."""
    with visit.place.frame() as frame:
        _, subject = seen(frame, number, person_of(visit))
        asked = _form(subject, act, {})
    return _form_page(visit, subject, number, asked, request_id=visit.place.token())


def _form(subject: Subject, act: str, typed: Mapping[str, str]) -> Form:
    loaded, definition = subject.loaded, subject.definition
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in loaded.rows:
        if row.closed_at is None:
            rows.setdefault(row.list, []).append({**row.values, ID: row.id})
    found = form_for(definition, act, loaded.task.facts, rows, typed)
    if found is None:
        raise Unknown(
            f"没有“{act}”这个操作。请回到事项页选择。",
            f"There is no act {act!r}. Choose one on the page of the task.",
        )
    return found


def _form_page(
    visit: Visit,
    subject: Subject,
    number: str,
    asked: Form,
    *,
    request_id: str,
    revision: str | None = None,
    error: DubanError | None = None,
) -> Response:
    """`revision`: on which was decided; None: the task's as it stands."""
    task = subject.loaded.task
    return visit.page(
        "act.html",
        status_of(error) if error else 200,
        number=number,
        kind=subject.definition.label,
        state=subject.words.state(task.state),
        form=asked,
        revision=task.revision if revision is None else revision,
        request_id=request_id,
        why=error.text if error else None,
        limits=visit.place.settings,
    )


@router.post("/tasks/{number}/do/{act}")
def do(visit: Asking, number: str, act: str) -> Response:
    """Act, or say why not: what was typed stays in the form."""
    given, person = visit.checked(), person_of(visit)
    typed = {name: value for name, value in given.items() if isinstance(value, str)}
    with visit.place.frame() as frame:
        ident, subject = seen(frame, number, person)
        number = number_of(frame, ident, subject.loaded.task.campaign_id)
    try:
        with visit.place.frame() as frame:
            uploads = uploads_of(visit)
            wanted = _wanted(frame, subject, act, person, typed, [one.stored.sha256 for one in uploads])
            worth = bool(uploads) and would_be_taken(
                frame, subject, wanted, revision=_revision(typed), request_id=typed.get("request_id") or None
            )
        if worth:
            keep(visit.place, uploads, visit.now)
        visit.place.engine.act(
            ident, wanted, visit.now, revision=_revision(typed), request_id=typed.get("request_id") or None
        )
    except DubanError as error:
        return _again(visit, ident, number, act, typed, error)
    return visit.go(f"/tasks/{number}?done=1")


def _wanted(
    frame: Frame,
    subject: Subject,
    act: str,
    person: int,
    typed: Mapping[str, str],
    evidence: Sequence[str] = (),
) -> Act:
    wanted = Act(
        name=act,
        person_id=person,
        facts=known_facts(frame, subject.definition, facts_in(typed)),
        rows={name: [_row(one) for one in rows] for name, rows in rows_in(typed).items()},
        evidence=list(evidence),
    )
    introduce(frame, subject.loaded.task, wanted)
    return wanted


def _row(typed: Mapping[str, str]) -> dict[str, Any]:
    """A row that is there already is named by its id, which is a number."""
    return {name: int(value) if name == ID and value.isdecimal() else value for name, value in typed.items()}


def _revision(typed: Mapping[str, str]) -> int:
    try:
        return int(typed.get("revision", ""))
    except ValueError:
        raise BadValue(
            "表单不完整，未办理。请回到事项页重新打开表单。",
            "The form is incomplete; nothing was done. Open it again from the page of the task.",
        ) from None


def _again(
    visit: Visit, ident: int, number: str, act: str, typed: Mapping[str, str], error: DubanError
) -> Response:
    """The form once more, with what was typed.

    After somebody was faster the form shows the new state: to send it again is then a new decision. After
    any other refusal it stands for what was looked at: whoever was faster meanwhile is told of then.
    """
    with visit.place.frame() as frame:
        subject = subject_of(frame, ident)
        asked = _form(subject, act, typed)
    if isinstance(error, Stale):
        return _form_page(visit, subject, number, asked, request_id=visit.place.token(), error=error)
    request_id, revision = typed.get("request_id", ""), typed.get("revision", "")
    return _form_page(visit, subject, number, asked, request_id=request_id, revision=revision, error=error)
