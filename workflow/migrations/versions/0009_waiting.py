"""What waits for a person is found, counted and put in order from one index, without reading the tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OPEN = sa.text("ended_at IS NULL")
_COLUMNS = (
    *("waits_unit", "waits_post", "waits_for", "kind", "light", "due_at"),
    *("unit_id", "version_id", "ended_at", "id"),
)


def upgrade() -> None:
    """Widen the index of what a post waits for."""
    op.drop_index("task_waits", "task")
    op.create_index("task_waits", "task", list(_COLUMNS), postgresql_where=_OPEN, sqlite_where=_OPEN)
