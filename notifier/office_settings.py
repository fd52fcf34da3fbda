"""How messages are gathered, sent and tried again. Plain numbers; the settings file is read elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast a channel is used."""

    rate: float = 20.0  # messages a second, on average
    burst: int = 40  # messages that may leave at once after a pause
    concurrency: int = 4  # sessions at a time
    receipts_every: int = 30 * SECOND  # ms between two looks for receipts


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How many messages of a channel may go on one local day; None: as many as there are."""

    number: int | None = None  # to one address
    template: int | None = None  # of one class of message
    unit: int | None = None  # about one unit
    day: int | None = None  # in all


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """When a message is tried again, and when it is given up."""

    first: int = 30 * SECOND  # ms before the second try; twice as long before each further one
    longest: int = 2 * HOUR  # ms: no pause is longer
    tries: int = 12  # after so many it is given up
    life: int = 48 * HOUR  # ms since its bytes were fixed, after which it is given up


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficeSettings:
    """What the notifier's office needs to know of an installation."""

    quiet_from: int = 21 * 60  # minutes after midnight, where a person says nothing
    quiet_to: int = 7 * 60 + 30  # minutes after midnight; the same as quiet_from: no quiet hours
    workdays_only: bool = False
    window: int = 5 * MINUTE  # ms in which notices to one person on one channel are gathered
    paces: Mapping[str, Pace] = field(default_factory=dict)  # by the channel's name
    budgets: Mapping[str, Budget] = field(default_factory=dict)  # by the channel's name
    retries: Retries = field(default_factory=Retries)
    operators: tuple[str, ...] = ()  # codes of the people who get reports
    report_every: int = HOUR  # ms: no two reports are nearer to each other
    lease: int = 10 * MINUTE  # ms after which another daemon's message counts as left behind
    patience: float = 2.0  # seconds for which a round waits for channels that don't answer
    take: int = 1_000  # outgoing rows in one transaction
    write: int = 200  # messages rendered together
    send: int = 200  # messages claimed together from one channel's queue
    record: int = 50  # outcomes recorded together, at most
    gather_outcomes: float = 0.2  # seconds for which outcomes are gathered before they are recorded

    def pace(self, channel: str) -> Pace:
        """How fast that channel is used."""
        return self.paces.get(channel, _USUAL_PACE)

    def budget(self, channel: str) -> Budget:
        """How many of its messages may go."""
        return self.budgets.get(channel, _NO_BUDGET)


_USUAL_PACE: Final = Pace()
_NO_BUDGET: Final = Budget()
