"""The console: views that people saved, and what is searched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from workflow.migrations.views import show_instants

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("ended_at IS NULL")


def _saved_view() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("person_id", _ID, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_id", _ID, sa.ForeignKey("unit.id"), nullable=True),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("saved_view_once", "saved_view", ["person_id", "name"], unique=True)
    op.create_index("saved_view_shared", "saved_view", ["unit_id"])


def _checked_book() -> None:
    op.create_table(
        "checked_book",
        sa.Column("person_id", _ID, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )


def _search_text() -> None:
    op.create_table(
        "search_text",
        sa.Column("event_id", _ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id", "name"], ["event_value.event_id", "event_value.name"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "name"),
    )


def _search_word() -> None:
    op.create_table(
        "search_word",
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("event_id", _ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id", "name"], ["search_text.event_id", "search_text.name"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "event_id", "name"),
    )
    op.create_index("search_word_text", "search_word", ["event_id", "name"])


def _search_mark() -> None:
    op.create_table(
        "search_mark",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _ledger() -> None:
    """The ledger is turned page by page over these, however many tasks there are."""
    for name, columns in (
        ("task_ledger", ["light", "due_at", "id", "unit_id", "kind", "campaign_id"]),
        ("task_ledger_unit", ["unit_id", "light", "due_at", "id"]),
    ):
        op.create_index(name, "task", columns, sqlite_where=_OPEN, postgresql_where=_OPEN)


# One function for each table that is made, in the order in which they run.
_STEPS: Sequence[Callable[[], None]] = (
    _saved_view,
    _checked_book,
    _search_text,
    _search_word,
    _search_mark,
    _ledger,
)

# The columns that are instants, of every table that is made above: its view shows them as timestamps.
_INSTANTS: Mapping[str, Sequence[str]] = {
    "saved_view": ("saved_at",),
    "checked_book": ("checked_at",),
    "search_text": (),
    "search_word": (),
    "search_mark": (),
}


def upgrade() -> None:
    """Make the tables, then the views over them."""
    for step in _STEPS:
        step()
    for table, instants in _INSTANTS.items():
        show_instants(table, instants)
