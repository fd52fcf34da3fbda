"""What the end of a try means for a message, and for its channel. Pure.

end            message                          channel
accepted       accepted                         works
refused        given up, goes another way       works
later          waiting, later each time         works
unreachable    waiting, its tries untouched     rests, longer each time
unauthorised   waiting, its tries untouched     pauses until a person resumes it
unknown        unknown, sent again as it is     works
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from workflow.text import Text

from .channel import Outcome
from .office_settings import Retries
from .states import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A message under way, as it was claimed."""

    id: int
    channel: str
    written_at: int
    tries: int
    unknowns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A message after a try. Made by its named constructors only."""

    status: State
    due_at: int
    tries: int
    unknowns: int
    accepted_at: int | None = None
    ended_at: int | None = None
    reference: str | None = None
    why: Text | None = None

    @classmethod
    def accepted(cls, one: Sent, reference: str | None, now: int) -> Settled:
        """The peer has it."""
        return cls(
            status=State.ACCEPTED,
            due_at=now,
            tries=one.tries + 1,
            unknowns=one.unknowns,
            accepted_at=now,
            reference=reference,
        )

    @classmethod
    def given_up(cls, one: Sent, why: Text | None, now: int, *, unknowns: int | None = None) -> Settled:
        """It is not tried again."""
        return cls(
            status=State.GIVEN_UP,
            due_at=now,
            tries=one.tries + 1,
            unknowns=one.unknowns if unknowns is None else unknowns,
            ended_at=now,
            why=why,
        )

    @classmethod
    def waiting(cls, one: Sent, why: Text | None, due_at: int, *, tries: int) -> Settled:
        """It is tried again."""
        return cls(status=State.WAITING, due_at=due_at, tries=tries, unknowns=one.unknowns, why=why)

    @classmethod
    def unknown(cls, one: Sent, why: Text | None, due_at: int, *, tries: int) -> Settled:
        """Perhaps the peer has it: it is sent again, with the same bytes."""
        return cls(status=State.UNKNOWN, due_at=due_at, tries=tries, unknowns=one.unknowns + 1, why=why)


_LEFT_BEHIND: Final = Text(
    "发送中进程中断或未留下结果，对方可能已收到；将原样重发。",
    "The process ended, or left no outcome, while it was being sent. The peer may have it; it is sent again "
    "as it is.",
)


def settle(one: Sent, outcome: Outcome, now: int, retries: Retries) -> Settled:
    """What becomes of a message whose try has ended."""
    if outcome.end == "accepted":
        return Settled.accepted(one, outcome.reference, now)
    if outcome.end == "refused":
        return Settled.given_up(one, outcome.why, now)
    if outcome.end in ("unreachable", "unauthorised"):  # not its own fault
        return Settled.waiting(one, outcome.why, now, tries=one.tries)
    return _again(one, outcome, now, retries)


def _again(one: Sent, outcome: Outcome, now: int, retries: Retries) -> Settled:
    tries, doubtful = one.tries + 1, outcome.end == "unknown"
    if tries >= retries.tries or now - one.written_at >= retries.life:
        unknowns = one.unknowns + 1 if doubtful else one.unknowns
        return Settled.given_up(one, outcome.why, now, unknowns=unknowns)
    due_at = now + pause(tries, one.id, retries)
    made = Settled.unknown if doubtful else Settled.waiting
    return made(one, outcome.why, due_at, tries=tries)


def left_behind(one: Sent, now: int) -> Settled:
    """A message that a dead process was sending. That it died is not the message's fault."""
    return Settled.unknown(one, _LEFT_BEHIND, now, tries=one.tries)


def pause(failures: int, seed: int, retries: Retries) -> int:
    """ms until the next try: twice as long each time, and up to a quarter more so that not all come at once.

    The quarter is drawn from the seed and the count: the same message rests the same time wherever it is
    decided.
    """
    whole = min(retries.first * 2 ** min(failures - 1, 30), retries.longest)
    share = zlib.crc32(f"{seed}:{failures}".encode()) / 2**32
    return int(whole * (1 + share / 4))
