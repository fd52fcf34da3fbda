"""Doing one thing to many tasks that nobody acts on: batch by batch, a transaction each.

PostgreSQL ends a transaction after 30 s, and on SQLite everybody else waits for the write lock. What has
been done to a task can be seen on it: a run that was broken off is begun again and does what is left, so
nothing is kept of how far it came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from ..decision import Decision, Loaded, Surroundings, replan
from ..errors import StoreError
from ..store import tasks
from ..store.applying import Salts
from ..store.ports import Port, Transaction
from .asked import refuse_if_held
from .claimed import tasks_of
from .surroundings import Frame, Library
from .writing import write

log = structlog.get_logger("duban.engine")
Find = Callable[[Transaction, int, int], list[int]]
"""(transaction, after this task, at most so many) -> tasks, in the order of their ids."""
Decide = Callable[[Loaded, Surroundings], Decision]


@dataclass(kw_only=True, slots=True)
class Changed:
    """What a run did."""

    done: list[int] = field(default_factory=list)  # tasks
    left: list[int] = field(default_factory=list)  # tasks that couldn't be decided: a person must look


class Batches:
    """Works off tasks in batches. Safe to share between threads."""

    def __init__(self, port: Port, library: Library, salts: Salts, size: int) -> None:
        self.port, self.library, self.salts, self._size = port, library, salts, size

    def through(self, find: Find, decide: Decide, units: list[int], now: int) -> Changed:
        """Decide every task that `find` gives, once.

        Args:
            units: to which tasks may come; their posts are loaded.

        Raises:
            NotNow: the clock is in doubt.
        """
        changed, after = Changed(), 0
        while True:
            with self.port.write("clock") as tx:
                frame = self.library.frame(tx, now)
                ids = find(tx, after, self._size)
                if not ids:
                    return changed
                refuse_if_held(frame)
                frame.know_units(units)
                self._batch(frame, ids, decide, changed)
                after = ids[-1]

    def _batch(self, frame: Frame, ids: list[int], decide: Decide, changed: Changed) -> None:
        decisions = []
        for one in self._ready(frame, ids, changed):
            try:
                decision = decide(one, frame.around(one.task.version_id))
            except StoreError:
                raise
            except Exception as error:  # one damaged task must not keep the others where they are
                log.error("left as it was", task=one.task.id, error=str(error))
                changed.left.append(one.task.id)
            else:
                decisions.append(decision)
        touched = [one.task.id for one in decisions if one.events]
        write(frame, decisions, self.salts)
        changed.done.extend(touched)

    def _ready(self, frame: Frame, ids: list[int], changed: Changed) -> list[Loaded]:
        """The tasks, locked; those planned under an older calendar are planned again first."""
        found, broken = tasks_of(frame.tx, tasks.claim_these(frame.tx, ids))
        changed.left.extend(broken)
        loaded = self._load(frame, [one.id for one in found])
        stale = [one for one in loaded if one.task.planned_under < frame.stamp.epoch]
        if not stale:
            return loaded
        write(frame, [replan(one, frame.around(one.task.version_id)) for one in stale], self.salts)
        return self._load(frame, [one.id for one in found])

    @staticmethod
    def _load(frame: Frame, ids: list[int]) -> list[Loaded]:
        found, _ = tasks_of(frame.tx, tasks.claim_these(frame.tx, ids))
        loaded = tasks.load(frame.tx, found, frame)
        frame.know(loaded)
        return loaded
