"""Migrations make what the models say, once, whoever runs them; and what they refuse to touch."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pysqlite3
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex
from sqlmodel import SQLModel

import console.models  # noqa: F401  (fills the metadata)
import notifier.models  # noqa: F401  (fills the metadata)
import workflow.models  # noqa: F401  (fills the metadata)
from tests.storing import a_task, opened, put, raw
from workflow.errors import DatabaseNewer, DatabaseOutdated, DatabaseUnreachable, DubanError
from workflow.store import migrate, open_port, opening, revisions, tasks
from workflow.store.ports import Port

META = SQLModel.metadata
ROOT = Path(__file__).resolve().parent.parent
SEQUENCES = {"task_id", "row_id", "access_id"}


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    options: dict[str, Any] = {} if url.startswith("postgres") else {"module": pysqlite3}
    engine = create_engine(url, poolclass=NullPool, **options)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


# --- the tables equal the models --------------------------------------------------------------------


def test_migrations_make_what_the_models_say(database_url: str) -> None:
    with connected(database_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, META)
        sequences = inspect(connection).get_sequence_names() if "postgres" in database_url else []
    # Ids are drawn from sequences that no column owns: models know nothing of them.
    assert [one for one in differences if one[0] != "remove_sequence"] == []
    assert set(sequences) >= SEQUENCES or database_url.startswith("sqlite")


def plain(ddl: str) -> str:
    """A definition without what each database adds or leaves out in its own way."""
    text = re.sub(r'["`()]|::text|\bpublic\.|USING btree|\bONLY\b', " ", ddl)
    return " ".join(text.replace(",", " ").split()).casefold()


def indexes_as_made(url: str) -> dict[str, str]:
    """Reflection loses the condition of a partial index on SQLite: read what was really made."""
    server = url.startswith("postgres")
    text = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        if server
        else "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    )
    with raw(url) as connection:
        return {name: plain(ddl) for name, ddl in connection.execute(text).fetchall()}


def test_every_index_is_made_as_the_models_say(database_url: str) -> None:
    """Conditions included: a partial unique index without its condition forbids too much, or nothing."""
    made = indexes_as_made(database_url)
    with connected(database_url) as connection:
        dialect = connection.dialect
    wanted = {
        str(index.name): plain(str(CreateIndex(index).compile(dialect=dialect)))
        for table in META.sorted_tables
        for index in table.indexes
    }
    assert {name: made.get(name) for name in wanted} == wanted
    constraints = {name for name in made if name.endswith(("_pkey", "_key"))}
    assert set(made) - constraints - {"alembic_version_pkc"} == set(wanted)


def test_every_column_is_made_as_the_models_say(database_url: str) -> None:
    """In their order, which bulk writes rely on."""
    with connected(database_url) as connection:
        inspector, dialect = inspect(connection), connection.dialect
        for table in META.sorted_tables:
            found = {column["name"]: column for column in inspector.get_columns(table.name)}
            assert list(found) == [column.name for column in table.columns]
            for column in table.columns:
                own = found[column.name]
                assert own["nullable"] == column.nullable, (table.name, column.name)
                assert str(own["type"]) == column.type.compile(dialect), (table.name, column.name)


# --- running them -----------------------------------------------------------------------------------


def everything(url: str) -> list[Any]:
    """What there is, by name and definition, and what is in it."""
    server = url.startswith("postgres")
    catalogue = (
        "SELECT relname, relkind::text, relfilenode FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
        if server
        else "SELECT name, type, sql FROM sqlite_master ORDER BY 1, 2"
    )
    with raw(url) as connection:
        rows = [
            connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in ("epoch", "meta")
        ]
        return [connection.execute(catalogue).fetchall(), *rows]


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    migrate(empty_database_url)
    before = everything(empty_database_url)
    migrate(empty_database_url)
    assert everything(empty_database_url) == before
    with opened(empty_database_url) as port, port.read() as tx:
        assert tasks.next_wake(tx) is None


def test_two_that_migrate_at_once(empty_database_url: str) -> None:
    """In one process, and in two."""
    command = [sys.executable, "-c", f"from workflow.store import migrate; migrate({empty_database_url!r})"]
    with ThreadPoolExecutor(2) as pool:
        others = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
        list(pool.map(migrate, [empty_database_url] * 2))
        assert [one.wait(60) for one in others] == [0, 0]
    assert len(everything(empty_database_url)[1]) == 1  # one first epoch


def test_tables_that_another_makes_meanwhile_are_nobody_elses(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two finds no version, and then, a moment later, all of the first one's tables."""
    look = opening._check_free

    def after_the_first(port: Port, url: str) -> None:
        monkeypatch.setattr(opening, "_check_free", look)
        migrate(url)
        look(port, url)

    monkeypatch.setattr(opening, "_check_free", after_the_first)
    migrate(empty_database_url)
    with opened(empty_database_url) as port:
        assert port.revision() == revisions()[-1]


