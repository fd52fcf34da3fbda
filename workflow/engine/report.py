"""What the engine answers: to a person after an act, to the daemon after a run, to whoever loads a pack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..decision import Decision


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a person is told after an act; a repeated request gets the first one."""

    task_id: int
    act: str
    seq: int  # of the last event
    revision: int
    state: str
    at: int
    repeated: bool = False


@dataclass(kw_only=True, slots=True)
class Ran:
    """What one run did."""

    decided: int = 0  # tasks
    events: int = 0
    opened: int = 0  # tasks
    messages: int = 0
    failed: int = 0  # decisions that went wrong
    set_aside: list[int] = field(default_factory=list)
    moments: int = 0  # rounds fired
    held: bool = False

    def count(self, decisions: Sequence[Decision]) -> None:
        """Add what was written."""
        self.decided += sum(1 for one in decisions if not one.is_new)
        self.opened += sum(1 for one in decisions if one.is_new)
        self.events += sum(len(one.events) for one in decisions)
        self.messages += sum(len(event.messages) for one in decisions for event in one.events)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loading:
    """What loading a pack changed."""

    campaign: str
    version: str
    version_is_new: bool
    units: int  # added
    people: int  # added, with their posts
    relabelled: int = 0  # units known before
    posts: int = 0  # given to people known before
    said_anew: tuple[
        str, ...
    ] = ()  # milestones that people had moved, and of which the pack says another date
