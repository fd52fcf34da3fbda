"""Keeps the index of what was written, beside the engine.

Only settled events are taken (`store/settling.py`), so that none is missed; texts, words and the mark are
written in one transaction. Of several daemons the one that finds the mark where it was goes on; the others
do nothing. Nothing is lost by a crash: what the mark has not passed is taken again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import orjson

from ..store import searching
from ..store.ports import Port
from ..store.settling import Settling
from .words import folded, texts_of, words_of

BATCH = 60  # values in a transaction: the writer is held some tens of milliseconds
_BATCHES = 100  # at a ring: whoever waits for the writer gets a turn, and so does a stop


class Indexing:
    """Takes what was written since the last look. Keep one for each process."""

    def __init__(self, port: Port, *, batch: int = BATCH) -> None:
        self._port, self._batch = port, batch
        self._settling = Settling(port)
        self._stopped = threading.Event()

    def work(self, _now: int) -> int:
        """Index what is settled; how many texts there were. The rest comes at the next ring."""
        settled, taken = self._settling.settled(), 0
        for _ in range(_BATCHES):
            if self._stopped.is_set():
                break
            count = self._take(settled)
            if count is None:
                break
            taken += count
        return taken

    def stop(self) -> None:
        """Begin no further batch."""
        self._stopped.set()

    def renew(self) -> None:
        """Make the index anew, from the first event on."""
        with self._port.write("people") as tx:
            searching.empty(tx)

    def _take(self, settled: int) -> int | None:
        """One batch; None at the end, or if somebody else took it."""
        with self._port.read() as tx:
            known = searching.mark(tx)
            rows = searching.values(tx, known or 0, settled, self._batch)
        reached = settled if len(rows) < self._batch else _whole(rows)
        if reached <= (known or 0):
            return None
        return self._keep(known, reached)

    def _keep(self, known: int | None, reached: int) -> int | None:
        with self._port.write("clock") as tx:
            if searching.mark(tx) != known or not searching.move_mark(tx, known, reached):
                return None
            # Read again under the lock: what was erased meanwhile must not come back.
            rows = searching.values(tx, known or 0, reached, 100 * self._batch)
            texts = [(event, name, task, text) for event, name, task, value in rows if (text := _text(value))]
            searching.add(tx, texts, _words(texts))
        return len(texts)


def _whole(rows: Sequence[tuple[int, str, int, str]]) -> int:
    """The last event of which every value is among these: a batch may end within an event."""
    last = rows[-1][0]
    before = [event for event, *_ in rows if event < last]
    return before[-1] if before else last


def _text(value: str) -> str:
    return folded(texts_of(orjson.loads(value)))


def _words(texts: Sequence[tuple[int, str, int, str]]) -> Iterator[tuple[str, int, str]]:
    for event, name, _, text in texts:
        for word in sorted(words_of(text)):
            yield word, event, name
