"""Acting on a task: facts, rows, evidence, and what may be done at all."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import UsageError
from workflow.text import Text

from .arguments import (
    ActingPerson,
    AsJson,
    RequestId,
    SeenRevision,
    TaskNumber,
    argument,
    command,
    group,
    option,
    readable,
    typed_pairs,
)
from .desk import Desk, desk_of

if TYPE_CHECKING:
    from workflow.decision import Act
    from workflow.engine import Answer, Frame
    from workflow.evidence import Stored
    from workflow.reading import Words
    from workflow.task import Pending

app = group()
_SHA256 = re.compile(r"[0-9a-f]{64}")
# COLUMN=, then a value between quotes (a quote in it is doubled) or without, up to a comma or the end
_CELL = re.compile(r'(?:([^,="]+=)|(?="))(?:\s*("(?:[^"]|"")*")\s*|((?!\s*")[^,]*))(?:,|\Z)')


WhatToDo = Annotated[
    str | None,
    argument(
        "流转名，或 confirm:流转、refuse:流转、lift:规则。",
        "What to do: a transition, confirm:T, refuse:T, lift:RULE.",
        metavar="TRANSITION",
    ),
]
SomeFacts = Annotated[
    list[str] | None, option("填报项，可多次。", "A fact; repeatable.", metavar="NAME=VALUE")
]
SomeRows = Annotated[
    list[str] | None,
    option(
        '清单的一行，可多次；值含逗号时加引号：列="值"，其中的引号写两个：列="a, ""b"""。',
        'A row; repeatable. With commas: COL="a, b"; quotes in it doubled: COL="a, ""b""".',
        metavar="LIST:COL=VAL,…",
    ),
]
ForWhom = Annotated[
    str | None,
    option("代录：替谁录入（人员代码）。", "Entered from a paper for that person: a code.", metavar="PERSON"),
]
OnPaper = Annotated[
    str | None,
    option("代录依据的扫描件，或其 SHA-256。", "The scan of the paper, or its SHA-256.", metavar="FILE|SHA"),
]
DateOnPaper = Annotated[str | None, option("纸面日期。", "The date on the paper.", metavar="DATE")]
SomeFiles = Annotated[list[Path] | None, option("佐证材料，可多次。", "A file; repeatable.", metavar="FILE")]


@command(
    app,
    "办理；不写流转则列出此人能办什么，为何不能办别的。",
    "Act on a task, or list what may be done and why not the rest.",
)
def act(
    ctx: typer.Context,
    task: TaskNumber,
    person: ActingPerson,
    transition: WhatToDo = None,
    fact: SomeFacts = None,
    row: SomeRows = None,
    evidence: SomeFiles = None,
    revision: SeenRevision = None,
    request_id: RequestId = None,
    entered_for: ForWhom = None,
    paper: OnPaper = None,
    effective: DateOnPaper = None,
    as_json: AsJson = False,
) -> None:
    desk = desk_of(ctx)
    if transition is None:
        _list_acts(desk, task, person, as_json=as_json)
        return
    if request_id is not None:
        check_typed_request(request_id)
    wish = _Wish(
        task=task,
        person=person,
        name=transition,
        facts=typed_facts(fact or ()),
        rows=typed_rows(row or ()),
        files=tuple(evidence or ()),
        revision=revision,
        request_id=request_id,
        entered_for=entered_for,
        paper=paper,
        effective=effective,
    )
    answer = _act(desk, wish)
    if as_json:
        desk.json(answer)
    else:
        tell_answer(desk, answer)


def check_typed_request(request_id: str) -> None:
    """Before any evidence is kept; the engine checks it again."""
    from workflow.engine.acting import check_request_id

    check_request_id(readable("--request-id", request_id))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wish:
    """An act as it was typed."""

    task: str
    person: str
    name: str
    facts: Mapping[str, str]
    rows: Mapping[str, list[dict[str, str]]]
    files: tuple[Path, ...]
    revision: int | None
    request_id: str | None
    entered_for: str | None
    paper: str | None
    effective: str | None

    @property
    def scan(self) -> Path | None:
        """The file of the paper, where it was not named by its hash."""
        return None if self.paper is None or _SHA256.fullmatch(self.paper) else Path(self.paper)

    @property
    def everything(self) -> tuple[Path, ...]:
        """Every file that comes with it."""
        return self.files if self.scan is None else (*self.files, self.scan)


def _act(desk: Desk, wish: _Wish) -> Answer:
    """Keep the evidence of an act that would be taken, then act."""
    from workflow.explaining import subject_of, would_be_taken
    from workflow.reading import read_number

    measured = [_measured(desk, file) for file in wish.files]
    scanned = wish.paper if wish.scan is None else _measured(desk, wish.scan).sha256
    with desk.frame() as frame:
        ident = read_number(frame, wish.task)
        wanted = _wanted(frame, ident, wish, measured, scanned)
        keep = bool(wish.everything) and would_be_taken(
            frame, subject_of(frame, ident), wanted, revision=wish.revision, request_id=wish.request_id
        )
    if keep:
        _keep(desk, wish.everything)
    return desk.engine.act(ident, wanted, desk.now, revision=wish.revision, request_id=wish.request_id)


