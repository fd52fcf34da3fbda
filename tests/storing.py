"""What the tests of the store share: ports that close themselves, rows to put into them, probes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pysqlite3

from workflow.store import Port, Probe, no_probe, open_port, tasks
from workflow.store.opening import libpq
from workflow.task import Task

HEAD = bytes(range(32))


@contextmanager
def opened(url: str, probe: Probe = no_probe) -> Iterator[Port]:
    """The port to a database, closed at the end."""
    port = open_port(url, probe=probe)
    try:
        yield port
    finally:
        port.close()


@contextmanager
def raw(url: str) -> Iterator[Any]:
    """The bare driver's connection to the same database, each statement committed by itself."""
    connection: Any
    if url.startswith("postgres"):
        connection = psycopg.connect(libpq(url), autocommit=True)
    else:
        connection = pysqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def a_task(ident: int, **changes: Any) -> Task:
    """A task that waits for nothing, unless told otherwise."""
    given: dict[str, Any] = {
        "id": ident,
        "campaign_id": 1,
        "version_id": 1,
        "kind": "self_check",
        "track": None,
        "unit_id": 1,
        "parent_id": None,
        "row_id": None,
        "moment_id": None,
        "state": "issued",
        "visit": 1,
        "came_from": None,
        "opened_at": 1_000,
        "state_since": 1_000,
        "reported_at": 1_000,
        "deadline": None,
        "deadline_set_at": 1_000,
        "deadline_anchor": 1_000,
        "deadline_basis": "none",
        "revision": 0,
        "seq": 1,
        "head": HEAD,
        "parties": {"unit": 1},
    }
    return Task(**{**given, **changes})


def put(port: Port, *many: Task) -> None:
    """Write new tasks."""
    with port.write("clock") as tx:
        tx.insert(tasks.TASK, [tasks.row_of(one) for one in many])


def nudge(port: Port, *targets: int, start: int = 1, at: int = 0) -> None:
    """Nudge tasks, in this order."""
    rows = [(start + n, target, "child", 0, at) for n, target in enumerate(targets)]
    with port.write("clock") as tx:
        tx.insert(tasks.NUDGE, rows)


def ids(rows: Sequence[Sequence[Any]]) -> list[int]:
    """The first column of rows: of tasks it is their id."""
    return [row[0] for row in rows]


class Counting:
    """A probe that counts the statements, by their text."""

    def __init__(self) -> None:
        self.texts: Counter[str] = Counter()

    def __call__(self, moment: str, text: str) -> None:
        if moment == "before":
            self.texts[text] += 1

    @property
    def total(self) -> int:
        """How many statements there were, BEGIN and COMMIT included."""
        return self.texts.total()

    def clear(self) -> None:
        """Count from zero."""
        self.texts.clear()
