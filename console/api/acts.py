"""What may be done to a task, and doing it: guarded by its revision, once however often it is sent.

The engine knows requests by an id. Here it is made of the caller's account and their Idempotency-Key, so
that nobody gets another's answer; what was asked for under it is kept as a hash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path

from workflow.decision import Act
from workflow.decision.everyday import COPY, INTO, MERGE, PERSONS, TRANSFER, UNIT
from workflow.engine import Answer, Frame
from workflow.engine.acting import introduce
from workflow.errors import BadValue, Overtaken, Unknown
from workflow.explaining import Possible, Subject, everyday, possible
from workflow.reading import history, known_facts, number_of, person_id, plain, unit_id

from ..forms import ID, Field, Form, Table, form_for
from ..store import requests
from ..web.evidence import hashes_of
from ..web.seeing import seen
from . import shapes
from .asking import Acting, Caller, Reading
from .problems import problems
from .tasks import Number

router = APIRouter(tags=["acts"])
_DIGITS = 15  # of an id
ActName = Annotated[
    str,
    Path(
        max_length=100,
        pattern=r"^[a-z0-9_]+(:[a-z0-9_]*)?$",
        description="As /acts lists it: a transition, confirm:T, refuse:T, lift:RULE, comment: …",
        examples=["report"],
    ),
]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="One for each act, drawn by the program. Sent again with the same body, it gets the "
        "first answer and nothing is done twice; with another body it is refused.",
        examples=["6f1d3c52-report-35"],
    ),
]


@router.get(
    "/tasks/{number}/acts", responses=problems(404, 409), summary="What I may do now, and why not the rest"
)
def acts(caller: Reading, number: Number) -> shapes.Acts:
    """Every act of the task's kind, and the everyday ones, with what each asks for."""
    with caller.place.frame() as frame:
        _, subject = seen(frame, number, caller.person)
        found = (*possible(subject, caller.person), *everyday(subject, caller.person))
        items = [_possible(subject, one) for one in found]
    return shapes.Acts(revision=subject.loaded.task.revision, items=items)


def _possible(subject: Subject, one: Possible) -> shapes.Possible:
    form = form_for(subject.definition, one.name, {}, {}, {}) or Form(act=one.name, label=one.label)
    return shapes.Possible(
        name=one.name,
        label=_words(one.label),
        may=one.may,
        why_not=None if one.why_not is None else _words(one.why_not),
        fields=[_asked(field) for field in form.fields],
        lists=[_rows(table) for table in form.tables],
        evidence=one.evidence,
        tiers=None if one.tiers is None else _words(one.tiers),
        confirmed_by=None if one.confirmed_by is None else _words(one.confirmed_by),
    )


def _words(text: Any) -> shapes.Words:
    return shapes.Words.model_validate(plain(text))


def _asked(field: Field) -> shapes.Asked:
    return shapes.Asked(
        name=field.name.removeprefix("fact."),
        label=_words(field.label),
        type=field.type,
        needed=field.needed,
        choices=list(field.choices),
    )


def _rows(table: Table) -> shapes.AskedRows:
    cells = table.rows[0].cells
    columns = [
        shapes.Asked(
            name=cell.name.rpartition(".")[2],
            label=_words(cell.label),
            type=cell.type,
            needed=True,
            choices=list(cell.choices),
        )
        for cell in cells
    ]
    return shapes.AskedRows(name=table.name, label=_words(table.label), needed=table.needed, columns=columns)


# --- doing it ---------------------------------------------------------------------------------------


@router.post("/tasks/{number}/acts/{act}", responses=problems(404, 409, 400, 411, 413), summary="Act")
def do(caller: Acting, number: Number, act: ActName, wanted: shapes.Wanted, key: Key) -> shapes.Done:
    """Done in one transaction, or not at all; the engine checks the authority once more."""
    request = sha256(f"{caller.account.id}:{key}".encode()).hexdigest()
    with caller.place.frame() as frame:
        ident, subject = seen(frame, number, caller.person)
        asked = _act(frame, subject, caller, act, wanted)
        shown = number_of(frame, ident, subject.loaded.task.campaign_id)
    _check_body(caller, request, _digest(ident, act, wanted))
    answer = caller.place.engine.act(
        ident, asked, caller.now, revision=wanted.revision, request_id=f"api:{request}"
    )
    return _done(shown, answer)


