"""What somebody can do about a task now, by when, and by which link. Pure, but for `mint`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workflow.definition.model import CONFIRM, REFUSE, Definition
from workflow.explaining import Possible, possible
from workflow.explaining.acts import LIFT
from workflow.reading import Line
from workflow.reading.dates import Dates
from workflow.task import Pending
from workflow.text import Text, join

from ..content import Gathered, Part, Site, Wish
from ..wording import Wording
from .facts import Facts
from .telling import waited_for

_ASKED: Final = 5  # acts that one sentence names
_TOLD_OFF: Final = frozenset({"escalation", "repeat", "urged"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is wanted of the reader."""

    text: Text
    acts: tuple[Text, ...]  # what else they can do now
    by: int | None  # ms
    act: str | None = None  # for which a link is worth minting: it needs nothing but a yes, or a text
    label: Text | None = None  # of that act

    @property
    def wants(self) -> bool:
        """Whether anything is to be done, by the reader or by somebody they see to."""
        return self.by is not None or self.label is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Says what to do, to one person."""

    facts: Facts
    wording: Wording
    letter: Gathered
    dates: Dates

    def of(self, task_id: int, parts: Sequence[Part]) -> Asked:
        """What is wanted of the reader on a task, for all that is told of it."""
        line = self.facts.lines[task_id]
        if task_id not in self.facts.loaded:
            return Asked(text=self._say("ask.unreadable"), acts=(), by=None)
        if line.ended_at is not None:
            return Asked(text=self._say("ask.ended", state=line.state_label), acts=(), by=None)
        found = possible(self.facts.subject(task_id), self.letter.person_id)
        may = [one for one in found if one.may and not one.name.startswith(LIFT)]
        pending = self._pending(task_id, may)
        if pending is not None:
            return self._decide(task_id, pending, may)
        if self._is_their_turn(task_id, may, parts):
            return self._act(task_id, may)
        return self._watch(task_id, may, parts)

    # --- a decision on somebody's request -----------------------------------------------------------

    def _pending(self, task_id: int, may: Sequence[Possible]) -> Pending | None:
        """What waits for this person's yes, the most urgent."""
        names = {one.name for one in may}
        found = [
            one for one in self.facts.loaded[task_id].task.pending if f"{CONFIRM}:{one.transition}" in names
        ]
        return min(found, key=lambda one: one.expires_at or _NEVER, default=None)

    def _decide(self, task_id: int, pending: Pending, may: Sequence[Possible]) -> Asked:
        act = self.facts.words(task_id).transition(pending.transition)
        if pending.expires_at is None:
            text = self._say("ask.decide", act=act)
        else:
            name = "ask.decide_by" if pending.stage == "confirmation" else "ask.sign_by"
            text = self._say(name, due=self.dates.by(pending.expires_at), act=act)
        name = f"{CONFIRM}:{pending.transition}"
        own = {name, f"{REFUSE}:{pending.transition}"}
        return Asked(text=text, acts=_labels(may, own), by=pending.expires_at, act=name, label=act)

    # --- the reader's own step ----------------------------------------------------------------------

    def _is_their_turn(self, task_id: int, may: Sequence[Possible], parts: Sequence[Part]) -> bool:
        if self.letter.person_id in waited_for(self.facts, task_id):
            return any(one.name in self._definition(task_id).transitions for one in may)
        told = any(one.reason == "assigned" for one in parts)  # who steps in for somebody excluded
        return told and bool(_of_state(self._definition(task_id), may))

    def _act(self, task_id: int, may: Sequence[Possible]) -> Asked:
        line, definition = self.facts.lines[task_id], self._definition(task_id)
        proper = _of_state(definition, may)
        own = (proper or [one for one in may if one.name in definition.transitions])[:_ASKED]
        named = join([one.label for one in own])
        due = self.limit(task_id)
        first = _plain_step(definition, proper)
        if due is None:
            text = self._say("ask.soon", acts=named)
        elif due < self.facts.frame.now:
            text = self._say("ask.late", day=self.dates.day(due), acts=named)
        else:
            provisional = line.provisional and due == line.due_at
            text = self._say("ask.by", due=self.dates.by(due, provisional=provisional), acts=named)
        return Asked(
            text=text,
            acts=_labels(may, {one.name for one in own}),
            by=due,
            act=first.name if first else None,
            label=first.label if first else None,
        )

    def limit(self, task_id: int) -> int | None:
        """Until when whoever is waited for should act: the step's end, unless the deadline has passed."""
        task, line = self.facts.loaded[task_id].task, self.facts.lines[task_id]
        if line.due_at is not None and (task.step_end is None or line.due_at < self.facts.frame.now):
            return line.due_at
        return task.step_end

    # --- somebody else's ----------------------------------------------------------------------------

    def _watch(self, task_id: int, may: Sequence[Possible], parts: Sequence[Part]) -> Asked:
        line, acts = self.facts.lines[task_id], _labels(may, set())
        if line.waits_label is None:
            return Asked(text=self._say("ask.know"), acts=acts, by=None)
        if any(one.reason in _TOLD_OFF for one in parts):
            due = self.limit(task_id)
            return Asked(text=self._see_to(line, line.waits_label, due), acts=acts, by=due)
        if any(one.reason == "assigned" for one in parts) and line.waits_people:
            text = self._say("ask.others", role=line.waits_label, people=join(line.waits_people))
            return Asked(text=text, acts=acts, by=None)
        return Asked(text=self._say("ask.know"), acts=acts, by=None)

    def _see_to(self, line: Line, role: Text, due: int | None) -> Text:
        if not line.waits_people:
            return self._say("ask.vacant", role=role)
        known = {"role": role, "people": join(line.waits_people)}
        if due is None:
            return self._say("ask.see_to", **known)
        if due < self.facts.frame.now:
            return self._say("ask.see_to_late", day=self.dates.day(due), **known)
        return self._say("ask.see_to_by", due=self.dates.by(due), **known)

    def link(self, site: Site, task_id: int, asked: Asked) -> str | None:
        """The address of a page that asks to confirm the act; None where there is none."""
        if site.mint is None or asked.act is None or self.letter.kind == "sms":
            return None
        revision = self.facts.lines[task_id].revision
        wish = Wish(
            person_id=self.letter.person_id,
            task_id=task_id,
            act=asked.act,
            revision=revision,
            delivery_id=self.letter.delivery_id,
        )
        return site.mint(wish)

    def _definition(self, task_id: int) -> Definition:
        return self.facts.subject(task_id).definition

    def _say(self, name: str, **values: Text) -> Text:
        return self.wording.text(name, **values)


_NEVER: Final = 2**62


def _labels(may: Sequence[Possible], but: set[str]) -> tuple[Text, ...]:
    return tuple(one.label for one in may if one.name not in but)


def _of_state(definition: Definition, may: Sequence[Possible]) -> list[Possible]:
    """The acts that belong to the state, not those that are open in every state."""
    going = sum(1 for state in definition.states.values() if state.final is None)
    named = definition.transitions
    return [one for one in may if one.name in named and (going == 1 or len(named[one.name].sources) < going)]


def _plain_step(definition: Definition, proper: Sequence[Possible]) -> Possible | None:
    """The one way on from here, if there is but one and it needs nothing, or a few words: worth a link."""
    if len(proper) != 1:
        return None
    transition = definition.transitions[proper[0].name]
    texts = {name for name, fact in definition.facts.items() if fact.type == "text"} | {"reason"}
    plain = not transition.evidence.most and transition.target is not None and set(transition.asks) <= texts
    return proper[0] if plain else None
