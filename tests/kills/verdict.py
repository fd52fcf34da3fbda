"""What must be true after the storm: nothing lost, nothing doubled, every chain whole."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from sqlalchemy import func, select

from tests.kills.storm import MINUTE
from workflow import audit
from workflow.store import open_port, tasks
from workflow.store.applying import EVENT, VALUE
from workflow.store.organisation import REQUEST
from workflow.store.ports import Transaction
from workflow.store.sql import Statement

_CHECKS = Statement(
    select(tasks.TASK.c.id, tasks.TASK.c.head, tasks.TASK.c.kind, tasks.TASK.c.parent_id).order_by(
        tasks.TASK.c.id
    )
)
_OPENED = Statement(select(tasks.EPISODE.c.task_id, func.count()).group_by(tasks.EPISODE.c.task_id))
_EVENTS = Statement(select(EVENT).order_by(EVENT.c.task_id, EVENT.c.seq))
_VALUES = Statement(
    select(EVENT.c.task_id, EVENT.c.seq, VALUE.c.name, VALUE.c.salt, VALUE.c.value).join(
        EVENT, EVENT.c.id == VALUE.c.event_id
    )
)
_REQUESTS = Statement(select(REQUEST.c.id, REQUEST.c.task_id, REQUEST.c.seq))


@dataclass(kw_only=True)
class Verdict:
    """Figures of a storm. All but the first four must be 0."""

    kills: int
    tasks: int
    events: int
    acknowledged: int
    lost_acts: int = 0  # acknowledged, and not in the history
    doubled_acts: int = 0  # in the history more often than asked for
    lost_openings: int = 0  # tasks whose episode never opened
    doubled_openings: int = 0  # tasks with two episodes, or two answers asked for
    doubled_tellings: int = 0  # told twice for one minute
    broken_chains: int = 0

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled, every chain whole."""
        own = asdict(self)
        return not any(own[name] for name in own if name not in ("kills", "tasks", "events", "acknowledged"))


def judge(url: str, folder: Path, kills: int) -> Verdict:
    """Read the database and what the person wrote down, and compare."""
    port = open_port(url)
    try:
        with port.read() as tx:
            return _judge(tx, folder, kills)
    finally:
        port.close()


def _judge(tx: Transaction, folder: Path, kills: int) -> Verdict:
    rows = tx.all(_CHECKS)
    events = tx.all(_EVENTS)
    checks = [row[0] for row in rows if row[2] == "check"]
    answers = Counter(row[3] for row in rows if row[2] == "answer")
    opened = {task: count for task, count in tx.all(_OPENED)}  # noqa: C416
    verdict = Verdict(kills=kills, tasks=len(checks), events=len(events), acknowledged=0)
    verdict.lost_openings = sum(1 for task in checks if not opened.get(task) or not answers[task])
    verdict.doubled_openings = sum(1 for task in checks if opened.get(task, 0) > 1 or answers[task] > 1)
    _judge_acts(tx, events, folder, verdict)
    _judge_tellings(events, verdict)
    verdict.broken_chains = _broken(tx, rows, events)
    return verdict


def _judge_acts(tx: Transaction, events: list[tuple[object, ...]], folder: Path, verdict: Verdict) -> None:
    noted = (folder / "answered").read_text().splitlines() if (folder / "answered").exists() else []
    answered = [json.loads(line) for line in noted]
    requests = {ident: (task, seq) for ident, task, seq in tx.all(_REQUESTS)}
    acts = {(row[1], row[2]) for row in events if row[5] == "act"}
    verdict.acknowledged = len(answered)
    for request, task, seq in answered:
        stands = requests.get(request) == (task, seq)
        verdict.lost_acts += not stands or not any(key[0] == task and key[1] <= seq for key in acts)
    verdict.doubled_acts = max(0, len(acts) - len(requests))


def _judge_tellings(events: list[tuple[object, ...]], verdict: Verdict) -> None:
    """`again: every 1 minute`: two tellings of a task are a minute apart or more."""
    last: dict[object, int] = {}
    for row in events:
        if row[5] not in ("episode_opened", "episode_repeated"):
            continue
        at = int(str(row[4]))  # when it was decided: tellings count from there
        if row[1] in last and at - last[row[1]] < MINUTE:
            verdict.doubled_tellings += 1
        last[row[1]] = at


def _broken(tx: Transaction, rows: list[tuple[object, ...]], events: list[tuple[object, ...]]) -> int:
    values: dict[object, dict[int, dict[str, audit.Value]]] = {}
    for task, seq, name, salt, value in tx.all(_VALUES):
        values.setdefault(task, {}).setdefault(seq, {})[name] = audit.Value(bytes(salt), orjson.loads(value))
    chains: dict[object, list[audit.Line]] = {}
    for row in events:
        chains.setdefault(row[1], []).append(_line(row, chains))
    return sum(
        audit.verify_chain(chains.get(row[0], []), bytes(row[1]), values.get(row[0], {})) is not None  # type: ignore[call-overload]
        for row in rows
    )


def _line(row: tuple[object, ...], chains: dict[object, list[audit.Line]]) -> audit.Line:
    _, task, seq, _, _, _, header, commitments, digest = row
    earlier = chains.get(task)
    return audit.Line(
        task_id=int(str(task)),
        seq=int(str(seq)),
        header=orjson.loads(str(header)),
        commitments={name: bytes.fromhex(one) for name, one in orjson.loads(str(commitments)).items()},
        previous=earlier[-1].hash if earlier else audit.GENESIS,
        hash=bytes(digest),  # type: ignore[call-overload]
    )
