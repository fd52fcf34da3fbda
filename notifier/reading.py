"""What operators look at: deliveries, what is in one, and the channels.

Addresses come out masked and texts without the tokens of links; bytes are shown as what was sent says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, case, exists, func, literal_column, or_, select
from sqlalchemy.sql import ColumnElement

from workflow.calendar import USUAL_ZONE
from workflow.definition.yaml import nearest
from workflow.engine import Frame
from workflow.errors import Unknown
from workflow.reading.names import names
from workflow.reading.numbers import number_of
from workflow.reading.outgoing import REASONS
from workflow.reading.people import person_id
from workflow.reading.waited import definition_of
from workflow.redaction import redacted
from workflow.store.applying import OUTGOING
from workflow.store.sql import Statement
from workflow.store.tasks import TASK
from workflow.text import Text, same

from .bodies import text_of
from .masking import masked
from .states import LABELS, MEANINGS, State
from .store.channels import CHANNEL
from .store.deliveries import DELIVERY, PART, TRY, unpacked_body

ZONE: Final = USUAL_ZONE
_TROUBLE: Final = (State.BOUNCED, State.GIVEN_UP, State.HELD, State.UNKNOWN)
_ON_THEIR_WAY: Final = (State.SENDING, State.GATHERING, State.WAITING)
USUAL: Final = (*_TROUBLE, *_ON_THEIR_WAY)  # what is listed unless a state is named: what isn't done
_ORDER: Final[ColumnElement[int]] = case(
    {state.value: place for place, state in enumerate(USUAL)}, value=DELIVERY.c.status, else_=len(USUAL)
)
_LISTED: Final = tuple(column for column in DELIVERY.columns if column.name not in ("body", "digest"))
_ONE = Statement(select(*DELIVERY.columns).where(DELIVERY.c.id == bindparam("delivery")))
_TRIES = Statement(
    select(TRY.c.number, TRY.c.at, TRY.c.outcome, TRY.c.code, TRY.c.why)
    .where(TRY.c.delivery_id == bindparam("delivery"))
    .order_by(TRY.c.at, TRY.c.id)
)
_PARTS = Statement(
    select(
        OUTGOING.c.id,
        OUTGOING.c.task_id,
        OUTGOING.c.seq,
        OUTGOING.c.reason,
        OUTGOING.c.rule,
        TASK.c.campaign_id,
        TASK.c.version_id,
        TASK.c.kind,
    )
    .join(OUTGOING, OUTGOING.c.id == PART.c.outgoing_id)
    .join(TASK, TASK.c.id == OUTGOING.c.task_id, isouter=True)
    .where(PART.c.delivery_id == bindparam("delivery"))
    .order_by(OUTGOING.c.id)
)
_CHANNELS = Statement(select(*CHANNEL.columns).order_by(CHANNEL.c.name))
_UNDER_WAY = Statement(
    select(DELIVERY.c.channel, DELIVERY.c.status, func.count(), func.min(DELIVERY.c.due_at))
    .where(
        # By name, so that the partial indexes serve: what is done is not read.
        literal_column(
            "(status = 'gathering' OR status = 'waiting' OR status = 'unknown' OR status = 'sending' "
            "OR status = 'held')"
        )
    )
    .group_by(DELIVERY.c.channel, DELIVERY.c.status)
    .order_by(DELIVERY.c.channel, DELIVERY.c.status)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which deliveries."""

    state: str | None = None  # None: what is not done
    channel: str | None = None
    person: str | None = None  # code
    person_id: int | None = None
    task: int | None = None  # of which something is told in it
    every: bool = False  # what is done as well
    limit: int = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryView:
    """A delivery as it is listed."""

    id: int
    state: str
    state_label: Text
    channel: str
    kind: str
    person_id: int | None
    person: Text | None  # None: a test to an address
    address: str  # masked
    formal: bool
    about: str  # notice, digest, report, test
    created_at: int
    due_at: int
    accepted_at: int | None
    ended_at: int | None
    tries: int
    possible_duplicates: int
    hold: str | None
    why: Text | None  # what went wrong last


