"""The floor: the rows that the engine wrote, written again with nothing but the driver.

As few bytes and statements as the same outcome needs: columns that don't change are left out, rows are
found by their key alone, and nothing is read. As many transactions as the engine wrote, as durable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pysqlite3

from .recording import Record, Write

FEW = 3  # rows up to which PostgreSQL gets an INSERT each: for more, COPY is quicker
Step = Callable[[], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Floor:
    """What to do, one list of steps for each transaction."""

    transactions: list[list[Step]]

    def run(self) -> None:
        """Write everything."""
        for steps in self.transactions:
            for step in steps:
                step()


def floor_of(record: Record, connection: Any) -> Floor:
    """Make the floor of a record ready; the database must stand where the engine's stood before it."""
    make = _Sqlite if isinstance(connection, pysqlite3.Connection) else _Postgres
    driver = make(connection)
    return Floor(transactions=[driver.transaction(writes) for writes in record.transactions])


def _pruned(connection: Any, write: Write, mark: str) -> Write:
    """Without the columns that every row holds already, and with the key as the only guard."""
    width = len(write.names)
    listed = ", ".join(write.names)
    changed = [False] * width
    key = width + write.guard.index("id")
    for row in write.rows:
        text = f"SELECT {listed} FROM {write.table} WHERE id = {mark}"
        before = connection.execute(text, (row[key],)).fetchone() or (None,) * width
        changed = [was or old != new for was, old, new in zip(changed, before, row, strict=False)]
    kept = [position for position in range(width) if changed[position]]
    return Write(
        how="update",
        table=write.table,
        names=tuple(write.names[position] for position in kept),
        guard=("id",),
        rows=[(*(row[position] for position in kept), row[key]) for row in write.rows],
    )


class _Sqlite:
    """`executemany` on one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def transaction(self, writes: Sequence[Write]) -> list[Step]:
        steps = [self._text("BEGIN IMMEDIATE"), *map(self._step, writes), self._text("COMMIT")]
        return steps

    def _step(self, write: Write) -> Step:
        if write.how == "insert":
            marks = ", ".join("?" * len(write.names))
            text = f"INSERT INTO {write.table} ({', '.join(write.names)}) VALUES ({marks})"
            return self._many(text, write.rows)
        if write.how == "update":
            pruned = _pruned(self._connection, write, "?")
            sets = ", ".join(f"{name} = ?" for name in pruned.names)
            return self._many(f"UPDATE {pruned.table} SET {sets} WHERE id = ?", pruned.rows)
        if write.how == "draw":
            return self._many(f"UPDATE counter SET next = ? WHERE name = '{write.text}'", write.rows)
        return self._many(write.text, write.rows)

    def _many(self, text: str, rows: Sequence[Any]) -> Step:
        if len(rows) == 1:
            return lambda: self._connection.execute(text, rows[0])
        return lambda: self._connection.executemany(text, rows)

    def _text(self, text: str) -> Step:
        return lambda: self._connection.execute(text)


class _Postgres:
    """COPY, and one JSON parameter for many updates; a prepared statement for each where there are few."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._types: dict[str, dict[str, str]] = {}

    def transaction(self, writes: Sequence[Write]) -> list[Step]:
        return [self._text("BEGIN"), *map(self._step, writes), self._text("COMMIT")]

    def _step(self, write: Write) -> Step:
        if write.how == "insert":
            return self._insert(write)
        if write.how == "update":
            return self._update(_pruned(self._connection, write, "%s"))
        return lambda: self._cursor.execute(write.text, write.rows[0])

    def _insert(self, write: Write) -> Step:
        names = ", ".join(f'"{name}"' for name in write.names)
        if len(write.rows) <= FEW:
            one = f"({', '.join(['%s'] * len(write.names))})"
            text = f"INSERT INTO {write.table} ({names}) VALUES {', '.join([one] * len(write.rows))}"
            values = [value for row in write.rows for value in row]
            return lambda: self._cursor.execute(text, values)
        return lambda: self._copy(f"COPY {write.table} ({names}) FROM STDIN", write.rows)

    def _copy(self, text: str, rows: Sequence[Any]) -> None:
        with self._cursor.copy(text) as copy:
            for row in rows:
                copy.write_row(row)

    def _update(self, write: Write) -> Step:
        sets = ", ".join(f"{name} = %s" for name in write.names)
        if len(write.rows) == 1:
            text = f"UPDATE {write.table} SET {sets} WHERE id = %s"
            return lambda: self._cursor.execute(text, write.rows[0])
        return lambda: self._bulk_update(write)

    def _bulk_update(self, write: Write) -> None:
        types = self._types_of(write.table)
        columns = [*write.names, "id"]
        record = ", ".join(
            f"c{n} {'text' if types[name] == 'bytea' else types[name]}" for n, name in enumerate(columns)
        )
        value = {
            name: f"decode(v.c{n}, 'hex')" if types[name] == "bytea" else f"v.c{n}"
            for n, name in enumerate(columns)
        }
        sets = ", ".join(f"{name} = {value[name]}" for name in write.names)
        text = (
            f"UPDATE {write.table} AS t SET {sets} FROM json_to_recordset(%s::json) AS v({record})"
            f" WHERE t.id = {value['id']}"
        )
        keys = [f"c{n}" for n in range(len(columns))]
        rows = [dict(zip(keys, row, strict=True)) for row in write.rows]
        self._cursor.execute(text, (orjson.dumps(rows, default=bytes.hex).decode(),))

    def _types_of(self, table: str) -> dict[str, str]:
        if table not in self._types:
            text = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
            self._types[table] = dict(self._connection.execute(text, (table,)).fetchall())
        return self._types[table]

    def _text(self, text: str) -> Step:
        return lambda: self._cursor.execute(text)
