"""A task as a decision sees it: what is stored, and nothing that can be derived.

Instants are whole milliseconds since the epoch. A `Task` is the working copy of a row; `decide`
copies what it is given and leaves the original alone. The other records here are frozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from .definition.model import Light, Outcome

Stop = tuple[int, int | None]  # from, to (None: still stopped)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """One person's part of a joint act."""

    role: str  # of the transition's `by`: for which it counts
    person_id: int
    on_behalf: int | None  # the principal, where a delegate signed
    at: int

    @property
    def persons(self) -> frozenset[int]:
        """Whose signature it is: a delegate and their principal count as one."""
        return frozenset(one for one in (self.person_id, self.on_behalf) if one is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """代录: an act that somebody entered from a paper, for a person who is off the network."""

    entered_by: int  # person
    on_behalf: int | None  # the principal, where a delegate entered it
    paper: str  # SHA-256 of the stored scan, hex
    effective: str  # the date on the paper, ISO
    cosigned_by: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The members of a team."""

    members: tuple[int, ...]  # persons
    since: int
    until: int | None  # last millisecond of their term


Stage = Literal["entry", "quorum", "confirmation"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """An act that waits for other people: to co-sign its entry, to sign it jointly, or to confirm it."""

    transition: str
    asked_by: int  # person
    on_behalf: int | None  # the principal, where a delegate asked
    role: str  # as which the asker acted
    asked_at: int
    expires_at: int | None  # last millisecond in which it can be answered; None: as long as `from` lasts
    facts: dict[str, Any]  # what was reported with it, held back until confirmed
    rows: dict[str, list[dict[str, Any]]]  # rows reported with it, likewise
    evidence: tuple[str, ...]  # SHA-256, hex
    stops: bool  # whether the task's clocks stand still meanwhile
    stage: Stage = "confirmation"  # what it waits for
    signed: tuple[Signature, ...] = ()  # of a joint act, the asker's first
    entry: Entry | None = None  # where it was entered for somebody else

    @property
    def asker(self) -> frozenset[int]:
        """Who asked: the person and the principal, and whoever entered or signed it with them."""
        found = {self.asked_by, self.on_behalf, *(one for sign in self.signed for one in sign.persons)}
        if self.entry is not None:
            found |= {self.entry.entered_by, self.entry.on_behalf, self.entry.cosigned_by}
        return frozenset(one for one in found if one is not None)

    @property
    def who_hears(self) -> tuple[int, ...]:
        """Who is told what became of it."""
        entered = () if self.entry is None else (self.entry.entered_by,)
        return tuple(dict.fromkeys([self.asked_by, *(one.person_id for one in self.signed), *entered]))


@dataclass(kw_only=True, slots=True)
class Task:
    """One instance of a definition. Mutable only inside a decision."""

    id: int
    campaign_id: int
    version_id: int  # of the pack
    kind: str
    track: str | None
    unit_id: int  # of the first party
    parent_id: int | None
    row_id: int | None  # the parent's row that it was opened for
    moment_id: int | None  # the round's moment that opened it
    state: str
    visit: int  # how many states it has entered
    came_from: str | None  # the state it left last
    opened_at: int
    state_since: int
    reported_at: int  # last act by whom the state waits for, or the entry into it
    deadline: int | None  # last millisecond, before stops are added
    deadline_set_at: int
    deadline_anchor: int  # from where `deadline_basis` counts
    deadline_basis: str  # the words it was computed from
    revision: int  # moved by people's acts only
    seq: int  # of its last event
    head: bytes  # hash of its last event
    shared: int = 0  # 1 while it is the draft that a unit's proposals share
    ended_at: int | None = None
    outcome: Outcome | None = None
    parties: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    fact_times: dict[str, int] = field(default_factory=dict)
    acts: dict[str, int] = field(default_factory=dict)  # transition -> times taken
    actors: dict[str, list[int]] = field(default_factory=dict)  # transition, or `opened` -> persons
    teams: dict[str, Chosen] = field(default_factory=dict)  # role -> who was chosen
    stops: tuple[Stop, ...] = ()
    stop_used: bool = False  # a confirmation has already stopped this deadline
    pending: tuple[Pending, ...] = ()
    last_opened: dict[str, int] = field(default_factory=dict)  # rule -> its last opening
    plan_year: int | None = None  # carried over into that year; None: the local year it was opened in
    step_end: int | None = None  # last millisecond of the state's `within`; kept: no notice un-fires it
    began_at: int | None = None  # when it left its draft; its opening if it never was one
    numbers: dict[str, str] = field(default_factory=dict)  # transition -> the number that came with it
    # The projection: derived, kept beside the facts so that tasks can be found.
    wake_at: int | None = None
    light: Light = "green"
    due_at: int | None = None
    waits_for: str | None = None  # role
    waits_post: str | None = None
    waits_unit: int | None = None
    provisional: int = 0  # 1 when the deadline rests on a projected calendar year
    planned_under: int = 0  # the planning epoch of `wake_at`

    def copied(self) -> Task:
        """A shallow copy; `copy.copy` takes three times as long, and a sweep copies every task."""
        twin = object.__new__(Task)
        for name, value in zip(_NAMES, _values(self), strict=True):
            setattr(twin, name, value)
        return twin


_NAMES = tuple(one.name for one in fields(Task))
_values = attrgetter(*_NAMES)


EpisodeEnd = Literal["cleared", "ended", "lifted", "until", "migrated"]  # the last: its rule is gone


@dataclass(kw_only=True, slots=True)
class Episode:
    """One stretch of time in which a rule holds on a task. Mutable only inside a decision."""

    id: int  # 0 until the engine has drawn one
    rule: str
    light: Light
    opened_at: int
    told_at: int  # last telling; `again: every` counts from here
    epoch: int = 0  # the planning epoch it opened in
    superseded: int = 0  # 1: a graver rung acted; it keeps its light and does nothing more
    inert_at: int | None = None  # lifted or ended by `until` while the condition still holds
    inert_by: EpisodeEnd | None = None
    ended_at: int | None = None
    ended_by: EpisodeEnd | None = None

    @property
    def shines(self) -> bool:
        """Whether it gives the task its light."""
        return self.ended_at is None and self.inert_at is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """Another task, as conditions see it."""

    id: int
    kind: str
    row_id: int | None = None
    ended_at: int | None = None
    outcome: Outcome | None = None
    unit_id: int | None = None  # of its first party
    facts: Mapping[str, Any] | None = None  # of a child, where the definition reads them

    def has(self, status: str, now: int) -> bool:
        """Whether it is open, ended or accepted at that instant."""
        ended = self.ended_at is not None and self.ended_at <= now
        if status == "open":
            return not ended
        return ended and (status == "ended" or self.outcome == "accepted")


@dataclass(frozen=True, kw_only=True, slots=True)
class Concern:
    """A link: `task_id` concerns `about_id`, because of an episode there."""

    task_id: int
    about_id: int
    episode_id: int | None
    kind: str  # of the task that concerns
    draft: bool  # it is still a draft
    ended_at: int | None  # of the task that concerns
    outcome: Outcome | None
    removed: bool = False  # the task was taken off it


@dataclass(frozen=True, kw_only=True, slots=True)
class Backing:
    """From a draft's side: an episode that opened or proposed it, and whether it still stands."""

    about_id: int
    episode_id: int
    stands: bool
    removed: bool  # already taken off the draft


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of a list on a task."""

    id: int
    list: str
    values: dict[str, Any]
    closed_at: int | None = None
    closed_by: int | None = None  # task


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """A check that a unit has had, as its campaign counts them."""

    id: int
    kind: str
    began_at: int
    scope: Any  # what was checked; None if nobody said


class Reading(NamedTuple):
    """What a task says of a source, of the campaign and unit that are looked at."""

    source: str  # its name in the campaign
    task_id: int
    fact: str
    value: Any  # as reported; None as long as nobody has


@dataclass(frozen=True, kw_only=True, slots=True)
class Nudge:
    """Something happened to another task that this one must know."""

    id: int
    cause: Literal["child", "concerned", "concerning", "parent", "joined", "source", "merged"]
    other_id: int
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """Everything about a task that a decision may look at, read after its row was locked."""

    task: Task
    episodes: tuple[Episode, ...] = ()  # those not ended
    children: tuple[Related, ...] = ()
    concerned: tuple[Related, ...] = ()  # tasks that this one concerns
    concerning: tuple[Concern, ...] = ()  # tasks that concern this one
    parent: Related | None = None
    rows: tuple[Row, ...] = ()
    backing: tuple[Backing, ...] = ()
    nudges: tuple[Nudge, ...] = ()
    parent_actors: Mapping[str, Sequence[int]] = field(default_factory=dict)  # read where `not_by` asks
    counted: tuple[Counted, ...] = ()  # checks that its unit has had, where it may become one more
    sources: tuple[Reading, ...] = ()  # where the definition compares them; the newest task first
