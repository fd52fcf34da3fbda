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
    ident = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "interest",
        sa.Column("id", ident, autoincrement=True, nullable=False),
        sa.Column("person_id", ident, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("unit_id", ident, sa.ForeignKey("unit.id"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("interest_in_unit", "interest", ["unit_id"], unique=False)


def _milestone() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "milestone",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("campaign_id", key, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("date", sa.String(), nullable=False),
        sa.Column("replaced", sa.String(), nullable=False),
        sa.Column("person_id", key, nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("milestone_of_campaign", "milestone", ["campaign_id", "name"])


def _document_number() -> None:
    op.create_table(
        "document_number",
        sa.Column(
            "campaign_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "pattern", "year"),
    )


def _task_of_unit() -> None:
    op.create_index("task_of_unit", "task", ["unit_id", "kind"], unique=False)


def _draw() -> None:
    op.create_table(
        "draw",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("round", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.Column("moment_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("draw_of_round", "draw", ["campaign_id", "round", "kind"], unique=False)
    op.create_index(
        "draw_of_moment",
        "draw",
        ["moment_id", "kind"],
        unique=True,
        sqlite_where=sa.text("moment_id IS NOT NULL"),
        postgresql_where=sa.text("moment_id IS NOT NULL"),
    )


def _import() -> None:
    op.create_table(
        "import",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("file_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("version_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "import_open",
        "import",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )


def _import_line() -> None:
    op.create_table(
        "import_line",
        sa.Column("import_id", _ID, autoincrement=False, nullable=False),
        sa.Column("position", _ID, autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("import_id", "position"),
    )
    op.create_index("import_line_once", "import_line", ["campaign_id", "number"], unique=True)
    op.create_index(
        "import_line_waiting",
        "import_line",
        ["import_id", "position"],
        unique=False,
        sqlite_where=sa.text("task_id IS NULL AND why IS NULL"),
        postgresql_where=sa.text("task_id IS NULL AND why IS NULL"),
    )


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
_STEPS: Sequence[Callable[[], None]] = (
    _interest,
    _milestone,
    _document_number,
    _task_of_unit,
    _draw,
    _import,
    _import_line,
    _unit,
    _unit_change,
    _ledger_snapshot,
)

# The columns that are instants, of every table that is made or changed above: its view is made anew.
_INSTANTS: Mapping[str, Sequence[str]] = {
    "interest": ("valid_from", "valid_to", "recorded_at"),
    "milestone": ("moved_at",),
    "draw": ("drawn_at",),
    "import": ("at",),
    "import_line": (),
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
