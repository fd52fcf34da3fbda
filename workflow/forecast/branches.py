"""What each act that is open now would lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from ..condition import View, compile_term
from ..decision import Act, Decision, act, suppose
from ..decision.case import Case
from ..decision.waiting import answerers
from ..definition import terms
from ..definition.model import CONFIRM, REFUSE, Definition, Transition
from ..people import Resolved
from ..task import Pending
from .playing import Decide, Play
from .records import Branch, Position, Step, World
from .telling import Teller, definition_of, opened, position

_ANSWERS = ("signed", "confirmed", "refused")  # the event of the answer itself
_REASON = "reason"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    """An act that may be open now, and who may take it."""

    act: str
    transition: Transition
    who: Sequence[tuple[str, Resolved]]  # by role
    asks: tuple[str, ...]
    decide: Decide
    waits: bool = False  # an answer to one that waits: its signatures and confirmation are on their way


def branches(world: World, *, until: int, steps: int = 3) -> tuple[Branch, ...]:
    """For each act that people may take now: where it leads, and the first steps after it.

    Nothing is reported with it: a score that would turn on a light is not known yet. One that must be
    signed by several or confirmed is taken as signed and confirmed, unless it waits for that already:
    then each answer is a branch of its own.
    """
    play = Play(world)
    found = (_branch(world, play, one, until, steps) for one in _open(play, world.focus))
    return tuple(one for one in found if one is not None)


def _open(play: Play, focus: int) -> Iterator[_Way]:
    """The transitions of the state whose guard can still hold, then the answers that are waited for."""
    loaded = play.tables.loaded(focus)
    if loaded.task.ended_at is not None:
        return
    definition = definition_of(play, loaded.task)
    case = Case(loaded, play.around(loaded.task.version_id))
    waiting = {one.transition: one for one in loaded.task.pending}
    for one in definition.transitions.values():
        nowhere = one.target == "back" and loaded.task.came_from is None
        taken_here = one.after is None and loaded.task.state in one.sources and not nowhere
        if taken_here and one.name not in waiting and not shut(definition, one, case.view):
            yield _way(case, one)
    for name, pending in waiting.items():
        yield from _answers(case, definition.transitions[name], pending)


def _way(case: Case, one: Transition) -> _Way:
    without = case.excluded(one.not_by)
    return _Way(
        act=one.name,
        transition=one,
        who=[(role, case.resolve(role, without)) for role in one.by],
        asks=one.asks,
        decide=lambda loaded, around: suppose(loaded, around, one.name),
    )


def _answers(case: Case, one: Transition, pending: Pending) -> Iterator[_Way]:
    """Agreeing, and refusing: by the same people, or by anybody of its roles where many sign."""
    agree = answerers(case, one, pending)
    refuse = _way(case, one).who if pending.stage == "quorum" else agree
    for verb, who, asks in ((CONFIRM, agree, ()), (REFUSE, refuse, (_REASON,))):
        person = next((person for _, found in who for person in found.persons), None)
        if person is not None:
            wanted = Act(name=f"{verb}:{one.name}", person_id=person, facts=dict.fromkeys(asks, "—"))
            yield _Way(act=wanted.name, transition=one, who=who, asks=asks, decide=_doing(wanted), waits=True)


def _doing(wanted: Act) -> Decide:
    return lambda loaded, around: act(loaded, around, wanted)


def _branch(world: World, play: Play, way: _Way, until: int, steps: int) -> Branch | None:
    fork, teller, one = play.fork(), Teller(world), way.transition
    written = fork.decide([world.focus], way.decide, meant=False)
    if not written:
        return None  # nobody may, or it can't be decided
    leads_to = position(fork, written[0].task)
    own, began = _own(fork, written[0], one.name)
    at_once = [step for step in teller.told(fork, written) if all(step.header is not each for each in own)]
    told = chain(at_once, teller.steps(fork, until))
    definition = definition_of(play, written[0].task)
    confirmed = one.confirmed_by if not way.waits else None
    return Branch(
        act=way.act,
        label=one.label,
        by=tuple(definition.roles[role].label for role, _ in way.who),
        people=tuple(dict.fromkeys(person for _, found in way.who for person in found.persons)),
        asks=way.asks,
        quorum=None if way.waits else one.quorum,
        confirmed_by=definition.roles[confirmed.role].label if confirmed else None,
        leads_to=leads_to,
        opened=began,
        steps=tuple(islice(filter(_is_news, told), steps)),
    )


def _own(play: Play, decision: Decision, name: str) -> tuple[list[Mapping[str, Any]], tuple[Position, ...]]:
    """The events that are the act itself, by their headers, and the tasks that it opened."""
    own = [
        event
        for event in decision.events
        if event.kind in ("act", *_ANSWERS) and event.header.get("transition") == name
    ]
    return [event.header for event in own], tuple(one for event in own for one in opened(play, event))


def _is_news(step: Step) -> bool:
    """Where an opened task begins is told with what opened it."""
    return step.kind != "opened"


# --- guards -----------------------------------------------------------------------------------------


def shut(definition: Definition, one: Transition, view: View) -> bool:
    """Whether its condition doesn't hold, and nothing that is reported with the act can change that."""
    if one.when is None:
        return False
    given = {*one.asks, *one.optional}
    if any(_topic(leaf) & given for leaf in terms.leaves(one.when)):
        return False
    return compile_term(one.when, definition)(view).truth is not True


def _topic(leaf: terms.Term) -> set[str]:
    match leaf:
        case terms.Compare(fact=fact, other=other):
            return {name for name in (fact, other) if name is not None}
        case terms.OneOf(fact=name) | terms.NotReported(fact=name) | terms.BehindPlan(fact=name):
            return {name}
        case terms.OpenRows(list=name):
            return {name}
        case terms.Overdue(clock=name) | terms.DueIn(clock=name):
            return {name}
    return set()
