"""How Alembic reaches the database: by the URL that `workflow.store` hands over."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

import workflow.models  # noqa: F401  (fills the metadata)


def run() -> None:
    """Run the migrations in one transaction."""
    url: str = context.config.attributes["url"]
    engine = create_engine(_sqlalchemy_url(url), poolclass=NullPool, **_driver(url))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
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

    return {"module": pysqlite3}


def _prepare(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


run()
