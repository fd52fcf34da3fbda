"""Tasks from a workbook: all its lines are frozen in one transaction, then opened in batches.

Either nothing of a workbook is taken, or every line of it is on record and will be opened, by whoever
brought it or by the daemon, whatever crashes in between. A line that can't be opened is set aside with
the reason, where `duban doctor` shows it; the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from ..decision import NewTask
from ..errors import Overtaken, StoreError
from ..store import importing
from ..store.applying import Salts
from ..store.importing import NewLine, OpenImport, Record
from ..store.ports import Port
from .asked import refuse_if_held
from .report import Ran
from .surroundings import Frame, Library
from .writing import write

log = structlog.get_logger("duban.engine")


class Importing:
    """Freezes lines, and opens what is frozen. Safe to share between threads."""

    def __init__(self, port: Port, library: Library, salts: Salts, size: int) -> None:
        self._port, self._library, self._salts, self._size = port, library, salts, size

    def freeze(self, one: Record, lines: Sequence[NewLine]) -> int:
        """Put every line on record; the id of the import.

        Raises:
            NotNow: a hold stands.
            Overtaken: somebody brought one of these lines meanwhile.
        """
        with self._port.write("people") as tx:
            refuse_if_held(self._library.frame(tx, one.at))
            numbers = [line.number for line in lines]
            if importing.known_lines(tx, one.campaign_id or 0, numbers):
                raise _faster()
            return importing.record(tx, one, lines)

    def work(self, now: int, ran: Ran) -> bool:
        """Open a batch of the oldest import; whether there was any."""
        try:
            return self._work(now, ran)
        except Overtaken as overtaken:
            log.info("import overtaken", why=str(overtaken))
            return False  # another daemon has it

    def _work(self, now: int, ran: Ran) -> bool:
        """One batch; where it fails a smaller one, down to the line it is about."""
        size = self._size
        while True:
            batch: list[NewLine] = []
            try:
                return self._batch(now, ran, size, batch)
            except (StoreError, Overtaken):
                raise
            except Exception as error:
                if not batch:
                    raise  # not the fault of any line
                if len(batch) == 1:
                    return self._set_aside(batch[0], ran, error)
                size = len(batch) // 2
                log.warning("import in smaller batches", size=size, error=str(error))

    def _batch(self, now: int, ran: Ran, size: int, batch: list[NewLine]) -> bool:
        with self._port.write("clock") as tx:
            frame = self._library.frame(tx, now)
            one = None if frame.stamp.held else importing.claim(tx)
            if one is None:
                return False
            batch.extend(importing.next_lines(tx, one.id, size))
            opens = [_new_task(frame, one, line) for line in batch]
            written = write(frame, (), self._salts, opens)
            done = [(line.position, new.id) for line, new in zip(batch, opens, strict=True)]
            if not importing.opened(tx, one.id, done):
                raise _faster()
            if len(batch) < size:
                importing.finish(tx, one.id)
        ran.count(written)
        return True

    def _set_aside(self, line: NewLine, ran: Ran, error: BaseException) -> bool:
        """One line that can't be opened: the others go on, and a person looks at it."""
        ran.failed += 1
        why = str(error) or type(error).__name__
        with self._port.write("clock") as tx:
            one = importing.claim(tx)
            if one is None:
                return False
            log.error("imported line failed", of=one.id, row=line.position, error=why)
            importing.set_aside(tx, one.id, line.position, why)
        return True


def _new_task(frame: Frame, one: OpenImport, line: NewLine) -> NewTask:
    definition = frame.version(one.version_id).books[one.kind].definition
    parties = line.body["parties"]
    return NewTask(
        kind=one.kind,
        campaign_id=one.campaign_id,
        version_id=one.version_id,
        parties=parties,
        unit_id=parties[definition.first_party],
        track=line.body["track"],
        parent_id=None,
        deadline=line.body["deadline"],
        facts=line.body["facts"],
        origin={"import": one.id, "line": line.position, "actor": one.person_id},
    )


def _faster() -> Overtaken:
    return Overtaken(
        "其中有编号刚由他人导入，本次没有导入。请再试一次。",
        "Some of these numbers were brought by somebody else just now; nothing was taken. Try again.",
    )
