"""The console: an account may be opened by somebody else's sign-in, which vouches for the person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workflow.migrations.views import show_instants

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Who vouches, and what they call the person: no two accounts have the same."""
    op.add_column("account", sa.Column("issuer", sa.Text(), nullable=True))
    op.add_column("account", sa.Column("subject", sa.Text(), nullable=True))
    op.create_index("account_of_identity", "account", ["issuer", "subject"], unique=True)
    show_instants("account", ("locked_to", "disabled_at", "created_at", "changed_at"))
