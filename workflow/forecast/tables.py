"""The world in memory: tasks, episodes, rows, links and nudges, changed as the store changes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, cast

from ..decision import Decision, Surroundings
from ..task import Backing, Concern, Episode, Loaded, Nudge, Related, Row, Task
from .comparing import Compared
from .records import INVENTED, Shared, World

_Link = tuple[int, int, int | None]  # task, what it concerns, because of which episode


class Tables:
    """What the store would hold. `fork` gives a copy that goes its own way."""

    def __init__(self, world: World) -> None:
        self._next = INVENTED
        self._arounds = dict(world.arounds)
        self.merged = world.merged
        self._compared = Compared(world)
        self.tasks: dict[int, Task] = {}
        self.nudges: dict[int, list[Nudge]] = defaultdict(list)
        self._episodes: dict[int, dict[int, Episode]] = defaultdict(dict)  # not ended, by task
        self._rows: dict[int, dict[int, Row]] = defaultdict(dict)
        self._children: dict[int, list[int]] = defaultdict(list)
        self._links = _Links()
        # Of tasks that stay as they are:
        self._related: dict[int, Related] = {}
        self._acted: dict[int, Mapping[str, Sequence[int]]] = {}  # on the parent, by child
        self._concerning: dict[int, Concern] = {}
        self._stands: dict[_Link, bool] = {}
        self._beside: dict[int, Loaded] = {}  # counted tasks stay as they were read
        for loaded in world.tasks.values():
            self._take_in(loaded)

    def _take_in(self, loaded: Loaded) -> None:
        task = loaded.task
        self.tasks[task.id] = task
        self.nudges[task.id] = list(loaded.nudges)
        self._acted[task.id] = loaded.parent_actors
        self._beside[task.id] = loaded
        self._episodes[task.id] = {one.id: one for one in loaded.episodes}
        self._rows[task.id] = {one.id: one for one in loaded.rows}
        self._children[task.id] = [one.id for one in loaded.children]
        for one in loaded.concerned:  # seen so, a task doesn't say for which row it was opened
            self._related.setdefault(one.id, one)
        family = loaded.children if loaded.parent is None else (*loaded.children, loaded.parent)
        self._related |= {one.id: one for one in family}
        for back in loaded.backing:
            link = task.id, back.about_id, back.episode_id
            self._links.put(link, removed=back.removed)
            self._stands[link] = back.stands
        for concern in loaded.concerning:
            self._links.put((concern.task_id, task.id, concern.episode_id), removed=concern.removed)
            self._concerning[concern.task_id] = concern

    def fork(self) -> Tables:
        """A copy: records are never changed in place, so only what holds them is copied."""
        twin = copy(self)
        twin.tasks, twin._links = dict(self.tasks), self._links.fork()
        twin._arounds = dict(self._arounds)
        twin.nudges = _copied(self.nudges, list)
        twin._children = _copied(self._children, list)
        twin._episodes, twin._rows = _copied(self._episodes, dict), _copied(self._rows, dict)
        return twin

    # --- reading ----------------------------------------------------------------------------------

    def loaded(self, ident: int) -> Loaded:
        """Everything that a decision on a task looks at."""
        task = self.tasks[ident]
        backing = self._links.of(ident)
        concerned = dict.fromkeys(about for _, about, _ in backing)
        beside = self._beside.get(ident, Loaded(task=task))
        return Loaded(
            task=task,
            episodes=tuple(self._episodes[ident].values()),
            children=tuple(self._as_related(child) for child in sorted(self._children[ident])),
            concerned=tuple(self._as_related(about) for about in concerned),
            concerning=tuple(self._concerning_it(ident)),
            parent=None if task.parent_id is None else self._as_related(task.parent_id),
            rows=tuple(self._rows[ident].values()),
            backing=tuple(self._backing(one) for one in backing),
            nudges=tuple(self.nudges[ident]),
            parent_actors=self._parent_actors(task),
            sources=self._compared.readings(task, beside.sources, self.tasks),
            counted=beside.counted,
        )

    def _parent_actors(self, task: Task) -> Mapping[str, Sequence[int]]:
        """Who did what on the parent, where the definition asks."""
        if task.parent_id is None or not self._arounds[task.version_id].books[task.kind].asks_parent:
            return {}
        parent = self.tasks.get(task.parent_id)
        return self._acted.get(task.id, {}) if parent is None else parent.actors

    def _as_related(self, ident: int) -> Related:
        task = self.tasks.get(ident)
        if task is None:
            return self._related[ident]
        return Related(
            id=ident,
            kind=task.kind,
            row_id=task.row_id,
            ended_at=task.ended_at,
            outcome=task.outcome,
            unit_id=task.unit_id,
            facts=task.facts,
        )

    def _backing(self, link: _Link) -> Backing:
        _, about, episode = link
        stands = self._stands.get(link, True)
        if about in self.tasks:
            live = self._episodes[about].get(episode) if episode is not None else None
            shines = live.shines if live is not None else episode is None
            stands = shines and self.tasks[about].ended_at is None
        return Backing(
            about_id=about, episode_id=cast("int", episode), stands=stands, removed=self._links.removed[link]
        )

    def _concerning_it(self, ident: int) -> Iterator[Concern]:
        for link in self._links.about(ident):
            task_id, about, episode = link
            task, removed = self.tasks.get(task_id), self._links.removed[link]
            if task is None:
                yield replace(self._concerning[task_id], about_id=about, episode_id=episode, removed=removed)
            else:
                yield Concern(
                    task_id=task_id,
                    about_id=about,
                    episode_id=episode,
                    kind=task.kind,
                    draft=self.is_draft(task),
                    ended_at=task.ended_at,
                    outcome=task.outcome,
                    removed=removed,
                )

    def around(self, version_id: int, now: int) -> Surroundings:
        """What a decision looks at beside the task; one for all decisions of an instant."""
        found = self._arounds[version_id]
        if found.now != now:
            found = self._arounds[version_id] = replace(found, now=now)
        return found

    def is_draft(self, task: Task) -> bool:
        """Whether it is in a draft's state."""
        state = self._arounds[task.version_id].books[task.kind].definition.states.get(task.state)
        return state is not None and state.draft

    def drafts(self, units: Sequence[int]) -> Mapping[Shared, int]:
        """The shared drafts of these units."""
        return {
            (task.campaign_id, task.unit_id, task.kind): task.id
            for task in self.tasks.values()
            if task.shared and task.unit_id in units
        }

    # --- writing ----------------------------------------------------------------------------------

    def draw(self, count: int) -> Sequence[int]:
        """Ids that no real task, row or episode has."""
        self._next += count
        return range(self._next - count, self._next)

    def apply(self, decisions: Iterable[Decision], now: int) -> None:
        """What `store.applying` does with whole decisions."""
        written = list(decisions)
        self._compared.nudge(written, self.tasks)
        for decision in written:  # all of them first: a draft that is just made may be joined at once
            self._put_task(decision)
        for decision in written:
            self._put_episodes(decision)
            self._put_rows(decision)
            for ident, cause in decision.told_others:
                self._nudge(ident, cause, decision.task.id, now)
            for task, about, episode in decision.concerns:
                self._links.put((task, about, episode.id), removed=False)
        for decision in written:
            self._remove(decision)

    def _put_task(self, decision: Decision) -> None:
        task = decision.task
        task.seq += len(decision.events)
        self.tasks[task.id] = task
        if decision.is_new and task.parent_id is not None:
            self._children[task.parent_id].append(task.id)
        gone = set(decision.consumed)
        self.nudges[task.id] = [one for one in self.nudges[task.id] if one.id not in gone]

    def _put_episodes(self, decision: Decision) -> None:
        for episode, ident in zip(decision.new_episodes, self.draw(len(decision.new_episodes)), strict=True):
            episode.id = ident
        live = self._episodes[decision.task.id]
        for episode in (*decision.changed_episodes, *decision.new_episodes):
            if episode.ended_at is None:
                live[episode.id] = episode
            else:
                live.pop(episode.id, None)

    def _put_rows(self, decision: Decision) -> None:
        rows = self._rows[decision.task.id]
        for change in decision.added_rows:
            ident = change.id or self.draw(1)[0]
            rows[ident] = replace(change.row, id=ident)
        rows.update((row.id, row) for row in decision.changed_rows)

    def _nudge(self, ident: int, cause: Any, other: int, now: int) -> None:
        if ident in self.tasks:
            nudge = Nudge(id=self.draw(1)[0], cause=cause, other_id=other, at=now)
            self.nudges[ident].append(nudge)

    def _remove(self, decision: Decision) -> None:
        for about in decision.removed_concerns:
            for link in self._links.of(decision.task.id):
                if link[1] == about:
                    self._links.put(link, removed=True)


