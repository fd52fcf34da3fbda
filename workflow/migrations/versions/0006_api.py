"""The console: tokens, bodies of repeated requests, uploads, and where events are reported to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from workflow.migrations.views import show_instants

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("hash"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("token_of_account", "token", ["account_id"], unique=False)


def _request_body() -> None:
    op.create_table(
        "request_body",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _upload() -> None:
    op.create_table(
        "upload",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("upload_once", "upload", ["task_id", "person_id", "sha256"], unique=True)


def _webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("near", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("busy_to", sa.BigInteger(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.UniqueConstraint("name"),
        sa.PrimaryKeyConstraint("id"),
    )


# One function for each table that is made, in the order in which they run.
_STEPS: Sequence[Callable[[], None]] = (
    _token,
    _request_body,
    _upload,
    _webhook,
)

# The columns that are instants, of every table that is made above: its view shows them as timestamps.
_INSTANTS: Mapping[str, Sequence[str]] = {
    "token": (
        "created_at",
        "expires_at",
        "used_at",
        "revoked_at",
    ),
    "request_body": ("at",),
    "upload": ("at",),
    "webhook": (
        "created_at",
        "sent_at",
        "failing_since",
        "next_at",
        "busy_to",
        "disabled_at",
    ),
}


def upgrade() -> None:
    """Make the tables, then the views over them."""
    for step in _STEPS:
        step()
    for table, instants in _INSTANTS.items():
        show_instants(table, instants)
