"""The board: the lights of every unit under somebody's eyes, put together from a tally. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import Final

from workflow.definition.model import LIGHTS
from workflow.reading.scope import Scope
from workflow.reading.tally import NONE, Cell, Lit, Tally, added, holds
from workflow.text import Text

GRAVE: Final = 2  # from this place in LIGHTS on a light is counted in the trend: yellow, red
SQUARES: Final = 300  # of a page: it must stay small
FEWEST: Final = 10  # rows of a page
MOST: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A unit in its tree."""

    id: int
    code: str
    name: Text
    above: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Square:
    """How many tasks stand under each light, and how it was a week before."""

    now: Lit
    before: Lit

    @property
    def total(self) -> int:
        """How many are open."""
        return sum(self.now)

    @property
    def worst(self) -> str:
        """The gravest light; green where nothing is open."""
        return LIGHTS[max((n for n, many in enumerate(self.now) if many), default=0)]

    @property
    def lights(self) -> tuple[tuple[str, int], ...]:
        """Each light that is on with its number, the gravest first."""
        return tuple(
            (light, many) for light, many in reversed(list(zip(LIGHTS, self.now, strict=True))) if many
        )

    @property
    def change(self) -> int:
        """By how many more, or fewer, are yellow or red."""
        return sum(self.now[GRAVE:]) - sum(self.before[GRAVE:])


BLANK: Final = Square(now=NONE, before=NONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A unit with all below it, or what stands at the upper unit itself."""

    unit: Unit
    is_own: bool  # only the unit itself
    whole: Square
    squares: Mapping[str, Square]  # by column
    leads_on: bool  # whether there is more to be seen below it


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A matrix of lights."""

    at: Unit | None  # whose units they are; None: the highest ones
    trail: tuple[Unit, ...]  # the way there
    columns: tuple[str, ...]
    rows: tuple[Row, ...]  # the gravest first
    hidden: int  # further rows
    whole: Square


class Sight:
    """What one scope sees of a tally, along the tree of units."""

    def __init__(self, tally: Tally, units: Sequence[Unit], scope: Scope, by: Callable[[Cell], str]) -> None:
        """Args: `by` says in which column a cell stands."""
        self.units = {one.id: one for one in units}
        self.scope = scope
        self._below: dict[int | None, list[int]] = defaultdict(list)
        for one in units:
            self._below[one.above if one.above in self.units else None].append(one.id)
        self._own: defaultdict[int, _Sums] = defaultdict(_Sums)
        self._whole: defaultdict[int, _Sums] = defaultdict(_Sums)
        for cell in {*tally.now, *tally.before}:
            if holds(scope, cell.campaign_id, cell.unit_id, cell.kind):
                counts = (*tally.now.get(cell, NONE), *tally.before.get(cell, NONE))
                self._put(cell.unit_id, by(cell), counts)

    def _put(self, unit: int, column: str, counts: Sequence[int]) -> None:
        self._own[unit].add(column, counts)
        for one in self.upwards(unit):
            self._whole[one].add(column, counts)

    def upwards(self, unit: int | None) -> list[int]:
        """The unit and all above it, from below."""
        found: list[int] = []
        while unit is not None and unit in self.units and unit not in found:
            found.append(unit)
            unit = self.units[unit].above
        return found

    def tree_of(self, top: int | None) -> frozenset[int]:
        """A unit with every one below it; of None all units."""
        found, waiting = set[int](), list(self._below[None]) if top is None else [top]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self._below[one]
        return frozenset(found)

    def may_stand_at(self, unit: int) -> bool:
        """Whether a unit, or one below it, is for these eyes."""
        return any(self.scope.kinds.values()) or not self.tree_of(unit).isdisjoint(self.scope.units)

    def start(self) -> int | None:
        """Where a look begins: as far down as there is only one way to go."""
        at: int | None = None
        while True:
            ways = [one for one in self._below[at] if one in self._whole]
            if len(ways) != 1 or at in self._own:
                return at
            at = ways[0]

    def board(self, at: int | None, first: int = 0) -> Board:
        """The units right below one, and what is its own.

        Args:
            first: how many of the gravest rows are passed over.
        """
        rows = [self._row(unit, self._whole[unit]) for unit in self._below[at] if unit in self._whole]
        if at is not None and at in self._own:
            rows.append(self._row(at, self._own[at], is_own=True))
        columns = tuple(sorted({column for row in rows for column in row.squares}, key=_named_first))
        most = min(MOST, max(FEWEST, SQUARES // (len(columns) + 1)))
        trail = tuple(self.units[one] for one in reversed(self.upwards(at)))
        return Board(
            at=trail[-1] if trail else None,
            trail=trail,
            columns=columns,
            rows=tuple(sorted(rows, key=_gravity)[first : first + most]),
            hidden=max(0, len(rows) - first - most),
            whole=summed(row.whole for row in rows),
        )

    def _row(self, unit: int, sums: _Sums, *, is_own: bool = False) -> Row:
        squares = sums.squares()
        return Row(
            unit=self.units[unit],
            is_own=is_own,
            whole=summed(squares.values()),
            squares=squares,
            leads_on=not is_own and any(one in self._whole for one in self._below[unit]),
        )


class _Sums:
    """Squares that are still being added up, by column."""

    def __init__(self) -> None:
        self._found: dict[str, list[int]] = {}

    def add(self, column: str, counts: Sequence[int]) -> None:
        """Count these as well."""
        found = self._found.get(column)
        self._found[column] = list(counts) if found is None else [*map(add, found, counts)]

    def squares(self) -> dict[str, Square]:
        """What was added up."""
        many = len(LIGHTS)
        return {
            name: Square(now=tuple(one[:many]), before=tuple(one[many:])) for name, one in self._found.items()
        }


def _named_first(column: str) -> tuple[bool, str]:
    return not column, column


def _gravity(row: Row) -> tuple[object, ...]:
    return (*(-many for many in reversed(row.whole.now[1:])), row.unit.id)


def summed(squares: Iterable[Square]) -> Square:
    """All of them together."""
    total = BLANK
    for one in squares:
        total = Square(now=added(total.now, one.now), before=added(total.before, one.before))
    return total
