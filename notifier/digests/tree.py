"""The tree of units, and how many open tasks stand under each light in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from workflow.definition.model import LIGHTS, Pack
from workflow.store import organisation
from workflow.store.ports import Transaction
from workflow.text import Text

Tally = tuple[int, ...]
"""How many under each light, in the order of LIGHTS."""
NONE: Final[Tally] = (0,) * len(LIGHTS)
_AT: Final[Mapping[str, int]] = {light: position for position, light in enumerate(LIGHTS)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """Units by id."""

    names: Mapping[int, Text]
    above: Mapping[int, int | None]  # a group is in the unit that it belongs to
    below: Mapping[int, Sequence[int]]
    stands_for: Mapping[int, int]  # the unit for which another one's readers see things

    def scope_of(self, units: Iterable[int]) -> tuple[int, ...]:
        """What a reader with posts at these units sees: units that are not inside each other, ascending."""
        seen = {self.stands_for.get(unit, unit) for unit in units}
        return tuple(sorted(one for one in seen if seen.isdisjoint(self._higher(one))))

    def _higher(self, unit: int) -> Iterator[int]:
        above = self.above.get(unit)
        while above is not None:
            yield above
            above = self.above.get(above)

    def upwards(self, unit: int) -> Iterator[int]:
        """The unit and all above it."""
        yield unit
        yield from self._higher(unit)


def read_tree(tx: Transaction, pack: Pack) -> Tree:
    """Every unit, and which of them stand for another one in a campaign."""
    rows = organisation.units(tx)
    asked = {
        role.seat.unit
        for one in pack.definitions.values()
        for role in one.roles.values()
        if role.seat.unit is not None
    }
    above: dict[int, int | None] = {}
    below: dict[int, list[int]] = defaultdict(list)
    stands_for: dict[int, int] = {}
    for ident, code, _kind, parent, group_of, *_ in rows:
        above[ident] = parent if parent is not None else group_of
        if above[ident] is not None:
            below[above[ident] or 0].append(ident)
        if group_of is not None:
            stands_for[ident] = group_of
        elif code in asked and parent is not None:
            stands_for[ident] = parent
    names = {row[0]: Text(row[-2], row[-1]) for row in rows}
    return Tree(names=names, above=above, below=below, stands_for=stands_for)


# --- lights -----------------------------------------------------------------------------------------


@dataclass(kw_only=True, slots=True)
class Lights:
    """How many open tasks stand under each light: by unit with all below it, and by track."""

    by_unit: dict[int, Tally] = field(default_factory=dict)
    by_track: dict[tuple[int, str], Tally] = field(default_factory=dict)
    own: dict[tuple[int, str], Tally] = field(default_factory=dict)  # of the unit itself

    def of(self, scope: Iterable[int]) -> Tally:
        """Of several units that are not inside each other."""
        return _sum(self.by_unit.get(unit, NONE) for unit in scope)


def written(rows: Iterable[tuple[int, str, str, int]]) -> str:
    """(unit, track, light, tasks) as JSON: unit -> track -> tally."""
    found: dict[str, dict[str, list[int]]] = {}
    for unit, track, light, many in rows:
        tally = found.setdefault(str(unit), {}).setdefault(track, [0] * len(LIGHTS))
        tally[_AT[light]] += many
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def rolled_up(counts: str, tree: Tree, *, tracks: bool = True) -> Lights:
    """What was written, for every unit with all below it."""
    found = Lights()
    for key, by_track in orjson.loads(counts).items():
        unit = int(key)
        for track, tally in by_track.items():
            if tracks:
                found.own[unit, track] = tuple(tally)
            for one in tree.upwards(unit):
                found.by_unit[one] = _sum((found.by_unit.get(one, NONE), tally))
                if tracks:
                    found.by_track[one, track] = _sum((found.by_track.get((one, track), NONE), tally))
    return found


def _sum(tallies: Iterable[Sequence[int]]) -> Tally:
    return tuple(map(sum, zip(NONE, *tallies, strict=True)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the overview: a unit, or what stands in the scope's own unit, and a track."""

    unit: int
    track: str
    now: Tally
    before: Tally | None  # None: there was no digest before


def overview(scope: Iterable[int], tree: Tree, now: Lights, before: Lights | None) -> list[Row]:
    """One line for each unit right below, and each track in it; the gravest first."""
    found = [row for unit in scope for row in _lines(unit, tree, now, before)]
    return sorted(found, key=lambda row: (*(-one for one in reversed(row.now[1:])), row.unit, row.track))


def _lines(scope: int, tree: Tree, now: Lights, before: Lights | None) -> Iterator[Row]:
    tracks = sorted({track for _, track in now.by_track} | {track for _, track in (before or now).by_track})
    for track in tracks:
        was = None if before is None else before.own.get((scope, track), NONE)
        yield from _row(scope, track, now.own.get((scope, track), NONE), was)
        for unit in tree.below.get(scope, ()):
            was = None if before is None else before.by_track.get((unit, track), NONE)
            yield from _row(unit, track, now.by_track.get((unit, track), NONE), was)


def _row(unit: int, track: str, now: Tally, before: Tally | None) -> Iterator[Row]:
    if any(now) or any(before or ()):
        yield Row(unit=unit, track=track, now=now, before=before)
