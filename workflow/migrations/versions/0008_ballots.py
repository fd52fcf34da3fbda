"""The console: rolls, codes and ballots of a review."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from workflow.migrations.views import show_instants

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# One function for each table that is made, in the order in which they run.
_STEPS: Sequence[Callable[[], None]] = ()

# The columns that are instants, of every table that is made above: its view shows them as timestamps.
_INSTANTS: Mapping[str, Sequence[str]] = {}


def upgrade() -> None:
    """Make the tables, then the views over them."""
    for step in _STEPS:
        step()
    for table, instants in _INSTANTS.items():
        show_instants(table, instants)
