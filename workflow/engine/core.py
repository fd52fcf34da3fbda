"""The engine: load, decide, apply, each in one transaction.

`act` is what people do, `wake` one batch of what the clock and nudges owe, `run_once` everything that
is due now: re-planning first, then tasks, then rounds, then lines of workbooks. `now` is an argument.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import structlog

from .. import rounds
from ..decision import Act, EventDraft, OpenTask
from ..definition.model import Pack
from ..errors import Overtaken
from ..store import importing, organisation, tasks
from ..store.applying import Salts, note
from ..store.ports import Port
from .acting import act_in
from .batches import Batches
from .firing import Firing, next_moments
from .importing import Importing
from .loading import load_in
from .migrating import Migrate, Migrated, Migration
from .opening import open_in
from .replanning import Replan, Replanned, apply_replan, foresee
from .report import Answer, Loading, Ran
from .surroundings import Library
from .sweeping import Sweeper

BATCH = 250  # tasks per transaction of the clock: about 50 ms of the write lock on SQLite
ATTEMPTS = 5  # of a person's act that was overtaken
MAX_BATCHES = 100_000  # of one run_once: a run that needs more goes on at the next ring

log = structlog.get_logger("duban.engine")


class Engine:
    """Loads, decides and applies, over one database. Safe to share between threads."""

    def __init__(self, port: Port, *, salts: Salts, batch: int = BATCH) -> None:
        self.port = port
        self.library = Library()
        self._salts = salts
        self._sweeper = Sweeper(port, self.library, salts, batch)
        self._firing = Firing(port, self.library, salts, batch)
        self.importing = Importing(port, self.library, salts, batch)
        self.batches = Batches(port, self.library, salts, batch)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Begin no further batch: what is at work is finished. Safe to call from a signal handler."""
        self._stopping.set()

    # --- packs ------------------------------------------------------------------------------------

    def load(self, pack: Pack, now: int) -> Loading:
        """Bring a pack into force: its version, units, people, campaign. Twice changes nothing.

        Raises:
            BadValue: a known unit or person is another one in the pack; everything stays as it was.
        """
        with self.port.write("people") as tx:
            return load_in(tx, self.library, pack, now)

    def replan(self, wanted: Replan, now: int, *, apply: bool = False) -> Replanned:
        """The difference that moving milestones makes; and, if told so, move them.

        Raises:
            Refused: no such campaign or milestone, or a date that can't be; everything stays as it was.
            PackError: with these dates the pack would not have been accepted.
        """
        found = foresee(self.port, self.library, wanted, now)
        if not apply:
            return found
        with self.port.write("people") as tx:
            return replace(found, applied=apply_replan(tx, self.library, wanted, now))

    def migrate(self, wanted: Migrate, now: int, *, apply: bool = False) -> Migrated:
        """What becomes of open tasks on another version; and, if told so, move them, family by family.

        Families that can't move stay whole on their version; those that are there already are left alone.

        Raises:
            Refused: no such campaign or version; everything stays as it was.
        """
        return Migration(self.port, self.library, self._salts, wanted, now, apply=apply).run()

    # --- people act -------------------------------------------------------------------------------

    def act(
        self,
        task_id: int,
        wanted: Act,
        now: int,
        *,
        revision: int | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """Do what a person asks for, after what the clock already owed this task.

        Args:
            revision: the one that the person's form showed; None skips the check.
            request_id: a repeat with the same id gets the first answer and does nothing.

        Raises:
            Refused: with the reason; everything stays as it was.
            Undecidable: the task's data can't be handled; everything stays as it was.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return self._act(task_id, wanted, now, revision, request_id)
            except Overtaken:
                log.info("overtaken", task=task_id, act=wanted.name)
        return self._act(task_id, wanted, now, revision, request_id)

    def open(self, wanted: OpenTask, now: int, *, request_id: str | None = None) -> Answer:
        """Open a task by hand. The answer's act is `open:KIND`.

        Args:
            request_id: a repeat with the same id gets the first answer and opens nothing.

        Raises:
            Refused: with the reason; everything stays as it was.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return self._open(wanted, now, request_id)
            except Overtaken:
                log.info("overtaken", opening=wanted.kind)
        return self._open(wanted, now, request_id)

    def _open(self, wanted: OpenTask, now: int, request_id: str | None) -> Answer:
        with self.port.write("people") as tx:
            return open_in(tx, self.library, self._salts, wanted, now, request_id)

    def _act(
        self, task_id: int, wanted: Act, now: int, revision: int | None, request_id: str | None
    ) -> Answer:
        with self.port.write("people") as tx:
            return act_in(tx, self.library, self._salts, task_id, wanted, now, revision, request_id)

    def release(self, task_id: int, by: str, now: int) -> bool:
        """Put a task that was set aside back into the clock's queue; False if it wasn't.

        Args:
            by: who agrees; kept beside the history, where it can be erased.
        """
        with self.port.write("people") as tx:
            if not tasks.release(tx, task_id, now):
                return False
            note(
                tx,
                task_id,
                EventDraft(kind="released", at=now, header={}, values={"by": by}),
                now,
                self._salts,
            )
            return True

    # --- the clock acts ---------------------------------------------------------------------------

    def run_once(self, now: int) -> Ran:
        """Everything that is due by now: plans of an older calendar, tasks, then rounds."""
        ran = Ran()
        due = self.next_due(now)
        if due is None or due > now:  # an idle ring reads, and takes no lock
            ran.held = due is None and self._is_held()
            return ran
        self._drain(now, ran)
        while not self._stopping.is_set() and (self._firing.fire(now, ran) or self.importing.work(now, ran)):
            self._drain(now, ran)
        return ran

    def _is_held(self) -> bool:
        with self.port.read() as tx:
            return organisation.stamp(tx).held

    def _drain(self, now: int, ran: Ran) -> None:
        for _ in range(MAX_BATCHES):
            if self._stopping.is_set() or self.wake(now, ran) == 0:
                return

    def wake(self, now: int, ran: Ran | None = None) -> int:
        """One batch: plans first, then nudges, then what is due; how many tasks were claimed."""
        return self._sweeper.sweep(now, ran if ran is not None else Ran())

    # --- when to look again -----------------------------------------------------------------------

    def next_due(self, now: int) -> int | None:
        """The first instant at which the clock has something to do; it may have passed.

        None: nothing but a person can change anything, or a hold stands.
        """
        with self.port.read() as tx:
            frame = self.library.frame(tx, now)
            if frame.stamp.held:
                return None
            if tasks.any_nudge(tx, now) or tasks.any_planned(tx, frame.stamp.epoch, now):
                return now
            if importing.any_open(tx):
                return now
            instants = [tasks.next_wake(tx), rounds.next_open(tx), *next_moments(frame)]
            return min((instant for instant in instants if instant is not None), default=None)
