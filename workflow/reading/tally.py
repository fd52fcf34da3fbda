"""How many tasks stand under each light, how it was a week ago, where they wait, and what was due and done.

Counting reads every task there is: some 3 seconds for a million of them on SQLite (docs/adr/0028). Whoever
shows the figures often keeps a `Tally` for a while and says how old it is; nothing is kept beside the
tasks that could differ from them. What was is derived as well: a task shone as its episodes of that
instant did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, bindparam, case, func, literal_column, or_, select
from sqlalchemy.sql import ColumnElement

from ..definition.model import LIGHTS
from ..engine import Frame
from ..rounds import END, START
from ..store.sql import Statement
from ..store.tasks import EPISODE, TASK
from .ledger import zone_of_dates
from .scope import Scope

DAY: Final = 86_400_000  # ms
BACK: Final = 7 * DAY  # with which the lights are compared
WEEK: Final = 7 * DAY
POINTS: Final = 54  # of a curve at most
HORIZON: Final = 26 * WEEK  # how far from today a curve reaches
_MINUTE: Final = 60_000
_NIGHT: Final = 6 * 3_600_000  # a summer time that begins or ends moves no end of a day over the boundary

Lit = tuple[int, ...]
"""How many under each light, in the order of LIGHTS."""
NONE: Final[Lit] = (0,) * len(LIGHTS)


class Cell(NamedTuple):
    """What is counted together."""

    campaign_id: int
    unit_id: int
    kind: str
    track: str  # empty: of none


class Spot(NamedTuple):
    """A step of a kind, at a unit."""

    campaign_id: int
    unit_id: int
    kind: str
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """The instants at which a curve is read, evenly apart."""

    origin: int  # ms; the first
    step: int  # ms
    many: int

    @property
    def night(self) -> int:
        """How far each lies behind the end of its day, in ms."""
        return _NIGHT + 1

    @property
    def instants(self) -> range:
        """Each of them."""
        return range(self.origin, self.origin + self.many * self.step, self.step)


class Flow(NamedTuple):
    """What came due and was struck off, up to each instant of the grid since the one before; the last
    entry counts what lies behind it."""

    due: list[int]
    done: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Every figure of a moment. Nothing in it says whose eyes it is for: see `holds`."""

    at: int
    now: Mapping[Cell, Lit]
    before: Mapping[Cell, Lit]  # at `at - BACK`
    standing: Mapping[Spot, tuple[int, int]]  # (tasks, minutes that they have stood there, added up)
    grid: Grid
    flow: Mapping[tuple[int, int, str], Flow]  # campaign, unit, kind


def holds(scope: Scope, campaign_id: int, unit_id: int, kind: str) -> bool:
    """Whether a scope lists the tasks of a cell: the same condition as `scope.within`."""
    return unit_id in scope.units or kind in scope.kinds.get(campaign_id, ())


def tally(frame: Frame) -> Tally:
    """Count everything, in three statements."""
    grid = grid_of(frame)
    now, standing = _now(frame)
    return Tally(
        at=frame.now,
        now=now,
        before=_before(frame, frame.now - BACK),
        standing=standing,
        grid=grid,
        flow=_flow(frame, grid),
    )


# --- now --------------------------------------------------------------------------------------------

_CELL: Final = (TASK.c.campaign_id, TASK.c.unit_id, TASK.c.kind, TASK.c.track)
_minutes: ColumnElement[int] = (bindparam("now", type_=BigInteger()) - TASK.c.state_since) // literal_column(
    str(_MINUTE), BigInteger()
)
_NOW = Statement(
    select(*_CELL, TASK.c.state, TASK.c.light, func.count(), func.sum(_minutes))
    .where(TASK.c.ended_at.is_(None))
    .group_by(*_CELL, TASK.c.state, TASK.c.light)
)


