"""The board: lights of units by track or kind, progress against plan, and where tasks stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from workflow.engine import Frame
from workflow.errors import NotAllowed
from workflow.reading import Scope, scope_of, unit_id
from workflow.reading.ledger import zone_of_dates
from workflow.reading.tally import Tally, cumulated, holds
from workflow.reading.tally import tally as count
from workflow.reading.words import moment
from workflow.store import organisation
from workflow.text import Text, same

from ..board import Board, Row, Sight, Square, Unit
from ..charts import Curve, curve, share
from ..counting import Counted
from .asking import Asking
from .place import Place
from .seeing import person_of

router = APIRouter()
BY: Final = ("track", "kind")
STEPS: Final = 12  # bars
_MINUTES: Final = 24 * 60  # of a day
_NO_TRACK: Final = Text("不属专项任务", "no track")


def tallies(place: Place) -> Counted[Tally]:
    """What every board of this process is made of."""

    def counted() -> Tally:
        with place.frame() as frame:
            return count(frame)

    return Counted(counted, place.clock.boot)


def newest(request: Request) -> Tally:
    """The newest figures. Asked for outside of a transaction: they are counted in one of their own."""
    found: Counted[Tally] = request.app.state.tallies
    return found.get()


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A step at which tasks stand."""

    label: Text
    many: int
    days: float  # that they have stood there on the average
    length: float  # per cent of the longest bar, by the days of all tasks together
    link: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A line of the table behind the curve."""

    day: str
    due: int  # up to then
    done: int | None  # None: still to come


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What was to be struck off by when, and what was."""

    curve: Curve | None
    points: tuple[Point, ...]
    due: int  # up to now, about: at the instant of the grid before
    done: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardPage:
    """Everything that the board shows."""

    board: Board
    by: str
    labels: Mapping[str, Text]  # of the columns
    first: int
    counted_at: str
    age: int  # minutes
    progress: Progress
    bars: tuple[Bar, ...]

    def link(self, row: Row, column: str | None = None) -> str:
        """The ledger behind a square, or behind a whole row; empty where the ledger can't be asked for it."""
        if column == "":
            return ""
        asked = {"unit": row.unit.code} | ({} if row.is_own else {"tree": "yes"})
        return to_ledger(asked | ({self.by: column} if column else {}))

    def here(self, **more: Any) -> str:
        """This board with something else."""
        at = {"under": self.board.at.code} if self.board.at else {}
        return "/board?" + urlencode({"by": self.by, **at, **more})

    def square(self, row: Row, column: str) -> Square | None:
        """What stands there, if anything ever did."""
        return row.squares.get(column)


def to_ledger(asked: Mapping[str, str]) -> str:
    """The ledger with a filter."""
    return f"/ledger?{urlencode(asked)}"


@router.get("/board")
def board(visit: Asking, under: str = "", by: str = "track", first: str = "") -> Response:
    """Who stands how."""
    person = person_of(visit)
    tally = newest(visit.request)
    with visit.place.frame() as frame:
        view = _page(frame, tally, scope_of(frame, person), under, by if by in BY else BY[0], first)
    return visit.page("board.html", view=view)


def _page(frame: Frame, tally: Tally, scope: Scope, under: str, by: str, first: str) -> BoardPage:
    sight = Sight(tally, units_of(frame), scope, attrgetter(by))
    at = unit_id(frame.tx, under) if under else sight.start()
    if under and at is not None and not sight.may_stand_at(at):
        raise NotAllowed(
            "您无权查看这个单位的看板：它不是您所在单位，也不是其下级。请从“看板”重新进入。",
            "You may not look at the board of this unit: it is neither yours nor below yours. Start again "
            "from “Board”.",
        )
    passed = int(first) if first.isdecimal() and len(first) < 7 else 0
    calendar, tree = frame.calendar(zone_of_dates(frame)), sight.tree_of(at)
    found = sight.board(at, passed)
    return BoardPage(
        board=found,
        by=by,
        labels=labels_of(frame, by),
        first=passed,
        counted_at=moment(calendar, tally.at),
        age=max(0, frame.now - tally.at) // 60_000,
        progress=_progress(frame, tally, scope, tree),
        bars=tuple(_bars(frame, tally, scope, tree, found.at)),
    )


