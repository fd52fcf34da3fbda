"""Draws as they are stored: what a round's units are, who may not check whom, what was drawn and by whom.

A draw is never changed: one that is made again is a new row, and whoever looks sees how often it was
made. The newest that no moment has used is the one that the round's next moment uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import bindparam, insert, select, update

from .definition.model import Opening, Pack
from .models import DrawRow
from .pairing import Conflict, Drawn, Pair, Problem, conflict_of, conflict_to, draw, problem_from, problem_of
from .store import organisation
from .store.ports import Transaction
from .store.sql import Statement
from .text import Text

DRAW = DrawRow.__table__  # type: ignore[attr-defined]
DRAWN, IMPOSSIBLE = "drawn", "impossible"
_INSIDE = Text("一方属于另一方", "one is inside the other")

_own = (
    DRAW.c.campaign_id == bindparam("campaign"),
    DRAW.c.round == bindparam("name"),
    DRAW.c.kind == bindparam("of"),
)
_OF_ROUND = Statement(
    select(DRAW)
    .where(DRAW.c.campaign_id == bindparam("campaign"), DRAW.c.round == bindparam("name"))
    .order_by(DRAW.c.id)
)
_WAITING = Statement(
    select(DRAW)
    .where(*_own, DRAW.c.moment_id.is_(None), DRAW.c.status == DRAWN)
    .order_by(DRAW.c.id.desc())
    .limit(1)
)
_LAST = Statement(
    select(DRAW).where(*_own, DRAW.c.moment_id.is_not(None)).order_by(DRAW.c.id.desc()).limit(1)
)
_ADD = Statement(
    insert(DRAW)
    .values(
        campaign_id=bindparam("campaign"),
        round=bindparam("name"),
        kind=bindparam("of"),
        label=bindparam("title"),
        seed=bindparam("text"),
        problem=bindparam("rules"),
        result=bindparam("found"),
        status=bindparam("state"),
        person_id=bindparam("person"),
        drawn_at=bindparam("now"),
        moment_id=None,
    )
    .returning(DRAW.c.id)
)
_USE = Statement(
    update(DRAW)
    .where(DRAW.c.id == bindparam("draw"), DRAW.c.moment_id.is_(None))
    .values(moment_id=bindparam("moment"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a draw belongs: the pairs of one kind of task in one round."""

    campaign_id: int
    campaign: str
    round: str
    kind: str
    label: str  # the nominal of the moment that it was made for


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What a person adds to a draw."""

    barred: Mapping[Pair, Text] = field(default_factory=dict)  # recusals with their reasons
    allowed: frozenset[Pair] = frozenset()  # pairs of the round before that may come again
    distances: Mapping[frozenset[str], int] = field(default_factory=dict)
    within: int | None = None
    most: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredDraw:
    """A draw as it is on record."""

    id: int
    round: str
    kind: str
    label: str
    seed: str
    problem: Mapping[str, Any]
    pairs: tuple[Pair, ...]
    cost: int
    conflict: Text | None  # why there is none
    status: str
    person_id: int | None  # None: the round made it itself
    drawn_at: int
    moment_id: int | None  # the moment that used it

    def to_problem(self) -> Problem:
        """The problem as it was published."""
        return problem_from(self.seed, self.problem)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a problem: a draw, or why there is none."""

    problem: Problem
    drawn: Drawn | None
    conflict: Conflict | None


def solve(problem: Problem, names: Mapping[str, Text]) -> Outcome:
    """Draw, or find out why there is no draw. Takes no lock and no transaction: it may last a second."""
    drawn = draw(problem)
    conflict = conflict_of(problem, names) if drawn is None else None
    return Outcome(problem=problem, drawn=drawn, conflict=conflict)


def own_seed(place: Place) -> str:
    """The seed of a draw that the round makes itself."""
    return f"{place.campaign}/{place.round}/{place.label}"


# --- what is to be drawn ----------------------------------------------------------------------------


