"""Letting the tasks that compare sources know that one has changed.

Which tasks compare is a matter of their definitions; which are open is asked once for a whole batch.
A task that is being opened by a transaction that isn't over yet is not seen: it looks again by itself
(`decision.clockwork`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ..decision import Decision
from ..store.sources import open_of_units
from .surroundings import Frame

_About = tuple[int, int]  # campaign, unit


def nudge_watchers(frame: Frame, decisions: Sequence[Decision]) -> None:
    """Nudge the open tasks of the same campaign and unit that compare what has just changed."""
    changed: dict[_About, list[Decision]] = defaultdict(list)
    for decision in decisions:
        if _tells_otherwise(frame, decision):
            changed[decision.task.campaign_id, decision.task.unit_id].append(decision)
    if not changed:
        return
    for ident, campaign, unit, version, kind in open_of_units(frame.tx, {unit for _, unit in changed}):
        if (campaign, unit) in changed and frame.compared(version, kind):
            _nudge(changed[campaign, unit], ident)


def _nudge(changed: Sequence[Decision], watcher: int) -> None:
    """Once, by any of the tasks that have changed; a task has seen its own change."""
    teller = next((one for one in changed if one.task.id != watcher), None)
    if teller is not None:
        teller.nudges.append((watcher, "source"))


def _tells_otherwise(frame: Frame, decision: Decision) -> bool:
    """Whether a source of the campaign reads otherwise after this decision."""
    before, task = decision.before, decision.task
    withdrawn = task.outcome == "abandoned" and before.outcome is None
    if before.facts is task.facts and not decision.is_new and not withdrawn:
        return False
    facts = [one.fact for one in frame.version(task.version_id).sources.get(task.kind, ())]
    if decision.is_new or withdrawn:
        return any(name in task.facts for name in facts)
    return any(before.facts.get(name) != task.facts.get(name) for name in facts)
