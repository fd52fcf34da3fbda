"""How long messages are kept: after so many days their words and addresses are forgotten.

What became of them stays: to whom (a person's id), when, how often tried, the SHA-256 of what was sent.
"""

from __future__ import annotations

from typing import Final

from workflow.calendar import USUAL_ZONE, default_calendar
from workflow.store import Port

from .store import retention as store

DAY_MS: Final = 86_400_000
KEPT_DAYS: Final = 180  # unless the settings say otherwise
BATCH: Final = 500
_BATCHES: Final = 20  # of one round: the next goes on
_COUNTED_DAYS: Final = 40  # budgets look at today alone


class Forgetting:
    """Forgets what is old, a bounded number of messages a round, a round an hour."""

    def __init__(self, port: Port, *, kept_days: int = KEPT_DAYS, every: int = DAY_MS // 24) -> None:
        """`every`: ms between two rounds."""
        self._port, self._kept, self._every, self._last = port, kept_days * DAY_MS, every, 0

    def run_once(self, now: int) -> int:
        """How many messages were forgotten."""
        if now - self._last < self._every:
            return 0
        before, forgotten = now - self._kept, 0
        for _ in range(_BATCHES):
            with self._port.write("clock") as tx:
                count = store.forget(tx, before, BATCH)
            forgotten += count
            if count < BATCH:
                self._last = now
                break
        self._forget_the_rest(now, before)
        return forgotten

    def _forget_the_rest(self, now: int, before: int) -> None:
        earliest = default_calendar(USUAL_ZONE).day_of(now - _COUNTED_DAYS * DAY_MS).isoformat()
        with self._port.write("clock") as tx:
            store.forget_links(tx, before)
            store.forget_counts(tx, earliest)
