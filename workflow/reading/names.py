"""Ids as people call them: two statements for any number of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from ..people import Actor, Resolved
from ..store.organisation import PERSON, UNIT
from ..store.ports import Transaction
from ..store.sql import OneOf, Statement
from ..text import Text

_PEOPLE = Statement(select(PERSON.c.id, PERSON.c.zh, PERSON.c.en).where(OneOf(PERSON.c.id, "ids")))
_UNITS = Statement(select(UNIT.c.id, UNIT.c.zh, UNIT.c.en).where(OneOf(UNIT.c.id, "ids")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What people and units are called."""

    people: Mapping[int, Text] = field(default_factory=dict)
    units: Mapping[int, Text] = field(default_factory=dict)

    def person(self, ident: int) -> Text:
        """A person's name; their number where there is no such person any more."""
        return self.people.get(ident, Text(f"人员 {ident}", f"person {ident}"))

    def actor(self, actor: Actor) -> Text:
        """Somebody who may act, and for whom."""
        person = self.person(actor.person_id)
        if actor.on_behalf is None:
            return person
        other = self.person(actor.on_behalf)
        return Text(f"{person.zh}（代{other.zh}）", f"{person.en} (for {other.en})")

    def unit(self, ident: int) -> Text:
        """A unit's name; its number where there is no such unit any more."""
        return self.units.get(ident, Text(f"单位 {ident}", f"unit {ident}"))


def persons_of(found: Resolved) -> set[int]:
    """Everybody whose name a resolved role needs."""
    principals = {one.on_behalf for one in found.actors if one.on_behalf is not None}
    return principals | set(found.persons)


def names(tx: Transaction, people: Iterable[int] = (), units: Iterable[int] = ()) -> Names:
    """The names of these people and units."""
    persons, places = sorted(set(people)), sorted(set(units))
    return Names(
        people={ident: Text(zh, en) for ident, zh, en in tx.all(_PEOPLE, ids=persons)} if persons else {},
        units={ident: Text(zh, en) for ident, zh, en in tx.all(_UNITS, ids=places)} if places else {},
    )
