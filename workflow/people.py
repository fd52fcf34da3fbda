"""Who, at this moment: posts, deputies, delegation, fallback, separation of duties. Pure.

A role is looked up through posts when it is needed, and what was found is recorded with the event:
later changes of posts don't rewrite who was responsible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .definition.model import ANYONE, OF_PARENT, Definition, Role, Seat
from .task import Task
from .text import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """A person holds a post at a unit for a time."""

    person_id: int
    post: str
    unit_id: int
    deputy: bool
    valid_from: int
    valid_to: int | None  # first millisecond in which it holds no more

    def holds(self, now: int) -> bool:
        """Whether the post is held at that instant."""
        return self.valid_from <= now and (self.valid_to is None or now < self.valid_to)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delegation:
    """While it lasts the principal is away; a delegate, if one is named, acts on their behalf."""

    principal_id: int
    delegate_id: int | None
    valid_from: int
    valid_to: int | None

    def lasts(self, now: int) -> bool:
        """Whether it is in force at that instant."""
        return self.valid_from <= now and (self.valid_to is None or now < self.valid_to)


@dataclass(frozen=True, kw_only=True, slots=True)
class Interest:
    """While it lasts a person has an interest in a unit: by a post there or inside it, or declared."""

    person_id: int
    unit_id: int  # where the post is, or of which it was declared
    declared: bool
    valid_from: int
    valid_to: int | None  # first millisecond in which it is none any more

    def lasts(self, now: int) -> bool:
        """Whether it is in force at that instant."""
        return self.valid_from <= now and (self.valid_to is None or now < self.valid_to)


class Actor(NamedTuple):
    """A person who may act, and for whom: None for themselves."""

    person_id: int
    on_behalf: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """Who a role turned out to be."""

    role: str  # that was found in the end
    actors: tuple[Actor, ...]
    vacant: tuple[str, ...] = ()  # roles on the way that nobody holds: to be reported

    @property
    def persons(self) -> tuple[int, ...]:
        """The people, without for whom they act."""
        return tuple(actor.person_id for actor in self.actors)


@dataclass(kw_only=True, slots=True)
class Directory:
    """Posts and delegations of the units that a batch touches."""

    units: Mapping[str, int] = field(default_factory=dict)  # the campaign's unit names
    groups: Mapping[tuple[str, int], int] = field(default_factory=dict)  # (group, unit) -> unit
    holdings: Mapping[tuple[str, int], Sequence[Holding]] = field(default_factory=dict)  # (post, unit)
    delegations: Mapping[int, Sequence[Delegation]] = field(default_factory=dict)  # by principal
    interests: Mapping[int, Sequence[Interest]] = field(default_factory=dict)  # by unit
    names: Mapping[int, Text] = field(default_factory=dict)  # of the people whom an act names
    # A sweep asks for the same few posts at the same instant, task after task.
    _found: dict[tuple[str, int, int, frozenset[int]], tuple[Actor, ...]] = field(default_factory=dict)
    _staff: dict[int, list[Holding]] = field(default_factory=dict)  # by unit

    def forget(self) -> None:
        """Posts have been added: what was found before may be short of somebody."""
        self._found.clear()
        self._staff.clear()

    def name(self, person: int) -> Text:
        """What a person is called, for a refusal."""
        return self.names.get(person, Text(f"人员 {person}", f"person {person}"))

    def seat(self, seat: Seat, task: Task) -> int | None:
        """The unit at which a role's post is looked for."""
        if seat.unit is not None:
            return self.units.get(seat.unit)
        unit = task.parties.get(seat.party or "")
        if seat.group is None or unit is None:
            return unit
        return self.groups.get((seat.group, unit))

    def actors(self, role: Role, task: Task, now: int, without: frozenset[int]) -> tuple[Actor, ...]:
        """Who stands in for a role now: the holders, their delegates, else the deputies.

        People in `without` are excluded from the act, for themselves and as delegates, and count as
        absent: their deputies step in. A team has no deputies.
        """
        if role.team is not None:
            there = self._present(self.members(role, task, now), now)
            return tuple(one for one in there if not touches(one, without))
        key = (role.post, self.seat(role.seat, task) or 0, now, without)
        known = self._found.get(key)
        if known is None:
            if len(self._found) > _MOST_FOUND:
                self.forget()
            known = self._found[key] = self._find(role.post, key[1], now, without)
        return known

    def present(self, post: str, unit: int, now: int) -> tuple[Actor, ...]:
        """Who is there now for a post: its holders, their delegates, else the deputies."""
        return self._find(post, unit, now, NOBODY)

    def members(self, role: Role, task: Task, now: int) -> tuple[int, ...]:
        """The members of a team: while their term lasts, and they hold a post at its unit."""
        chosen = task.teams.get(role.name)
        if chosen is None or (chosen.until is not None and chosen.until < now):
            return ()
        staff = self.staff(self.seat(role.seat, task) or 0, now)
        return tuple(person for person in chosen.members if person in staff)

    def staff(self, unit: int, now: int) -> frozenset[int]:
        """Everybody who holds a post at a unit."""
        if not self._staff:
            for (_, place), held in self.holdings.items():
                self._staff.setdefault(place, []).extend(held)
        return frozenset(one.person_id for one in self._staff.get(unit, ()) if one.holds(now))

    def recused(self, role: Role, task: Task, now: int) -> frozenset[int]:
        """Who has an interest in a party from which this role must be free."""
        if not role.recused:
            return NOBODY
        units = [task.parties[party] for party in role.recused if party in task.parties]
        found = (one for unit in units for one in self.interests.get(unit, ()))
        return frozenset(one.person_id for one in found if one.lasts(now))

    def _find(self, post: str, unit: int, now: int, without: frozenset[int]) -> tuple[Actor, ...]:
        held = [one for one in self.holdings.get((post, unit), ()) if one.holds(now)]
        for deputy in (False, True):
            persons = [one.person_id for one in held if one.deputy is deputy]
            present = [one for one in self._present(persons, now) if not touches(one, without)]
            if present:
                return tuple(present)
        return ()

    def _present(self, persons: Iterable[int], now: int) -> tuple[Actor, ...]:
        """Those who are there, and for those who are away the delegates who are.

        Nobody hands on what was handed to them: a delegate who is away counts as absent.
        """
        found: list[Actor] = []
        for person in persons:
            away = self._away(person, now)
            if not away:
                found.append(Actor(person, None))
            named = [one.delegate_id for one in away if one.delegate_id is not None]
            found.extend(Actor(delegate, person) for delegate in named if not self._away(delegate, now))
        return tuple(dict.fromkeys(found))

    def _away(self, person: int, now: int) -> list[Delegation]:
        return [one for one in self.delegations.get(person, ()) if one.lasts(now)]


