"""The fair writer queue of a process on SQLite: one writer at a time, people first.

SQLite's own lock is neither fair nor patient: under a storm a person's click could wait for every
batch. Here a person waits for the batch at work and for the people before them, nobody else.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
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


_KNOCK = 0.005  # seconds between two knocks
# The door is a courtesy, SQLite's lock decides: a process that froze in the door keeps nobody out.
_PATIENCE: dict[Who, int] = {"people": 1_000, "clock": 200}  # knocks


def _take(handle: int, knocks: int) -> None:
    for _ in range(knocks):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_KNOCK)
        else:
            return


class Door:
    """The same between processes: a person holds the door while they wait and write, the clock knocks.

    Without it a person's process, asleep between two looks at SQLite's lock, would find it taken by the
    daemon's next batch again and again. The lock goes with the process, however it ends.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @contextmanager
    def passed(self, who: Who) -> Iterator[None]:
        """Go through the door; only one thread of a process at a time (see `Turns`)."""
        handle = self._open()
        if handle is None:
            yield
            return
        _take(handle, _PATIENCE[who])
        if who == "clock":
            fcntl.flock(handle, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)

    def _open(self) -> int | None:
        """A folder that can't be written has no door: the write itself will say so."""
        if self._handle is None:
            with suppress(OSError):
                self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        return self._handle

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
