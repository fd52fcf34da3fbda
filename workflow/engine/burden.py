"""Keeping the inspection burden where several may begin checks of one unit at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..decision import Decision, Loaded, NewTask
from ..decision.burden import begins, check_budget
from ..errors import OverBudget
from ..store.burden import checks_had, lock_units
from ..task import Counted, Task
from .surroundings import Frame


def hold_units(frame: Frame, tasks: Sequence[Task]) -> None:
    """Before drafts of counted kinds are looked at: what their units have had must stay as it is read."""
    units = {task.unit_id for task in tasks if frame.counting(task.version_id, task.kind, task.state)}
    if units:
        lock_units(frame.tx, units)


def over_budget(frame: Frame, wanted: Sequence[NewTask]) -> dict[int, OverBudget]:
    """Which of the tasks that somebody wants to open may not be, and why: position -> refusal.

    Those that begin as drafts may be; the budget is asked when they leave it.
    """
    asked = [(n, new) for n, new in enumerate(wanted) if _is_counted(frame, new)]
    if not asked:
        return {}
    lock_units(frame.tx, {new.unit_id for _, new in asked})
    had: dict[tuple[int, int, int], list[Counted]] = {}
    refused = {}
    for n, new in asked:
        try:
            _check(frame, new, had)
        except OverBudget as refusal:
            refused[n] = refusal
    return refused


def _is_counted(frame: Frame, new: NewTask) -> bool:
    version = frame.version(new.version_id)
    burden, definition = version.pack.campaign.burden, version.books[new.kind].definition
    return (
        burden is not None and new.kind in burden.counts and begins(definition, definition.first_state.name)
    )


def _check(frame: Frame, new: NewTask, had: dict[tuple[int, int, int], list[Counted]]) -> None:
    """What is allowed counts for those behind it."""
    campaign = frame.version(new.version_id).pack.campaign
    burden, key = campaign.burden, (new.version_id, new.campaign_id, new.unit_id)
    if burden is None:
        return
    if key not in had:
        had[key] = checks_had(frame.tx, [new.unit_id], burden).get((new.campaign_id, new.unit_id), [])
    scope = new.facts.get(burden.scope)
    check_budget(burden, had[key], scope, frame.calendar(campaign.zone), frame.now)
    had[key].append(Counted(id=0, kind=new.kind, began_at=frame.now, scope=scope))


def with_earlier(frame: Frame, loaded: Loaded, earlier: Sequence[Decision]) -> Loaded:
    """A draft with what the same transaction has already begun for its unit."""
    task = loaded.task
    burden = frame.counting(task.version_id, task.kind, task.state)
    if burden is None:
        return loaded
    about = (task.campaign_id, task.unit_id)
    begun = tuple(
        Counted(id=new.id, kind=new.kind, began_at=new.began_at, scope=new.facts.get(burden.scope))
        for new in (decision.task for decision in earlier)
        if (new.campaign_id, new.unit_id) == about and new.kind in burden.counts and new.began_at is not None
    )
    return replace(loaded, counted=(*loaded.counted, *begun))
