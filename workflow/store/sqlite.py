"""The port to SQLite: one file, one writer at a time, WAL, every commit on the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pysqlite3 as sqlite3
from sqlalchemy import Table

from ..errors import (
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnreachable,
    DatabaseUnsafe,
    Overtaken,
    StoreError,
)
from .ports import Probe, no_probe
from .sql import Dialect, Statement
from .turns import Turns, Who

OLDEST_SAFE = (3, 51, 3)  # WAL with several connections is unsafe from 3.7.0 to 3.51.2
BUSY_MS = 5_000  # how long to wait for another process's lock
_SHARES = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "fuse.sshfs",
    "9p",
    "afs",
    "ncpfs",
    "ceph",
    "fuse.glusterfs",
}
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
)


class SqliteTransaction:
    """Statements on one connection, between BEGIN and COMMIT."""

    dialect: Dialect = "sqlite"

    def __init__(self, connection: Any, probe: Probe) -> None:
        self._connection = connection
        self._probe = probe

    def all(self, statement: Statement, **params: Any) -> list[tuple[Any, ...]]:
        """Run a statement and give every row."""
        rows: list[tuple[Any, ...]] = self._execute(statement, params).fetchall()
        return rows

    def one(self, statement: Statement, **params: Any) -> tuple[Any, ...] | None:
        """Run a statement and give its first row, if any."""
        rows = self.all(statement, **params)
        return rows[0] if rows else None

    def run(self, statement: Statement, **params: Any) -> int:
        """Run a statement and say how many rows it changed."""
        return int(self._execute(statement, params).rowcount)

    def _execute(self, statement: Statement, params: dict[str, Any]) -> Any:
        text, values = statement.bind("sqlite", params)
        bound = [orjson.dumps(one).decode() if isinstance(one, list | tuple) else one for one in values]
        self._probe("before", text)
        cursor = self._connection.execute(text, bound)
        self._probe("after", text)
        return cursor

    def insert(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows in bulk, each with every column of the table in its order."""
        if rows:
            self._many(_insert_text(table), rows)

    def update(
        self, table: Table, names: Sequence[str], guard: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> int:
        """Write columns of many rows in bulk where the guard columns fit; how many fitted."""
        return self._many(_update_text(table, tuple(names), tuple(guard)), rows) if rows else 0

    def _many(self, text: str, rows: Sequence[tuple[Any, ...]]) -> int:
        self._probe("before", text)
        cursor = self._connection.executemany(text, rows)
        self._probe("after", text)
        return int(cursor.rowcount)

    def draw(self, name: str, count: int) -> Sequence[int]:
        """Draw so many new ids."""
        if count == 0:
            return ()
        text = "UPDATE counter SET next = next + ? WHERE name = ? RETURNING next"
        self._probe("before", text)
        ((after,),) = self._connection.execute(text, (count, name)).fetchall()
        self._probe("after", text)
        return range(after - count, after)


@cache
def _insert_text(table: Table) -> str:
    columns = ", ".join(column.name for column in table.columns)
    return f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608


@cache
def _update_text(table: Table, names: tuple[str, ...], guard: tuple[str, ...]) -> str:
    sets = ", ".join(f"{name} = ?" for name in names)
    return f"UPDATE {table.name} SET {sets} WHERE {' AND '.join(f'{name} = ?' for name in guard)}"  # noqa: S608


class SqlitePort:
    """One database file."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, *, probe: Probe = no_probe) -> None:
        _check_version()
        _check_place(path)
        self.path = path
        self._probe = probe
        self._turns = Turns()
        self._writer: Any = None
        self._local = threading.local()
        self._readers: list[Any] = []
        self._lock = threading.Lock()

    @contextmanager
    def write(self, who: Who) -> Iterator[SqliteTransaction]:
        """A transaction that writes: committed at the end, rolled back on any error."""
        with self._turns.turn(who):
            if self._writer is None:
                self._writer = _connect(self.path)
            with self._transaction(self._writer, "BEGIN IMMEDIATE") as transaction:
                yield transaction

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        """A transaction that only reads, and sees one moment of the database."""
        connection = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._local.reader = _connect(self.path)
            with self._lock:
                self._readers.append(connection)
        with self._transaction(connection, "BEGIN") as transaction:
            yield transaction

    @contextmanager
    def _transaction(self, connection: Any, begin: str) -> Iterator[SqliteTransaction]:
        try:
            self._command(connection, begin)
            yield SqliteTransaction(connection, self._probe)
            self._command(connection, "COMMIT")
        except sqlite3.Error as error:
            raise said(error, self.path) from error
        finally:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    def _command(self, connection: Any, text: str) -> None:
        self._probe("before", text)
        connection.execute(text)
        self._probe("after", text)

    def now(self) -> int | None:
        """The machine's time decides."""
        return None

    def revision(self) -> str | None:
        """The migration that the tables stand at; None for an empty database."""
        if not self.path.exists():
            return None
        try:
            connection = _connect(self.path)
            try:
                rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            finally:
                connection.close()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return None
            raise said(error, self.path) from error
        except sqlite3.Error as error:
            raise said(error, self.path) from error
        return str(rows[0][0]) if rows else None

    def close(self) -> None:
        """Close every connection; the last one folds the WAL back into the file."""
        with self._lock:
            readers, self._readers = self._readers, []
        for connection in [*readers, self._writer]:
            if connection is not None:
                connection.close()
        self._writer, self._local = None, threading.local()


def _connect(path: Path) -> Any:
    try:
        connection = sqlite3.connect(
            str(path),
            timeout=BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except sqlite3.Error as error:
        raise said(error, path) from error
    return connection


def _check_version() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SAFE:
        need = ".".join(map(str, OLDEST_SAFE))
        raise DatabaseUnsafe(
            f"拒绝启动：SQLite {sqlite3.sqlite_version} 的 WAL 有已知缺陷，须 {need} 以上。请重新安装 pysqlite3。",
            f"Refused to start: SQLite {sqlite3.sqlite_version} has a known defect in its WAL; {need} or newer "
            "is needed. Install pysqlite3 again.",
        )


def _check_place(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise DatabaseUnreachable(
            f"打不开数据库：没有文件夹 {folder}。请先建立，或改用别的路径。",
            f"The database can't be opened: there is no folder {folder}. Make it, or name another path.",
        )
    kind = filesystem_of(folder, _mounts())
    if kind in _SHARES:
        raise DatabaseUnsafe(
            f"拒绝使用 {path}：它在网络共享（{kind}）上，SQLite 的锁在那里不可靠。请放在本机磁盘，或改用 PostgreSQL。",
            f"Refused: {path} lies on a network share ({kind}), where the locks of SQLite can't be trusted. "
            "Use a local disk, or PostgreSQL.",
        )


def _mounts() -> str:
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def filesystem_of(folder: Path, mounts: str) -> str:
    """The kind of file system that a folder lies on, by a table of mounts; empty if not known."""
    real, best, kind = os.path.realpath(folder), "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def said(error: Exception, path: Path) -> StoreError | Overtaken:
    """An error of SQLite in the words of Duban."""
    message = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        return Overtaken(
            f"写入与另一处的写入相抵触（{message}），已撤回，请重试。",
            f"The write met another one ({message}) and was rolled back. Try again.",
        )
    if "locked" in message or "busy" in message:
        return DatabaseLocked(
            f"数据库 {path} 被另一个程序占用，等了 {BUSY_MS // 1000} 秒。一切未变。请稍后再试，或结束占用者。",
            f"The database {path} is locked by another program; waited {BUSY_MS // 1000} s. Nothing has changed. "
            "Try again later, or end that program.",
        )
    if "readonly" in message or "read-only" in message:
        return DatabaseReadOnly(
            f"数据库 {path} 只读，不能写入。请检查文件和文件夹的权限。",
            f"The database {path} is read-only. Check the permissions of the file and its folder.",
        )
    if "full" in message:
        return DatabaseFull(
            f"磁盘已满，数据库 {path} 未能写入，本次操作已撤回。请腾出空间后再试。",
            f"The disk is full: {path} was not written and the operation was rolled back. Make room and try again.",
        )
    return DatabaseUnreachable(
        f"数据库 {path} 无法使用：{message}。请检查路径、权限和文件是否完好。",
        f"The database {path} can't be used: {message}. Check the path, its permissions and the file.",
    )
