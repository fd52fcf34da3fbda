"""From decisions to steps: the task itself, and whatever it sets in motion."""

from __future__ import annotations

from collections.abc import Iterator

from ..decision import Decision, EventDraft, NewTask
from ..definition.model import Definition
from ..people import resolve
from ..task import Task
from ..text import Text
from .playing import Play
from .records import Position, Step, World


class Teller:
    """Tells of a task and of those that it opens or joins from now on."""

    def __init__(self, world: World) -> None:
        self.followed = {world.focus}
        self.drafted = bool(world.tasks[world.focus].task.shared)  # a shared draft of the unit is among them
        self.numbered = False  # something gets a number then, and which one nobody knows

    def steps(self, play: Play, until: int) -> Iterator[Step]:
        """Every step to that instant, in the order of the engine."""
        for written in play.run(until):
            yield from self.told(play, written)

    def told(self, play: Play, written: list[Decision]) -> Iterator[Step]:
        """The steps of one batch."""
        for decision in written:
            if decision.task.id in self.followed:
                self.drafted |= bool(decision.before.shared or decision.task.shared)
                for event in decision.events:
                    self.numbered |= event.number is not None
                    self.followed.update(_ids(event))
                    yield step(play, decision, event)


def step(play: Play, decision: Decision, event: EventDraft) -> Step:
    """An event as a step."""
    task, header = decision.task, event.header
    definition = definition_of(play, task)
    return Step(
        at=event.at,
        recorded_at=play.now,
        task=task.id,
        task_kind=task.kind,
        kind=event.kind,
        rule=header.get("rule"),
        transition=header.get("transition"),
        label=_label(definition, task, event),
        state=task.state,
        light=task.light,
        told=tuple(event.messages),
        opened=opened(play, event),
        header=header,
    )


def opened(play: Play, event: EventDraft) -> tuple[Position, ...]:
    """Where the tasks stand that an event opened or joined."""
    return tuple(
        position(play, play.tables.tasks[ident]) for ident in _ids(event) if ident in play.tables.tasks
    )


def _ids(event: EventDraft) -> list[int]:
    return [one.id if isinstance(one, NewTask) else one for one in event.tasks]


def _label(definition: Definition, task: Task, event: EventDraft) -> Text:
    header = event.header
    if event.kind == "opened":  # its rule or transition is that of whoever opened it
        return definition.states[task.state].label
    if "rule" in header and header["rule"] in definition.rules:
        return definition.rules[header["rule"]].label
    if "transition" in header:
        return definition.transitions[header["transition"]].label
    return definition.states[task.state].label


def position(play: Play, task: Task) -> Position:
    """Where a task stands now."""
    definition = definition_of(play, task)
    state, around = definition.states[task.state], play.around(task.version_id)
    role = None if task.ended_at is not None else state.waits_for
    people = () if role is None else resolve(around.directory, definition, role, task, play.now).persons
    return Position(
        task=task.id,
        kind=task.kind,
        kind_label=definition.label,
        unit_id=task.unit_id,
        state=task.state,
        state_label=state.label,
        light=task.light,
        waits_for=role,
        waits_label=None if role is None else definition.roles[role].label,
        people=people,
        until=None if task.ended_at is not None else task.step_end or task.due_at,
        ended=task.ended_at is not None,
    )


def definition_of(play: Play, task: Task) -> Definition:
    """The definition that a task follows."""
    return play.around(task.version_id).books[task.kind].definition