NOBODY: frozenset[int] = frozenset()
_MOST_FOUND = 10_000  # answers kept; they are good for one instant only


def resolve(
    directory: Directory,
    definition: Definition,
    role: str,
    task: Task,
    now: int,
    without: frozenset[int] = NOBODY,
) -> Resolved:
    """Follow a role and its `else` chain to somebody who is there, and not excluded.

    Whoever steps in for a role must be as free of interests as its holders. Nobody at all gives no
    actors and every role of the chain as vacant.
    """
    vacant: list[str] = []
    name: str | None = role
    while name is not None and name not in vacant:
        without = without | directory.recused(definition.roles[name], task, now)
        found = directory.actors(definition.roles[name], task, now, without)
        if found:
            return Resolved(role=name, actors=found, vacant=tuple(vacant))
        vacant.append(name)
        name = definition.roles[name].otherwise
    return Resolved(role=role, actors=(), vacant=tuple(vacant))


def acting_as(
    directory: Directory,
    definition: Definition,
    roles: Sequence[str],
    task: Task,
    person: int,
    now: int,
    without: frozenset[int] = NOBODY,
) -> tuple[str, Actor] | None:
    """In which of the roles a person may act, and for whom; None if in none of them."""
    for role in roles:
        found = resolve(directory, definition, role, task, now, without)
        able = [actor for actor in found.actors if actor.person_id == person]
        if able:  # in their own right before on another's behalf
            return found.role, min(able, key=lambda actor: actor.on_behalf is not None)
        out = without
        for name in dict.fromkeys((*found.vacant, found.role)):
            out = out | directory.recused(definition.roles[name], task, now)
            if person not in out and person in _principals(directory, definition.roles[name], task, now):
                return name, Actor(person, None)  # a principal who is away may still act
    return None


def _principals(directory: Directory, role: Role, task: Task, now: int) -> set[int]:
    if role.team is not None:
        return {*directory.members(role, task, now)}
    unit = directory.seat(role.seat, task) or 0
    held = directory.holdings.get((role.post, unit), ())
    return {one.person_id for one in held if one.holds(now) and not one.deputy}


def excluded(
    task: Task, not_by: Sequence[str], parent: Mapping[str, Sequence[int]] | None = None
) -> frozenset[int]:
    """Everyone whom `not_by` keeps from acting: principals and delegates who did those acts.

    Args:
        parent: who did what on the task that opened this one, for `… of the parent`.
    """
    persons: set[int] = set()
    for name in not_by:
        act = name.removesuffix(OF_PARENT)
        actors = task.actors if act == name else parent or {}
        for did in actors.values() if act == ANYONE else (actors.get(act, ()),):
            persons.update(did)
    return frozenset(persons)


def touches(actor: Actor, persons: frozenset[int] | set[int]) -> bool:
    """Whether the actor, or the principal on whose behalf they act, is among these persons."""
    return actor.person_id in persons or (actor.on_behalf is not None and actor.on_behalf in persons)
