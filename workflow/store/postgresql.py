"""The port to PostgreSQL: any number of daemons, the database's time decides.

Every session lets go by itself: a node that freezes inside a transaction loses it after seconds, and
its late writes are refused.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import orjson
import psycopg
from psycopg import errors, sql
from sqlalchemy import Table

from ..errors import (
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnreachable,
    Overtaken,
    StoreError,
)
from .ports import Probe, no_probe
from .sql import Dialect, Statement, columns_of, kind_of
from .turns import Who

FEW = 3  # up to so many rows a prepared statement each is quicker than a COPY
_SESSION = (
    "-c idle_in_transaction_session_timeout=10s -c transaction_timeout=30s -c lock_timeout=5s "
    "-c client_min_messages=warning"
)
_OVERTAKEN = (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)


class PostgresTransaction:
    """Statements on one connection, between BEGIN and COMMIT."""

    dialect: Dialect = "postgresql"

    def __init__(self, connection: psycopg.Connection[Any], probe: Probe) -> None:
        self._cursor = connection.cursor()
        self._probe = probe

    def all(self, statement: Statement, **params: Any) -> list[tuple[Any, ...]]:
        """Run a statement and give every row."""
        self._execute(statement, params)
        return self._cursor.fetchall()

    def one(self, statement: Statement, **params: Any) -> tuple[Any, ...] | None:
        """Run a statement and give its first row, if any."""
        self._execute(statement, params)
        return self._cursor.fetchone()

    def run(self, statement: Statement, **params: Any) -> int:
        """Run a statement and say how many rows it changed."""
        self._execute(statement, params)
        return self._cursor.rowcount

    def _execute(self, statement: Statement, params: dict[str, Any]) -> None:
        text, values = statement.bind("postgresql", params)
        self._send(text, [list(one) if isinstance(one, tuple | range) else one for one in values])

    def _send(self, text: str, values: Sequence[Any]) -> None:
        self._probe("before", text)
        self._cursor.execute(text, values)  # type: ignore[arg-type]
        self._probe("after", text)

    def insert(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows in bulk, each with every column of the table in its order."""
        if len(rows) <= FEW:
            for row in rows:
                self._send(_insert_text(table), row)
            return
        text = _copy_text(table)
        self._probe("before", text)
        with self._cursor.copy(text) as copy:  # type: ignore[arg-type]
            for row in rows:
                copy.write_row(row)
        self._probe("after", text)

    def update(
        self, table: Table, names: Sequence[str], guard: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> int:
        """Write columns of many rows in bulk where the guard columns fit; how many fitted."""
        changed = 0
        if len(rows) <= FEW:
            text = _update_text(table, tuple(names), tuple(guard))
            for row in rows:
                self._send(text, row)
                changed += self._cursor.rowcount
            return changed
        keys = [f"c{n}" for n in range(len(names) + len(guard))]
        records = [dict(zip(keys, row, strict=True)) for row in rows]
        payload = orjson.dumps(records, default=bytes.hex).decode()
        self._send(_bulk_update_text(table, tuple(names), tuple(guard)), (payload,))
        return self._cursor.rowcount

    def draw(self, name: str, count: int) -> Sequence[int]:
        """Draw so many new ids."""
        if count == 0:
            return ()
        self._send(f"SELECT nextval('{name}') FROM generate_series(1, %s)", (count,))  # noqa: S608
        return [row[0] for row in self._cursor.fetchall()]


@cache
def _insert_text(table: Table) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'INSERT INTO "{table.name}" ({columns}) VALUES ({", ".join(["%s"] * len(table.columns))})'  # noqa: S608


@cache
def _copy_text(table: Table) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'COPY "{table.name}" ({columns}) FROM STDIN'


@cache
def _update_text(table: Table, names: tuple[str, ...], guard: tuple[str, ...]) -> str:
    sets = ", ".join(f'"{name}" = %s' for name in names)
    return f'UPDATE "{table.name}" SET {sets} WHERE {" AND ".join(f"{name} = %s" for name in guard)}'  # noqa: S608


@cache
def _bulk_update_text(table: Table, names: tuple[str, ...], guard: tuple[str, ...]) -> str:
    columns = columns_of(table, [*names, *guard])
    record = ", ".join(f"c{n} {kind_of(column)}" for n, column in enumerate(columns))

    def value(n: int) -> str:
        return f"decode(v.c{n}, 'hex')" if type(columns[n].type).__name__ == "LargeBinary" else f"v.c{n}"

    sets = ", ".join(f'"{name}" = {value(n)}' for n, name in enumerate(names))
    fits = " AND ".join(f't."{name}" = v.c{n}' for n, name in enumerate(guard, len(names)))
    source = f"json_to_recordset(%s::json) AS v({record})"
    return f'UPDATE "{table.name}" AS t SET {sets} FROM {source} WHERE {fits}'  # noqa: S608


class PostgresPort:
    """One PostgreSQL database; a connection per thread."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, *, probe: Probe = no_probe) -> None:
        self._url = url
        self._probe = probe
        self._local = threading.local()
        self._open: list[psycopg.Connection[Any]] = []
        self._lock = threading.Lock()

    @contextmanager
    def write(self, who: Who) -> Iterator[PostgresTransaction]:
        """A transaction that writes: committed at the end, rolled back on any error."""
        del who  # row locks are fair enough: nobody holds the whole database
        with self._transaction("BEGIN") as transaction:
            yield transaction

    @contextmanager
    def read(self) -> Iterator[PostgresTransaction]:
        """A transaction that only reads, and sees one moment of the database."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as transaction:
            yield transaction

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[PostgresTransaction]:
        try:
            connection = self._connection()
            self._command(connection, begin)
            yield PostgresTransaction(connection, self._probe)
            self._command(connection, "COMMIT")
        except psycopg.Error as error:
            raise said(error) from error
        finally:
            self._leave()

    def _command(self, connection: psycopg.Connection[Any], text: str) -> None:
        self._probe("before", text)
        connection.execute(text)  # type: ignore[arg-type]
        self._probe("after", text)

    def _connection(self) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = psycopg.connect(self._url, autocommit=True, options=_SESSION, connect_timeout=10)
            self._local.connection = connection
            with self._lock:
                self._open.append(connection)
        return connection

    def _leave(self) -> None:
        """Roll back what was not committed, and drop a connection that can't even do that."""
        connection: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            return
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            return
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            with suppress(psycopg.Error):
                connection.close()

    def now(self) -> int | None:
        """The database's own time in ms since the epoch."""
        text = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        try:
            row = self._connection().execute(text).fetchone()
        except psycopg.Error as error:
            raise said(error) from error
        return int(row[0]) if row else None

    def revision(self) -> str | None:
        """The migration that the tables stand at; None for an empty database."""
        try:
            row = self._connection().execute("SELECT version_num FROM alembic_version").fetchone()
        except errors.UndefinedTable:
            return None
        except psycopg.Error as error:
            raise said(error) from error
        return str(row[0]) if row else None

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            connections, self._open = self._open, []
        for connection in connections:
            with suppress(psycopg.Error):
                connection.close()
        self._local = threading.local()


def said(error: psycopg.Error) -> StoreError | Overtaken:
    """An error of PostgreSQL in the words of Duban."""
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, _OVERTAKEN):
        return Overtaken(
            f"写入与另一处的写入相抵触（{message}），已撤回，请重试。",
            f"The write met another one ({message}) and was rolled back. Try again.",
        )
    if isinstance(error, errors.LockNotAvailable | errors.TransactionTimeout | errors.QueryCanceled):
        return DatabaseLocked(
            f"数据库正忙，等待超时（{message}）。一切未变，请稍后再试。",
            f"The database is busy and the wait ran out ({message}). Nothing has changed; try again later.",
        )
    if isinstance(error, errors.ReadOnlySqlTransaction | errors.InsufficientPrivilege):
        return DatabaseReadOnly(
            f"数据库不允许写入（{message}）。请检查账号权限，或是否连到了备库。",
            f"The database may not be written ({message}). Check the account, and whether this is a standby.",
        )
    if isinstance(error, errors.DiskFull):
        return DatabaseFull(
            f"数据库磁盘已满（{message}），本次操作已撤回。请腾出空间后再试。",
            f"The database's disk is full ({message}); the operation was rolled back. Make room and try again.",
        )
    return DatabaseUnreachable(
        f"数据库无法使用：{message}。请检查地址、账号和服务是否在运行。",
        f"The database can't be used: {message}. Check the address, the account and whether it runs.",
    )


__all__ = ["PostgresPort", "PostgresTransaction", "said", "sql"]
