"""How Alembic reaches the database: by the URL that `workflow.store` hands over."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

import workflow.models  # noqa: F401  (fills the metadata)

_LOCK = 0x647562616E  # "duban": any number that nobody else takes


def run() -> None:
    """Run the migrations in one transaction: half a schema would be nobody's."""
    url: str = context.config.attributes["url"]
    engine = create_engine(_sqlalchemy_url(url), poolclass=NullPool, **_driver(url))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _take_turn)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=True,
            transactional_ddl=True,  # SQLite's tables are transactional too
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


def _sqlalchemy_url(url: str) -> str:
    if url.startswith("postgres"):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    return url if "://" in url else f"sqlite:///{url}"


def _driver(url: str) -> dict[str, Any]:
    if url.startswith("postgres"):
        return {}
    import pysqlite3

    from workflow.store import sqlite

    return {"module": pysqlite3, "connect_args": {"timeout": sqlite.BUSY_MS / 1000}}


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `_take_turn` does
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _take_turn(connection: Any) -> None:
    """Of two that migrate at once the second waits, and then finds nothing to do."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


run()
