"""The auditor: looks all day, from the other side, for tasks that the clock would never wake.

The clock finds what is due by one index. An entry that is missing there, after a fault of a disk or of a
database, would let a task sleep for ever, and nothing else would tell. So the table itself is read, a range
at each ring; what has been due for a while and stands in no index is said, until somebody has mended it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from .store import checking
from .store.checking import Finding
from .store.ports import Port

PASS_MS: Final = 120_000  # from the beginning of one walk through the table to the next
GRACE_MS: Final = 60_000  # a task that has been due for less may be at work
log = structlog.get_logger("duban.auditor")


class Auditor:
    """Walks through the table of tasks. Keep one for each process."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._next: int | None = None  # the first id of the next range; None between two walks
        self._began: int | None = None  # when the walk began, in ms

    def work(self, now: int) -> Sequence[Finding]:
        """Read the next range; what is lost in it is said, and returned."""
        if self._next is None:
            if self._began is not None and 0 <= now - self._began < PASS_MS:
                return ()
            self._next, self._began = 0, now
        with self._port.read() as tx:
            due = checking.due_rows(tx, self._next, self._next + checking.RANGE, now - GRACE_MS)
            lost = [one for one in checking.judge_wakes(tx, due, now - GRACE_MS) if one.kind == "unqueued"]
            last = checking.last_task(tx)
        self._next += checking.RANGE
        if self._next > (last or 0):
            self._next = None
        for one in lost:
            log.error("lost", tasks=one.count, examples=one.examples, why=one.text.en, zh=one.text.zh)
        return lost
