"""What a forecast is made from, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..decision import Loaded, Message, Surroundings
from ..decision.comparing import Told
from ..decision.outcome import EventKind
from ..definition.model import Light, Source
from ..text import Text

INVENTED = 1 << 52  # ids from here on are a forecast's own: above all real ones, and exact in JSON

Shared = tuple[int, int, str]  # campaign, unit, kind: of those there is one shared draft


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """A moment of a round that completes drafts."""

    at: int  # ms, after holidays
    round: str
    campaign_id: int
    kind: str  # of the drafts
    drafts: tuple[int, ...] | None = None  # on record already: which ones; None: whichever there are then


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """A task and what may have to do with what happens to it, as they are now."""

    focus: int  # the task that is asked about
    now: int
    tasks: Mapping[int, Loaded]  # those that live on; the others stay as they are
    arounds: Mapping[int, Surroundings]  # by pack version; posts of every unit they touch are known
    completions: tuple[Completion, ...] = ()  # those to come, in their order
    sources: Mapping[int, Sequence[Source]] = field(default_factory=dict)  # by pack version
    told: Mapping[tuple[int, int], Sequence[Told]] = field(default_factory=dict)  # by campaign and unit
    merged: Mapping[int, int] = field(default_factory=dict)  # closed unit -> the one that stands for it
    aside: frozenset[int] = frozenset()  # tasks that the clock leaves to a person
    cut: bool = False  # it has more neighbours than are here


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """Where a task stands at an instant, and with whom."""

    task: int  # INVENTED or above: it does not exist yet
    kind: str
    kind_label: Text
    unit_id: int
    state: str
    state_label: Text
    light: Light
    waits_for: str | None  # role
    waits_label: Text | None
    people: tuple[int, ...]  # who that is
    until: int | None  # end of the state's `within`, else the deadline with its stops
    ended: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of a history that is still to come."""

    at: int  # when it will be true, ms
    recorded_at: int  # when the clock will see it
    task: int  # INVENTED or above: one that does not exist yet
    task_kind: str
    kind: EventKind
    rule: str | None
    transition: str | None
    label: Text  # of the rule or transition; else of the state
    state: str  # in which the task then is
    light: Light  # of the task then
    told: tuple[Message, ...]
    opened: tuple[Position, ...]  # tasks opened or joined
    header: Mapping[str, Any] = field(repr=False)  # as the event would have it, without its number


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What happens if nobody acts."""

    task: int
    now: int
    until: int
    steps: tuple[Step, ...]
    more: bool  # something happens, or is looked at, after the last step
    notes: tuple[Text, ...]  # what it can't know
    undecided: bool = False  # the task itself can't be decided from some instant on

    def next_steps(self, most: int) -> tuple[Step, ...]:
        """The first so many steps of the task itself."""
        return tuple(one for one in self.steps if one.task == self.task)[:most]

    def first(self) -> tuple[Step, ...]:
        """What happens to the task itself at the first instant at which anything does."""
        own = self.next_steps(len(self.steps))
        return tuple(one for one in own if one.recorded_at == own[0].recorded_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """What an act that is open now would lead to, and what then if nobody acts."""

    act: str  # a transition, or `confirm:T`, `refuse:T` where one waits
    label: Text  # of the transition
    by: tuple[Text, ...]  # roles
    people: tuple[int, ...]  # who may now
    asks: tuple[str, ...]  # what must be reported with it; the forecast leaves it out
    quorum: int | Literal["all"] | None  # so many sign it, taken as signed by all of them
    confirmed_by: Text | None  # the role that must agree first
    leads_to: Position
    opened: tuple[Position, ...]
    steps: tuple[Step, ...]
