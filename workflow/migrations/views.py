"""Views for whoever reads with SQL: every instant as a timestamp. Used by migrations only."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op


def show_instants(table: str, instants: Sequence[str]) -> None:
    """Make `TABLE_view`, or make it anew after the table has changed.

    Args:
        instants: every column of the table that holds milliseconds since the epoch.
    """
    bind = op.get_bind()
    columns = ", ".join(
        f"{_instant(bind.dialect.name, name)} AS {name}" if name in instants else name
        for name in (column["name"] for column in sa.inspect(bind).get_columns(table))
    )
    op.execute(f"DROP VIEW IF EXISTS {table}_view")
    op.execute(f"CREATE VIEW {table}_view AS SELECT {columns} FROM {table}")  # noqa: S608


def _instant(dialect: str, name: str) -> str:
    if dialect == "sqlite":
        return f"strftime('%Y-%m-%dT%H:%M:%fZ', {name} / 1000.0, 'unixepoch')"
    return f"to_timestamp({name} / 1000.0)"
