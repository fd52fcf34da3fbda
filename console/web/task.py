"""One task: where it stands, what may be done, what happens if nobody acts, and all that has happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter, Response

from workflow.drawing import diagram, svg
from workflow.engine import Frame
from workflow.explaining import (
    Possible,
    Subject,
    deadline,
    enterable,
    everyday,
    light,
    next_wake,
    possible,
    rules,
)
from workflow.forecast import Forecast, forecast
from workflow.reading import Entry, Standing, foreteller, history, number_of, placed, standing, world_of
from workflow.reading.ahead import Coming
from workflow.reading.coming import all_coming
from workflow.reading.screens import Block
from workflow.reading.standing import EpisodeView
from workflow.reading.words import moment
from workflow.text import Text

from .asking import Asking
from .definitions import policy
from .evidence import Attached, attached, hashes_of
from .lines import Shown, shown_of
from .place import Place
from .seeing import person_of, seen

router = APIRouter()
STEPS = 12  # of what happens if nobody acts
YEAR = 366 * 86_400_000  # ms; how far that is looked at
RECENT = 12  # lines of history on the page of a task
LINES = 100  # on a page of its history
_FURTHER = Text("此后还会继续；这里只列出最先的几步。", "It goes on: only the first steps are shown here.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A line of history, with its time in words."""

    seq: int
    at: str
    text: Text
    values: tuple[Text, ...]
    files: tuple[str, ...]  # SHA-256 of those that came with it
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Warned:
    """An escalation: since when, why no longer, and the tasks that it opened."""

    view: EpisodeView
    since: str
    over: str  # empty: it lasts
    opened: tuple[str, ...]  # numbers of tasks


@dataclass(frozen=True, kw_only=True, slots=True)
class Sourced:
    """A fact with where it comes from."""

    label: Text
    text: Text
    at: str
    by: Text | None  # who reported it last; None: it came with the task, or by the machine


@dataclass(frozen=True, kw_only=True, slots=True)
class Ahead:
    """What happens if nobody acts."""

    coming: tuple[Coming, ...]
    further: Text | None  # it goes on after these
    notes: tuple[Text, ...]  # what can't be known
    steps: tuple[Block, ...]  # everything, step by step, in the words of the history


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPage:
    """Everything that the page of a task shows."""

    shown: Shown
    standing: Standing
    facts: tuple[Sourced, ...]
    may: tuple[Possible, ...]
    may_not: tuple[Possible, ...]
    daily: tuple[Possible, ...]
    papers: tuple[Possible, ...]  # what may be entered from a paper for somebody else
    ahead: Ahead | None
    path: tuple[Text, ...]  # the states that it went through
    light: tuple[Text, ...]
    clock: tuple[Text, ...]
    next_look: tuple[Text, ...]
    rules: tuple[Text, ...]
    warned: tuple[Warned, ...]
    told: tuple[Told, ...]  # the newest lines of its history
    lines: int  # of its whole history
    evidence: tuple[Attached, ...]


@router.get("/tasks/{number}")
def page(visit: Asking, number: str, done: str = "") -> Response:
    """Where a task stands, what may be done, what happens if nobody acts, and all that has happened."""
    person = person_of(visit)
    with visit.place.frame() as frame:
        ident, subject = seen(frame, number, person)
        view = _page(frame, ident, subject, person, visit.place)
    return visit.page("task.html", view=view, done=bool(done))


def _page(frame: Frame, ident: int, subject: Subject, person: int, place: Place) -> TaskPage:
    stands, entries = standing(frame, ident), history(frame, subject.loaded.task)
    acts, shown = possible(subject, person), placed(frame, ident)
    states, zone = shown.definition.states, stands.line.zone
    told = _told(frame, entries, zone)
    return TaskPage(
        shown=shown_of(frame, stands.line),
        standing=stands,
        facts=tuple(_sourced(frame, subject, stands, entries)),
        may=tuple(one for one in acts if one.may),
        may_not=tuple(one for one in acts if not one.may),
        daily=tuple(one for one in everyday(subject, person) if one.may),
        papers=enterable(subject, person),
        ahead=_ahead(frame, ident) if stands.line.ended_at is None else None,
        path=tuple(states[name].label for name in shown.place.path if name in states),
        light=light(subject),
        clock=deadline(subject),
        next_look=next_wake(subject) if stands.line.ended_at is None else (),
        rules=tuple(rules(subject).values()) if stands.line.ended_at is None else (),
        warned=tuple(_warned(frame, subject, stands, entries)),
        told=told[:RECENT],
        lines=len(told),
        evidence=attached(frame, place.folder, entries, zone),
    )


