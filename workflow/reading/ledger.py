"""The ledger: the tasks that answer to some filters, the gravest first, with who is waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import String, bindparam, case, cast, func, literal_column, not_, select
from sqlalchemy.sql import ColumnElement

from ..calendar import USUAL_ZONE
from ..definition.model import LIGHTS, Definition
from ..engine import Frame
from ..errors import DubanError, Unknown
from ..people import Resolved
from ..store import organisation, tasks
from ..store.sql import Among, Statement
from ..store.tasks import TASK
from ..task import Loaded, Task
from ..text import Text, same
from .filters import MOST_WORDS, Columns, called, of_year, passed, reported
from .names import Names, names, persons_of
from .numbers import number_of
from .people import known, person_id, unit_id
from .scope import Scope, below, within
from .waited import definition_of, task_or_none, waited_for
from .waiting import mine, theirs

GRAVITY: ColumnElement[int] = literal_column(
    "CASE task.light " + " ".join(f"WHEN '{light}' THEN {n}" for n, light in enumerate(LIGHTS)) + " END"
)
ANY_DUE: ColumnElement[int] = literal_column("CASE WHEN task.due_at IS NULL THEN 1 ELSE 0 END")
# Tasks that wait for the same role at the same unit wait for the same people; but for those whose people
# are chosen, or must have no interest (`waits_post` is empty): each of these is a seat of its own.
_SEAT = (
    cast(TASK.c.version_id, String)
    + literal_column("'/'")
    + TASK.c.kind
    + literal_column("'/'")
    + TASK.c.waits_for
    + literal_column("'/'")
    + cast(TASK.c.unit_id, String)
    + literal_column("'/'")
    + func.coalesce(cast(TASK.c.waits_unit, String), literal_column("''"))
    + case(
        (TASK.c.waits_post.is_(None), literal_column("'/'") + cast(TASK.c.id, String)),
        else_=literal_column("''"),
    )
)
_waiting = (TASK.c.ended_at.is_(None), TASK.c.waits_for.is_not(None))
_SEATS = Statement(
    select(*tasks.TASK.columns, _SEAT.label("seat")).where(
        TASK.c.id.in_(select(func.min(TASK.c.id)).where(*_waiting).group_by(_SEAT))
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What to list. None takes everything."""

    unit: str | None = None  # code
    kind: str | None = None
    track: str | None = None
    state: str | None = None
    light: str | None = None
    waits_for: str | int | None = None  # a role, or the code of a person; a number: the id of a person
    open: bool | None = True  # False: only what has ended
    where: tuple[tuple[str, str], ...] = ()  # facts and the values that were reported
    year: int | None = None  # of the plan that the task belongs to
    campaign: str | None = None
    below: bool = False  # the units below `unit` too
    due_from: int | None = None  # ms
    due_to: int | None = None  # ms, itself included
    late: bool | None = None  # whether the deadline has passed, the clock not stopped
    words: str | None = None  # each in the number, or in what kind, unit or track are called
    scope: Scope | None = None  # what somebody may look at; None: an operator sees everything
    limit: int = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A task on the ledger."""

    id: int
    number: str
    kind: str
    kind_label: Text
    track: str | None
    unit: Text
    state: str
    state_label: Text
    light: str
    due_at: int | None  # ms, stops included
    provisional: bool  # the deadline rests on a year that nobody has published
    waits_for: str | None  # role
    waits_label: Text | None
    waits_people: tuple[Text, ...]  # who that is now; empty while the role is vacant to its end
    opened_at: int
    ended_at: int | None
    outcome: str | None
    revision: int
    set_aside: str | None  # why its data can't be handled
    campaign: str
    zone: str
    document: str | None = None  # the number that it was given last
    stopped: bool = False  # its clock stands still: the deadline moves on when it is released


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """A page of the ledger."""

    lines: tuple[Line, ...]
    total: int  # how many answer to the filters


def ledger(frame: Frame, wanted: Wanted) -> Ledger:
    """The tasks that answer to the filters: the gravest light first, then the nearest deadline.

    Raises:
        Unknown: no such unit, kind, track, state, person, role or fact.
        BadValue: a value that the fact can't have.
    """
    check_words(frame, wanted)
    conditions = conditions_of(frame, wanted)
    params: dict[str, Any] = {}
    if wanted.waits_for is not None:
        conditions += waiting_for(frame, wanted.waits_for, params)
    conditions += seen_by(wanted, params)
    statement = Statement(
        select(*TASK.columns, literal_column("count(*) OVER ()"))
        .where(*conditions)
        .order_by(GRAVITY.desc(), ANY_DUE, TASK.c.due_at, TASK.c.id)
        .limit(wanted.limit)
    )
    rows = frame.tx.all(statement, **params)
    return Ledger(lines=lines_of(frame, rows), total=rows[0][-1] if rows else 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Some lines of the ledger by their numbers, with what was reported on them."""

    lines: tuple[Line, ...]
    tasks: Mapping[int, Task]  # those whose data can be read


