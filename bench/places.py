"""Where databases lie while they are measured: how they are made, copied, read and weighed.

Both are as durable as in production: SQLite in WAL with synchronous FULL, PostgreSQL with fsync.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import psycopg
import pysqlite3

from tests import postgres
from workflow.store import migrate
from workflow.store.sql import Dialect

TABLES = (
    "task",
    "episode",
    "concern",
    "list_row",
    "event",
    "event_value",
    "outgoing",
    "nudge",
    "request",
)
Rows = Sequence[tuple[Any, ...]]
Kind = Literal["sqlite", "postgresql"]

# A checkpoint or a vacuum in the middle of a round would be counted for whoever is measured just then.
# What was written first after a checkpoint is written whole; a workload begins with one, and warms up.
_SERVER = {
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "16GB",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "256MB",
}
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
)


class Place(Protocol):
    """A kind of database on this machine."""

    dialect: Dialect

    def create(self, name: str) -> str:
        """The URL of a new database with the product's tables."""

    def copy(self, name: str, to: str) -> str:
        """The URL of a copy; nobody may be connected to the original."""

    def drop(self, name: str) -> None:
        """Remove a database."""

    def connect(self, name: str) -> Any:
        """A connection of the bare driver, as durable as the product's, in autocommit."""

    def rest(self, name: str) -> None:
        """Write to the disk what still waits in memory, so that no round pays for the one before."""

    def written(self) -> int:
        """Bytes handed to the disk so far: write calls on SQLite, WAL on PostgreSQL."""

    def version(self) -> str:
        """Which program this is."""


class SqlitePlace:
    """Files in a folder."""

    dialect: Dialect = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str) -> str:
        """The URL of a new database with the product's tables."""
        migrate(self._url(name))
        return self._url(name)

    def copy(self, name: str, to: str) -> str:
        """The URL of a copy; nobody may be connected to the original."""
        self.rest(name)
        shutil.copyfile(self._path(name), self._path(to))
        with self._path(to).open("rb+") as file:
            os.fsync(file.fileno())  # else the first commits pay for the copy
        return self._url(to)

    def drop(self, name: str) -> None:
        """Remove a database."""
        for ending in ("", "-wal", "-shm"):
            self._path(name).with_name(f"{name}.db{ending}").unlink(missing_ok=True)

    def connect(self, name: str) -> Any:
        """A connection of the bare driver, as durable as the product's, in autocommit."""
        connection = pysqlite3.connect(
            str(self._path(name)), isolation_level=None, cached_statements=256, timeout=30
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    def rest(self, name: str) -> None:
        """Fold the WAL back into the file."""
        connection = pysqlite3.connect(str(self._path(name)), timeout=30)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.close()

    def written(self) -> int:
        """Bytes that this process has written so far; 0 where the system doesn't tell."""
        try:
            fields = Path("/proc/self/io").read_text().split()
        except OSError:
            return 0
        return int(fields[fields.index("wchar:") + 1])

    def version(self) -> str:
        """Which program this is."""
        return f"SQLite {pysqlite3.sqlite_version}, WAL, synchronous FULL"

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.db"

    def _url(self, name: str) -> str:
        return f"sqlite:///{self._path(name)}"


class PostgresPlace:
    """Databases of one server."""

    dialect: Dialect = "postgresql"

    def __init__(self, server: postgres.Server) -> None:
        self._server = server
        self._watch: Any = psycopg.connect(server.libpq_url, autocommit=True)

    def create(self, name: str) -> str:
        """The URL of a new database with the product's tables."""
        database = self._server.create(name)
        migrate(database.url)
        return database.url

    def copy(self, name: str, to: str) -> str:
        """The URL of a copy; nobody may be connected to the original."""
        self._watch.execute(f"CREATE DATABASE {to} TEMPLATE {name} STRATEGY FILE_COPY")
        return self._server.database(to).url

    def drop(self, name: str) -> None:
        """Remove a database."""
        self._server.drop(name)

    def connect(self, name: str) -> Any:
        """A connection of the bare driver, in autocommit; every statement is prepared at once."""
        connection = psycopg.connect(self._server.database(name).libpq_url, autocommit=True)
        connection.prepare_threshold = 0
        return connection

    def rest(self, name: str) -> None:
        """Nothing to do: a checkpoint now would make every first write to a page a whole page."""

    def settle(self, name: str) -> None:
        """Tell the planner what the tables hold, as autovacuum would, and write every page to the disk.

        Without it every plan would be made for tables that were empty when they were analysed last.
        """
        with self.connect(name) as connection:
            connection.execute("VACUUM ANALYZE")
        self._watch.execute("CHECKPOINT")

    def written(self) -> int:
        """Bytes of WAL so far, of the whole server."""
        row = self._watch.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
        return int(row[0])

    def version(self) -> str:
        """Which program this is."""
        row = self._watch.execute("SELECT current_setting('server_version')").fetchone()
        return f"PostgreSQL {row[0]}, fsync on"

    def close(self) -> None:
        """Close the connection that watches."""
        self._watch.close()


@contextmanager
def place(kind: Kind, folder: Path) -> Iterator[Place]:
    """A place for databases of a kind below `folder`, removed at the end."""
    if kind == "sqlite":
        yield SqlitePlace(folder)
        return
    with postgres.start(folder / "pg", durable=True, settings=_SERVER) as server:
        found = PostgresPlace(server)
        try:
            yield found
        finally:
            found.close()


def contents(connection: Any) -> Mapping[str, str]:
    """A fingerprint of every table that decisions write: equal rows, equal fingerprints."""
    fingerprint = _fingerprint_sqlite if isinstance(connection, pysqlite3.Connection) else _fingerprint
    return {table: fingerprint(connection, table) for table in TABLES}


def _fingerprint(connection: Any, table: str) -> str:
    # A sum of hashes: no order, so nothing has to be sorted.
    text = f"SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {table} AS t"
    return str(tuple(connection.execute(text).fetchone()))


def _fingerprint_sqlite(connection: Any, table: str) -> str:
    total = count = 0
    for row in connection.execute(f"SELECT * FROM {table}"):
        count, total = count + 1, total + hash(row)
    return str((count, total & (2**64 - 1)))
