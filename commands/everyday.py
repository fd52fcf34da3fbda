"""The everyday acts: urge, comment, copy, correct, transfer, merge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.text import Text

from .arguments import (
    ActingPerson,
    AsJson,
    RequestId,
    SeenRevision,
    TaskNumber,
    Why,
    argument,
    command,
    group,
    option,
    readable,
)
from .desk import Desk, desk_of

if TYPE_CHECKING:
    from workflow.decision import Act
    from workflow.engine import Frame

app = group()

MaybeWhy = Annotated[
    str | None, option("理由，可不写。", "Why; may be left out.", "--reason", metavar="TEXT")
]
Facts = Mapping[str, Any]
Naming = Callable[["Frame", int], Facts]
"""(frame, task) -> what the act is given, people, units and tasks by their ids."""


@command(app, "催办：告知正在等待的人。", "Urge whoever is waited for; nothing else changes.")
def urge(
    ctx: typer.Context,
    task: TaskNumber,
    person: ActingPerson,
    reason: MaybeWhy = None,
    request_id: RequestId = None,
    as_json: AsJson = False,
) -> None:
    from workflow.decision.everyday import URGE

    _do(desk_of(ctx), task, person, URGE, lambda *_: _with(reason), None, request_id, as_json=as_json)


@command(app, "批注：留一句话，不改变状态。", "Leave a comment; nothing else changes.")
def comment(
    ctx: typer.Context,
    task: TaskNumber,
    text: Annotated[str, argument("批注。", "The comment.", metavar="TEXT")],
    person: ActingPerson,
    request_id: RequestId = None,
    as_json: AsJson = False,
) -> None:
    from workflow.decision.everyday import COMMENT

    given = {"text": readable("TEXT", text)}
    _do(desk_of(ctx), task, person, COMMENT, lambda *_: given, None, request_id, as_json=as_json)


@command(app, "抄送：告知这些人员。", "Send copies: these people are told.")
def copy(
    ctx: typer.Context,
    task: TaskNumber,
    to: Annotated[list[str], argument("人员代码，可多个。", "Codes of people.", metavar="PERSON...")],
    person: ActingPerson,
    reason: MaybeWhy = None,
    request_id: RequestId = None,
    as_json: AsJson = False,
) -> None:
    from workflow.decision.everyday import COPY
    from workflow.reading import person_id

    def given(frame: Frame, _task: int) -> Facts:
        return {"persons": [person_id(frame.tx, one) for one in to], **_with(reason)}

    _do(desk_of(ctx), task, person, COPY, given, None, request_id, as_json=as_json)


@command(
    app,
    "更正：改正填错的填报项，或清单一行中的一列；原值留痕。",
    "Correct a mistyped fact, or a column of a row; both values stay on record.",
)
def correct(
    ctx: typer.Context,
    task: TaskNumber,
    fact: Annotated[str, argument("填报项，或列。", "A fact, or a column.", metavar="FACT")],
    value: Annotated[str, argument("更正后的值。", "What is right.", metavar="VALUE")],
    person: ActingPerson,
    reason: Why,
    row: Annotated[int | None, option("清单行号，见 duban show。", "Number of a list's row.")] = None,
    revision: SeenRevision = None,
    request_id: RequestId = None,
    as_json: AsJson = False,
) -> None:
    from workflow.decision.everyday import CORRECT

    def given(frame: Frame, ident: int) -> Facts:
        own = {"fact": fact, "value": _known(frame, ident, fact, row, value), **_with(reason)}
        return own if row is None else {**own, "row": row}

    _do(desk_of(ctx), task, person, CORRECT, given, revision, request_id, as_json=as_json)


@command(app, "转办：改由另一单位承担。", "Transfer: another unit becomes a party.")
def transfer(
    ctx: typer.Context,
    task: TaskNumber,
    unit: Annotated[str, argument("转往的单位代码。", "Code of the unit.", metavar="UNIT")],
    person: ActingPerson,
    reason: Why,
    party: Annotated[
        str | None, option("哪一当事方，默认第一个。", "Which party; the first by default.")
    ] = None,
    revision: SeenRevision = None,
    request_id: RequestId = None,
    as_json: AsJson = False,
) -> None:
    from workflow.decision.everyday import TRANSFER
    from workflow.reading import unit_id

    def given(frame: Frame, _task: int) -> Facts:
        own = {"unit": unit_id(frame.tx, unit), **_with(reason)}
        return own if party is None else {**own, "party": party}

    _do(desk_of(ctx), task, person, TRANSFER, given, revision, request_id, as_json=as_json)


@command(app, "并案：并入另一件同类事项，本件终结。", "Merge a task into another of its kind; it ends.")
def merge(
    ctx: typer.Context,
    task: TaskNumber,
    into: Annotated[str, argument("并入的事项编号。", "The other task.", metavar="INTO")],
    person: ActingPerson,
    reason: Why,
    revision: SeenRevision = None,
    request_id: RequestId = None,
    as_json: AsJson = False,
) -> None:
    from workflow.decision.everyday import MERGE
    from workflow.reading import read_number

    def given(frame: Frame, _task: int) -> Facts:
        return {"into": read_number(frame, into), **_with(reason)}

    _do(desk_of(ctx), task, person, MERGE, given, revision, request_id, as_json=as_json)


def _with(reason: str | None) -> dict[str, str]:
    return {} if reason is None else {"reason": readable("--reason", reason)}


def _known(frame: Frame, ident: int, name: str, row: int | None, value: str) -> Any:
    """A value as the engine takes it: a person or a unit by code becomes its id."""
    from workflow.explaining import subject_of
    from workflow.reading.typed import known_everyday

    subject, given = subject_of(frame, ident), {"fact": name, "value": value}
    given |= {} if row is None else {"row": str(row)}
    return known_everyday(frame, subject.loaded, subject.definition, given)["value"]


def _do(
    desk: Desk,
    task: str,
    person: str,
    name: str,
    given: Naming,
    revision: int | None,
    request_id: str | None,
    *,
    as_json: bool,
) -> None:
    from workflow.reading import person_id, read_number

    with desk.frame() as frame:
        ident = read_number(frame, task)
        wanted = _act(name, person_id(frame.tx, person), given(frame, ident))
    answer = desk.engine.act(ident, wanted, desk.now, revision=revision, request_id=request_id)
    if as_json:
        desk.json(answer)
        return
    _tell(desk, ident, name, repeated=answer.repeated)


def _act(name: str, person: int, given: Facts) -> Act:
    from workflow.decision import Act

    return Act(name=name, person_id=person, facts=given)


def _tell(desk: Desk, ident: int, name: str, *, repeated: bool) -> None:
    """What was done, and where the task stands now."""
    from workflow.decision.everyday import VERBS
    from workflow.explaining import subject_of
    from workflow.reading import number_of

    with desk.frame() as frame:
        subject = subject_of(frame, ident)
        task = subject.loaded.task
        number, unit = number_of(frame, ident, task.campaign_id), subject.words.names.unit(task.unit_id)
    state, done = subject.words.state(task.state), VERBS[name].label
    before = Text("（此前已办）", " (done before)") if repeated else Text("", "")
    desk.say(
        f"已{done.zh} {number}：{unit.zh}，现为“{state.zh}”，第 {task.revision} 版{before.zh}。",
        f"Done: {done.en} {number}. It is {state.en} at {unit.en}, revision {task.revision}{before.en}.",
    )
