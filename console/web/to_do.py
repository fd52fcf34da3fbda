"""To do: what waits for me, what happens if I don't, and acting on several tasks at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response

from workflow.decision import Act
from workflow.engine import Frame
from workflow.errors import BadValue, DubanError
from workflow.explaining import Possible, Subject, offered, subject_of, subjects_of
from workflow.reading import number_of
from workflow.reading.ahead import Coming
from workflow.reading.coming import first_coming
from workflow.reading.to_do import to_do
from workflow.text import Text

from ..forms import form_for
from .asking import Asking
from .lines import Shown, shown_of
from .seeing import person_of, seen
from .visits import Visit

router = APIRouter()
ROWS = 25  # of a page
MOST = 50  # tasks that are acted on at once
_REASON = "fact.reason"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """An act that one may do to a task on the list."""

    act: Possible
    at_once: bool  # it asks for nothing, or for a reason alone: several tasks may be chosen for it


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A task that waits for somebody."""

    shown: Shown
    coming: Coming | None  # what happens first if nobody acts
    offers: tuple[Offer, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Common:
    """An act that may be done to several of the tasks on the page."""

    name: str
    label: Text
    count: int  # of tasks on the page
    reason: bool  # it must say why


@router.get("/")
def page(visit: Asking, page: int = 1) -> Response:
    """What waits for me, the most urgent first."""
    duty = visit.who.account.duty
    if duty is not None:
        return visit.go("/accounts" if duty != "system" else "/account")
    return _page(visit, max(1, min(page, 100_000)))


def _page(
    visit: Visit,
    page: int,
    *,
    typed: Mapping[str, str] | None = None,
    why: Text | None = None,
    status: int = 200,
) -> Response:
    person = person_of(visit)
    with visit.place.frame() as frame:
        found = to_do(frame, person, offset=(page - 1) * ROWS, limit=ROWS)
        rows = _rows(frame, person, [shown_of(frame, one) for one in found.lines])
    return visit.page(
        "to_do.html",
        status,
        rows=rows,
        total=found.total,
        first=(page - 1) * ROWS,
        page=page,
        pages=-(-found.total // ROWS),
        common=_common(rows),
        request_id=visit.place.token(),
        typed=typed or {},
        why=why,
    )


def _rows(frame: Frame, person: int, shown: Sequence[Shown]) -> list[Row]:
    subjects = subjects_of(frame, [one.line.id for one in shown])
    coming = first_coming(frame, [one.loaded for one in subjects.values()])
    return [
        Row(
            shown=one,
            coming=coming.get(one.line.id),
            offers=tuple(_offers(subjects.get(one.line.id), person)),
        )
        for one in shown
    ]


def _offers(subject: Subject | None, person: int) -> Iterator[Offer]:
    if subject is not None:
        for one in offered(subject, person):
            yield Offer(act=one, at_once=_asks_little(subject, one.name))


def _asks_little(subject: Subject, act: str) -> bool:
    form = form_for(subject.definition, act, {}, {}, {})
    if form is None or form.tables or form.evidence:
        return False
    return all(field.name == _REASON for field in form.fields if field.needed)


def _common(rows: Sequence[Row]) -> list[Common]:
    """The acts that may be done to several at once, those of the most tasks first."""
    found: dict[tuple[str, str], Common] = {}
    for offer in (offer for row in rows for offer in row.offers if offer.at_once):
        key = (offer.act.name, offer.act.label.zh)
        known = found.get(key)
        found[key] = Common(
            name=offer.act.name,
            label=offer.act.label,
            count=1 if known is None else known.count + 1,
            reason=bool(offer.act.asks),
        )
    return sorted(found.values(), key=lambda one: -one.count)


# --- several at once --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one of the chosen tasks."""

    number: str
    title: Text
    done: Text | None  # where it stands now
    why_not: Text | None
    revision: int | None  # as it stands now, for another try


@router.post("/together")
def together(visit: Asking) -> Response:
    """One act on several tasks: each is judged by itself, and the page says what became of each."""
    given, person = visit.checked(), person_of(visit)
    typed = {name: value for name, value in given.items() if isinstance(value, str)}
    chosen = [name.removeprefix("task.") for name in typed if name.startswith("task.")]
    act = typed.get("act", "")
    if not act or not chosen or len(chosen) > MOST:
        return _page(visit, 1, typed=typed, why=_unfit(act, chosen), status=422)
    outcomes = [_one(visit, person, number, act, typed) for number in chosen]
    return visit.page(
        "together.html",
        outcomes=outcomes,
        act=act,
        reason=typed.get(_REASON, ""),
        request_id=visit.place.token(),
    )


def _unfit(act: str, chosen: Sequence[str]) -> Text:
    if not chosen:
        return Text(
            "未办理：没有勾选事项。请勾选后再办。",
            "Nothing was done: no task was chosen. Tick some, then send.",
        )
    if not act:
        return Text(
            "未办理：没有选择要办什么。请选择后再办。",
            "Nothing was done: choose what to do with them.",
        )
    return Text(
        f"未办理：一次最多 {MOST} 件。请分次办理。",
        f"Nothing was done: at most {MOST} tasks at once. Choose fewer.",
    )


def _one(visit: Visit, person: int, number: str, act: str, typed: Mapping[str, str]) -> Outcome:
    title, ident = Text(number, number), None
    try:
        with visit.place.frame() as frame:
            ident, subject = seen(frame, number, person)
        title = subject.definition.label
        facts = {"reason": typed[_REASON].strip()} if typed.get(_REASON, "").strip() else {}
        visit.place.engine.act(
            ident,
            Act(name=act, person_id=person, facts=_taken(subject, act, facts)),
            visit.now,
            revision=_revision(typed.get(f"task.{number}", "")),
            request_id=visit.request_id(f"{typed.get('request_id', '')}/{number}"),
        )
    except DubanError as error:
        return _outcome(visit, number, ident, title, error.text)
    return _outcome(visit, number, ident, title, None)


def _taken(subject: Subject, act: str, facts: Mapping[str, str]) -> Mapping[str, str]:
    """A reason only where the act takes one: it was typed for all of them."""
    form = form_for(subject.definition, act, {}, {}, {})
    takes = form is None or any(field.name == _REASON for field in form.fields)
    return facts if takes else {}


def _revision(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadValue(
            "表单不完整，未办理。请回到待办重新勾选。",
            "The form is incomplete; nothing was done. Choose it again on the page of what is to do.",
        ) from None


def _outcome(visit: Visit, number: str, ident: int | None, title: Text, why_not: Text | None) -> Outcome:
    if ident is None:
        return Outcome(number=number, title=title, done=None, why_not=why_not, revision=None)
    with visit.place.frame() as frame:
        subject = subject_of(frame, ident)
        task = subject.loaded.task
        number = number_of(frame, ident, task.campaign_id)
    unit, state = subject.words.names.unit(task.unit_id), subject.words.state(task.state)
    return Outcome(
        number=number,
        title=Text(f"{title.zh} · {unit.zh}", f"{title.en} · {unit.en}"),
        done=None if why_not else state,
        why_not=why_not,
        revision=task.revision,
    )
