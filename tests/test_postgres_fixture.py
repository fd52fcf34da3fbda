"""The databases that tests work on: each answers, each test has its own, none stays behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pysqlite3
import pytest
from sqlalchemy import Connection, create_engine, text

from tests import postgres
from tests.databases import Run


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, module=pysqlite3) if url.startswith("sqlite") else create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def test_both_kinds_of_database_answer(database_url: str) -> None:
    with connected(database_url) as connection:
        assert connection.scalar(text("SELECT 6 * 7")) == 42


@pytest.mark.parametrize("which", ["first", "second"])
def test_each_test_sees_a_database_of_its_own(database_url: str, which: str) -> None:
    with connected(database_url) as connection:
        connection.execute(text("CREATE TABLE only_mine (which text)"))
        connection.execute(text("INSERT INTO only_mine VALUES (:which)"), {"which": which})
        assert connection.scalars(text("SELECT which FROM only_mine")).all() == [which]


def test_an_empty_database_holds_nothing(empty_database_url: str) -> None:
    with connected(empty_database_url) as connection:
        catalogue = (
            "SELECT count(*) FROM sqlite_master"
            if empty_database_url.startswith("sqlite")
            else "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        )
        assert connection.scalar(text(catalogue)) == 0


def test_a_database_has_two_addresses(postgresql_database: postgres.Database) -> None:
    with psycopg.connect(postgresql_database.libpq_url) as plain, connected(postgresql_database.url) as other:
        seen = (
            plain.execute("SELECT current_database()").fetchone(),
            other.scalar(text("SELECT current_database()")),
        )
    assert seen == ((postgresql_database.name,), postgresql_database.name)


def test_chinese_is_kept_and_ordered_alike_everywhere(postgresql_database: postgres.Database) -> None:
    with psycopg.connect(postgresql_database.libpq_url) as connection:
        found = connection.execute(
            "SELECT v FROM (VALUES ('督办'), ('a'), ('B')) AS t(v) ORDER BY v"
        ).fetchall()
    assert found == [("B",), ("a",), ("督办",)]


@pytest.fixture
def short_directory(postgres_server: postgres.Server) -> Iterator[Path]:
    """Not `tmp_path`: a socket's path is short, and as root the server runs as somebody else.

    Asks for the shared server only so that the test is skipped where there is no PostgreSQL at all.
    """
    with tempfile.TemporaryDirectory(prefix="duban-own-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "pg"


def test_a_durable_server_goes_on_after_a_crash(short_directory: Path) -> None:
    with postgres.start(short_directory, durable=True) as server:
        database = server.create("ledger")
        with psycopg.connect(database.libpq_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        server.stop(crash=True)
        assert postgres.running(short_directory) is None
    with (
        postgres.start(short_directory, durable=True) as again,
        psycopg.connect(again.database("ledger").libpq_url) as connection,
    ):
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    assert postgres.running(short_directory) is None


def test_starting_where_a_server_was_left_over_replaces_it(short_directory: Path) -> None:
    left_over = postgres.start(short_directory, durable=False)
    with postgres.start(short_directory, durable=False) as server:
        assert server.pid != left_over.pid
        assert not psutil.pid_exists(left_over.pid)
    left_over.stop()  # nothing is left to stop, and that is no error


def test_the_next_run_ends_what_a_killed_run_left_behind(
    short_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(short_directory.parent))
    killed = Run.begin()
    at_work = Run.begin()
    server = killed.server()
    (killed.folder / "owner").write_text("1 0.0")  # a process of that number, but not the one that was
    next_run = Run.begin()
    assert not killed.folder.exists()
    assert not psutil.pid_exists(server.pid)
    assert at_work.folder.exists()
    at_work.end()
    next_run.end()
    assert not list(short_directory.parent.iterdir())


def test_without_postgresql_every_worker_hears_the_same_reason(
    short_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_directory.mkdir()
    run = Run(folder=short_directory)
    monkeypatch.setattr(postgres, "SOCKET_PATH_LIMIT", 10)
    with pytest.raises(postgres.Unavailable, match="too long"):
        run.server()
    monkeypatch.undo()
    with pytest.raises(postgres.Unavailable, match="too long"):
        run.server()
    assert "too long" in run.unavailable()
