"""The fair writer queue of a process on SQLite: one writer at a time, people first.

SQLite's own lock is neither fair nor patient: under a storm a person's click could wait for every
batch. Here a person waits for the batch at work and for the people before them, nobody else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Literal

Who = Literal["people", "clock"]


class Turns:
    """Hands out the right to write, people before the clock, first come first served."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: dict[Who, deque[object]] = {"people": deque(), "clock": deque()}
        self._busy = False

    @contextmanager
    def turn(self, who: Who) -> Iterator[None]:
        """Wait for a turn, and give it back."""
        ticket = object()
        with self._changed:
            self._waiting[who].append(ticket)
            self._changed.wait_for(lambda: not self._busy and self._next() is ticket)
            self._waiting[who].popleft()
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> object:
        queue = self._waiting["people"] or self._waiting["clock"]
        return queue[0]