def units_of(frame: Frame) -> list[Unit]:
    """Every unit; a group belongs to the unit whose group it is."""
    return [
        Unit(
            id=row[0], code=row[1], name=Text(row[6], row[7]), above=row[3] if row[3] is not None else row[4]
        )
        for row in organisation.units(frame.tx)
    ]


def labels_of(frame: Frame, by: str) -> Mapping[str, Text]:
    """What tracks, or kinds, are called."""
    versions = [frame.version(one.version_id) for one in frame.campaigns.values()]
    if by == "kind":
        return {kind: book.definition.label for one in versions for kind, book in one.books.items()}
    tracks = {name: label for one in versions for name, label in one.pack.campaign.tracks.items()}
    return {**tracks, "": _NO_TRACK}


# --- progress ---------------------------------------------------------------------------------------


def _progress(frame: Frame, tally: Tally, scope: Scope, tree: frozenset[int]) -> Progress:
    due, done = [0] * (tally.grid.many + 1), [0] * (tally.grid.many + 1)
    for (campaign, unit, kind), flow in tally.flow.items():
        if unit in tree and holds(scope, campaign, unit, kind):
            due = [one + more for one, more in zip(due, flow.due, strict=True)]
            done = [one + more for one, more in zip(done, flow.done, strict=True)]
    instants = list(tally.grid.instants)
    planned, ended = cumulated(due)[:-1], cumulated(done)[:-1]
    line = [(at, many) for at, many in zip(instants, ended, strict=True) if at <= tally.at]
    calendar = frame.calendar(zone_of_dates(frame))
    days = [str(calendar.day_of(at - tally.grid.night)) for at in instants]
    return Progress(
        curve=curve(instants, planned, [*line, (tally.at, sum(done))], tally.at),
        points=tuple(
            Point(day=day, due=many, done=so_far if at <= tally.at else None)
            for day, at, many, so_far in zip(days, instants, planned, ended, strict=True)
        ),
        due=max((many for at, many in zip(instants, planned, strict=True) if at <= tally.at), default=0),
        done=sum(done),
    )


# --- where tasks stand ------------------------------------------------------------------------------


def _bars(frame: Frame, tally: Tally, scope: Scope, tree: frozenset[int], at: Unit | None) -> Iterable[Bar]:
    found: defaultdict[tuple[int, str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for spot, (many, minutes) in tally.standing.items():
        if spot.unit_id in tree and holds(scope, spot.campaign_id, spot.unit_id, spot.kind):
            tasks, stood = found[spot.campaign_id, spot.kind, spot.state]
            found[spot.campaign_id, spot.kind, spot.state] = tasks + many, stood + minutes
    longest = sorted(found.items(), key=lambda one: (-one[1][1], one[0]))[:STEPS]
    most = max((stood for _, (_, stood) in longest), default=0)
    for (campaign, kind, state), (many, stood) in longest:
        yield Bar(
            label=_step(frame, campaign, kind, state),
            many=many,
            days=round(stood / many / _MINUTES, 1),
            length=share(stood, most),
            link=to_ledger({"kind": kind, "state": state} | ({"unit": at.code, "tree": "yes"} if at else {})),
        )


def _step(frame: Frame, campaign: int, kind: str, state: str) -> Text:
    """By the version in force; a word that it doesn't know stands for itself."""
    books = frame.version(frame.campaigns[campaign].version_id).books
    definition = books[kind].definition if kind in books else None
    if definition is None:
        return same(f"{kind} · {state}")
    step: Sequence[str] = definition.states[state].label if state in definition.states else same(state)
    return Text(f"{definition.label.zh} · {step[0]}", f"{definition.label.en} · {step[1]}")
