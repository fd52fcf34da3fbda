"""The campaign: what the spine's tables did not hold yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from workflow.migrations.views import show_instants

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# One function for each table that is made or changed, in the order in which they run.
_STEPS: Sequence[Callable[[], None]] = ()

# The columns that are instants, of every table that is made or changed above: its view is made anew.
_INSTANTS: Mapping[str, Sequence[str]] = {}


def upgrade() -> None:
    """Make and change the tables, then the views over them."""
    for step in _STEPS:
        step()
    for table, instants in _INSTANTS.items():
        show_instants(table, instants)
