"""What one part tells: what happened, and why it comes to this person. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workflow.definition.model import Definition, Rule
from workflow.definition.sentences import labels_of, sentence
from workflow.reading.dates import Dates
from workflow.reading.everyday import told as values_told
from workflow.reading.outgoing import REASONS
from workflow.text import Text, same

from ..content import Gathered, Part
from ..store.notices import Told
from ..wording import Wording
from .facts import Facts

_VALUES: Final = 6  # reported values that a letter repeats
_LONGEST: Final = 200  # characters of one
_PLAINLY: Final = {
    "assigned": "what.assigned",
    "to confirm": "what.to_confirm",
    "answered": "what.agreed",
    "lapsed": "what.lapsed",
    "chosen": "what.chosen",
    "team ended": "what.team_ended",
    "urged": "what.urged",
    "copied": "what.copied",
    "transferred": "what.transferred",
    "merged": "what.merged",
    "handed over": "what.handed_over",
    "escalation": "what.escalation",
    "repeat": "what.repeat",
}
_OVER: Final = frozenset({"what.moved_on", "what.settled", "what.left"})
_TELLS_ITSELF: Final = frozenset({"assigned", "escalation", "repeat"})
"""Of these the headline says all that happened; of the others the event is told as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Teller:
    """Says what parts tell, to one person."""

    facts: Facts
    wording: Wording
    letter: Gathered

    def what(self, part: Part) -> Text:
        """What it is about, in a few words and without personal data."""
        line, heard = self.facts.lines[part.task_id], self.facts.told.get(part.outgoing_id)
        if part.task_id not in self.facts.loaded:
            return self._say("what.other", kind=line.kind_label, reason=_reason(part))
        words, header = self.facts.words(part.task_id), heard.header if heard is not None else {}
        known = {
            "kind": line.kind_label,
            "state": line.state_label,
            "number": same(line.number),
            "role": words.role(self._role(part, header)),
            "rule": words.rule(part.rule) if part.rule else _reason(part),
            "act": words.transition(header.get("transition", "")),
            "count": same(str(header.get("count", ""))),
            "reason": _reason(part),
        }
        name = self._name(part, header, heard)
        return self._say(name, **{key: known[key] for key in self.wording.known(name)})

    @staticmethod
    def _role(part: Part, header: Mapping[str, Any]) -> str:
        """The role that is spoken of: the team whose term has ended, else the reader's."""
        return str(header.get("role", part.role)) if part.reason == "team ended" else part.role

    def is_over(self, part: Part) -> bool:
        """Whether what a part tells has been overtaken: somebody else acted, it needs nobody any more."""
        heard = self.facts.told.get(part.outgoing_id)
        if part.task_id not in self.facts.loaded:
            return False
        return self._name(part, heard.header if heard is not None else {}, heard) in _OVER

    def _name(self, part: Part, header: Mapping[str, Any], heard: Told | None) -> str:
        if part.reason == "answered" and heard is not None and heard.kind == "refused":
            return "what.refused"
        if part.reason == "lapsed" and header.get("why") == "left":
            return "what.left"
        if self._is_given_away(part):
            return "what.given_away"
        if part.reason == "assigned" and not self._is_waited_for(part):
            return "what.moved_on"
        if part.reason == "assigned" and _came_by(heard):
            return "what.passed"
        if part.reason == "to confirm" and not self._is_pending(part, header):
            return "what.settled"
        return _PLAINLY.get(part.reason, "what.other")

    def _is_waited_for(self, part: Part) -> bool:
        task = self.facts.loaded[part.task_id].task
        if task.ended_at is not None or task.waits_for is None:
            return False
        own = self.letter.person_id in waited_for(self.facts, part.task_id)
        return own or part.role == task.waits_for  # who steps in where `not_by` keeps another out

    def _is_given_away(self, part: Part) -> bool:
        own = waited_for(self.facts, part.task_id)
        return part.reason == "transferred" and self.letter.person_id not in own

    def _is_pending(self, part: Part, header: Mapping[str, Any]) -> bool:
        pending = self.facts.loaded[part.task_id].task.pending
        return any(one.transition == header.get("transition") for one in pending)

    # --- why --------------------------------------------------------------------------------------

    def why(self, part: Part, dates: Dates) -> Iterator[Text]:
        """Why it comes to this person."""
        yield from self._rule(part)
        yield from self._event(part, dates)
        yield from self._person(part)

    def _rule(self, part: Part) -> Iterator[Text]:
        definition = self._definition(part)
        rule = definition.rules.get(part.rule or "") if definition is not None else None
        if definition is None or rule is None:
            return
        labels = labels_of(definition, self.facts.words(part.task_id).kinds)
        yield self._say("why.rule", rule=rule.label, condition=sentence(rule.when, labels))
        because = because_of(rule)
        if because is not None:
            yield self._say("why.because", because=because)

    def _event(self, part: Part, dates: Dates) -> Iterator[Text]:
        heard = self.facts.told.get(part.outgoing_id)
        if heard is None or part.task_id not in self.facts.loaded:
            return
        if part.reason not in _TELLS_ITSELF or "actor" in heard.header:
            event = self.facts.words(part.task_id).event(heard.kind, {**heard.header, "vacant": ()})
            yield self._say("why.happened", when=dates.moment(heard.at), event=event)

    def _person(self, part: Part) -> Iterator[Text]:
        heard = self.facts.told.get(part.outgoing_id)
        if part.task_id not in self.facts.loaded or not part.role:
            return
        role = self.facts.words(part.task_id).role(part.role)
        if heard is not None and heard.person_id is None:
            yield self._say("why.nobody", role=role)
        elif heard is not None and heard.person_id not in (None, self.letter.person_id):
            yield self._say("why.instead", person=self.facts.names.person(heard.person_id or 0))
        elif (vacant := self._vacant(part)) is not None:
            yield self._say("why.vacant", vacant=vacant, role=role)
        elif part.reason != "copied":  # the role is that of whoever sent it
            yield self._as_whom(part, role)
        principal = self.facts.acting_for(part.task_id, part.role, self.letter.person_id)
        if principal is not None:
            yield self._say("why.behalf", principal=principal)

    def _as_whom(self, part: Part, role: Text) -> Text:
        if part.reason == "assigned" and self._is_waited_for(part):
            return self._say("why.waits", state=self.facts.lines[part.task_id].state_label, role=role)
        if self._is_given_away(part):
            return self._say("why.former", role=role)
        return self._say("why.role", role=role)

    def _vacant(self, part: Part) -> Text | None:
        """The vacant role from which it fell to this person's."""
        heard, definition = self.facts.told.get(part.outgoing_id), self._definition(part)
        if heard is None or definition is None:
            return None
        vacant = heard.header.get("vacant", ())
        for name in vacant:
            if part.role != name and part.role in _chain(definition, name, vacant):
                return self.facts.words(part.task_id).role(name)
        return None

    # --- what was reported, and who else was told ---------------------------------------------------

    def reported(self, part: Part) -> list[Text]:
        """What was reported with the event: reasons, dates, comments."""
        heard = self.facts.told.get(part.outgoing_id)
        if heard is None or part.task_id not in self.facts.loaded:
            return []
        words = self.facts.words(part.task_id)
        found = list(values_told(words, heard.kind, heard.header, heard.values))
        return [Text(_cut(one.zh), _cut(one.en)) for one in found[:_VALUES]]

    def others(self, part: Part) -> list[Text]:
        """Who else was told of it."""
        heard = self.facts.told.get(part.outgoing_id)
        told = heard.header.get("told", ()) if heard is not None else ()
        own = {self.letter.person_id, None, heard.person_id if heard is not None else None}
        return [self.facts.names.person(one) for one in dict.fromkeys(told) if one not in own]

    def _definition(self, part: Part) -> Definition | None:
        return self.facts.words(part.task_id).definition if part.task_id in self.facts.loaded else None

    def _say(self, name: str, **values: Text) -> Text:
        return self.wording.text(name, **values)


