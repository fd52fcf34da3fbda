"""What invented people begin by themselves: tasks that somebody opens by hand, spread over the campaign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..calendar import Calendar
from ..decision import OpenTask
from ..definition.model import Definition, Pack, Transition
from ..rounds import END, START
from .dice import Dice
from .people import PHRASES, WORKDAY, working_time

DAY_MS = 86_400_000
UNITS_EACH = 5  # units of the supervised kind for each task that is opened in a period
PERIOD = 60 * DAY_MS
_SETTLING, _CLOSING = 10 * DAY_MS, 25 * DAY_MS  # nothing is begun in the first and the last days


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Beginning:
    """Somebody means to open a task of a kind at an instant."""

    at: int
    kind: str
    number: int


class Initiative:
    """Decides what is opened by hand, when, and for whom."""

    def __init__(self, dice: Dice, pack: Pack, calendar: Calendar, units: Mapping[str, int]) -> None:
        self._dice, self._pack, self._calendar, self._ids = dice, pack, calendar, units
        self._kinds = {code: unit.kind for code, unit in pack.campaign.units.items()}

    def beginnings(self) -> list[Beginning]:
        """All of them, in order."""
        milestones = self._pack.campaign.milestones
        first = self._calendar.start_of(milestones[START]) + _SETTLING
        last = self._calendar.start_of(milestones.get(END, max(milestones.values()))) - _CLOSING
        found = [one for each in self._pack.definitions.values() for one in self._of_kind(each, first, last)]
        return sorted(found)

    def _of_kind(self, definition: Definition, first: int, last: int) -> Iterator[Beginning]:
        if not definition.opened_by or last <= first:
            return
        able = len(self._candidates(definition.parties[definition.first_party]))
        count = max(1, able // UNITS_EACH) * max(1, round((last - first) / PERIOD))
        for number in range(count):
            at = first + int((last - first) * self._dice.roll("begins", definition.kind, number))
            yield Beginning(at=working_time(self._calendar, at, 60), kind=definition.kind, number=number)

    def _candidates(self, kinds: Sequence[str]) -> list[int]:
        return [self._ids[code] for code, kind in self._kinds.items() if not kinds or kind in kinds]

    def parties(self, one: Beginning) -> dict[str, int] | None:
        """A unit for each party; None where there aren't enough of them."""
        found: dict[str, int] = {}
        for name, kinds in self._pack.definitions[one.kind].parties.items():
            free = [unit for unit in self._candidates(kinds) if unit not in found.values()]
            if not free:
                return None
            found[name] = self._dice.choose(free, "party", one.kind, one.number, name)
        return found

    def wanted(self, one: Beginning, parties: Mapping[str, int], person: int) -> OpenTask:
        """The task as it is opened: with what nobody will be asked for later."""
        definition = self._pack.definitions[one.kind]
        given = definition.deadline.how == "given"
        due = working_time(
            self._calendar, one.at, self._dice.between(8, 30, "due", one.kind, one.number) * WORKDAY
        )
        return OpenTask(
            kind=one.kind,
            campaign=self._pack.campaign.name,
            person_id=person,
            parties=parties,
            deadline=self._calendar.day_of(due).isoformat() if given else None,
            facts=self._facts(definition, one),
        )

    def _facts(self, definition: Definition, one: Beginning) -> dict[str, Any]:
        later = {name for each in definition.transitions.values() for name in _reported(each)}
        free = [fact for fact in definition.facts.values() if fact.name not in later]
        found: dict[str, Any] = {}
        for fact in free:
            if fact.type == "text":
                found[fact.name] = self._dice.choose(PHRASES, fact.name, one.kind, one.number)
            elif fact.type == "choice":
                found[fact.name] = self._dice.choose(fact.choices, fact.name, one.kind, one.number)
        return found


def _reported(transition: Transition) -> Iterator[str]:
    yield from transition.asks
    yield from transition.optional
    yield from (setting.target for setting in transition.sets)
