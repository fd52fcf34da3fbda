"""What people do: one act, in one transaction, after what the clock already owed the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import bindparam, select

from ..decision import Act, Decision, act, replan
from ..decision.everyday import LABELS
from ..decision.teams import several
from ..definition.model import Definition
from ..errors import BadValue, NotNow, Stale, Undecidable, Unknown
from ..store import organisation, tasks
from ..store.applying import EVENT, Salts
from ..store.organisation import PERSON
from ..store.ports import Transaction
from ..store.sql import OneOf, Statement
from ..task import Loaded, Task
from ..text import Text
from .asked import refuse_if_held
from .burden import hold_units
from .claimed import tasks_of
from .everyday import also_locked, around_act
from .report import Answer
from .surroundings import Frame, Library
from .writing import write

_ACTS = (
    "act",
    "asked",
    "confirmed",
    "refused",
    "lifted",
    "corrected",
    "transferred",
    "merged",
)  # kinds of events that people cause
_LAST_ACTS = Statement(
    select(EVENT.c.header)
    .where(EVENT.c.task_id == bindparam("task"), OneOf(EVENT.c.kind, "kinds", words=True))
    .order_by(EVENT.c.seq.desc())
    .limit(3)
)
_NAME = Statement(select(PERSON.c.zh, PERSON.c.en).where(PERSON.c.id == bindparam("person")))
_SET_ASIDE_AT = tasks.COLUMNS.index("set_aside_at")


def act_in(
    tx: Transaction,
    library: Library,
    salts: Salts,
    task_id: int,
    wanted: Act,
    now: int,
    revision: int | None,
    request_id: str | None,
) -> Answer:
    """Do what a person asks for in this transaction. Raises like `Engine.act`."""
    if request_id is not None:
        check_request_id(request_id)
    frame = library.frame(tx, now)
    claimed = tasks.claim_these(tx, [task_id, *also_locked(wanted)])
    rows = [row for row in claimed if row[0] == task_id]
    first = _first_answer(tx, task_id, wanted, request_id)
    if first is not None:
        return first
    task = _actable(frame, task_id, rows, revision)
    _check_evidence(tx, wanted)
    loaded = _loaded(frame, task, salts)
    introduce(frame, task, wanted)
    decision = act(loaded, around_act(frame, task.version_id, wanted), wanted)
    write(frame, [decision], salts)
    answer = _answer(decision, wanted, now)
    if request_id is not None:
        tx.insert(organisation.REQUEST, [request_row(request_id, answer, wanted.person_id)])
    return answer


def introduce(frame: Frame, task: Task, wanted: Act) -> None:
    """Learn the names of those whom an act would choose into a team: a refusal names them."""
    roles = frame.around(task.version_id).books[task.kind].definition.roles
    chosen = [one for name, value in wanted.facts.items() if name in roles for one in several(value)]
    frame.introduce({int(one) for one in chosen if str(one).isdecimal()})


def check_request_id(request_id: str) -> None:
    """Refuse an empty one: every form that forgot its own would get another's answer."""
    if not request_id.strip():
        raise BadValue(
            "请求编号是空的。请写明编号，或不写 --request-id。",
            "The request id is empty. Give an id, or leave --request-id out.",
        )


def _first_answer(tx: Transaction, task_id: int, wanted: Act, request_id: str | None) -> Answer | None:
    """The answer that this request got before. Read after the lock: of two at once, one waits."""
    row = organisation.request(tx, request_id) if request_id is not None else None
    if row is None:
        return None
    _, task, person, name, seq, revision, state, at = row
    if (task, person, name) != (task_id, wanted.person_id, wanted.name):
        raise BadValue(
            f"请求编号 {request_id} 已用于事项 {task} 的“{name}”。请为新的操作另用一个编号。",
            f"The request id {request_id} was used for {name!r} on task {task}. Use a new one for a new act.",
        )
    return Answer(task_id=task, act=name, seq=seq, revision=revision, state=state, at=at, repeated=True)


def _actable(frame: Frame, task_id: int, rows: tasks.Rows, revision: int | None) -> Task:
    if not rows:
        raise unknown_task(task_id)
    refuse_if_held(frame)
    if rows[0][_SET_ASIDE_AT] is not None:
        raise NotNow(
            f"事项 {task_id} 的数据无法处理，已搁置待查。请系统管理员运行 duban doctor 查看原因。",
            f"Task {task_id} is set aside: its data can't be handled. An administrator finds out why with "
            "duban doctor.",
        )
    task = _readable(frame.tx, task_id, rows)
    if revision is not None and revision > task.revision:
        raise BadValue(
            f"未办理：没有第 {revision} 版，事项现为第 {task.revision} 版。请核对版次，再决定。",
            f"Not done: there is no revision {revision}, the task is at {task.revision}. Check the revision, "
            "then decide.",
        )
    if revision is not None and revision < task.revision:
        raise _stale(frame, task, revision)
    return task