def by_gravity(parts: Sequence[Part], facts: Facts) -> list[Part]:
    """The parts with what weighs most first: what is asked of the reader, then graver rules, then newer."""

    def weight(part: Part) -> tuple[int, int, int]:
        definition = facts.words(part.task_id).definition if part.task_id in facts.loaded else None
        rule = definition.rules.get(part.rule or "") if definition is not None else None
        return (
            _ORDER.get(part.reason, len(_ORDER)),
            -rule.gravity if rule is not None else 0,
            -part.outgoing_id,
        )

    return sorted(parts, key=weight)


_ORDER: Final = {
    name: position
    for position, name in enumerate(("to confirm", "urged", "assigned", "transferred", "escalation"))
}


def _came_by(heard: Told | None) -> bool:
    """Whether somebody's act brought the task here: then the act says more than the state."""
    return heard is not None and heard.kind in ("act", "confirmed") and "actor" in heard.header


def waited_for(facts: Facts, task_id: int) -> tuple[int, ...]:
    """The people for whom a task waits now."""
    task = facts.loaded[task_id].task
    if task.ended_at is not None or task.waits_for is None:
        return ()
    return facts.case(task_id).resolve(task.waits_for).persons


def because_of(rule: Rule) -> Text | None:
    """What a rule finds, where its label doesn't say it already."""
    return rule.because if rule.because is not None and rule.because != rule.label else None


def _chain(definition: Definition, name: str, vacant: tuple[str, ...] | list[str]) -> list[str]:
    """The roles to which a vacant one falls, up to the first that is held."""
    found: list[str] = []
    role = definition.roles.get(name)
    while role is not None and role.otherwise is not None and role.otherwise not in found:
        found.append(role.otherwise)
        if role.otherwise not in vacant:
            break
        role = definition.roles.get(role.otherwise)
    return found


def _reason(part: Part) -> Text:
    return REASONS.get(part.reason, same(part.reason))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
