"""From what the engine left to deliveries that gather it. Pure: rows and what is known in, a plan out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from workflow.calendar import Calendar

from .content import Class, Part
from .manners import due
from .recipients import Reader, Route, reached

Key = tuple[int, str, Class]
"""Person, channel, class: there is one message at a time into which such notices are gathered."""

Status = Literal["taken", "nobody", "off"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """Something that a person must be told."""

    part: Part
    persons: tuple[int, ...]  # who is to be told, else who stands in; empty: the role is vacant to its end
    class_: Class
    urgent: bool  # it may break quiet hours
    zone: str  # of the campaign
    unit_id: int | None  # whose budget it uses
    tried: frozenset[Route] = frozenset()  # where it failed before
    instead_of: int | None = None  # the delivery that failed


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathering:
    """A delivery that still gathers."""

    id: int
    due_at: int
    urgent: bool
    thread_id: int | None
    address: str
    instead_of: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What a plan is made on."""

    readers: Mapping[int, Reader]
    gathering: Mapping[Key, Gathering]
    last: Mapping[tuple[int, str], int]  # (person, channel) -> when they were last told
    window: int  # ms
    calendar: Callable[[str], Calendar]  # by zone


@dataclass(kw_only=True, slots=True)
class Box:
    """A delivery with what is put into it now."""

    reader: Reader
    route: Route
    class_: Class
    unit_id: int | None
    due_at: int
    urgent: bool
    thread_id: int | None
    instead_of: int | None
    before: Gathering | None  # None: it begins
    parts: list[Part] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether an open one is to be written anew."""
        after = (self.due_at, self.urgent, self.thread_id, self.instead_of, self.route.address)
        one = self.before
        return one is not None and after != (
            one.due_at,
            one.urgent,
            one.thread_id,
            one.instead_of,
            one.address,
        )


@dataclass(kw_only=True, slots=True)
class Plan:
    """What is to be written."""

    boxes: dict[Key, Box] = field(default_factory=dict)
    statuses: dict[int, Status] = field(default_factory=dict)  # by outgoing row

    @property
    def begun(self) -> list[Box]:
        """Deliveries that begin."""
        return [box for box in self.boxes.values() if box.before is None]

    @property
    def joined(self) -> list[Box]:
        """Open deliveries that gain something."""
        return [box for box in self.boxes.values() if box.before is not None]

    def count(self, status: Status) -> int:
        """How many rows ended so."""
        return sum(one == status for one in self.statuses.values())


def plan(left: Iterable[Left], known: Known, now: int) -> Plan:
    """Where each row goes: into a delivery, or nowhere with its reason."""
    made = Plan()
    for one in left:
        made.statuses[one.part.outgoing_id] = _place(one, known, now, made)
    return made


def _place(one: Left, known: Known, now: int, made: Plan) -> Status:
    found = reached(one.persons, known.readers, one.tried)
    if found is None:
        return "nobody"
    reader, route = found
    if not reader.hears(one.class_):
        return "off"
    _put(one, reader, route, known, now, made)
    return "taken"


def _put(one: Left, reader: Reader, route: Route, known: Known, now: int, made: Plan) -> None:
    key = (reader.id, route.channel, one.class_)
    last = known.last.get((reader.id, route.channel))
    leaves = due(now, last, known.window, reader.habits, known.calendar(one.zone), urgent=one.urgent)
    box = made.boxes.get(key)
    if box is None:
        box = made.boxes[key] = _box(one, reader, route, known.gathering.get(key), leaves)
    box.due_at = min(box.due_at, leaves)
    box.urgent = box.urgent or one.urgent
    box.thread_id = box.thread_id if box.thread_id == one.part.task_id else None
    box.instead_of = box.instead_of or one.instead_of
    if one.tried:  # where it failed the others need not fail as well
        box.route = route
    box.parts.append(one.part)


def _box(one: Left, reader: Reader, route: Route, before: Gathering | None, leaves: int) -> Box:
    return Box(
        reader=reader,
        route=route if before is None else replace(route, address=before.address),
        class_=one.class_,
        unit_id=one.unit_id,
        due_at=leaves if before is None else before.due_at,
        urgent=one.urgent if before is None else before.urgent,
        thread_id=one.part.task_id if before is None else before.thread_id,
        instead_of=one.instead_of if before is None else before.instead_of,
        before=before,
    )
