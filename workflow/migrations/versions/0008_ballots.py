"""The console: rolls, codes and ballots of a review."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from workflow.migrations.views import show_instants

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _review() -> None:
    op.create_table(
        "review",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("review_of_task", "review", ["task_id"], unique=True)


# Without row ids: they would say in which order people voted (docs/adr/0030).
def _roll() -> None:
    op.create_table(
        "roll",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("review_id", _ID, sa.ForeignKey("review.id"), nullable=False),
        sa.Column("voted", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("token"),
        sqlite_with_rowid=False,
    )
    op.create_index("roll_of_review", "roll", ["review_id", "voted"], unique=False)


def _ballot() -> None:
    op.create_table(
        "ballot",
        sa.Column("review_id", _ID, sa.ForeignKey("review.id"), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("review_id", "key"),
        sqlite_with_rowid=False,
    )


# One function for each table that is made, in the order in which they run.
_STEPS: Sequence[Callable[[], None]] = (_review, _roll, _ballot)

# The columns that are instants, of every table that is made above: its view shows them as timestamps.
_INSTANTS: Mapping[str, Sequence[str]] = {"review": ("opened_at", "closed_at")}


def upgrade() -> None:
    """Make the tables, then the views over them."""
    for step in _STEPS:
        step()
    for table, instants in _INSTANTS.items():
        show_instants(table, instants)
