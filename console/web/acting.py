"""Acting on a task: the form of an act, what is signed with it, and an entry from a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from workflow.decision import Act
from workflow.decision.everyday import VERBS
from workflow.definition.model import CONFIRM, REFUSE
from workflow.engine import Frame
from workflow.engine.acting import introduce
from workflow.errors import BadValue, DubanError, NotAllowed, Stale, Unknown
from workflow.explaining import Subject, enterable, gives_up, subject_of, would_be_taken
from workflow.reading import history, known_facts, number_of, person_id, standing
from workflow.reading.people import person_codes
from workflow.reading.standing import PendingView
from workflow.reading.typed import known_everyday
from workflow.reading.words import moment
from workflow.task import Pending
from workflow.text import Text

from ..forms import ID, Field, Form, facts_in, form_for, rows_in
from .asking import Asking
from .errors import status_of
from .seeing import person_of, seen
from .uploads import Upload, keep, upload_of, uploads_of
from .visits import Visit, own_path

router = APIRouter()
_FOR, _ON, _PAPER = "entered_for", "effective", "paper"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """Exactly what somebody signs or confirms."""

    view: PendingView
    asked_at: str
    rows: tuple[Text, ...]  # reported with it
    files: tuple[str, ...]  # SHA-256
    seq: int | None  # of the line of history that holds it
    hash: str  # of that line: everything above is tied to it


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A form as it is shown, with what it belongs to."""

    subject: Subject
    number: str
    form: Form
    signing: Signing | None = None
    entry: Form | None = None  # what an entry from a paper asks for besides
    holders: Mapping[str, Text] | None = None  # people for whom it may be entered: by code

    @property
    def is_grave(self) -> bool:
        """Whether the task is given up by it."""
        one = self.subject.definition.transitions.get(self.form.act)
        return one is not None and gives_up(self.subject.definition, one)


# --- the form ---------------------------------------------------------------------------------------


@router.get("/tasks/{number}/do/{act}")
def form(visit: Asking, number: str, act: str, back: str = "") -> Response:
    """The form of an act."""
    with visit.place.frame() as frame:
        _, subject = seen(frame, number, person_of(visit))
        asked = _asked(frame, subject, act, {}, person_of(visit), entry=False)
    return _form_page(visit, asked, request_id=visit.place.token(), back=back)


@router.get("/tasks/{number}/enter/{act}")
def entry(visit: Asking, number: str, act: str) -> Response:
    """The form of an act that is entered from a paper, for somebody who is off the network."""
    person = person_of(visit)
    with visit.place.frame() as frame:
        _, subject = seen(frame, number, person)
        _check_enterable(subject, person, act)
        asked = _asked(frame, subject, act, {}, person, entry=True)
    return _form_page(visit, asked, request_id=visit.place.token())


def _check_enterable(subject: Subject, person: int, act: str) -> None:
    if all(one.name != act for one in enterable(subject, person)):
        raise NotAllowed(
            "不能代录：只有督办员可以按纸质件代录，而且须是现在能办的操作。请回到事项页查看。",
            "It can't be entered from a paper: only a supervisor enters, and only what can be done now. "
            "Look at the page of the task.",
        )


def _asked(
    frame: Frame,
    subject: Subject,
    act: str,
    typed: Mapping[str, str],
    person: int,
    *,
    entry: bool,
) -> Asked:
    task = subject.loaded.task
    ident = task.id
    found = Asked(
        subject=subject,
        number=number_of(frame, ident, task.campaign_id),
        form=_form(subject, act, typed),
        signing=_signing(frame, subject, ident, act),
    )
    if not entry:
        return found
    return replace(found, entry=_entry_form(typed), holders=_holders(frame, subject, act, person))


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


def _entry_form(typed: Mapping[str, str]) -> Form:
    return Form(
        act="",
        label=Text("纸质件", "The paper"),
        fields=(
            Field(
                name=_FOR,
                label=Text("替谁录入", "For whom"),
                type="holder",
                needed=True,
                value=typed.get(_FOR, ""),
            ),
            Field(
                name=_ON,
                label=Text("纸面日期", "Date on the paper"),
                type="date",
                needed=True,
                value=typed.get(_ON, ""),
            ),
        ),
    )


def _holders(frame: Frame, subject: Subject, act: str, person: int) -> Mapping[str, Text]:
    """Who may do it in their own right, by code."""
    roles = subject.definition.transitions[act].by
    people = {one for role in roles for one in subject.case.resolve(role).persons} - {person}
    codes = person_codes(frame.tx, people)
    return {codes[one]: subject.words.names.person(one) for one in sorted(people & codes.keys())}


def _signing(frame: Frame, subject: Subject, ident: int, act: str) -> Signing | None:
    """What waits to be signed, if the act answers something that waits."""
    verb, _, name = act.partition(":")
    pending = next((one for one in subject.loaded.task.pending if one.transition == name), None)
    if verb not in (CONFIRM, REFUSE) or pending is None:
        return None
    stands, entries = standing(frame, ident), history(frame, subject.loaded.task)
    line = next(
        (
            one
            for one in entries
            if one.recorded_at >= pending.asked_at and one.header.get("transition") == name
        ),
        None,
    )
    return Signing(
        view=next(one for one in stands.pending if one.transition == name),
        asked_at=moment(frame.calendar(stands.line.zone), pending.asked_at),
        rows=tuple(_rows(subject, pending)),
        files=pending.evidence,
        seq=line.seq if line else None,
        hash=line.hash if line else "",
    )


def _rows(subject: Subject, pending: Pending) -> Sequence[Text]:
    return [subject.words.row(name, row) for name, rows in pending.rows.items() for row in rows]


