"""From decisions to rows: the tasks they open are decided too, ids drawn, everything written at once."""

from __future__ import annotations

from collections.abc import Sequence

from ..decision import Decision, NewTask, begin
from ..errors import Undecidable
from ..store import tasks
from ..store.applying import Salts, apply
from .surroundings import Frame

MAX_DEPTH = 20  # generations of tasks opened by one decision; a pack that goes deeper was not proven


def write(frame: Frame, decisions: Sequence[Decision], salts: Salts) -> list[Decision]:
    """Write decisions together with the tasks they open; all decisions that were written.

    Raises:
        Overtaken: somebody was faster on one of the tasks.
    """
    everything = expand(frame, decisions)
    apply(frame.tx, everything, frame.now, salts)
    return everything


def expand(frame: Frame, decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions and, generation by generation, the beginnings of the tasks that they open."""
    everything = list(decisions)
    generation: Sequence[Decision] = decisions
    for _ in range(MAX_DEPTH):
        opens = [new for decision in generation for new in decision.opens]
        if not opens:
            return everything
        generation = open_new(frame, opens)
        everything.extend(generation)
    raise Undecidable(
        "任务层层交办没有止境，已撤回。请检查方案包（duban check）。",
        "Tasks open one another without end; rolled back. Check the pack (duban check).",
    )


def open_new(frame: Frame, opens: Sequence[NewTask]) -> list[Decision]:
    """Draw ids for new tasks, find or make shared drafts, and decide each beginning."""
    created = _find_drafts(frame, opens)
    for new, ident in zip(created, frame.tx.draw("task_id", len(created)), strict=True):
        new.id = ident
    for new in opens:
        if not new.created and new.id == 0:
            new.id = _original(created, new).id
    frame.know(created)
    return [_begin(frame, new) for new in created]


def _begin(frame: Frame, new: NewTask) -> Decision:
    """A child of a task that is itself new gets its parent's id only now."""
    return begin(new, frame.around(new.version_id))


def _key(new: NewTask) -> tuple[int, int, str]:
    return new.campaign_id, new.unit_id, new.kind


def _find_drafts(frame: Frame, opens: Sequence[NewTask]) -> list[NewTask]:
    """Those that must be made; for the others the unit's draft is there already, or in this batch."""
    wanted = [new for new in opens if new.shared]
    if not wanted:
        return list(opens)
    drafts = tasks.shared_drafts(frame.tx, sorted({new.unit_id for new in wanted}))
    created: list[NewTask] = []
    seen: set[tuple[int, int, str]] = set()
    for new in opens:
        key = _key(new)
        if new.shared and key in drafts:
            new.id, new.created = drafts[key], False
        elif new.shared and key in seen:
            new.created = False
        else:
            created.append(new)
            if new.shared:
                seen.add(key)
    return created


def _original(created: Sequence[NewTask], copy: NewTask) -> NewTask:
    return next(one for one in created if one.shared and _key(one) == _key(copy))
