"""What the clock does: batches of tasks, each claimed, decided and applied in one transaction.

What goes wrong is narrowed down to the task it is about. That task is tried again, later each time,
and set aside after the last try; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from ..decision import Decision, EventDraft, owed
from ..errors import Overtaken, StoreError, Undecidable
from ..store import organisation, tasks
from ..store.applying import Salts, note
from ..store.ports import Port, Transaction
from ..task import Task
from .claimed import tasks_of
from .report import Ran
from .surroundings import Frame, Library
from .writing import write

TRIES = 5  # failed decisions after which a task is set aside
RETRY_MS = 1_000  # before the second try; four times as long before each further one
CLASHES = 5  # of a task alone with another writer, before that counts as a failed decision
_TRIES = tasks.COLUMNS.index("tries")

log = structlog.get_logger("duban.engine")
Claim = Callable[[Transaction], tasks.Rows]


@dataclass(kw_only=True, slots=True)
class _Batch:
    """What one transaction of the clock has claimed, and what of it went wrong."""

    tries: dict[int, int] = field(default_factory=dict)  # task -> how many failed decisions so far
    failed: dict[int, BaseException] = field(default_factory=dict)

    @property
    def claimed(self) -> list[int]:
        return list(self.tries)


def retry_after(tries: int) -> int:
    """How long a task rests after so many failed decisions, in ms."""
    return int(RETRY_MS * 4 ** (tries - 1))


class Sweeper:
    """Works off what is due, batch by batch. Safe to share between threads."""

    def __init__(self, port: Port, library: Library, salts: Salts, size: int) -> None:
        self._port, self._library, self._salts, self._size = port, library, salts, size

    def sweep(self, now: int, ran: Ran) -> int:
        """One batch: plans of an older calendar first, then nudges, then what is due; how many tasks."""
        most = self._size
        return (
            self._plan(now, ran)
            or self._batch(lambda tx: tasks.claim_nudged(tx, most, now), now, ran)
            or self._batch(lambda tx: tasks.claim_due(tx, now, most), now, ran)
        )

    def _plan(self, now: int, ran: Ran) -> int:
        with self._port.read() as tx:
            epoch = organisation.stamp(tx).epoch
        return self._batch(lambda tx: tasks.claim_planned(tx, epoch, self._size, now), now, ran)

    def _batch(self, claim: Claim, now: int, ran: Ran, clashes: int = 0) -> int:
        batch = _Batch()
        try:
            written = self._write(claim, now, batch)
        except StoreError:
            raise
        except Exception as error:
            self._narrow(batch, now, ran, error, clashes)
            return len(batch.tries)
        ran.count(written)
        for task_id, why in batch.failed.items():
            self._failed(task_id, batch.tries[task_id], why, now, ran)
        return len(batch.tries)

    def _write(self, claim: Claim, now: int, batch: _Batch) -> list[Decision]:
        with self._port.write("clock") as tx:
            frame = self._library.frame(tx, now)
            if frame.stamp.held:
                return []
            rows = claim(tx)
            batch.tries.update((row[0], row[_TRIES]) for row in rows)
            found, broken = tasks_of(tx, rows)
            batch.failed.update(broken)
            return write(frame, _decide(frame, found, batch), self._salts) if found else []

    def _narrow(self, batch: _Batch, now: int, ran: Ran, error: BaseException, clashes: int) -> None:
        """An error in applying: halve the batch until it is alone with its task."""
        ids = batch.claimed
        if len(ids) == 1:
            self._alone(ids[0], batch.tries[ids[0]], now, ran, error, clashes)
        if len(ids) <= 1:
            return
        log.warning("bisecting", tasks=len(ids), error=str(error))
        middle = len(ids) // 2
        for half in (ids[:middle], ids[middle:]):
            self._batch(_these(half), now, ran)

    def _alone(
        self, task_id: int, tries: int, now: int, ran: Ran, error: BaseException, clashes: int
    ) -> None:
        """A clash is tried again at once; one that no other writer explains is the task's own fault."""
        if isinstance(error, Overtaken) and clashes < CLASHES:
            self._batch(_these([task_id]), now, ran, clashes + 1)
        else:
            self._failed(task_id, tries, error, now, ran)

    def _failed(self, task_id: int, before: int, error: BaseException, now: int, ran: Ran) -> None:
        """Count the try in a transaction of its own, and set the task aside after the last one."""
        ran.failed += 1
        why = str(error) or type(error).__name__
        with self._port.write("clock") as tx:
            tries = tasks.count_try(tx, task_id, now + retry_after(before + 1))
            if tries >= TRIES:
                tasks.set_aside(tx, task_id, now, why)
                ran.set_aside.append(task_id)
        if tries >= TRIES:
            self._note_aside(task_id, tries, why, now)
        log.error(
            "undecidable",
            task=task_id,
            tries=tries,
            set_aside=tries >= TRIES,
            error=why,
            kind=type(error).__name__,
        )

    def _note_aside(self, task_id: int, tries: int, why: str, now: int) -> None:
        """Its history says so too, unless the history is what is damaged: that must stop nobody."""
        event = EventDraft(kind="set_aside", at=now, header={"tries": tries}, values={"why": why})
        try:
            with self._port.write("clock") as tx:
                note(tx, task_id, event, now, self._salts)
        except (Overtaken, Undecidable) as error:
            log.error("history damaged", task=task_id, error=str(error))


def _these(ids: list[int]) -> Claim:
    return lambda tx: tasks.claim_free(tx, ids)


def _decide(frame: Frame, found: list[Task], batch: _Batch) -> list[Decision]:
    loaded = tasks.load(frame.tx, found, frame)
    frame.know(loaded)
    decisions = []
    for one in loaded:
        try:
            decisions.append(owed(one, frame.around(one.task.version_id)))
        except StoreError:
            raise
        except Exception as error:
            batch.failed[one.task.id] = error
    return decisions
