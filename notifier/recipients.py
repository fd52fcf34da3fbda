"""Who is told, and where: addresses by rank, on the channels that serve them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from workflow.text import Language

from .content import Class, Kind
from .manners import Habits

NOTICES: Final = "notices"  # the topic under which information is switched off


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """A channel as it stands now."""

    name: str
    kind: Kind
    open: bool  # neither paused nor over its budget of the day


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """An address, and a channel that serves it."""

    channel: str
    kind: Kind
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """What is known of a person."""

    id: int
    language: Language
    habits: Habits
    routes: tuple[Route, ...]  # the one to be tried first in front; empty: can't be reached
    off: frozenset[str] = field(default_factory=frozenset)  # topics that they switched off

    def hears(self, class_: Class) -> bool:
        """Whether they want messages of that class: formal ones can't be switched off."""
        return class_ == "formal" or NOTICES not in self.off


def routes(addresses: Iterable[tuple[str, str]], lanes: Sequence[Lane]) -> tuple[Route, ...]:
    """The ways to (kind, address) pairs that stand in order of rank; closed channels come last.

    A closed channel is better than none: what waits for it is sent when it opens.
    """
    found = [
        (not lane.open, Route(channel=lane.name, kind=lane.kind, address=address))
        for kind, address in addresses
        for lane in lanes
        if lane.kind == kind
    ]
    return tuple(route for _, route in sorted(found, key=lambda one: one[0]))


def reached(
    persons: Iterable[int], readers: Mapping[int, Reader], tried: Collection[Route] = ()
) -> tuple[Reader, Route] | None:
    """The first of these persons who can be reached on a way that was not tried, and that way."""
    for person in persons:
        reader = readers.get(person)
        for route in reader.routes if reader is not None else ():
            if reader is not None and route not in tried:
                return reader, route
    return None
