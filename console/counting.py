"""Figures that take long to count: kept for a while, counted anew beside the requests.

Small installations count at every request, and their figures are those of the moment. Where counting takes
longer it goes on in a thread of its own, one at a time, and is let rest in between, so that it takes a
small part of one core; pages then show figures that are some minutes old, and say so. The first count
begins with the console: only who comes before it is over has to wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import structlog

from workflow.errors import DubanError

Figures = TypeVar("Figures")
QUICK: Final = 40  # ms: what takes no longer is counted at every request
REST: Final = 60_000  # ms between two counts at least
SHARE: Final = 20  # counting takes this part of the time at most
PATIENCE: Final = 5  # seconds for which a count is waited for at the end
log = structlog.get_logger("duban.console")


class Counted(Generic[Figures]):
    """The newest figures, whoever asks."""

    def __init__(self, count: Callable[[], Figures], boot: Callable[[], int]) -> None:
        """Args: `count` reads them; `boot` tells the ms of a clock that only runs forward."""
        self._count, self._boot = count, boot
        self._lock = threading.Lock()  # one count at a time
        self._found: Figures | None = None
        self._begun, self._took = 0, 0

    def get(self) -> Figures:
        """The figures: fresh where that is quick, else the last ones, and they are counted anew beside."""
        found = self._found
        if found is None or self._took <= QUICK:
            with self._lock:
                found = self._found
                if found is not None and self._took > QUICK:
                    return found  # somebody else counted while this one waited
                return self._fresh()
        if self._boot() - self._begun >= max(REST, SHARE * self._took) and self._lock.acquire(blocking=False):
            self._beside()
        return found

    def begin(self) -> None:
        """Count for the first time, beside."""
        if self._found is None and self._lock.acquire(blocking=False):
            self._beside()

    def end(self) -> None:
        """Let a count that has been begun come to its end, before the database is closed."""
        if self._lock.acquire(timeout=PATIENCE):
            self._lock.release()

    def _beside(self) -> None:
        """Count in a thread; the lock is held and will be released there."""
        try:
            threading.Thread(target=self._work, name="counting", daemon=True).start()
        except BaseException:
            self._lock.release()
            raise

    def _work(self) -> None:
        try:
            self._fresh()
        except DubanError as error:
            self._begun = self._boot()  # the old figures stay, with their age
            log.warning("not counted", why=error.text.en)
        finally:
            self._lock.release()

    def _fresh(self) -> Figures:
        begun = self._boot()
        found = self._count()
        self._begun, self._took = begun, self._boot() - begun
        self._found = found
        return found