def _stale(frame: Frame, task: Task, shown: int) -> Stale:
    faster = _faster(frame, task)
    return Stale(
        f"未办理：你看到的是第 {shown} 版，事项已到第 {task.revision} 版：{faster.zh}。请刷新后再决定。",
        f"Not done: you looked at revision {shown}, the task is at {task.revision}: {faster.en}. Look again, "
        "then decide.",
    )


def _faster(frame: Frame, task: Task) -> Text:
    """Who has acted meanwhile, what they did and when."""
    headers = [orjson.loads(row[0]) for row in frame.tx.all(_LAST_ACTS, task=task.id, kinds=_ACTS)]
    last = next((header for header in headers if "actor" in header), None)
    name = None if last is None else frame.tx.one(_NAME, person=last["actor"])
    if last is None or name is None:
        return Text("有人先办了", "somebody was faster")
    version = frame.version(task.version_id)
    at = frame.calendar(version.pack.campaign.zone).local(last["at"]).strftime("%Y-%m-%d %H:%M")
    done = _label(version.books[task.kind].definition, last)
    zh, en = name
    return Text(f"{zh}于 {at} 先办了“{done.zh}”", f"{en} was faster, with {done.en!r} at {at}")


def _label(definition: Definition, header: Mapping[str, Any]) -> Text:
    """What was done. After a migration the definition may know it no more: its name then stands for it."""
    if header["kind"] in LABELS:
        return LABELS[header["kind"]]
    lifted = header["kind"] == "lifted"
    name = header["rule"] if lifted else header["transition"]
    found = definition.rules.get(name) if lifted else definition.transitions.get(name)
    return found.label if found is not None else Text(name, name)


def _readable(tx: Transaction, task_id: int, rows: tasks.Rows) -> Task:
    found, broken = tasks_of(tx, rows)
    if found:
        return found[0]
    raise Undecidable(
        f"未办理：事项 {task_id} 的数据损坏，无法读取。请系统管理员运行 duban doctor 查看原因。",
        f"Not done: the data of task {task_id} is damaged and can't be read. An administrator finds out "
        "why with duban doctor.",
    ) from broken[task_id]


def _loaded(frame: Frame, task: Task, salts: Salts) -> Loaded:
    """What the decision looks at; where a newer calendar is in force, its deadline is moved first.

    The act would note that it was planned under the newer calendar, and nobody would move it later.
    """
    hold_units(frame, [task])
    (loaded,) = tasks.load(frame.tx, [task], frame)
    frame.know([loaded])
    if task.ended_at is not None or task.planned_under >= frame.stamp.epoch:
        return loaded
    write(frame, [replan(loaded, frame.around(task.version_id))], salts)
    (row,) = tasks.claim_these(frame.tx, [task.id])
    (again,) = tasks.load(frame.tx, [tasks.task_of(row)], frame)
    return again


def _check_evidence(tx: Transaction, wanted: Act) -> None:
    files = [*wanted.evidence, *([] if wanted.paper is None else [wanted.paper])]
    missing = sorted(set(files) - organisation.stored_evidence(tx, files))
    if missing:
        raise BadValue(
            f"佐证材料 {missing[0][:12]}… 尚未存入。请先上传，再办理。",
            f"The evidence {missing[0][:12]}… isn't stored. Store the file first.",
        )


def unknown_task(task_id: int) -> Unknown:
    """There is no such task."""
    return Unknown(
        f"没有编号为 {task_id} 的事项。请用 duban tasks 查看编号。",
        f"There is no task {task_id}. See the numbers with duban tasks.",
    )


def _answer(decision: Decision, wanted: Act, now: int) -> Answer:
    task = decision.task
    return Answer(
        task_id=task.id, act=wanted.name, seq=task.seq, revision=task.revision, state=task.state, at=now
    )


def request_row(request_id: str, answer: Answer, person_id: int | None) -> tuple[Any, ...]:
    """What a repeat is answered by."""
    own: Mapping[str, Any] = {
        "id": request_id,
        "task_id": answer.task_id,
        "person_id": person_id,
        "act": answer.act,
        "seq": answer.seq,
        "revision": answer.revision,
        "state": answer.state,
        "at": answer.at,
    }
    return tuple(own[column.name] for column in organisation.REQUEST.columns)
