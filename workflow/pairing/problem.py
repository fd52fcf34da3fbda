"""What is to be drawn, and what a pair costs under a seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from ..errors import BadValue
from ..text import Text

RECIPE = "duban pairing 1"  # first line of what is hashed: another recipe is another lottery
BITS = 40  # of a cost: two draws of 300 units cost the same once in ten million times
LARGEST_DISTANCE = 20_000  # km, half of the equator: more is a slip of the pen


class Pair(NamedTuple):
    """Who checks whom, by the codes of the units."""

    checker: str
    checked: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A draw to be made: who is to be checked, who may check, and what forbids what."""

    seed: str  # published before the draw
    checked: tuple[str, ...]  # units to be checked
    checkers: tuple[str, ...]  # units that check; usually the same
    each: int = 1  # how many check each unit
    most: int | None = None  # how many a unit checks at most; None shares the load evenly
    last: frozenset[Pair] = frozenset()  # pairs of the round before
    barred: Mapping[Pair, Text] = field(default_factory=dict)  # recusals, with their reasons
    distances: Mapping[frozenset[str], int] = field(default_factory=dict)  # whole km between two units
    within: int | None = None  # km; a pair may not be further apart. None: the smallest total counts

    def __post_init__(self) -> None:
        """Refuse what is no problem at all."""
        if not self.seed.strip() or "\n" in self.seed:
            raise BadValue(
                "抽签种子是空的，或含有换行。请给出一行公开的文字，如公告日期和文号。",
                "The seed is empty, or has line breaks. Give one line of text that was published, such as "
                "the date and number of a notice.",
            )
        if not self.checked or not self.checkers or self.each < 1:
            raise BadValue(
                "没有可抽签的单位：被检查单位、检查单位都至少要有一个，每个单位至少由一个单位检查。",
                "There is nothing to draw: it takes a unit to be checked, a unit that checks, and one "
                "checker for each at least.",
            )
        if self.distances:
            _check_distances(self)

    @property
    def load(self) -> tuple[int, int]:
        """How many units each checker checks, at least and at most."""
        total, many = len(self.checked) * self.each, len(self.checkers)
        return (total // many, -(-total // many)) if self.most is None else (0, self.most)

    @property
    def is_shortest(self) -> bool:
        """Whether the total distance counts before the lot."""
        return bool(self.distances) and self.within is None

    @cached_property
    def allowed(self) -> tuple[Pair, ...]:
        """Every pair that no constraint on single pairs forbids, in the order of the codes."""
        return tuple(pair for pair in self.pairs() if not self.is_forbidden(pair))

    def pairs(self) -> Iterator[Pair]:
        """Every checker with every unit to be checked, itself included."""
        ordered = sorted(self.checked)
        return (Pair(checker, checked) for checker in sorted(self.checkers) for checked in ordered)

    def is_forbidden(self, pair: Pair) -> bool:
        """Whether a constraint on single pairs forbids it."""
        own = pair.checker == pair.checked
        return own or pair in self.last or pair in self.barred or self.is_too_far(pair)

    def is_too_far(self, pair: Pair) -> bool:
        """Whether they are further apart than the cap allows."""
        return self.within is not None and self.distance(pair) > self.within

    def distance(self, pair: Pair) -> int:
        """Whole km between the two; 0 if no distances are known."""
        return self.distances.get(frozenset(pair), 0)

    def lot(self, pair: Pair) -> int:
        """The lot of a pair, 0 to 2**40 - 1: the first five bytes of a hash, big-endian."""
        line = f"{RECIPE}\n{self.seed}\n{pair.checker}\n{pair.checked}"
        return int.from_bytes(sha256(line.encode()).digest()[: BITS // 8], "big")

    def cost(self, pair: Pair) -> int:
        """What the sum of is smallest: its lot, and 2**40 for every km if the distance counts."""
        return self.lot(pair) + ((self.distance(pair) << BITS) if self.is_shortest else 0)


def _check_distances(problem: Problem) -> None:
    for pair in problem.pairs():
        if pair.checker == pair.checked:
            continue
        distance, (one, other) = problem.distances.get(frozenset(pair)), pair
        if distance is None:
            raise BadValue(
                f"距离表没有 {one} 与 {other} 之间的距离。请补齐每两个单位的距离，或不给距离表。",
                f"The distances say nothing of {one} and {other}. Give those of every two units, or none.",
            )
        if not 0 <= distance <= LARGEST_DISTANCE:
            raise BadValue(
                f"{one} 与 {other} 的距离 {distance} 不在 0 至 {LARGEST_DISTANCE} 公里之间，请更正。",
                f"The distance {distance} of {one} and {other} is not between 0 and {LARGEST_DISTANCE} km. "
                "Correct it.",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A draw: the cheapest of all that satisfy the constraints."""

    pairs: tuple[Pair, ...]  # in the order of the codes
    cost: int  # the sum that no other draw is below
    distance: int  # km, their sum; 0 if no distances are known

    @classmethod
    def of(cls, problem: Problem, pairs: Iterator[Pair]) -> Drawn:
        """These pairs with what they cost."""
        ordered = tuple(sorted(pairs))
        return cls(
            pairs=ordered,
            cost=sum(map(problem.cost, ordered)),
            distance=sum(map(problem.distance, ordered)),
        )


# --- as plain data ----------------------------------------------------------------------------------


def problem_of(problem: Problem) -> dict[str, Any]:
    """A problem as it is stored and published, without its seed."""
    return {
        "recipe": RECIPE,
        "checked": sorted(problem.checked),
        "checkers": sorted(problem.checkers),
        "each": problem.each,
        "most": problem.most,
        "last": [list(pair) for pair in sorted(problem.last)],
        "barred": [[*pair, why.zh, why.en] for pair, why in sorted(problem.barred.items())],
        "distances": sorted([*sorted(two), km] for two, km in problem.distances.items()),
        "within": problem.within,
    }


def problem_from(seed: str, stored: Mapping[str, Any]) -> Problem:
    """The problem that was stored so."""
    return Problem(
        seed=seed,
        checked=tuple(stored["checked"]),
        checkers=tuple(stored["checkers"]),
        each=stored["each"],
        most=stored["most"],
        last=frozenset(Pair(*one) for one in stored["last"]),
        barred={Pair(checker, checked): Text(zh, en) for checker, checked, zh, en in stored["barred"]},
        distances={frozenset((one, other)): km for one, other, km in stored["distances"]},
        within=stored["within"],
    )
