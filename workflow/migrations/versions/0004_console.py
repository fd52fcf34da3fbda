"""The console: who may sign in, and who has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from workflow.migrations.views import show_instants

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("person_id", _ID, sa.ForeignKey("person.id"), nullable=True),
        sa.Column("duty", sa.String(), nullable=True),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("must_change", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("totp", sa.Text(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_to", sa.BigInteger(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("login"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("account_of_person", "account", ["person_id"], unique=True)


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("token"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("session_of_account", "session", ["account_id"], unique=False)


# One function for each table that is made, in the order in which they run.
_STEPS: Sequence[Callable[[], None]] = (
    _account,
    _session,
)

# The columns that are instants, of every table that is made above: its view shows them as timestamps.
_INSTANTS: Mapping[str, Sequence[str]] = {
    "account": (
        "locked_to",
        "disabled_at",
        "created_at",
        "changed_at",
    ),
    "session": (
        "created_at",
        "seen_at",
        "ended_at",
    ),
}


def upgrade() -> None:
    """Make the tables, then the views over them."""
    for step in _STEPS:
        step()
    for table, instants in _INSTANTS.items():
        show_instants(table, instants)
