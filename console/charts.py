"""Curves and time lines as shapes: numbers in, what SVG needs out. Pure.

Pictures carry no text: they are drawn in a box of 1000 by 100 that is stretched to the width of the page,
and words in it would be stretched too. What they say stands beside them, and in the table behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

WIDE: Final = 1000
HIGH: Final = 100
_TOP: Final = 4  # so that the highest line is not cut in half


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """Two lines that only rise, over the same instants."""

    planned: str  # points of a polyline
    done: str
    today: float  # where on the width; outside of 0 to WIDE: not on the picture
    top: int  # what the upper edge stands for


def curve(
    instants: Sequence[int], planned: Sequence[int], done: Sequence[tuple[int, int]], now: int
) -> Curve | None:
    """The lines of what is planned and what is done; None where there is nothing to be seen.

    Args:
        instants: ms, ascending.
        planned: how much by each of them.
        done: (ms, how much by then), up to now.
    """
    top = max([*planned, *(many for _, many in done)], default=0)
    if top == 0 or len(instants) < 2:
        return None
    first, last = instants[0], instants[-1]
    lined = zip(instants, planned, strict=True)
    return Curve(
        planned=_points(((place(at, first, last), many) for at, many in lined), top),
        done=_points(((place(at, first, last), many) for at, many in done if first <= at <= last), top),
        today=place(now, first, last),
        top=top,
    )


def place(at: int, first: int, last: int) -> float:
    """Where an instant stands on the width."""
    return round(WIDE * (at - first) / (last - first), 1) if last > first else 0.0


def _points(found: Iterable[tuple[float, int]], top: int) -> str:
    return " ".join(f"{x:g},{HIGH - (HIGH - _TOP) * many / top:.1f}" for x, many in found)


def share(part: int, whole: int) -> float:
    """A bar's length in per cent; of something there is always a little to be seen."""
    return max(0.5, round(100 * part / whole, 1)) if part > 0 and whole > 0 else 0.0