class Pages:
    """The whole ledger, a page at a time: each in a transaction of its own, however long it all takes."""

    def __init__(self, frame: Frame, wanted: Wanted, size: int, *, counted: bool = True) -> None:
        """Raises like `ledger`. To count them reads them all: whoever wants no total says so."""
        check_words(frame, wanted)
        conditions = conditions_of(frame, wanted)
        self._params: dict[str, Any] = {"most": size}
        if wanted.waits_for is not None:
            conditions += waiting_for(frame, wanted.waits_for, self._params)
        conditions += seen_by(wanted, self._params)
        self._next = Statement(
            select(*TASK.columns)
            .where(*conditions, TASK.c.id > bindparam("after"))
            .order_by(TASK.c.id)
            .limit(bindparam("most"))
        )
        self.total = 0
        if counted:
            count = Statement(select(func.count()).select_from(TASK).where(*conditions))
            (self.total,) = frame.tx.one(count, **self._params) or (0,)

    def after(self, frame: Frame, last: int) -> Page:
        """The next page after a task; empty at the end."""
        rows = frame.tx.all(self._next, **self._params, after=last)
        parsed = _parsed(rows)
        return Page(lines=_lines(frame, rows, parsed), tasks=parsed)


def lines_of(frame: Frame, rows: Sequence[Sequence[Any]]) -> tuple[Line, ...]:
    """Rows with every column of a task, as lines of the ledger."""
    return _lines(frame, rows, _parsed(rows))


def parsed_and_shown(
    frame: Frame, rows: Sequence[Sequence[Any]]
) -> tuple[tuple[Line, ...], Mapping[int, Task]]:
    """Rows with every column of a task, as lines of the ledger and as tasks."""
    parsed = _parsed(rows)
    return _lines(frame, rows, parsed), parsed


def _parsed(rows: Sequence[Sequence[Any]]) -> dict[int, Task]:
    return {row[0]: task for row in rows if (task := task_or_none(row)) is not None}


def _lines(frame: Frame, rows: Sequence[Sequence[Any]], parsed: Mapping[int, Task]) -> tuple[Line, ...]:
    frame.know([Loaded(task=task) for task in parsed.values()])
    found = {ident: waited_for(frame, task) for ident, task in parsed.items()}
    persons = [person for one in found.values() if one for person in persons_of(one)]
    called = names(frame.tx, persons, [row[_AT["unit_id"]] for row in rows])
    return tuple(_line(frame, row, found.get(row[0]), called) for row in rows)


_AT = {name: position for position, name in enumerate(tasks.COLUMNS)}


def _line(frame: Frame, row: Sequence[Any], who: Resolved | None, called: Names) -> Line:
    def of(name: str) -> Any:
        return row[_AT[name]]

    definition = definition_of(frame, of("version_id"), of("kind"))
    state = definition.states.get(of("state")) if definition else None
    role = definition.roles.get(of("waits_for") or "") if definition else None
    campaign = frame.campaigns.get(of("campaign_id"))
    return Line(
        id=row[0],
        number=number_of(frame, row[0], of("campaign_id")),
        kind=of("kind"),
        kind_label=definition.label if definition else same(of("kind")),
        track=of("track") or None,
        unit=called.unit(of("unit_id")),
        state=of("state"),
        state_label=state.label if state else same(of("state")),
        light=of("light"),
        due_at=of("due_at"),
        provisional=bool(of("provisional")),
        waits_for=of("waits_for"),
        waits_label=role.label if role else None,
        waits_people=tuple(called.actor(one) for one in who.actors) if who else (),
        opened_at=of("opened_at"),
        ended_at=of("ended_at"),
        outcome=of("outcome"),
        revision=of("revision"),
        set_aside=(of("set_aside_why") or "?") if of("set_aside_at") is not None else None,
        campaign=campaign.name if campaign else "",
        zone=zone_of(frame, of("version_id")),
        document=_document(of("body")),
        stopped=bool(state and state.stops_deadline),
    )


def _document(body: str) -> str | None:
    """The number that came last; of a task whose data can't be read, none."""
    try:
        given = orjson.loads(body).get("numbers", {})
    except (ValueError, AttributeError):
        return None
    return list(given.values())[-1] if given else None


def zone_of(frame: Frame, version_id: int) -> str:
    """The zone of a campaign; the usual one where its version can't be read."""
    try:
        return frame.version(version_id).pack.campaign.zone
    except DubanError:
        return USUAL_ZONE


