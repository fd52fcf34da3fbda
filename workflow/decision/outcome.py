"""What a decision gives: a whole, to be applied in one transaction or not at all.

Ids of what does not exist yet are 0 until the engine has drawn them; drafts refer to each other as
objects, so that no decision needs to know an id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..people import Actor
from ..task import Episode, Related, Row, Task

EventKind = Literal[
    "opened",
    "act",
    "asked",
    "entered",
    "signed",
    "confirmed",
    "refused",
    "lapsed",
    "machine",
    "abandoned",
    "episode_opened",
    "episode_repeated",
    "episode_ended",
    "lifted",
    "row_closed",
    "deadline_set",
    "deadline_recomputed",
    "joined",
    "left",
    "team_ended",
    "migrated",
    "set_aside",
    "released",
    "urged",
    "commented",
    "copied",
    "corrected",
    "transferred",
    "merged",
    "merged_in",
    "rolled_over",
    "handed_over",
]
Reason = Literal[
    "assigned",
    "chosen",
    "escalation",
    "repeat",
    "to confirm",
    "answered",
    "lapsed",
    "team ended",
    "urged",
    "copied",
    "transferred",
    "merged",
    "handed over",
]


@dataclass(kw_only=True, slots=True)
class NewTask:
    """A task to open. `shared` asks for the unit's draft instead, made only if there is none."""

    kind: str
    campaign_id: int
    version_id: int
    parties: dict[str, int]
    unit_id: int
    track: str | None
    parent_id: int | None
    row_id: int | None = None
    moment_id: int | None = None
    deadline: int | None = None  # given by the opener, last millisecond
    facts: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)  # who or what opened it, for its first event
    shared: bool = False
    row: RowChange | None = None  # instead of `row_id`: a row that the same decision adds
    parent: Related | None = None  # the parent, as it is after the decision that opens
    parent_actors: Mapping[str, Sequence[int]] = field(default_factory=dict)  # who did what on the parent
    opener: Actor | None = None  # the person who opens it by hand
    rows: Mapping[str, Sequence[dict[str, Any]]] = field(default_factory=dict)  # given by that person
    look_again: bool = False  # it has no id yet, so it can't be nudged: it wakes at once
    id: int = 0
    created: bool = True  # False once the engine found an existing shared draft


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Somebody must be told. A person of None is nobody: a role that is vacant to its end."""

    person_id: int | None
    role: str
    reason: Reason
    rule: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberWanted:
    """A transition gives the task a number; only the engine can know which is next."""

    pattern: str
    year: int  # in which it counts, of the campaign's zone; 0 where the pattern names no year


@dataclass(kw_only=True, slots=True)
class EventDraft:
    """One line of history before it has a number. `values` can be erased later, the header can't."""

    kind: EventKind
    at: int  # the instant at which it was true
    header: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    tasks: list[NewTask | int] = field(default_factory=list)  # opened or joined
    messages: list[Message] = field(default_factory=list)
    number: NumberWanted | None = None  # the engine fills it in before the event is hashed


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """`target` shall concern the decided task because of an episode."""

    target: NewTask | int
    episode: Episode


@dataclass(kw_only=True, slots=True)
class RowChange:
    """A row that is added. The engine draws its id before it begins the tasks opened for it."""

    row: Row
    id: int = 0


@dataclass(kw_only=True, slots=True)
class Decision:
    """The whole outcome for one task."""

    before: Task  # as it was loaded; the write is guarded by its seq and revision
    task: Task  # as it shall be
    events: list[EventDraft]
    new_episodes: list[Episode]
    changed_episodes: list[Episode]
    opens: list[NewTask]
    links: list[Link]
    added_rows: list[RowChange]
    changed_rows: list[Row]
    removed_concerns: list[int]  # ids of tasks taken off this draft
    nudges: list[tuple[int, str]]  # (task, cause)
    consumed: list[int]  # nudges
    evidence: list[str]  # SHA-256 of files attached, hex

    @property
    def concerns(self) -> list[tuple[int, int, Episode]]:
        """The links to write: (which task, concerns which, because of what). All ids are drawn by now."""
        return [(_target(link), self.task.id, link.episode) for link in self.links]

    @property
    def told_others(self) -> list[tuple[int, str]]:
        """The nudges to write, (task, cause): those decided on, and one for each draft that is joined."""
        joined = [
            (_target(link), "joined")
            for link in self.links
            if not isinstance(link.target, NewTask) or not link.target.created
        ]
        return [*self.nudges, *joined]

    @property
    def is_new(self) -> bool:
        """Whether the task itself is opened by this decision."""
        return self.before.seq == 0


def _target(link: Link) -> int:
    return link.target.id if isinstance(link.target, NewTask) else link.target