class _Links:
    """Which task concerns which: found from either side, in the order of the store."""

    def __init__(self) -> None:
        self.removed: dict[_Link, bool] = {}  # every link, with whether it was taken off again
        self._of: dict[int, set[_Link]] = defaultdict(set)
        self._about: dict[int, set[_Link]] = defaultdict(set)

    def put(self, link: _Link, *, removed: bool) -> None:
        """A link as it stands from now on."""
        self.removed[link] = removed
        self._of[link[0]].add(link)
        self._about[link[1]].add(link)

    def of(self, ident: int) -> list[_Link]:
        """What a task concerns."""
        return sorted(self._of.get(ident, ()), key=_order)

    def about(self, ident: int) -> list[_Link]:
        """What concerns a task."""
        return sorted(self._about.get(ident, ()), key=_order)

    def fork(self) -> _Links:
        """A copy that goes its own way."""
        twin = _Links()
        twin.removed = dict(self.removed)
        twin._of, twin._about = _copied(self._of, set), _copied(self._about, set)
        return twin


def _order(link: _Link) -> tuple[int, int, int]:
    return link[0], link[1], link[2] or 0


def _copied(table: dict[int, Any], how: Any) -> defaultdict[int, Any]:
    return defaultdict(how, {ident: how(held) for ident, held in table.items()})
