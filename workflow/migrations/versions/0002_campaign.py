"""The campaign: what the spine's tables did not hold yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from workflow.migrations.views import show_instants

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _interest() -> None:
    op.create_table(
        "interest",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("person_id", _ID, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("unit_id", _ID, sa.ForeignKey("unit.id"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("interest_in_unit", "interest", ["unit_id"], unique=False)


def _unit() -> None:
    """In SQL: SQLite adds a foreign key with its column, and in no other way."""
    key = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute("ALTER TABLE unit ADD COLUMN ended_at BIGINT")
    op.execute(f"ALTER TABLE unit ADD COLUMN merged_into {key} REFERENCES unit (id)")


def _unit_change() -> None:
    op.create_table(
        "unit_change",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("unit_id", _ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("into_id", _ID, nullable=True),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.ForeignKeyConstraint(["into_id"], ["unit.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("unit_change_unit", "unit_change", ["unit_id"])


def _ledger_snapshot() -> None:
    op.create_table(
        "ledger_snapshot",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )


# One function for each table that is made or changed, in the order in which they run.
_STEPS: Sequence[Callable[[], None]] = (_interest, _unit, _unit_change, _ledger_snapshot)

# The columns that are instants, of every table that is made or changed above: its view is made anew.
_INSTANTS: Mapping[str, Sequence[str]] = {
    "interest": ("valid_from", "valid_to", "recorded_at"),
    "unit": ("ended_at",),
    "unit_change": ("at",),
    "ledger_snapshot": ("frozen_at",),
}


def upgrade() -> None:
    """Make and change the tables, then the views over them."""
    for step in _STEPS:
        step()
    for table, instants in _INSTANTS.items():
        show_instants(table, instants)
