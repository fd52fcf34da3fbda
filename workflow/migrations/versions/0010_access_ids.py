"""The console: looks have ids of their own, and take none of those by which the engine's work is followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go on behind the last line that there is: ids never come twice."""
    connection = op.get_bind()
    first = connection.execute(sa.text("SELECT COALESCE(MAX(id), 0) + 1 FROM access_log")).scalar_one()
    if connection.dialect.name == "sqlite":
        new = sa.text("INSERT INTO counter (name, next) VALUES ('access_id', :first)")
        op.execute(new.bindparams(first=first))
    else:
        op.execute(sa.text(f"CREATE SEQUENCE access_id START {int(first)}"))