def _told(frame: Frame, entries: Sequence[Entry], zone: str) -> tuple[Told, ...]:
    """The newest first."""
    calendar = frame.calendar(zone)
    return tuple(
        Told(
            seq=one.seq,
            at=moment(calendar, one.at),
            text=one.text,
            values=one.values,
            files=tuple(hashes_of(one)),
            hash=one.hash,
        )
        for one in reversed(entries)
    )


def _sourced(frame: Frame, subject: Subject, stands: Standing, entries: Sequence[Entry]) -> Sequence[Sourced]:
    """Each fact, by whom and when it was reported last."""
    calendar, words = frame.calendar(stands.line.zone), subject.words
    found = []
    for one in stands.facts:
        line = next((entry for entry in reversed(entries) if entry.at == one.at), None)
        who = line.header.get("actor") if line is not None else None
        by = words.names.person(who) if isinstance(who, int) else None
        found.append(Sourced(label=one.label, text=one.text, at=moment(calendar, one.at), by=by))
    return found


def _warned(frame: Frame, subject: Subject, stands: Standing, entries: Sequence[Entry]) -> Sequence[Warned]:
    calendar, campaign = frame.calendar(stands.line.zone), subject.loaded.task.campaign_id
    opened: Mapping[tuple[str, int], Sequence[int]] = {
        (str(entry.header.get("rule")), entry.at): entry.header.get("tasks", ())
        for entry in entries
        if entry.kind == "episode_opened"
    }
    return [
        Warned(
            view=one,
            since=moment(calendar, one.opened_at),
            over="" if one.ended_at is None else moment(calendar, one.ended_at),
            opened=tuple(
                number_of(frame, ident, campaign) for ident in opened.get((one.rule, one.opened_at), ())
            ),
        )
        for one in reversed(stands.episodes)
    ]


def _ahead(frame: Frame, ident: int) -> Ahead:
    world = world_of(frame, ident, frame.now + YEAR)
    found: Forecast = forecast(world, steps=STEPS)
    told = replace(foreteller(frame, world, found, ()), further=_FURTHER)
    return Ahead(
        coming=tuple(all_coming(frame, world, found)),
        further=_FURTHER if found.more and found.steps else None,
        notes=found.notes,
        steps=tuple(told.screens(found, ())),
    )


@router.get("/tasks/{number}/diagram.svg")
def drawn(visit: Asking, number: str) -> Response:
    """The state diagram with the task's place in it and the way that it went."""
    person = person_of(visit)
    with visit.place.frame() as frame:
        ident, _ = seen(frame, number, person)
        found = placed(frame, ident)
    picture = svg(
        diagram(found.definition, found.kinds, found.place), "zh" if visit.language == "zh" else "en"
    )
    return Response(picture, media_type="image/svg+xml", headers={"Content-Security-Policy": policy(picture)})


@router.get("/tasks/{number}/history")
def whole_history(visit: Asking, number: str, page: int = 1) -> Response:
    """All that has happened, the newest first, a page at a time, with the hash of each line."""
    person = person_of(visit)
    with visit.place.frame() as frame:
        ident, subject = seen(frame, number, person)
        task = subject.loaded.task
        entries = history(frame, task)
        told = _told(frame, entries, frame.version(task.version_id).pack.campaign.zone)
        number = number_of(frame, ident, task.campaign_id)
    pages = max(1, -(-len(told) // LINES))
    at = max(1, min(page, pages))
    return visit.page(
        "history.html",
        number=number,
        kind=subject.definition.label,
        told=told[(at - 1) * LINES : at * LINES],
        total=len(told),
        page=at,
        pages=pages,
    )