def _wanted(frame: Frame, ident: int, wish: _Wish, measured: Sequence[Stored], scanned: str | None) -> Act:
    from workflow.decision import Act
    from workflow.engine.acting import introduce
    from workflow.explaining import subject_of
    from workflow.reading import known_facts, person_id

    subject = subject_of(frame, ident)
    wanted = Act(
        name=wish.name,
        person_id=person_id(frame.tx, wish.person),
        facts=known_facts(frame, subject.definition, wish.facts),
        rows=wish.rows,
        evidence=[one.sha256 for one in measured],
        entered_for=None if wish.entered_for is None else person_id(frame.tx, wish.entered_for),
        paper=scanned,
        effective=wish.effective,
    )
    introduce(frame, subject.loaded.task, wanted)
    return wanted


def _measured(desk: Desk, file: Path) -> Stored:
    try:
        with file.open("rb") as source:
            return desk.folder.measure(source)
    except OSError as error:
        raise unreadable(file, error) from error


def unreadable(file: Path, error: OSError) -> UsageError:
    why = error.strerror or str(error)
    return UsageError(
        f"读不到文件 {file}（{why}）。请检查路径和权限。",
        f"The file {file} can't be read ({why}). Check the path.",
    )


def _keep(desk: Desk, files: Iterable[Path]) -> None:
    from workflow.evidence import record

    stored = []
    for file in files:
        with file.open("rb") as source:
            stored.append(desk.folder.store(source))
    with desk.port.write("people") as tx:
        record(tx, stored, desk.now)


def typed_facts(given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE of each `--fact`."""
    return typed_pairs("--fact", given, "名称=值，每项一次", "NAME=VALUE, each name once")


def typed_rows(given: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Rows by list. `LIST:` alone is an answer too: no rows."""
    found: dict[str, list[dict[str, str]]] = {}
    for one in given:
        name, colon, rest = readable("--row", one).partition(":")
        cells = [cell.partition("=") for cell in _cells(rest)]
        if not colon or not all(equals for _, equals, _ in cells):
            raise UsageError(
                f"--row “{one}”看不懂：应写 清单:列=值,列=值。",
                f"--row {one!r}: write LIST:COLUMN=VALUE,COLUMN=VALUE.",
            )
        rows = found.setdefault(name, [])
        if cells:
            rows.append({column.strip(): value for column, _, value in cells})
    return found


def _cells(row: str) -> list[str]:
    """`COLUMN=VALUE` of each cell; what can't be read comes back whole and without an equals sign."""
    found, at = [], 0
    while at < len(row):
        cell = _CELL.match(row, at)
        if cell is None:
            return [""]
        column, quoted, plain = cell.groups(default="")
        found.append(column + (next(csv.reader([quoted], strict=True))[0] if quoted else plain))
        at = cell.end()
    return found


def tell_answer(desk: Desk, answer: Answer) -> None:
    """Where the task stands after an act."""
    from workflow.explaining import subject_of
    from workflow.reading import number_of

    with desk.frame() as frame:
        subject = subject_of(frame, answer.task_id)
        number = number_of(frame, answer.task_id, subject.loaded.task.campaign_id)
    state, words = subject.words.state(answer.state), subject.words
    before = Text("（此前已办，这是当时的答复）", " (done before; this was the answer)")
    before = before if answer.repeated else Text("", "")
    desk.say(
        f"已办理 {number}：现为“{state.zh}”，第 {answer.revision} 版{before.zh}。",
        f"Done: {number} is {state.en}, revision {answer.revision}{before.en}.",
    )
    for one in subject.loaded.task.pending:
        if one.transition == answer.act:
            _tell_waiting(desk, one, words)


def _tell_waiting(desk: Desk, pending: Pending, words: Words) -> None:
    """An act that has not taken place yet: for whom it waits."""
    if pending.expires_at is None:
        desk.say(
            "须共同签署：其余人员签署后方生效（duban explain 可见谁还未签）。",
            "It takes effect once the others have signed; duban explain says who.",
        )
        return
    until = words.when(pending.expires_at)
    desk.say(f"经确认方生效，{until} 失效。", f"It takes effect once confirmed, by {until} at the latest.")


def _list_acts(desk: Desk, task: str, person: str, *, as_json: bool) -> None:
    from workflow.explaining import everyday, possible, subject_of
    from workflow.reading import person_id, read_number, screens

    with desk.frame() as frame:
        subject = subject_of(frame, read_number(frame, task))
        who = person_id(frame.tx, person)
        daily = (one for one in everyday(subject, who) if one.may)
        found = (*possible(subject, who), *daily)
    if as_json:
        desk.json(found)
    else:
        desk.blocks(screens.acts(found))
