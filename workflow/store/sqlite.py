"""The port to SQLite: one file, one writer at a time, WAL, every commit on the disk."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
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
    DubanError,
    Overtaken,
)
from .connections import PerThread
from .ports import Alone, Probe, no_probe, unfit
from .sql import Dialect, Statement
from .turns import Door, Turns, Who

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
    "fuse.vmhgfs-fuse",
    "vboxsf",
}
_ESCAPED = re.compile(r"\\([0-7]{3})")  # how /proc/self/mounts writes blanks and backslashes
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",
)
_READER_CACHE = "PRAGMA cache_size = -4096"  # KiB; each thread has a reader of its own, the writer is one


class SqliteTransaction:
    """Statements on one connection, between BEGIN and COMMIT."""

    dialect: Dialect = "sqlite"

    def __init__(self, connection: Any, probe: Probe, path: Path) -> None:
        self._connection = connection
        self._probe = probe
        self._path = path
        self.broken: DubanError | None = None

    def all(self, statement: Statement, **params: Any) -> list[tuple[Any, ...]]:
        """Run a statement and give every row."""
        text, values = _bound(statement, params)
        rows: list[tuple[Any, ...]] = self._attempt(
            text, lambda: self._connection.execute(text, values).fetchall()
        )
        return rows

    def one(self, statement: Statement, **params: Any) -> tuple[Any, ...] | None:
        """Run a statement and give its first row, if any."""
        rows = self.all(statement, **params)
        return rows[0] if rows else None

    def run(self, statement: Statement, **params: Any) -> int:
        """Run a statement and say how many rows it changed."""
        text, values = _bound(statement, params)
        return int(self._attempt(text, lambda: self._connection.execute(text, values).rowcount))

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
        return int(self._attempt(text, lambda: self._connection.executemany(text, rows).rowcount))

    def draw(self, name: str, count: int) -> Sequence[int]:
        """Draw so many new ids."""
        if count == 0:
            return ()
        text = "UPDATE counter SET next = next + ? WHERE name = ? RETURNING next"
        ((after,),) = self._attempt(text, lambda: self._connection.execute(text, (count, name)).fetchall())
        return range(after - count, after)

    def _attempt(self, text: str, run: Callable[[], Any]) -> Any:
        if self.broken is not None:
            # SQLite itself may have rolled back: the next statement would be committed by itself.
            raise self.broken
        try:
            self._probe("before", text)
            result = run()
            self._probe("after", text)
        except _FAILURES as error:
            self.broken = said(error, self._path)
            raise self.broken from error
        return result


def _bound(statement: Statement, params: dict[str, Any]) -> tuple[str, list[Any]]:
    text, values = statement.bind("sqlite", params)
    return text, [orjson.dumps(one).decode() if isinstance(one, list | tuple) else one for one in values]


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

    def __init__(self, path: Path, *, probe: Probe = no_probe, durable: bool = True) -> None:
        _check_version()
        _check_place(path)
        self.path = path = path.resolve()  # one file, one name: a link to it is no second database
        self._probe, self._durable = probe, durable
        self._turns = Turns()
        self._door = Door(path.with_name(path.name + ".door"))
        self._alone = Alone()
        self._writer: Any = None
        self._readers: PerThread[Any] = PerThread(lambda connection: connection.close())

    @contextmanager
    def write(self, who: Who) -> Iterator[SqliteTransaction]:
        """A transaction that writes: committed at the end, rolled back on any error."""
        with self._alone.entered(), self._turns.turn(who), self._door.passed(who):
            if self._writer is None:
                self._writer = _connect(self.path, durable=self._durable)
            with self._transaction(self._writer, "BEGIN IMMEDIATE") as transaction:
                yield transaction

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        """A transaction that only reads, and sees one moment of the database."""
        with self._alone.entered():
            connection = self._readers.own() or self._readers.keep(self._reader())
            with self._transaction(connection, "BEGIN") as transaction:
                yield transaction

    def _reader(self) -> Any:
        connection = _connect(self.path, durable=self._durable)
        connection.execute(_READER_CACHE)
        return connection

    @contextmanager
    def _transaction(self, connection: Any, begin: str) -> Iterator[SqliteTransaction]:
        try:
            self._command(connection, begin)
            transaction = SqliteTransaction(connection, self._probe, self.path)
            yield transaction
            if transaction.broken is not None:  # somebody swallowed it: half of a batch is no batch
                raise transaction.broken
            self._command(connection, "COMMIT")
        finally:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    def _command(self, connection: Any, text: str) -> None:
        try:
            self._probe("before", text)
            connection.execute(text)
            self._probe("after", text)
        except sqlite3.Error as error:
            raise said(error, self.path) from error

    def now(self) -> int | None:
        """The machine's time decides."""
        return None

    def revision(self) -> str | None:
        """The migration that the tables stand at; None for an empty database."""
        if "alembic_version" not in self.tables():
            return None
        rows = self._look("SELECT version_num FROM alembic_version")
        return str(rows[0][0]) if rows else None

    def tables(self) -> set[str]:
        """The names of the tables that are there."""
        return {name for (name,) in self._look("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def _look(self, text: str) -> list[tuple[Any, ...]]:
        """Read on a connection of its own; a file that isn't there is not made by looking."""
        if not self.path.exists():
            return []
        connection = _connect(self.path, durable=self._durable)
        try:
            rows: list[tuple[Any, ...]] = connection.execute(text).fetchall()
        except sqlite3.Error as error:
            raise said(error, self.path) from error
        finally:
            connection.close()
        return rows

    def said(self, error: BaseException) -> DubanError:
        """An error of the driver in the words of Duban."""
        return said(error, self.path)

    def close(self) -> None:
        """Close every connection; the last one folds the WAL back into the file."""
        self._readers.close()
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        self._door.close()


def _connect(path: Path, *, durable: bool) -> Any:
    connection: Any = None
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
        if not durable:
            connection.execute("PRAGMA synchronous = OFF")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise said(error, path) from error
    return connection


def _check_version() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SAFE:
        need = ".".join(map(str, OLDEST_SAFE))
        raise DatabaseUnsafe(
            f"拒绝启动：SQLite {sqlite3.sqlite_version} 的 WAL 有已知缺陷，须 {need} 以上。"
            "请重新安装 pysqlite3。",
            f"Refused to start: SQLite {sqlite3.sqlite_version} has a known defect in its WAL; {need} or "
            "newer is needed. Install pysqlite3 again.",
        )


def _check_place(path: Path) -> None:
    folder = path.resolve().parent  # where the file itself lies: its name may be a link to a share
    if not folder.is_dir():
        raise DatabaseUnreachable(
            f"打不开数据库：没有文件夹 {folder}。请先建立，或改用别的路径。",
            f"The database can't be opened: there is no folder {folder}. Make it, or name another path.",
        )
    kind = filesystem_of(folder, _mounts())
    if kind in _SHARES:
        raise DatabaseUnsafe(
            f"拒绝使用 {path}：它在网络共享（{kind}）上，SQLite 的锁在那里不可靠。"
            "请放在本机磁盘，或改用 PostgreSQL。",
            f"Refused: {path} lies on a network share ({kind}), where SQLite locks can't be "
            "trusted. Use a local disk, or PostgreSQL.",
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
        point = _ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[1])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


# Primary result codes, https://sqlite.org/rescode.html


_BUSY, _LOCKED, _READONLY, _CORRUPT, _FULL, _CANTOPEN, _CONSTRAINT, _MISMATCH = 5, 6, 8, 11, 13, 14, 19, 20
_NOT_A_DATABASE = 26
# Beside its own errors the driver raises these for a value that it can't bind.
_FAILURES = (sqlite3.Error, OverflowError, UnicodeError)
_TOO_BIG = 18


def said(error: BaseException, path: Path) -> DubanError:
    """An error of SQLite in the words of Duban."""
    message = str(error)
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == _CONSTRAINT and message.startswith("UNIQUE"):
        return Overtaken(
            f"写入与另一处的写入相抵触（{message}），已撤回，请重试。",
            f"The write met another one ({message}) and was rolled back. Try again.",
        )
    if code in (_CONSTRAINT, _MISMATCH, _TOO_BIG) or not isinstance(error, sqlite3.DatabaseError):
        return unfit(message)
    if code in (_BUSY, _LOCKED):
        return DatabaseLocked(
            f"数据库 {path} 被另一个程序占用，等了 {BUSY_MS // 1000} 秒，一切未变。请稍后再试，"
            "或结束占用者。",
            f"The database {path} is locked by another program; waited {BUSY_MS // 1000} s. Nothing has "
            "changed. Try again later, or end that program.",
        )
    if code == _READONLY or (code == _CANTOPEN and not _writable(path.parent)):
        return DatabaseReadOnly(
            f"数据库 {path} 只读，不能写入。请检查文件、同名的 -wal、-shm 文件和文件夹的权限。",
            f"The database {path} is read-only. Check the permissions of the file, of those of its name "
            "that end in -wal and -shm, and of the folder.",
        )
    if code == _FULL:
        return DatabaseFull(
            f"磁盘已满，数据库 {path} 未能写入，本次操作已撤回。请腾出空间后再试。",
            f"The disk is full: {path} was not written and the operation was rolled back. Make room and "
            "try again.",
        )
    return _unusable(code, message, path)


def _unusable(code: int, message: str, path: Path) -> DatabaseUnreachable:
    if code == _NOT_A_DATABASE:
        return DatabaseUnreachable(
            f"文件 {path} 不是 SQLite 数据库。请检查路径。",
            f"The file {path} is no SQLite database. Check the path.",
        )
    if code == _CORRUPT:
        return DatabaseUnreachable(
            f"数据库 {path} 已损坏（{message}）。请停止使用，另存此文件，并从备份恢复。",
            f"The database {path} is damaged ({message}). Stop, keep the file aside, and restore a backup.",
        )
    return DatabaseUnreachable(
        f"数据库 {path} 无法使用：{message}。请检查路径、权限和磁盘是否完好。",
        f"The database {path} can't be used: {message}. Check the path, its permissions and the disk.",
    )


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
