"""What can be reached, and what goes in circles."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

N = TypeVar("N", bound=Hashable)


def reached(starts: Iterable[N], next_of: Mapping[N, Iterable[N]]) -> set[N]:
    """Everything that can be reached from `starts`, these included."""
    seen: set[N] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(next_of.get(name, ()))
    return seen


def circles(nodes: Sequence[N], follows: Callable[[N, N], bool]) -> Iterator[list[N]]:
    """A shortest circle through each node that lies on one; no node is in two of them."""
    next_of = {one: [other for other in nodes if follows(one, other)] for one in nodes}
    told: set[N] = set()
    for node in nodes:
        circle = [] if node in told else _circle(node, next_of)
        if circle:
            told.update(circle)
            yield circle


def _circle(start: N, next_of: Mapping[N, Sequence[N]]) -> list[N]:
    """A shortest way from a node to itself, without its end; empty if there is none."""
    waiting, seen = [[start]], {start}
    for way in waiting:  # grows while it is read: breadth first
        for node in next_of[way[-1]]:
            if node == start:
                return way
            if node not in seen:
                seen.add(node)
                waiting.append([*way, node])
    return []
