"""The console: who did what with accounts, and who looked at what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from workflow.migrations.views import show_instants

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEPT = 184 * 86_400_000  # ms: six calendar months, whatever the settings say

_SQLITE = (
    (
        "CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} "
        "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    ),
    (
        "CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} "
        "WHEN OLD.at > (SELECT max(at) FROM {table}) - {kept} "
        "BEGIN SELECT RAISE(ABORT, '{table} is kept for six months'); END"
    ),
)
_POSTGRESQL = (
    (
        "CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' THEN "
        "IF OLD.at <= (SELECT max(at) FROM {table}) - {kept} THEN RETURN OLD; END IF; END IF; "
        "RAISE EXCEPTION '{table} is append-only, and kept for six months'; END $$"
    ),
    (
        "CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
    ),
    (
        "CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    ),
)


def _account() -> None:
    op.add_column("account", sa.Column("factor_asked_by", sa.BigInteger(), nullable=True))


def _account_log() -> None:
    op.create_table(
        "account_log",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("account_log_at", "account_log", ["at"], unique=False)
    op.create_index("account_log_of_account", "account_log", ["account_id"], unique=False)
    _append_only("account_log")


def _access_log() -> None:
    op.create_table(
        "access_log",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("access_log_at", "access_log", ["at"], unique=False)
    _append_only("access_log")


def _append_only(table: str) -> None:
    """Who may write the log may not rewrite it; the age of a line is counted from the newest."""
    statements = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL
    for one in statements:
        op.get_bind().exec_driver_sql(one.format(table=table, kept=_KEPT))


# One function for each table that is made, in the order in which they run.
_STEPS: Sequence[Callable[[], None]] = (
    _account,
    _account_log,
    _access_log,
)

# The columns that are instants, of every table that is made above: its view shows them as timestamps.
_INSTANTS: Mapping[str, Sequence[str]] = {
    "account": (
        "locked_to",
        "disabled_at",
        "created_at",
        "changed_at",
    ),
    "account_log": ("at",),
    "access_log": ("at",),
}


def upgrade() -> None:
    """Make the tables, then the views over them."""
    for step in _STEPS:
        step()
    for table, instants in _INSTANTS.items():
        show_instants(table, instants)
