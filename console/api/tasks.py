"""What waits for me, the ledger, and one task with all that the page of it shows."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from workflow.engine import Frame
from workflow.errors import BadValue, Unknown
from workflow.explaining import deadline, light, next_wake
from workflow.forecast import forecast
from workflow.reading import Line as Listed
from workflow.reading import (
    Pages,
    Standing,
    foreteller,
    history,
    ledger,
    plain,
    scope_of,
    standing,
    world_of,
)
from workflow.reading import Wanted as Filters
from workflow.reading.history import Entry
from workflow.text import Text

from ..web.evidence import hashes_of
from ..web.seeing import seen
from . import shapes
from .asking import Reading
from .problems import problems
from .shapes import shaped

router = APIRouter(tags=["tasks"])
MOST = 200  # lines of a page
_USUAL = 50
_AHEAD = 366 * 86_400_000  # ms
_FURTHER = Text("此后还会继续：steps 可看得更远。", "It goes on: `steps` looks further.")
_CURSOR = re.compile(rb"id:(0|[1-9][0-9]{0,15})")

Number = Annotated[
    str, Path(max_length=40, description="SFD-12, or 12.", examples=["1"], pattern=r"^[A-Za-z0-9-]+$")
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many to list.")]
Word = Annotated[str | None, Query(max_length=200)]
Stated = Annotated[
    list[str],
    Query(max_length=10, description="NAME=VALUE: a fact and the value that was reported; of several, all."),
]


@router.get("/to-do", responses=problems(), summary="What waits for me, the most urgent first")
def to_do(caller: Reading, limit: Limit = _USUAL) -> shapes.ToDo:
    """Tasks on which it is the turn of a role that I fill now."""
    with caller.place.frame() as frame:
        found = ledger(frame, Filters(waits_for=caller.person, limit=limit))
    return shapes.ToDo(total=found.total, items=[_line(one) for one in found.lines])


def _line(one: Listed) -> shapes.Line:
    return shaped(shapes.Line, one)


# --- the ledger -------------------------------------------------------------------------------------


@router.get("/tasks", responses=problems(), summary="The ledger: the tasks that I may look at")
def tasks(
    caller: Reading,
    unit: Word = None,
    kind: Word = None,
    track: Word = None,
    state: Word = None,
    light: shapes.Light | None = None,
    waits_for: Word = None,
    open: Literal["yes", "no", "all"] = "yes",
    year: Annotated[int | None, Query(ge=2000, le=2100, description="Of the plan.")] = None,
    fact: Stated = [],  # noqa: B006  (FastAPI copies it)
    limit: Limit = _USUAL,
    cursor: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
) -> shapes.LedgerPage:
    """By number: a task that moves while pages are turned is neither left out nor listed twice."""
    last = 0 if cursor is None else _read_cursor(cursor)
    with caller.place.frame() as frame:
        wanted = Filters(
            unit=unit,
            kind=kind,
            track=track,
            state=state,
            light=light,
            waits_for=waits_for,
            open={"yes": True, "no": False}.get(open),
            year=year,
            where=tuple(_stated(one) for one in fact),
            scope=scope_of(frame, caller.person),
        )
        try:
            lines = Pages(frame, wanted, limit + 1, counted=False).after(frame, last).lines
        except Unknown as error:  # a word of the query, and no path
            raise BadValue(*error.text) from error
    more = _cursor(lines[limit - 1].id) if len(lines) > limit else None
    return shapes.LedgerPage(items=[_line(one) for one in lines[:limit]], next=more)


def _stated(typed: str) -> tuple[str, str]:
    name, equals, value = typed.partition("=")
    if not equals or not name or "\x00" in typed:
        raise BadValue(
            f"没有列出：“{typed[:40]}”应写作 名称=值。", f"Not listed: write {typed[:40]!r} as NAME=VALUE."
        )
    return name, value


def _cursor(last: int) -> str:
    return urlsafe_b64encode(f"id:{last}".encode()).decode().rstrip("=")


def _read_cursor(typed: str) -> int:
    try:
        found = _CURSOR.fullmatch(urlsafe_b64decode(typed.encode() + b"=" * (-len(typed) % 4)))
    except (NoBase64, ValueError):
        found = None
    if found is None:
        raise BadValue(
            "没有列出：cursor 不是本接口给出的。请用上一页的 next。",
            "Not listed: the cursor is none of ours. Take `next` of the page before.",
        )
    return int(found[1])


# --- one task ---------------------------------------------------------------------------------------

_ONE = problems(404, 409)


@router.get("/tasks/{number}", responses=_ONE, summary="Where a task stands, with all that belongs to it")
def task(caller: Reading, number: Number) -> shapes.Task:
    """Facts, lists, roles, episodes, what waits for a second person, and the tasks around it."""
    with caller.place.frame() as frame:
        ident, subject = seen(frame, number, caller.person)
        stands = standing(frame, ident)
        files = [sha256 for entry in history(frame, subject.loaded.task) for sha256 in hashes_of(entry)]
    return _task(stands, files)


def _task(stands: Standing, files: list[str]) -> shapes.Task:
    return shaped(shapes.Task, stands, task=plain(stands.line), evidence=list(dict.fromkeys(files)))


@router.get("/tasks/{number}/explanation", responses=_ONE, summary="Why its light and its deadline are so")
def explanation(caller: Reading, number: Number) -> shapes.Explanation:
    """Line by line: from which rule, which facts, which calendar."""
    with caller.place.frame() as frame:
        _, subject = seen(frame, number, caller.person)
        found = {"light": light(subject), "deadline": deadline(subject), "next_wake": next_wake(subject)}
    return shapes.Explanation.model_validate(plain(found))


@router.get("/tasks/{number}/history", responses=_ONE, summary="What happened, the oldest first")
def past(
    caller: Reading,
    number: Number,
    limit: Limit = MOST,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only lines with a greater `seq`.")] = 0,
) -> shapes.HistoryPage:
    """Nothing is ever taken out of it: a correction is a line of its own."""
    with caller.place.frame() as frame:
        _, subject = seen(frame, number, caller.person)
        entries = [one for one in history(frame, subject.loaded.task) if one.seq > after]
    return shapes.HistoryPage(
        items=[_happened(one) for one in entries[:limit]],
        next=entries[limit - 1].seq if len(entries) > limit else None,
    )


def _happened(entry: Entry) -> shapes.Happened:
    return shaped(shapes.Happened, entry)


@router.get("/tasks/{number}/forecast", responses=_ONE, summary="What happens next if nobody acts")
def ahead(
    caller: Reading,
    number: Number,
    steps: Annotated[int, Query(ge=1, le=20, description="How many to tell.")] = 6,
) -> shapes.Forecast:
    """With dates and names, as the engine will decide it. Of a task that has ended: nothing."""
    with caller.place.frame() as frame:
        ident, subject = seen(frame, number, caller.person)
        parts = [] if subject.loaded.task.ended_at is not None else _parts(frame, ident, steps)
    return shapes.Forecast(parts=parts)


def _parts(frame: Frame, ident: int, steps: int) -> list[shapes.Ahead]:
    world = world_of(frame, ident, frame.now + _AHEAD)
    found = forecast(world, steps=steps)
    told = replace(foreteller(frame, world, found, ()), further=_FURTHER)
    return [shaped(shapes.Ahead, block) for block in told.screens(found, ())]