def zone_of_dates(frame: Frame) -> str:
    """The zone in which people say dates: the first campaign's, the usual one before there is any."""
    return next((frame.campaign(one.version_id).zone for one in frame.campaigns.values()), USUAL_ZONE)


# --- filters ----------------------------------------------------------------------------------------


def conditions_of(frame: Frame, wanted: Wanted, by: Columns = TASK.c) -> list[ColumnElement[bool]]:
    """What is asked for, but for who is waited for; `by`: the columns that may lead into an index."""
    found: list[ColumnElement[bool]] = []
    if wanted.open is not None:
        found.append(TASK.c.ended_at.is_(None) if wanted.open else TASK.c.ended_at.is_not(None))
    for column in ("kind", "track", "state", "light"):
        value = getattr(wanted, column)
        if value is not None:
            found.append(by[column] == value)
    if wanted.unit is not None:
        found.append(Among(by["unit_id"], units_meant(frame, wanted) or ()))
    if wanted.campaign is not None:
        found.append(by["campaign_id"] == _campaign(frame, wanted.campaign))
    if wanted.year is not None:
        found.append(of_year(frame, wanted.year))
    if wanted.late is not None:
        late = passed(frame)
        found.append(late if wanted.late else not_(late))
    found += [called(frame, word, by) for word in (wanted.words or "").split()[:MOST_WORDS]]
    return found + _due(wanted) + reported(frame, definitions(frame), wanted.where)


def units_meant(frame: Frame, wanted: Wanted) -> frozenset[int] | None:
    """The units that are asked for; None for all.

    Raises:
        Unknown: no such unit.
    """
    if wanted.unit is None:
        return None
    top = unit_id(frame.tx, wanted.unit)
    return below(organisation.units(frame.tx), {top}) if wanted.below else frozenset({top})


def _campaign(frame: Frame, name: str) -> int:
    found = {one.name: one.id for one in frame.campaigns.values()}
    if name not in found:
        raise known(Text("专项行动", "campaign"), name, found)
    return found[name]


def _due(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.due_from is not None:
        found.append(TASK.c.due_at >= wanted.due_from)
    if wanted.due_to is not None:
        found.append(TASK.c.due_at <= wanted.due_to)
    return found


def seen_by(wanted: Wanted, params: dict[str, Any], by: Columns = TASK.c) -> list[ColumnElement[bool]]:
    """What the reader may see."""
    if wanted.scope is None:
        return []
    condition, more = within(wanted.scope, by)
    params |= more
    return [condition]


def check_words(frame: Frame, wanted: Wanted) -> None:
    """A word that no definition in force has would only list nothing, and look like good news."""
    found = definitions(frame)
    if wanted.light is not None and wanted.light not in LIGHTS:
        raise known(Text("灯色", "light"), wanted.light, LIGHTS)
    if not found:
        return
    kinds = {one.kind for one in found}
    states = {name for one in found for name in one.states}
    tracks = {name for one in frame.campaigns.values() for name in frame.campaign(one.version_id).tracks}
    if wanted.kind is not None and wanted.kind not in kinds:
        raise known(Text("事项类型", "kind of task"), wanted.kind, kinds)
    if wanted.track is not None and wanted.track not in tracks:
        raise known(Text("专项任务", "track"), wanted.track, tracks)
    if wanted.state is not None and wanted.state not in states:
        raise known(Text("状态", "state"), wanted.state, states)


def definitions(frame: Frame) -> list[Definition]:
    """Every definition of the campaigns in force."""
    return [
        book.definition
        for campaign in frame.campaigns.values()
        for book in frame.version(campaign.version_id).books.values()
    ]


def waiting_for(frame: Frame, word: str | int, params: dict[str, Any]) -> list[ColumnElement[bool]]:
    """A role by name, or a person by code or id: then what waits for this person now."""
    roles = {name for one in definitions(frame) for name in one.roles}
    if word in roles:
        return [TASK.c.waits_for == word]
    try:
        person = word if isinstance(word, int) else person_id(frame.tx, word)
    except Unknown as error:
        zh, en = error.text
        raise Unknown(
            f"{zh}也没有这个角色；角色有：{'、'.join(sorted(roles))}。",
            f"{en} Nor is there such a role; the roles are: {', '.join(sorted(roles))}.",
        ) from error
    condition, more = theirs(mine(frame, person))
    params |= more
    return [condition]


def seats(frame: Frame) -> list[tuple[str, Task, Resolved | None]]:
    """Every seat that open tasks wait for, with one of these tasks and who fills the seat now."""
    rows = frame.tx.all(_SEATS)
    parsed = [(row[-1], task) for row in rows if (task := task_or_none(row)) is not None]
    frame.know([Loaded(task=task) for _, task in parsed])
    return [(seat, task, waited_for(frame, task)) for seat, task in parsed]
