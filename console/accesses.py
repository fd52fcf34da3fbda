"""The access log: who looked at what, written in sets beside the requests, so that no page waits for it.

A bounded queue is written every few seconds, and once more at a clean stop: then none is lost. A request
that finds it full writes it first. Only while the database can't be written are the oldest lost, and the
program's log says how many. Lines older than the settings say are deleted, once an hour.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from workflow.errors import DubanError
from workflow.store import Port

from .store import logs

Line = tuple[int, int | None, str, str, str, int]
"""(at, account, method, route, object, status)."""

DAY: Final = 86_400_000  # ms
KEPT_DAYS: Final = 365
LEAST_DAYS: Final = 184  # six calendar months; the tables refuse to forget earlier
_FULL: Final = 1_000  # lines: a request that finds so many writes them
_MOST: Final = 20_000  # lines that are kept while the database can't be written
_EVERY: Final = 2.0  # s between two writes
_HOUR: Final = 3_600_000  # ms
_BATCH: Final = 2_000  # lines that are forgotten in one transaction
log = structlog.get_logger("duban.console")


class Accesses:
    """Gathers lines, and writes them. May be used by many threads."""

    def __init__(self, port: Port, *, kept_days: int = KEPT_DAYS, most: int = _MOST) -> None:
        self._port, self._kept, self._most = port, max(kept_days, LEAST_DAYS) * DAY, most
        self._waiting: deque[Line] = deque()
        self._lost = 0
        self._forgot_at: int | None = None
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, line: Line) -> bool:
        """Keep a line.

        Returns:
            Whether so many wait that somebody should write them now.
        """
        with self._lock:
            self._waiting.append(line)
            if len(self._waiting) > self._most:
                self._waiting.popleft()
                self._lost += 1
            return len(self._waiting) >= _FULL

    def write(self) -> int:
        """Write what waits; how many. What could not be written waits on."""
        with self._writing:
            with self._lock:
                lines, lost = list(self._waiting), self._lost
                self._waiting.clear()
                self._lost = 0
            if lost:
                log.error("lines of the access log are lost", lines=lost)
            try:
                if lines:
                    with self._port.write("clock") as tx:
                        logs.add_access(tx, lines)
            except DubanError as error:
                log.error("the access log can't be written", lines=len(lines), why=str(error))
                self._give_back(lines)
                return 0
            return len(lines)

    def _give_back(self, lines: list[Line]) -> None:
        with self._lock:
            self._waiting.extendleft(reversed(lines))
            while len(self._waiting) > self._most:
                self._waiting.popleft()
                self._lost += 1

    def run_once(self, now: int) -> int:
        """Write what waits, and forget what is too old; how many were written."""
        written = self.write()
        if self._forgot_at is None or now - self._forgot_at >= _HOUR:
            with self._port.write("clock") as tx:
                forgotten = logs.retire(tx, now - self._kept, _BATCH)
            if forgotten < _BATCH:
                self._forgot_at = now
        return written

    def start(self, now: Callable[[], int]) -> None:
        """Write every few seconds, until stopped."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(now,), name="access-log", daemon=True)
        self._thread.start()

    def _run(self, now: Callable[[], int]) -> None:
        while not self._stopping.wait(_EVERY):
            try:
                self.run_once(now())
            except DubanError as error:  # the next round tries again
                log.error("the access log can't be looked after", why=str(error))

    def stop(self) -> None:
        """Write the last ones."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.write()
