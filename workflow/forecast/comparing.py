"""What is said of a unit by several kinds of task, while the tasks that say it live on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..decision import Decision
from ..decision.comparing import Told, nudge_watcher, readings, tells_otherwise
from ..task import Reading, Task
from .records import World

_About = tuple[int, int]  # campaign, unit


class Compared:
    """The sources of a world. It keeps only what stays as it was read, so forks share it."""

    def __init__(self, world: World) -> None:
        self._sources, self._told, self._arounds = world.sources, world.told, world.arounds

    def readings(
        self, task: Task, read: Sequence[Reading], living: Mapping[int, Task]
    ) -> tuple[Reading, ...]:
        """What a task compares, the newest first: of a living task what it says now.

        Args:
            read: what it compared when the world was read.
        """
        if not self._watches(task):
            return ()
        if task.version_id not in self._sources:
            return tuple(read)  # a world without its sources: they stay as they were
        about = _about(task)
        told = [one for one in self._told.get(about, ()) if one.id not in living]
        told += [_told(one) for one in living.values() if _about(one) == about and _counts(one)]
        told.sort(key=lambda one: one.id, reverse=True)
        return tuple(readings(task, self._sources[task.version_id], told))

    def nudge(self, written: Sequence[Decision], living: Mapping[int, Task]) -> None:
        """What the engine does before it writes: those that compare what has changed will look again."""
        changed: dict[_About, list[Decision]] = defaultdict(list)
        for decision in written:
            task = decision.task
            own = [one for one in self._sources.get(task.version_id, ()) if one.kind == task.kind]
            if own and tells_otherwise(decision, own):
                changed[_about(task)].append(decision)
        for task in sorted(living.values(), key=lambda one: one.id) if changed else ():
            if _about(task) in changed and task.ended_at is None and self._watches(task):
                nudge_watcher(changed[_about(task)], task.id)

    def _watches(self, task: Task) -> bool:
        return self._arounds[task.version_id].books[task.kind].watches_sources


def _about(task: Task) -> _About:
    return task.campaign_id, task.unit_id


def _counts(task: Task) -> bool:
    """Whatever was withdrawn says nothing any more."""
    return task.outcome != "abandoned"


def _told(task: Task) -> Told:
    return Told(task.id, task.kind, task.track or None, task.facts)