def _now(frame: Frame) -> tuple[dict[Cell, Lit], dict[Spot, tuple[int, int]]]:
    lights: defaultdict[Cell, Lit] = defaultdict(lambda: NONE)
    standing: defaultdict[Spot, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for campaign, unit, kind, track, state, light, many, minutes in frame.tx.all(_NOW, now=frame.now):
        cell, spot = Cell(campaign, unit, kind, track), Spot(campaign, unit, kind, state)
        lights[cell] = added(lights[cell], _under(LIGHTS.index(light), many))
        tasks, stood = standing[spot]
        standing[spot] = tasks + many, stood + int(minutes)
    return dict(lights), dict(standing)


def _under(gravity: int, many: int) -> Lit:
    return tuple(many if one == gravity else 0 for one in range(len(LIGHTS)))


def added(one: Lit, other: Lit) -> Lit:
    """Both together."""
    return tuple(map(sum, zip(one, other, strict=True)))


# --- a week ago -------------------------------------------------------------------------------------

_then: ColumnElement[int] = bindparam("at", type_=BigInteger())
_GRAVITY = case(
    *(
        (EPISODE.c.light == literal_column(f"'{light}'"), literal_column(str(n)))
        for n, light in enumerate(LIGHTS)
    ),
)
_shone = (
    select(EPISODE.c.task_id, func.max(_GRAVITY).label("gravity"))
    .where(
        EPISODE.c.opened_at <= _then,
        or_(EPISODE.c.ended_at.is_(None), EPISODE.c.ended_at > _then),
        or_(EPISODE.c.inert_at.is_(None), EPISODE.c.inert_at > _then),
        EPISODE.c.light != literal_column(f"'{LIGHTS[0]}'"),
    )
    .group_by(EPISODE.c.task_id)
    .subquery("shone")
)
_lit: ColumnElement[int] = func.coalesce(_shone.c.gravity, literal_column("0"))
_BEFORE = Statement(
    select(*_CELL, _lit, func.count())
    .select_from(TASK.outerjoin(_shone, _shone.c.task_id == TASK.c.id))
    .where(TASK.c.opened_at <= _then, or_(TASK.c.ended_at.is_(None), TASK.c.ended_at > _then))
    .group_by(*_CELL, _lit)
)


def _before(frame: Frame, at: int) -> dict[Cell, Lit]:
    found: defaultdict[Cell, Lit] = defaultdict(lambda: NONE)
    for *cell, gravity, many in frame.tx.all(_BEFORE, at=at):
        key = Cell(*cell)
        found[key] = added(found[key], _under(gravity, many))
    return dict(found)


# --- what was due, what was done --------------------------------------------------------------------

_origin, _step, _many = (bindparam(name, type_=BigInteger()) for name in ("origin", "step", "many"))


def _bucket(column: Any) -> ColumnElement[int]:
    """The first instant of the grid that is not before it; `many` for what lies behind, -1 for nothing."""
    place = (column - _origin + _step - literal_column("1", BigInteger())) // _step
    return case(
        (column.is_(None), literal_column("-1")),
        (column <= _origin, literal_column("0")),
        (place >= _many, _many),
        else_=place,
    )


_flows = (
    select(
        TASK.c.campaign_id,
        TASK.c.unit_id,
        TASK.c.kind,
        _bucket(TASK.c.due_at).label("due"),
        _bucket(TASK.c.ended_at).label("done"),
    )
    .where(or_(TASK.c.outcome.is_(None), TASK.c.outcome != literal_column("'abandoned'")))
    .subquery("flows")
)
_FLOW = Statement(select(*_flows.c, func.count()).group_by(*_flows.c))


def _flow(frame: Frame, grid: Grid) -> dict[tuple[int, int, str], Flow]:
    found: dict[tuple[int, int, str], Flow] = {}
    params = {"origin": grid.origin, "step": grid.step, "many": grid.many}
    for campaign, unit, kind, due, done, many in frame.tx.all(_FLOW, **params):
        flow = found.get((campaign, unit, kind))
        if flow is None:
            flow = found[campaign, unit, kind] = Flow([0] * (grid.many + 1), [0] * (grid.many + 1))
        if due >= 0:
            flow.due[due] += many
        if done >= 0:
            flow.done[done] += many
    return found


def grid_of(frame: Frame) -> Grid:
    """From the first campaign's start to the last one's end, half a year around today at most, by weeks.

    An instant lies some hours after the end of its day: what is due by the end of that day is counted.
    """
    calendar = frame.calendar(zone_of_dates(frame))
    days = list(_days(frame))
    today = calendar.day_of(frame.now)
    span = timedelta(milliseconds=HORIZON)
    first, last = min(days, default=today - span), max(days, default=today + span)
    first, last = max(first, today - span), min(max(last, today), today + span)
    first = min(first, today)
    weeks = max(1, -(-(last - first).days // 7))
    step = -(-weeks // (POINTS - 1))
    many = -(-weeks // step) + 1
    return Grid(origin=calendar.start_of(first + timedelta(days=1)) + _NIGHT, step=step * WEEK, many=many)


def _days(frame: Frame) -> Iterator[Any]:
    for one in frame.campaigns.values():
        milestones = frame.campaign(one.version_id).milestones
        yield from (day for name, day in milestones.items() if name in (START, END))


def cumulated(counts: Sequence[int]) -> list[int]:
    """How many up to each instant."""
    total, found = 0, []
    for one in counts:
        total += one
        found.append(total)
    return found


__all__ = ["BACK", "NONE", "Cell", "Flow", "Grid", "Lit", "Spot", "Tally", "added", "holds", "tally"]
