"""A diagram as plain records: boxes, acts between them, rules beside them, and a task's place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ..definition.model import Light, Outcome
from ..text import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one task stands in its definition, and how it came there."""

    number: str  # as people write it
    state: str
    light: Light
    path: tuple[str, ...]  # every state that it entered, in order
    acts: Mapping[str, int] = field(default_factory=dict)  # transition -> times taken
    episodes: Mapping[str, int] = field(default_factory=dict)  # rule -> how many there were
    open_rules: Collection[str] = ()  # rules with an episode that is not over
    pending: Collection[str] = ()  # transitions that wait for a second person


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """A transition, as it is drawn: a label of its own between two boxes, or a line inside one."""

    name: str
    label: Text
    lines: tuple[Text, ...]  # who, on what condition, what it asks for
    sources: tuple[str, ...]  # keys of boxes
    target: str | None  # key of a box; None: the task stays where it is
    machine: bool
    times: int = 0  # how often this task took it
    pending: bool = False  # it waits for a second person


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A state, or what stands for several: any open state, the state that a task came from."""

    key: str
    title: Text
    lines: tuple[Text, ...]  # whose turn, how long, which clocks stand still, what it opens
    stays: tuple[Act, ...]  # acts that leave the task here
    initial: bool = False
    final: Outcome | None = None
    real: bool = True  # False: stands for other states
    visits: int = 0  # how often this task entered it
    present: bool = False  # where this task is now


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """An escalation rule."""

    name: str
    label: Text
    light: Light  # green: it lights nothing
    lines: tuple[Text, ...]
    times: int = 0  # how many episodes this task had
    open: bool = False  # one of them lasts


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagram:
    """What a kind of task goes through, and one task's place in it if there is one."""

    kind: str
    title: Text
    lines: tuple[Text, ...]  # basis, deadline, and for a task where it stands
    boxes: tuple[Box, ...]
    acts: tuple[Act, ...]  # those that lead somewhere
    cards: tuple[Card, ...]
    steps: Collection[tuple[str, str]] = ()  # from state, to state: the path that the task took
    placed: bool = False  # whether it shows a task's place

    def taken(self, act: Act, source: str) -> bool:
        """Whether this task went that way; of a box that stands for several states, by whatever way."""
        real = {box.key for box in self.boxes if box.real}
        step = (source, act.target or source)
        return act.times > 0 and (step in self.steps or not {*step} <= real)