@dataclass(frozen=True, kw_only=True, slots=True)
class PartView:
    """What is told in a delivery."""

    outgoing_id: int
    task_id: int
    number: str  # of the task
    seq: int
    reason_label: Text
    rule_label: Text | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TryView:
    """How a try ended."""

    number: int
    at: int
    outcome: str
    code: str
    why: Text | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """All of a delivery."""

    delivery: DeliveryView
    meaning: Text
    message_id: str
    reference: str | None
    instead_of: int | None
    parts: tuple[PartView, ...]
    tries: tuple[TryView, ...]
    text: str | None  # as it was sent, tokens taken out; None: not written yet, or kept no longer


@dataclass(frozen=True, kw_only=True, slots=True)
class Deliveries:
    """A page of them."""

    deliveries: tuple[DeliveryView, ...]
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelView:
    """How a channel stands."""

    name: str
    paused_at: int | None
    paused_by: str | None  # empty or None: the channel itself
    why: Text | None
    failures: int  # connections in a row that were not made
    again_at: int | None
    counts: dict[str, int]  # by state
    oldest_due: int | None  # ms


def deliveries(frame: Frame, wanted: Wanted) -> Deliveries:
    """Deliveries, trouble first, then what is on its way.

    Raises:
        Unknown: there is no such state or person.
    """
    statement = Statement(
        select(*_LISTED, literal_column("count(*) OVER ()"))
        .where(*_conditions(frame, wanted))
        .order_by(_ORDER, DELIVERY.c.id.desc())
        .limit(wanted.limit)
    )
    rows = frame.tx.all(statement)
    people = _called(frame, [row[1] for row in rows])
    return Deliveries(
        deliveries=tuple(_view(row[:-1], people) for row in rows), total=rows[0][-1] if rows else 0
    )


def _conditions(frame: Frame, wanted: Wanted) -> list[Any]:
    conditions: list[Any] = []
    if wanted.state is not None or not wanted.every:
        states = USUAL if wanted.state is None else (_state(wanted.state),)
        # Spelled out, so that the partial indexes serve.
        conditions.append(or_(*(literal_column(f"delivery.status = '{one}'") for one in states)))
    if wanted.person_id is not None:
        conditions.append(DELIVERY.c.person_id == wanted.person_id)
    if wanted.task is not None:
        conditions.append(_tells_of(wanted.task))
    if wanted.channel is not None:
        conditions.append(DELIVERY.c.channel == wanted.channel)
    if wanted.person is not None:
        conditions.append(DELIVERY.c.person_id == person_id(frame.tx, wanted.person))
    return conditions


def _tells_of(task: int) -> Any:
    """Whether it tells something of a task: looked at for each that is listed, which are few."""
    told = select(PART.c.delivery_id).join(OUTGOING, OUTGOING.c.id == PART.c.outgoing_id)
    return exists(told.where(PART.c.delivery_id == DELIVERY.c.id, OUTGOING.c.task_id == task))


def _state(typed: str) -> State:
    if typed in set(State):
        return State(typed)
    words = [one.value for one in State]
    near = nearest(typed, words)
    listed = near or ", ".join(words)
    raise Unknown(
        f"没有状态“{typed}”。可用：{near or '、'.join(words)}。",
        f"There is no state {typed!r}. There is: {listed}.",
    )


def _called(frame: Frame, people: Sequence[int | None]) -> dict[int, Text]:
    ids = [one for one in people if one is not None]
    called = names(frame.tx, ids)
    return {one: called.person(one) for one in ids}


