"""Nothing stands still for ever, and nothing turns in circles: states and how tasks leave them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

from ..definition import terms
from ..definition.model import BACK, Definition, Opening, State, Transition
from ..text import Text
from .graph import circles, reached
from .logic import COMPLETED, Outlook, Topic, can_hold, topics_of
from .report import Subject
from .who import can_act


class Move(NamedTuple):
    """A step that a task can take from one state to another."""

    transition: str
    source: str
    target: str


def moves(definition: Definition) -> tuple[Move, ...]:
    """Every step from state to state. `to: back` leads to whatever state the task can have come from."""
    known = {
        Move(one.name, source, one.target): None
        for one in definition.transitions.values()
        for source in one.sources
        if one.target is not None and one.target != BACK
    }
    returns = [
        (one.name, source)
        for one in definition.transitions.values()
        if one.target == BACK
        for source in one.sources
    ]
    while True:
        found = {
            Move(name, source, move.source): None
            for name, source in returns
            for move in known
            if move.target == source
        }
        if found.keys() <= known.keys():
            return tuple(known)
        known |= found


def completion(definition: Definition) -> Transition | None:
    """The transition `completed` that leads out of the draft state, if there is one."""
    found = definition.transitions.get(COMPLETED)
    draft = definition.draft_state
    if found is None or draft is None or draft not in found.sources or found.target in (None, draft, BACK):
        return None
    return found


def is_completed_by_a_round(subject: Subject) -> bool:
    """Whether a round of the campaign completes drafts of this kind."""
    rounds = subject.pack.campaign.rounds.values()
    return any(one.completes == subject.definition.kind for one in rounds)


def check_movement(subject: Subject) -> None:
    """States and the ways between them."""
    steps = moves(subject.definition)
    _reachable(subject, steps)
    _way_out(subject, steps)
    for state in subject.definition.states.values():
        if state.final is None:
            _waits_for_somebody(subject, state)
            _somebody_can_act(subject, state)
    _back(subject, steps)
    _drafts(subject)
    _one_at_a_time(subject)
    _no_circles(subject, steps)


# --- ways -----------------------------------------------------------------------------------------


def _reachable(subject: Subject, steps: tuple[Move, ...]) -> None:
    definition = subject.definition
    ways = [(move.source, move.target) for move in steps]
    if definition.draft_state is not None:  # an abandoned draft ends
        abandoned = [state.name for state in definition.states.values() if state.final == "abandoned"]
        ways.extend((definition.draft_state, name) for name in abandoned)
    first = definition.first_state.name
    near = reached([first], _by_first(ways))
    for name in (name for name in definition.states if name not in near):
        subject.report.fail(
            f"states.{name}",
            Text("没有流转通到这里", "no way that leads here"),
            f"从首个状态 {first} 可达的状态",
            f"a state that can be reached from the first, {first}",
        )


def _by_first(ways: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for start, end in ways:
        found.setdefault(start, []).append(end)
    return found


def _way_out(subject: Subject, steps: tuple[Move, ...]) -> None:
    states = subject.definition.states
    finals = [state.name for state in states.values() if state.final]
    if not finals:
        found = Text("没有终结状态", "no final state")
        zh, en = "至少一个终结状态（final: accepted）", "at least one final state (final: accepted)"
        subject.report.fail("states", found, zh, en)
        return
    ending = reached(finals, _by_first((move.target, move.source) for move in steps))
    for name in (name for name in states if name not in ending):
        subject.report.fail(
            f"states.{name}",
            Text("由此到不了终结状态", "no way from here to a final state"),
            f"通往终结状态（{'、'.join(finals)}）的流转",
            f"transitions that lead to a final state ({', '.join(finals)})",
        )


def _waits_for_somebody(subject: Subject, state: State) -> None:
    outlook = Outlook(definition=subject.definition, state=state.name)
    by_machine = any(
        state.name in one.sources and can_hold([term], outlook)
        for one, term in machine_made(subject.definition)
    )
    by_round = state.draft and completion(subject.definition) is not None and is_completed_by_a_round(subject)
    if state.waits_for is None and not by_machine and not by_round:
        subject.report.fail(
            f"states.{state.name}",
            Text("谁也不等", "a state that waits for nobody"),
            "waits_for（等谁），或由此出发的机器流转（after）；草稿也可由轮次送签（completes）",
            "waits_for, or a machine-made transition (after) out of it; of a draft a round that sends it",
        )


def _somebody_can_act(subject: Subject, state: State) -> None:
    role = state.waits_for
    if role is None or can_act(subject.definition, role, state.name):
        return
    subject.report.fail(
        f"states.{state.name}.waits_for",
        role,
        f"在此状态有事可做的角色（流转的 from 有 {state.name}，by 有 {role}）",
        f"a role that can act here (a transition from {state.name} by {role})",
    )


def _back(subject: Subject, steps: tuple[Move, ...]) -> None:
    first = subject.definition.first_state.name
    entered = {move.target for move in steps if move.source != move.target}
    for one in subject.definition.transitions.values():
        for source in one.sources if one.target == BACK else ():
            if source == first or source not in entered:
                subject.report.fail(
                    f"transitions.{one.name}.to",
                    BACK,
                    f"明确的状态：任务在 {source} 时可能尚无来处",
                    f"a state by name: in {source} there may be none that the task came from",
                )


# --- drafts ---------------------------------------------------------------------------------------


def _drafts(subject: Subject) -> None:
    definition = subject.definition
    drafts = [state.name for state in definition.states.values() if state.draft]
    for name in drafts[1:]:
        zh, en = (
            f"每类事项最多一个草稿状态（已有 {drafts[0]}）",
            f"one draft state per kind ({drafts[0]} is one)",
        )
        subject.report.fail(f"states.{name}.draft", "yes", zh, en)
    if not drafts:
        return
    if drafts[0] != definition.first_state.name:
        found = Text("不是首个状态", "a draft that is not the first state")
        zh, en = "草稿为首个状态：任务由草稿开始", "the draft as the first state: that is where tasks begin"
        subject.report.fail(f"states.{drafts[0]}.draft", found, zh, en)
    if all(state.final != "abandoned" for state in definition.states.values()):
        found = Text("草稿作废时无处可去", "nowhere to go for a draft that is abandoned")
        zh, en = "一个 final: abandoned 的状态", "a state with final: abandoned"
        subject.report.fail(f"states.{drafts[0]}.draft", found, zh, en)


# --- the machine ----------------------------------------------------------------------------------


def machine_made(definition: Definition) -> list[tuple[Transition, terms.Term]]:
    """The transitions that the machine makes, with their conditions."""
    found = definition.transitions.values()
    return [(one, one.after) for one in found if one.after is not None]


def _one_at_a_time(subject: Subject) -> None:
    definition = subject.definition
    for (one, first), (other, second) in combinations(machine_made(definition), 2):
        shared = [
            source
            for source in one.sources
            if source in other.sources
            and can_hold([first, second], Outlook(definition=definition, state=source))
        ]
        if shared:
            subject.report.fail(
                f"transitions.{other.name}.after",
                Text(
                    f"在 {shared[0]} 与 {one.name} 可能同时成立",
                    f"may hold in {shared[0]} together with {one.name}",
                ),
                f"与 {one.name} 互斥的条件，例如加上 {{not: …}}",
                f"a condition that excludes the one of {one.name}, for example by {{not: …}}",
            )


def _no_circles(subject: Subject, steps: tuple[Move, ...]) -> None:
    after = {one.name: term for one, term in machine_made(subject.definition)}
    automatic = [move for move in steps if move.transition in after]
    timeless = Outlook(definition=subject.definition, timeless=True)

    def follows(move: Move, later: Move) -> bool:
        if later.source != move.target:
            return False
        first, second = after[move.transition], after[later.transition]
        changed = _changed_by(move, subject.definition) & topics_of(second)
        return bool(changed) or can_hold([first, second], timeless)

    for circle in circles(automatic, follows):
        names = list(dict.fromkeys(move.transition for move in circle))
        path = " → ".join([*(move.source for move in circle), circle[0].source])
        subject.report.fail(
            f"transitions.{names[0]}.after",
            path,
            "不成环的机器流转，或由人的行为才能同时成立的条件",
            "machine-made transitions that don't go in a circle, unless their conditions exclude each other "
            "until somebody acts",
        )


def _changed_by(move: Move, definition: Definition) -> set[Topic]:
    """What a step itself may change: whose condition was false may be true right after it."""
    transition = definition.transitions[move.transition]
    opened: tuple[Opening, ...] = (*transition.opens, *definition.states[move.target].opens)
    facts: set[Topic] = {("fact", setting.target) for setting in transition.sets}
    return facts | {("acts", move.transition)} | {("tasks", one.kind, False) for one in opened}