def _form_page(
    visit: Visit,
    asked: Asked,
    *,
    request_id: str,
    revision: str | None = None,
    back: str = "",
    error: DubanError | None = None,
    note: bool = False,
) -> Response:
    """`revision`: on which was decided; None: the task's as it stands."""
    task = asked.subject.loaded.task
    return visit.page(
        "act.html",
        status_of(error) if error else 200,
        asked=asked,
        number=asked.number,
        kind=asked.subject.definition.label,
        state=asked.subject.words.state(task.state),
        form=asked.form,
        verb="do" if asked.entry is None else "enter",
        revision=task.revision if revision is None else revision,
        request_id=request_id,
        back=own_path(back) if back else "",
        why=error.text if error else None,
        note=note,
        limits=visit.place.settings,
    )


# --- doing it ---------------------------------------------------------------------------------------


@router.post("/tasks/{number}/do/{act}")
def do(visit: Asking, number: str, act: str) -> Response:
    """Act, or say why not: what was typed stays in the form."""
    return _done(visit, number, act, entry=False)


@router.post("/tasks/{number}/enter/{act}")
def enter(visit: Asking, number: str, act: str) -> Response:
    """Enter an act from a paper, or say why not: what was typed stays in the form."""
    return _done(visit, number, act, entry=True)


def _done(visit: Visit, number: str, act: str, *, entry: bool) -> Response:
    given, person = visit.checked(), person_of(visit)
    typed = {name: value for name, value in given.items() if isinstance(value, str)}
    with visit.place.frame() as frame:
        ident, subject = seen(frame, number, person)
        number = number_of(frame, ident, subject.loaded.task.campaign_id)
    if typed.get("look"):  # typed before a session ended: looked at once more before it is sent
        return _again(visit, ident, act, typed, None, entry=entry)
    try:
        _act(visit, subject, act, typed, entry=entry)
    except DubanError as error:
        return _again(visit, ident, act, typed, error, entry=entry)
    back = own_path(typed.get("back", "")) if typed.get("back") else f"/tasks/{number}"
    return visit.go(f"{back}?done=1" if "?" not in back else back)


def _act(visit: Visit, subject: Subject, act: str, typed: Mapping[str, str], *, entry: bool) -> None:
    ident = subject.loaded.task.id
    revision, request_id = _revision(typed), visit.request_id(typed.get("request_id", ""))
    with visit.place.frame() as frame:
        uploads = uploads_of(visit)
        paper = _paper(visit) if entry else None
        every = [*uploads, *([paper] if paper else [])]
        wanted = _wanted(frame, subject, act, person_of(visit), typed, [one.stored.sha256 for one in uploads])
        if entry:
            wanted = _entered(frame, wanted, typed, paper)
        worth = bool(every) and would_be_taken(
            frame, subject, wanted, revision=revision, request_id=request_id
        )
    if worth:
        keep(visit.place, every, visit.now)
    visit.place.engine.act(ident, wanted, visit.now, revision=revision, request_id=request_id)


def _paper(visit: Visit) -> Upload:
    """The scan of the paper from which is entered.

    Raises:
        BadValue: there is none, or it isn't taken.
    """
    file = visit.form.get(_PAPER)
    if not isinstance(file, UploadFile) or not file.filename:
        raise BadValue(
            "未办理：代录须附纸质件的扫描件。请选择文件。",
            "Not done: an entry needs the scan of the paper. Choose the file.",
        )
    return upload_of(visit, file)


def _entered(frame: Frame, wanted: Act, typed: Mapping[str, str], paper: Upload | None) -> Act:
    return replace(
        wanted,
        entered_for=person_id(frame.tx, typed.get(_FOR, "").strip()),
        paper=None if paper is None else paper.stored.sha256,
        effective=typed.get(_ON, "").strip() or None,
    )


def _wanted(
    frame: Frame,
    subject: Subject,
    act: str,
    person: int,
    typed: Mapping[str, str],
    evidence: Sequence[str] = (),
) -> Act:
    facts = facts_in(typed)
    known = (
        known_everyday(frame, subject.loaded, subject.definition, facts)
        if act in VERBS
        else known_facts(frame, subject.definition, facts)
    )
    wanted = Act(
        name=act,
        person_id=person,
        facts=known,
        rows={name: [_row(one) for one in rows] for name, rows in rows_in(typed).items()},
        evidence=list(evidence),
    )
    introduce(frame, subject.loaded.task, wanted)
    return wanted


def _row(typed: Mapping[str, str]) -> dict[str, Any]:
    """A row that is there already is named by its id, which is a number."""
    return {
        name: int(value) if name == ID and value.isdecimal() and len(value) < 18 else value
        for name, value in typed.items()
    }


def _revision(typed: Mapping[str, str]) -> int:
    try:
        return int(typed.get("revision", ""))
    except ValueError:
        raise BadValue(
            "表单不完整，未办理。请回到事项页重新打开表单。",
            "The form is incomplete; nothing was done. Open it again from the page of the task.",
        ) from None


def _again(
    visit: Visit, ident: int, act: str, typed: Mapping[str, str], error: DubanError | None, *, entry: bool
) -> Response:
    """The form once more, with what was typed.

    After somebody was faster the form shows the new state: to send it again is then a new decision. After
    any other refusal it stands for what was looked at: whoever was faster meanwhile is told of then.
    """
    with visit.place.frame() as frame:
        subject = subject_of(frame, ident)
        asked = _asked(frame, subject, act, typed, person_of(visit), entry=entry)
    back = typed.get("back", "")
    if isinstance(error, Stale):
        return _form_page(visit, asked, request_id=visit.place.token(), back=back, error=error)
    return _form_page(
        visit,
        asked,
        request_id=typed.get("request_id", ""),
        revision=typed.get("revision", ""),
        back=back,
        error=error,
        note=error is None,
    )
