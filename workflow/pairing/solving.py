"""The cheapest draw, with a proof in whole numbers that there is no cheaper one.

Of 90,000 pairs of 300 units a draw takes 300. The prices of a linear program show what every other pair
would cost more than it saves: rounded to whole numbers they give a bound that no draw can be below,
whatever they are, and by how much each pair lifts it. So the pairs that lift it by more than some margin
are left out, and what is left is solved exactly. If that draw is dearer than the margin allows for, it
is solved once more with the margin that it needs; then no pair that was left out is in a cheaper draw.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .model import Prices, Rows, cheapest, prices_of
from .problem import Drawn, Pair, Problem

CHEAP = 12  # so many pairs of every unit, on either side, settle the prices
_FEW = 6  # so many pairs for each that is drawn are solved first
_WIDER = 4  # and so many times more if they allow no draw
_Name = TypeVar("_Name", str, frozenset[str])
_SHIFT = 2.0**-30  # costs come to the linear program near 1, where its tolerances are meant to be


def draw(problem: Problem) -> Drawn | None:
    """The draw that a problem defines; None if its constraints allow none.

    Raises:
        Refused: it could not be settled in time.
    """
    costs, rows = {pair: problem.cost(pair) for pair in problem.allowed}, Rows.of(problem)
    prices = _settled(problem, rows, costs)
    if prices is None:
        return None
    found = _within(rows, _bounded(rows, costs, prices), costs)
    return None if found is None else Drawn.of(problem, iter(found))


def _within(rows: Rows, bounded: _Bounded, costs: Mapping[Pair, int]) -> list[Pair] | None:
    """The cheapest draw, from ever more pairs until none that is left out can be in a cheaper one."""
    margin, widest = bounded.margin, max(bounded.extra.values(), default=0)
    found: list[Pair] | None = None
    while True:
        pairs = [pair for pair, more in bounded.extra.items() if more <= margin]
        found = cheapest(rows, {pair: costs[pair] for pair in pairs}, found or ())
        if found is not None:
            needed = sum(costs[pair] for pair in found) - bounded.bound
            if needed <= margin or len(pairs) == len(costs):
                return found
            margin = needed
        elif margin >= widest:
            return None
        else:
            margin = min(widest, max(margin, 1) * _WIDER)


def _settled(problem: Problem, rows: Rows, costs: Mapping[Pair, int]) -> Prices | None:
    """Prices at which the cheap pairs allow a fractional draw: as many as it takes. None if there is none."""
    many = CHEAP * problem.each
    while True:
        near = _cheap(costs, many)
        prices = prices_of(rows, {pair: costs[pair] * _SHIFT for pair in sorted(near)})
        if prices is not None or len(near) == len(costs):
            return prices
        many *= _WIDER


def _cheap(costs: Mapping[Pair, int], many: int) -> set[Pair]:
    return {
        pair
        for side in (_by_checker, _by_checked)
        for own in _grouped(costs, side)
        for pair in sorted(own, key=costs.__getitem__)[:many]
    }


def _by_checker(pair: Pair) -> str:
    return pair.checker


def _by_checked(pair: Pair) -> str:
    return pair.checked


def _grouped(pairs: Iterable[Pair], side: Callable[[Pair], str]) -> Iterable[list[Pair]]:
    groups: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[side(pair)].append(pair)
    return groups.values()


# --- the proof --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bounded:
    """What prices prove, in whole numbers: a draw costs the bound, and the extras of its pairs at least."""

    bound: int  # no draw is below
    extra: Mapping[Pair, int]  # by how much a draw with that pair is above, if at all
    start: int  # how many pairs to begin with

    @property
    def margin(self) -> int:
        """What to begin with: a few pairs for every one that a draw takes."""
        return sorted(self.extra.values())[: self.start][-1]


def _bounded(rows: Rows, costs: Mapping[Pair, int], prices: Prices) -> _Bounded:
    """Weak duality: whatever the prices are, a draw costs its rows at their prices, and its pairs' extras.

    The rows are bounded by their ends, the extras by the pairs that save something.
    """
    checked, checkers = _in_whole(prices.checked), _in_whole(prices.checkers)
    twos = {two: min(0, price) for two, price in _in_whole(prices.twos).items()}
    extra = {
        pair: cost - checked[pair.checked] - checkers[pair.checker] - twos.get(frozenset(pair), 0)
        for pair, cost in costs.items()
    }
    bound = sum(checked[code] * need for code, need in rows.needs.items())
    bound += sum(
        price * (rows.least[code] if price > 0 else rows.most[code]) for code, price in checkers.items()
    )
    bound += sum(twos.values()) + sum(min(0, more) for more in extra.values())
    return _Bounded(bound=bound, extra=extra, start=_FEW * sum(rows.needs.values()))


def _in_whole(own: Mapping[_Name, float]) -> dict[_Name, int]:
    return {name: round(price / _SHIFT) for name, price in own.items()}
