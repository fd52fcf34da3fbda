"""What the engine wrote: a port that hands everything on, and keeps what was written by transaction.

The floor replays it. Keeping it costs the engine a list's `append` for each bulk statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from workflow.store.ports import Moment, Port
from workflow.store.sql import Statement
from workflow.store.turns import Who

_WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One bulk statement of a transaction."""

    how: Literal["insert", "update", "text", "draw"]
    table: str = ""
    names: tuple[str, ...] = ()  # columns that are set
    guard: tuple[str, ...] = ()  # columns that say which row; the last values of each row
    rows: Sequence[Sequence[Any]] = ()
    text: str = ""  # of a statement of its own; of `draw`, the name of the ids


@dataclass(kw_only=True, slots=True)
class Record:
    """What was written, by transaction."""

    transactions: list[list[Write]] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Meter:
    """Counts statements, by a port's probe: how many transactions there were, and what was in them."""

    statements: int = 0  # BEGIN and COMMIT included
    transactions: int = 0
    largest: int = 0  # the most statements of one transaction
    _own: int = 0

    def __call__(self, moment: Moment, text: str) -> None:
        """The probe."""
        if moment == "after":
            return
        self.statements += 1
        self._own += 1
        if text.startswith("BEGIN"):
            self.transactions += 1
            self._own = 1
        elif text == "COMMIT":
            self.largest = max(self.largest, self._own)

    def reset(self) -> None:
        """Begin at nothing."""
        self.statements = self.transactions = self.largest = self._own = 0


class RecordingPort:
    """Hands everything on to the port of the product."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self.record = Record()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    @contextmanager
    def write(self, who: Who) -> Iterator[_Recording]:
        """A transaction whose writes are kept once it has committed."""
        with self._port.write(who) as tx:
            recording = _Recording(tx)
            yield recording
        if recording.writes:
            self.record.transactions.append(recording.writes)

    def take(self) -> Record:
        """What was written since the last call."""
        taken, self.record = self.record, Record()
        return taken


class _Recording:
    """Hands everything on to the transaction of the product."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.dialect = tx.dialect
        self.writes: list[Write] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def all(self, statement: Statement, **params: Any) -> list[tuple[Any, ...]]:
        """Run a statement and give every row."""
        self._keep(statement, params)
        rows: list[tuple[Any, ...]] = self._tx.all(statement, **params)
        return rows

    def one(self, statement: Statement, **params: Any) -> tuple[Any, ...] | None:
        """Run a statement and give its first row, if any."""
        self._keep(statement, params)
        row: tuple[Any, ...] | None = self._tx.one(statement, **params)
        return row

    def run(self, statement: Statement, **params: Any) -> int:
        """Run a statement and say how many rows it changed."""
        self._keep(statement, params)
        changed: int = self._tx.run(statement, **params)
        return changed

    def _keep(self, statement: Statement, params: dict[str, Any]) -> None:
        if statement.on(self.dialect)[0].startswith(_WRITES):
            text, values = statement.bind(self.dialect, params)
            bound = [_plain(one, self.dialect) for one in values]
            self.writes.append(Write(how="text", text=text, rows=[bound]))

    def insert(self, table: Any, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows in bulk, each with every column of the table in its order."""
        if rows:
            names = tuple(column.name for column in table.columns)
            self.writes.append(Write(how="insert", table=table.name, names=names, rows=rows))
        self._tx.insert(table, rows)

    def update(
        self, table: Any, names: Sequence[str], guard: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> int:
        """Write columns of many rows in bulk where the guard columns fit; how many fitted."""
        if rows:
            kept = Write(how="update", table=table.name, names=tuple(names), guard=tuple(guard), rows=rows)
            self.writes.append(kept)
        changed: int = self._tx.update(table, names, guard, rows)
        return changed

    def draw(self, name: str, count: int) -> Sequence[int]:
        """Draw so many new ids."""
        ids: Sequence[int] = self._tx.draw(name, count)
        if count and self.dialect == "sqlite":  # a row of a table there; a sequence is none
            self.writes.append(Write(how="draw", text=name, rows=[(ids[-1] + 1,)]))
        return ids


def _plain(value: Any, dialect: str) -> Any:
    if not isinstance(value, list | tuple | range):
        return value
    return orjson.dumps(list(value)).decode() if dialect == "sqlite" else list(value)
