"""How often something may be tried: a bucket of tokens for each key, in memory alone.

A bucket holds so many tokens and gets another one at a steady pace (the generic cell rate algorithm of
ATM: one instant for each key says everything). Nothing is written down, so that a limit on a secret vote
leaves no trace of who came; a restart forgives everybody.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from workflow.errors import NotNow


class TooOften(NotNow):
    """Somebody tries more often than they may. `wait` says for how many ms."""

    def __init__(self, wait: int) -> None:
        seconds = -(-wait // 1000)
        super().__init__(
            f"尝试过于频繁，本次未受理。请 {seconds} 秒后再试。",
            f"Too many tries: this one was not taken. Wait {seconds} s and try again.",
        )
        self.wait = wait


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How often something may be tried."""

    at_once: int  # tries after a pause
    every: int  # ms until one more


class Limits:
    """The buckets of one pace. May be used by many threads."""

    def __init__(self, pace: Pace, *, most: int = 50_000) -> None:
        """`most`: so many keys are remembered; beyond them those that tried least recently are forgotten."""
        self._pace, self._most = pace, most
        self._full_at: OrderedDict[str, int] = OrderedDict()  # key -> when its bucket is full again, in ms
        self._lock = threading.Lock()

    def take(self, key: str, now: int) -> int:
        """Take a token.

        Returns:
            0 if there was one, else for how many ms to wait; a refused try costs nothing.
        """
        with self._lock:
            wait = self._wait(key, now)
            if wait == 0:
                self._full_at[key] = max(self._full_at.pop(key, now), now) + self._pace.every
                while len(self._full_at) > self._most:
                    self._full_at.popitem(last=False)
            return wait

    def wait(self, key: str, now: int) -> int:
        """For how many ms to wait for a token, without taking one."""
        with self._lock:
            return self._wait(key, now)

    def check(self, key: str, now: int) -> None:
        """Take a token.

        Raises:
            TooOften: there was none.
        """
        if wait := self.take(key, now):
            raise TooOften(wait)

    def _wait(self, key: str, now: int) -> int:
        longest = self._pace.at_once * self._pace.every
        full_at = self._full_at.get(key, now)
        if full_at - now > longest:  # the clock was set back
            full_at = self._full_at[key] = now + longest
        return max(0, full_at - now - longest + self._pace.every)