def problem_for(
    tx: Transaction, pack: Pack, opening: Opening, place: Place, seed: str, wishes: Wishes
) -> Problem:
    """The draw of a round: its units, the pairs of the last draw, and what a person adds."""
    units = [row for row in organisation.units(tx) if row[1] in pack.campaign.units]
    checked, checkers = (
        tuple(row[1] for row in units if _takes_part(row[2], kinds, opening.of))
        for kinds in list(pack.definitions[opening.kind].parties.values())[:2]
    )
    last = last_used(tx, place)
    return Problem(
        seed=seed,
        checked=checked,
        checkers=checkers,
        most=wishes.most,
        last=frozenset(last.pairs if last is not None else ()) - wishes.allowed,
        barred={**_inside(units, {*checked, *checkers}), **wishes.barred},
        distances=wishes.distances,
        within=wishes.within,
    )


def _takes_part(kind: str, allowed: tuple[str, ...], of: str | None) -> bool:
    return (not allowed or kind in allowed) and (of is None or kind == of)


def _inside(units: Iterable[tuple[Any, ...]], codes: set[str]) -> dict[Pair, Text]:
    """Both ways between units of which one is inside the other: nobody checks its own house."""
    rows = list(units)
    codes_by_id, above = {row[0]: row[1] for row in rows}, {row[0]: row[3] for row in rows}
    barred: dict[Pair, Text] = {}
    for ident, code in codes_by_id.items():
        for other in _ancestors(ident, above):
            over = codes_by_id.get(other)
            if over in codes and code in codes:
                barred |= {Pair(code, over): _INSIDE, Pair(over, code): _INSIDE}
    return barred


def _ancestors(ident: int, above: Mapping[int, int | None]) -> Iterator[int]:
    parent = above.get(ident)
    while parent is not None:
        yield parent
        parent = above.get(parent)


def names_of(tx: Transaction) -> dict[str, Text]:
    """What units are called, by code."""
    return {row[1]: Text(row[6], row[7]) for row in organisation.units(tx)}


# --- statements -------------------------------------------------------------------------------------


def draws_of(tx: Transaction, campaign_id: int, name: str) -> list[StoredDraw]:
    """Every draw that was ever made for a round, the oldest first."""
    return [_stored(row) for row in tx.all(_OF_ROUND, campaign=campaign_id, name=name)]


def waiting(tx: Transaction, place: Place) -> StoredDraw | None:
    """The draw that the round's next moment uses."""
    row = tx.one(_WAITING, campaign=place.campaign_id, name=place.round, of=place.kind)
    return None if row is None else _stored(row)


def last_used(tx: Transaction, place: Place) -> StoredDraw | None:
    """The draw of the moment before: its pairs do not come again."""
    row = tx.one(_LAST, campaign=place.campaign_id, name=place.round, of=place.kind)
    return None if row is None else _stored(row)


def record(tx: Transaction, place: Place, outcome: Outcome, person_id: int | None, now: int) -> int:
    """Keep what came of a draw, whoever made it; its id."""
    drawn, conflict = outcome.drawn, outcome.conflict
    found: dict[str, Any] = {} if conflict is None else {"conflict": conflict_to(conflict)}
    if drawn is not None:
        found = {
            "pairs": [list(pair) for pair in drawn.pairs],
            "cost": drawn.cost,
            "distance": drawn.distance,
        }
    (row,) = tx.all(
        _ADD,
        campaign=place.campaign_id,
        name=place.round,
        of=place.kind,
        title=place.label,
        text=outcome.problem.seed,
        rules=orjson.dumps(problem_of(outcome.problem)).decode(),
        found=orjson.dumps(found).decode(),
        state=IMPOSSIBLE if drawn is None else DRAWN,
        person=person_id,
        now=now,
    )
    return int(row[0])


def use(tx: Transaction, draw_id: int, moment_id: int) -> bool:
    """A moment takes a draw; False if another has it."""
    return tx.run(_USE, draw=draw_id, moment=moment_id) == 1


def _stored(row: tuple[Any, ...]) -> StoredDraw:
    own = dict(zip((column.name for column in DRAW.columns), row, strict=True))
    found = orjson.loads(own["result"])
    return StoredDraw(
        id=own["id"],
        round=own["round"],
        kind=own["kind"],
        label=own["label"],
        seed=own["seed"],
        problem=orjson.loads(own["problem"]),
        pairs=tuple(Pair(*pair) for pair in found.get("pairs", ())),
        cost=found.get("cost", 0),
        conflict=Text(*found["conflict"]["text"]) if "conflict" in found else None,
        status=own["status"],
        person_id=own["person_id"],
        drawn_at=own["drawn_at"],
        moment_id=own["moment_id"],
    )
