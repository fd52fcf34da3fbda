"""The outbox: who must be told what. A message that reaches nobody stands first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal_column, select
from sqlalchemy.sql import ColumnElement

from ..calendar import USUAL_ZONE
from ..engine import Frame
from ..store.applying import OUTGOING
from ..store.sql import Statement
from ..store.tasks import TASK
from ..text import Text, same
from . import everyday
from .ledger import zone_of
from .names import Names, names
from .numbers import number_of
from .people import person_id
from .waited import definition_of

REASONS = {
    "assigned": Text("轮到办理", "it is their turn"),
    "escalation": Text("预警", "an escalation rule"),
    "repeat": Text("再次提醒", "told again"),
    "to confirm": Text("请予确认", "to be confirmed"),
    "answered": Text("已有答复", "an answer"),
    "chosen": Text("被选入工作组", "chosen into a team"),
    "team ended": Text("工作组任期届满", "a team's term has ended"),
    "lapsed": Text("等待确认已失效", "a request that lapsed"),
    **everyday.REASONS,
}


RECENT_MS = 31 * 86_400_000  # what reached nobody is listed so long
# The role was vacant to its end, or nobody in it, nor who steps in, can be reached.
_UNHEARD = "(outgoing.person_id IS NULL OR outgoing.status = 'nobody')"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A message that waits to be sent."""

    id: int
    task: int
    number: str
    kind_label: Text
    unit: Text
    seq: int  # of the event it tells of
    person: Text | None  # None: the role is vacant to its end, nobody hears of it
    role: str
    role_label: Text
    reason: str
    reason_label: Text
    rule: str | None
    rule_label: Text | None
    created_at: int
    unheard: bool  # it reaches nobody
    zone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outbox:
    """A page of the outbox."""

    messages: tuple[Waiting, ...]
    total: int
    unaddressed: int  # how many reach nobody


def outbox(frame: Frame, *, person: str | None = None, limit: int = 50) -> Outbox:
    """The messages that nobody has taken to send, those that reach nobody first, then as they were left.

    Raises:
        Unknown: there is no such person.
    """
    recent: ColumnElement[int] = literal_column(str(frame.now - RECENT_MS))
    conditions: list[ColumnElement[bool]] = [
        # Spelled out, so that the partial indexes serve.
        literal_column("outgoing.status = 'waiting'")
        | (literal_column("outgoing.status = 'nobody'") & (OUTGOING.c.created_at >= recent))
    ]
    if person is not None:
        conditions.append(OUTGOING.c.person_id == person_id(frame.tx, person))
    nobody: ColumnElement[int] = literal_column(f"CASE WHEN {_UNHEARD} THEN 0 ELSE 1 END")
    statement = Statement(
        select(
            *OUTGOING.columns,
            TASK.c.campaign_id,
            TASK.c.version_id,
            TASK.c.kind,
            TASK.c.unit_id,
            literal_column("count(*) OVER ()"),
            literal_column(f"sum(CASE WHEN {_UNHEARD} THEN 1 ELSE 0 END) OVER ()"),
        )
        .join(TASK, TASK.c.id == OUTGOING.c.task_id, isouter=True)
        .where(*conditions)
        .order_by(nobody, OUTGOING.c.id)
        .limit(limit)
    )
    rows = frame.tx.all(statement)
    called = names(
        frame.tx,
        [row[3] for row in rows if row[3] is not None],
        [row[12] for row in rows if row[12] is not None],
    )
    return Outbox(
        messages=tuple(_waiting(frame, row, called) for row in rows),
        total=rows[0][13] if rows else 0,
        unaddressed=rows[0][14] if rows else 0,
    )


def _waiting(frame: Frame, row: Sequence[Any], called: Names) -> Waiting:
    ident, task, seq, person, role, reason, rule, created, status, campaign, version, kind, unit, *_ = row
    definition = definition_of(frame, version, kind) if version is not None else None
    roles = definition.roles if definition else {}
    rules = definition.rules if definition else {}
    return Waiting(
        id=ident,
        task=task,
        number=number_of(frame, task, campaign),
        kind_label=definition.label if definition else same(kind or "?"),
        unit=called.unit(unit) if unit is not None else same("?"),
        seq=seq,
        person=called.person(person) if person is not None else None,
        role=role,
        role_label=roles[role].label if role in roles else same(role),
        reason=reason,
        reason_label=REASONS.get(reason, same(reason)),
        rule=rule,
        rule_label=(rules[rule].label if rule in rules else same(rule)) if rule is not None else None,
        created_at=created,
        unheard=person is None or status == "nobody",
        zone=zone_of(frame, version) if version is not None else USUAL_ZONE,
    )