def _done(number: str, answer: Answer) -> shapes.Done:
    return shapes.Done.model_validate(
        {
            "number": number,
            "act": answer.act,
            "state": answer.state,
            "revision": answer.revision,
            "seq": answer.seq,
            "at": answer.at,
            "repeated": answer.repeated,
        }
    )


def _digest(ident: int, act: str, wanted: shapes.Wanted) -> str:
    """The same for the same request, however its body was written."""
    said = (ident, act, wanted.model_dump())
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _check_body(caller: Caller, request: str, digest: str) -> None:
    """Refuse a key that came with another request before.

    Raises:
        BadValue: it did.
    """
    try:
        first = _first_body(caller, request, digest)
    except Overtaken:  # the same key came at the same moment: now it is there
        first = _first_body(caller, request, digest)
    if first != digest:
        raise BadValue(
            "未办理：这个 Idempotency-Key 已用于另一个请求。请为新的办理另用一个。",
            "Not done: this Idempotency-Key came with another request before. Use a new one for a new act.",
        )


def _first_body(caller: Caller, request: str, digest: str) -> str:
    with caller.place.engine.port.write("people") as tx:
        return requests.body_of(tx, request, digest, caller.now)


def _act(frame: Frame, subject: Subject, caller: Caller, act: str, wanted: shapes.Wanted) -> Act:
    _check_files(frame, subject, caller, wanted)
    found = Act(
        name=act,
        person_id=caller.person,
        facts=_known(frame, subject, caller, act, wanted.facts),
        rows={name: [_row(one) for one in rows] for name, rows in wanted.rows.items()},
        evidence=list(dict.fromkeys(wanted.evidence)),
    )
    introduce(frame, subject.loaded.task, found)
    return found


def _known(
    frame: Frame, subject: Subject, caller: Caller, act: str, given: Mapping[str, shapes.Value]
) -> dict[str, Any]:
    try:
        return _facts(frame, subject, caller, act, given)
    except Unknown as error:  # a word of the body, and no path
        raise BadValue(*error.text) from error


def _facts(
    frame: Frame, subject: Subject, caller: Caller, act: str, given: Mapping[str, shapes.Value]
) -> dict[str, Any]:
    """As a form would have sent them: units, people and tasks become their ids."""
    typed = {name: _typed(value) for name, value in given.items()}
    facts = known_facts(frame, subject.definition, typed)
    if act == COPY and PERSONS.name in typed:
        facts[PERSONS.name] = [person_id(frame.tx, one) for one in _several(typed[PERSONS.name])]
    if act == TRANSFER and UNIT.name in typed:
        facts[UNIT.name] = unit_id(frame.tx, typed[UNIT.name])
    if act == MERGE and INTO.name in typed:
        facts[INTO.name], _ = seen(frame, typed[INTO.name], caller.person)
    return facts


def _several(typed: str) -> list[str]:
    return [one.strip() for one in typed.split(",") if one.strip()]


def _typed(value: shapes.Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(value)
    return str(value)


def _row(given: Mapping[str, shapes.Value]) -> dict[str, Any]:
    """A row that is there already is named by its id, which is a number."""
    typed = {name: _typed(value) for name, value in given.items()}
    ident = typed.get(ID, "")
    return {**typed, ID: int(ident)} if ident.isdecimal() and len(ident) <= _DIGITS else typed


def _check_files(frame: Frame, subject: Subject, caller: Caller, wanted: shapes.Wanted) -> None:
    """Only what lies on this task, or was sent for it by the same person: a hash opens nobody else's file.

    Raises:
        BadValue: another file.
    """
    named = {*wanted.evidence, *_files_among(subject, wanted.facts)}
    if not named:
        return
    task = subject.loaded.task
    lying = {one for entry in history(frame, task) for one in hashes_of(entry)}
    strange = sorted(named - lying - requests.uploaded(frame.tx, task.id, caller.person, named))
    if strange:
        raise BadValue(
            f"未办理：文件 {strange[0][:12]}… 没有为本事项上传过。请先上传到 /tasks/…/evidence。",
            f"Not done: the file {strange[0][:12]}… was not uploaded for this task. Send it to "
            "/tasks/…/evidence first.",
        )


def _files_among(subject: Subject, facts: Mapping[str, shapes.Value]) -> list[str]:
    declared = subject.definition.facts
    return [
        _typed(value) for name, value in facts.items() if name in declared and declared[name].type == "file"
    ]