def _view(row: Sequence[Any], people: dict[int, Text]) -> DeliveryView:
    own = dict(zip([column.name for column in _LISTED], row, strict=True))
    return DeliveryView(
        id=own["id"],
        state=own["status"],
        state_label=LABELS[State(own["status"])],
        channel=own["channel"],
        kind=own["kind"],
        person_id=own["person_id"],
        person=None if own["person_id"] is None else people[own["person_id"]],
        address=masked(own["address"]),
        formal=own["class"] == "formal",
        about=own["about"],
        created_at=own["created_at"],
        due_at=own["due_at"],
        accepted_at=own["accepted_at"],
        ended_at=own["ended_at"],
        tries=own["tries"],
        possible_duplicates=own["unknowns"],
        hold=own["hold"],
        why=_said(own["why"], own["address"]),
    )


def _said(stored: str | None, address: str = "") -> Text | None:
    """A reason as it was stored. Peers repeat addresses in what they say."""
    if stored is None:
        return None
    why = orjson.loads(stored)
    if address:
        why = {language: told.replace(address, masked(address)) for language, told in why.items()}
    return Text(**why)


def delivery(frame: Frame, ident: int) -> Shown:
    """All of a delivery, with the text as it was sent.

    Raises:
        Unknown: there is none with this number.
    """
    row = frame.tx.one(_ONE, delivery=ident)
    if row is None:
        raise Unknown(
            f"没有编号为 {ident} 的投递。请用 duban outbox list 查看编号。",
            f"There is no delivery {ident}. See the numbers with duban outbox list.",
        )
    own = dict(zip([column.name for column in DELIVERY.columns], row, strict=True))
    view = _view([own[column.name] for column in _LISTED], _called(frame, [own["person_id"]]))
    body = own["body"]
    return Shown(
        delivery=view,
        meaning=MEANINGS[State(view.state)],
        message_id=own["message_id"],
        reference=own["reference"],
        instead_of=own["instead_of"],
        parts=tuple(_part(frame, one) for one in frame.tx.all(_PARTS, delivery=ident)),
        tries=tuple(_try(one, own["address"]) for one in frame.tx.all(_TRIES, delivery=ident)),
        text=None if body is None else _shown(unpacked_body(bytes(body)), own["address"]),
    )


def _shown(body: bytes, address: str) -> str:
    return redacted(text_of(body)).replace(address, masked(address))


def _part(frame: Frame, row: Sequence[Any]) -> PartView:
    ident, task, seq, reason, rule, campaign, version, kind = row
    definition = definition_of(frame, version, kind) if version is not None else None
    rules = definition.rules if definition else {}
    label = rules[rule].label if rule in rules else same(rule or "")
    return PartView(
        outgoing_id=ident,
        task_id=task,
        number=number_of(frame, task, campaign or 0),
        seq=seq,
        reason_label=REASONS.get(reason, same(reason)),
        rule_label=None if rule is None else label,
    )


def _try(row: Sequence[Any], address: str) -> TryView:
    number, at, outcome, code, why = row
    return TryView(number=number, at=at, outcome=outcome, code=code, why=_said(why, address))


def channels(frame: Frame, known: Sequence[str]) -> tuple[ChannelView, ...]:
    """Each channel of the settings, and each that deliveries or a pause speak of."""
    rows = {row[0]: row for row in frame.tx.all(_CHANNELS)}
    counts: dict[str, dict[str, int]] = {}
    oldest: dict[str, int] = {}
    for name, status, count, due in frame.tx.all(_UNDER_WAY):
        counts.setdefault(name, {})[status] = count
        if status in (State.WAITING, State.UNKNOWN):
            oldest[name] = min(due, oldest.get(name, due))
    return tuple(
        _channel(name, rows.get(name), counts.get(name, {}), oldest.get(name))
        for name in sorted({*known, *rows, *counts})
    )


def _channel(name: str, row: Sequence[Any] | None, counts: dict[str, int], oldest: int | None) -> ChannelView:
    _, paused_at, by, why, _, failures, again = row or (name, None, None, None, None, 0, None)
    return ChannelView(
        name=name,
        paused_at=paused_at,
        paused_by=by,
        why=_said(why),
        failures=failures,
        again_at=again,
        counts=counts,
        oldest_due=oldest,
    )
