"""Letting the tasks that compare sources know that one has changed.

Which tasks compare is a matter of their definitions; which are open is asked once for a whole batch.
A task that is being opened by a transaction that isn't over yet is not seen: it looks again by itself
(`decision.clockwork`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ..decision import Decision
from ..decision.comparing import nudge_watcher, tells_otherwise
from ..store.sources import open_of_units
from .surroundings import Frame

_About = tuple[int, int]  # campaign, unit


def nudge_watchers(frame: Frame, decisions: Sequence[Decision]) -> None:
    """Nudge the open tasks of the same campaign and unit that compare what has just changed."""
    changed: dict[_About, list[Decision]] = defaultdict(list)
    for decision in decisions:
        sources = frame.version(decision.task.version_id).sources
        if tells_otherwise(decision, sources.get(decision.task.kind, ())):
            changed[decision.task.campaign_id, decision.task.unit_id].append(decision)
    if not changed:
        return
    for ident, campaign, unit, version, kind in open_of_units(frame.tx, {unit for _, unit in changed}):
        if (campaign, unit) in changed and frame.compared(version, kind):
            nudge_watcher(changed[campaign, unit], ident)