def test_a_migration_that_fails_leaves_nothing(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a schema without a version would be nobody's: neither made nor to be made."""
    from alembic import op

    calls, create = [], op.create_table

    def failing(*args: Any, **kwargs: Any) -> Any:
        calls.append(args[0])
        if len(calls) == 5:
            raise ZeroDivisionError
        return create(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(op, "create_table", failing)
        with pytest.raises(ZeroDivisionError):
            migrate(empty_database_url)
    port = opening.port_for(empty_database_url)
    assert port.tables() <= {"alembic_version"}
    port.close()
    migrate(empty_database_url)
    with opened(empty_database_url):
        pass


def refused(kind: type[DubanError], url: str) -> DubanError:
    with pytest.raises(kind) as error:
        open_port(url)
    assert error.value.text.zh != error.value.text.en
    return error.value


def test_a_database_that_was_not_made(empty_database_url: str) -> None:
    assert "duban init" in refused(DatabaseUnreachable, empty_database_url).text.zh


def test_a_database_of_a_newer_program(database_url: str) -> None:
    before = everything(database_url)
    with raw(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused(DatabaseNewer, database_url)
    with pytest.raises(DatabaseNewer):
        migrate(database_url)
    assert everything(database_url) == before


def test_a_database_of_an_older_program(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "revisions", lambda: (*revisions(), "9998"))
    error = refused(DatabaseOutdated, database_url)
    assert "9998" in error.text.zh
    assert "duban init" in error.text.en


def test_a_database_of_another_program(empty_database_url: str) -> None:
    with raw(empty_database_url) as connection:
        connection.execute("CREATE TABLE person (name TEXT)")
    with pytest.raises(DatabaseUnreachable) as error:
        migrate(empty_database_url)
    assert "person" in error.value.text.zh
    with raw(empty_database_url) as connection:
        assert connection.execute("SELECT * FROM person").fetchall() == []
    refused(DatabaseUnreachable, empty_database_url)


# --- for whoever reads with SQL ---------------------------------------------------------------------

INSTANTS = (0, 1, 999, 1_772_413_200_001, 1_772_413_200_999, 4_102_444_799_999, 253_402_300_799_999)


def test_views_show_instants_as_timestamps(database_url: str) -> None:
    """To the millisecond, in UTC; what is empty stays empty."""
    with opened(database_url) as port:
        put(port, *(a_task(n, wake_at=at, deadline=None) for n, at in enumerate(INSTANTS, 1)))
    with raw(database_url) as connection:
        rows = connection.execute("SELECT id, wake_at, deadline, kind FROM task_view ORDER BY id").fetchall()
    assert [(row[0], row[2], row[3]) for row in rows] == [(n, None, "self_check") for n in range(1, 8)]
    shown = [row[1] if isinstance(row[1], datetime) else datetime.fromisoformat(row[1]) for row in rows]
    assert [round((one - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000) for one in shown] == list(
        INSTANTS
    )
    assert all(isinstance(row[1], datetime) or re.fullmatch(r"\S{10}T\S{12}Z", row[1]) for row in rows)


def test_every_instant_has_its_view(database_url: str) -> None:
    """By its type an instant is a big integer, by its name it ends in _at, says since when, or when."""
    names = re.compile(r".*_(at|since|from|to|anchor)|at|since|deadline")
    keys = {"add_to", "points_to"}
    with connected(database_url) as connection:
        inspector = inspect(connection)
        views = set(inspector.get_view_names())
        for table in META.sorted_tables:
            instants = {
                column.name
                for column in table.columns
                if type(column.type).__name__ == "BigInteger"
                and names.fullmatch(column.name)
                and column.name not in keys
            }
            if not instants:
                continue
            assert f"{table.name}_view" in views
            shown = inspector.get_columns(f"{table.name}_view")
            assert [one["name"] for one in shown] == [column.name for column in table.columns]
            if database_url.startswith("postgres"):
                typed = {one["name"] for one in shown if str(one["type"]).startswith("TIMESTAMP")}
                assert typed == instants, table.name
            else:
                ((ddl,),) = connection.exec_driver_sql(
                    f"SELECT sql FROM sqlite_master WHERE name = '{table.name}_view'"
                ).fetchall()
                assert set(re.findall(r"strftime\('[^']+', (\w+)", ddl)) == instants, table.name
