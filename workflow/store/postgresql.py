"""The port to PostgreSQL: any number of daemons, the database's time decides.

Every session lets go by itself: a node that freezes inside a transaction loses it after seconds, and
its late writes are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import orjson
import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Table

from ..errors import (
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnreachable,
    DatabaseUnsafe,
    DubanError,
    Overtaken,
    StoreError,
)
from .connections import PerThread
from .ports import Alone, Probe, no_probe, unfit
from .sql import Dialect, Statement, columns_of, kind_of
from .turns import Who

FEW = 3  # up to so many rows a prepared statement each is quicker than a COPY
_SESSION = (
    "-c idle_in_transaction_session_timeout=10s -c transaction_timeout=30s -c lock_timeout=5s "
    "-c client_min_messages=warning"
)
# Beside its own errors the driver raises these for a value that it can't write.
_FAILURES = (psycopg.Error, OverflowError, UnicodeError)
_OVERTAKEN = (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)


class PostgresTransaction:
    """Statements on one connection, between BEGIN and COMMIT."""

    dialect: Dialect = "postgresql"

    def __init__(self, connection: psycopg.Connection[Any], probe: Probe) -> None:
        self._cursor = connection.cursor()
        self._probe = probe
        self.broken: DubanError | None = None

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
        self._attempt(text, lambda: self._cursor.execute(text, values))

    def _attempt(self, text: str, run: Callable[[], object]) -> None:
        if self.broken is not None:
            raise self.broken
        try:
            self._probe("before", text)
            run()
            self._probe("after", text)
        except _FAILURES as error:
            self.broken = said(error)
            raise self.broken from error

    def insert(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows in bulk, each with every column of the table in its order."""
        if not rows:
            return
        if len(rows) <= FEW:
            self._send(_insert_text(table, len(rows)), [value for row in rows for value in row])
            return
        text = _copy_text(table)
        self._attempt(text, lambda: self._copy(text, rows))

    def _copy(self, text: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._cursor.copy(text) as copy:
            for row in rows:
                copy.write_row(row)

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
def _insert_text(table: Table, rows: int) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    one = f"({', '.join(['%s'] * len(table.columns))})"
    return f'INSERT INTO "{table.name}" ({columns}) VALUES {", ".join([one] * rows)}'  # noqa: S608


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

    def __init__(self, url: str, *, probe: Probe = no_probe, durable: bool = True) -> None:
        self._url = url
        self._session = _SESSION if durable else f"{_SESSION} -c synchronous_commit=off"
        self._probe = probe
        self._alone = Alone()
        self._connections: PerThread[psycopg.Connection[Any]] = PerThread(_close)

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
        with self._alone.entered():
            try:
                connection = self._begin(begin)
                transaction = PostgresTransaction(connection, self._probe)
                yield transaction
                if transaction.broken is not None:
                    # Somebody swallowed it. PostgreSQL would answer COMMIT with a quiet ROLLBACK.
                    raise transaction.broken
                self._command(connection, "COMMIT")
            finally:
                self._leave()

    def _begin(self, text: str) -> psycopg.Connection[Any]:
        """Begin; on a connection that died in idleness (the server was restarted), on a new one."""
        connection = self._connection()
        try:
            self._command(connection, text)
        except DatabaseUnreachable:
            if not connection.closed:
                raise
            connection = self._connection()
            self._command(connection, text)
        return connection

    def _command(self, connection: psycopg.Connection[Any], text: str) -> None:
        try:
            self._probe("before", text)
            connection.execute(text)
            self._probe("after", text)
        except psycopg.Error as error:
            raise said(error) from error

    def _connection(self) -> psycopg.Connection[Any]:
        connection = self._connections.own()
        if connection is None or connection.closed:
            connection = self._connections.keep(self._connect())
        return connection

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            own = conninfo_to_dict(self._url).get("options") or ""
            return psycopg.connect(
                self._url, autocommit=True, options=f"{self._session} {own}".strip(), connect_timeout=10
            )
        except psycopg.Error as error:
            raise said(error) from error

    def _leave(self) -> None:
        """Roll back what was not committed, and drop a connection that can't even do that."""
        connection = self._connections.own()
        if connection is None or connection.closed:
            return
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            return
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            _close(connection)

    def now(self) -> int | None:
        """The database's own time in ms since the epoch."""
        ((instant,),) = self._look("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
        return int(instant)

    def revision(self) -> str | None:
        """The migration that the tables stand at; None for an empty database."""
        if "alembic_version" not in self.tables():
            return None
        rows = self._look("SELECT version_num FROM alembic_version")
        return str(rows[0][0]) if rows else None

    def tables(self) -> set[str]:
        """The names of the tables that are there."""
        rows = self._look("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        return {name for (name,) in rows}

    def _look(self, text: str) -> list[tuple[Any, ...]]:
        """One statement outside of any transaction."""
        connection = self._connection()
        try:
            try:
                return connection.execute(text).fetchall()
            except psycopg.OperationalError:
                if not connection.closed:
                    raise
                return self._connection().execute(text).fetchall()
        except psycopg.Error as error:
            raise said(error) from error

    def said(self, error: BaseException) -> DubanError:
        """An error of the driver in the words of Duban."""
        return said(error)

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()


def _close(connection: psycopg.Connection[Any]) -> None:
    with suppress(psycopg.Error):
        connection.close()


def said(error: BaseException) -> DubanError:
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
            f"The database's disk is full ({message}); the operation was rolled back. Make room and "
            "try again.",
        )
    if _is_about_data(error):
        return unfit(message)
    return _unusable(message)


def _is_about_data(error: BaseException) -> bool:
    if isinstance(error, psycopg.ProgrammingError):
        return error.sqlstate is None  # the driver can't write such a value; else it is our statement
    return isinstance(error, psycopg.DataError | psycopg.IntegrityError) or not isinstance(
        error, psycopg.Error
    )


def _unusable(message: str) -> StoreError:
    if "unrecognized configuration parameter" in message:
        return DatabaseUnsafe(
            f"拒绝使用：这个 PostgreSQL 太旧，不会放开僵死会话的锁（{message}）。须 17 以上，请升级。",
            f"Refused: this PostgreSQL is too old to let go of what a frozen session holds ({message}). "
            "Version 17 or newer is needed.",
        )
    return DatabaseUnreachable(
        f"数据库无法使用：{message}。请检查地址、账号、密码和服务是否在运行。",
        f"The database can't be used: {message}. Check the address, the account, its password "
        "and whether it runs.",
    )


__all__ = ["PostgresPort", "PostgresTransaction", "said"]
