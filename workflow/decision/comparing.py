"""What several kinds of task say about a unit: shared by the store, the engine and the forecast. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..definition.model import Source
from ..task import Reading, Task
from .outcome import Decision


class Told(NamedTuple):
    """A task of a kind that reports a source."""

    id: int
    kind: str
    track: str | None
    facts: Mapping[str, Any]


def readings(task: Task, sources: Collection[Source], told: Iterable[Told]) -> Iterator[Reading]:
    """Of the same track, or where either has none. The task's own facts are those it has in hand."""
    for one in told:
        if one.track is not None and task.track is not None and one.track != task.track:
            continue
        for source in sources:
            if source.kind == one.kind and (one.id == task.id or source.fact in one.facts):
                yield Reading(source.name, one.id, source.fact, one.facts.get(source.fact))


def tells_otherwise(decision: Decision, sources: Iterable[Source]) -> bool:
    """Whether one of these sources, of the task's kind, reads otherwise after this decision."""
    before, task = decision.before, decision.task
    withdrawn = task.outcome == "abandoned" and before.outcome is None
    if before.facts is task.facts and not decision.is_new and not withdrawn:
        return False
    facts = [one.fact for one in sources]
    if decision.is_new or withdrawn:
        return any(name in task.facts for name in facts)
    return any(before.facts.get(name) != task.facts.get(name) for name in facts)


def nudge_watcher(changed: Sequence[Decision], watcher: int) -> None:
    """Once, by any of the tasks that have changed; a task has seen its own change."""
    teller = next((one for one in changed if one.task.id != watcher), None)
    if teller is not None:
        teller.nudges.append((watcher, "source"))
