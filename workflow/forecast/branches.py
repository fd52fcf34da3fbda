"""What each act that is open now would lead to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from ..condition import View, compile_term
from ..decision import Decision, EventDraft, suppose
from ..decision.case import Case
from ..definition import terms
from ..definition.model import Definition, Transition
from ..people import excluded, resolve
from .playing import Play
from .records import Branch, Step, World
from .telling import Teller, definition_of, opened, position


def branches(world: World, *, until: int, steps: int = 3) -> tuple[Branch, ...]:
    """For each transition that people may take now: where it leads, and the first steps after it.

    Nothing is reported with it: a score that would turn on a light is not known yet. One that must be
    confirmed is taken as confirmed.
    """
    play = Play(world)
    found = (_branch(world, play, one, until, steps) for one in _open(play, world.focus))
    return tuple(one for one in found if one is not None)


def _open(play: Play, focus: int) -> Iterator[Transition]:
    """The transitions of the state whose guard can still hold."""
    loaded = play.tables.loaded(focus)
    if loaded.task.ended_at is not None:
        return
    definition = definition_of(play, loaded.task)
    view = Case(loaded, play.around(loaded.task.version_id)).view
    for one in definition.transitions.values():
        nowhere = one.target == "back" and loaded.task.came_from is None
        taken_here = one.after is None and loaded.task.state in one.sources and not nowhere
        if taken_here and not shut(definition, one, view):
            yield one


def _branch(world: World, play: Play, one: Transition, until: int, steps: int) -> Branch | None:
    fork, teller = play.fork(), Teller(world)
    written = fork.decide([world.focus], lambda loaded, around: suppose(loaded, around, one.name))
    if not written:
        return None  # nobody may, or it can't be decided
    act = _act(written[0], one.name)
    leads_to, began = position(fork, written[0].task), opened(fork, act)
    at_once = [step for step in teller.told(fork, written) if step.header is not act.header]
    told = chain(at_once, teller.steps(fork, until))
    definition = definition_of(play, written[0].task)
    return Branch(
        act=one.name,
        label=one.label,
        by=tuple(definition.roles[role].label for role in one.by),
        people=_people(play, one, world.focus),
        asks=one.asks,
        confirmed_by=definition.roles[one.confirmed_by.role].label if one.confirmed_by else None,
        leads_to=leads_to,
        opened=began,
        steps=tuple(islice(filter(_is_news, told), steps)),
    )


def _act(decision: Decision, name: str) -> EventDraft:
    return next(
        event for event in decision.events if event.kind == "act" and event.header["transition"] == name
    )


def _is_news(step: Step) -> bool:
    """Where an opened task begins is told with what opened it."""
    return step.kind != "opened"


def _people(play: Play, one: Transition, focus: int) -> tuple[int, ...]:
    task = play.tables.tasks[focus]
    definition, around = definition_of(play, task), play.around(task.version_id)
    without = excluded(task, one.not_by)
    found = [resolve(around.directory, definition, role, task, play.now, without) for role in one.by]
    return tuple(dict.fromkeys(person for who in found for person in who.persons))


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
