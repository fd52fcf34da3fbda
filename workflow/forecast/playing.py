"""The clock of a forecast: in the order in which the engine does it, and nothing written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy

from ..decision import Act, Decision, NewTask, Surroundings, act, expand, owed
from ..errors import Refused
from ..task import Loaded, Task
from .records import Completion, Shared, World
from .tables import Tables

MAX_BATCHES = 1_000  # at one instant; tasks that nudge one another without end are given up
COMPLETED = "completed"

Decide = Callable[[Loaded, Surroundings], Decision]


class Play:
    """A world that lives on. Each batch that it gives is what the engine would write in one transaction."""

    def __init__(self, world: World) -> None:
        self.tables = Tables(world)
        self.now = world.now
        self.aside = set(world.aside)
        self.given_up: dict[int, Exception] = {}  # tasks that could not be decided, and why
        self._completions = list(world.completions)
        self._until = world.now

    def fork(self) -> Play:
        """A copy that goes its own way."""
        twin = copy(self)
        twin.tables, twin.aside, twin.given_up = self.tables.fork(), set(self.aside), dict(self.given_up)
        twin._completions = list(self._completions)
        return twin

    def run(self, until: int) -> Iterator[list[Decision]]:
        """Everything that the clock does from now to then, batch by batch."""
        self._until = until
        while True:
            yield from self._drain()
            while self._completions and self._completions[0].at <= self.now:
                yield self._complete(self._completions.pop(0))
                yield from self._drain()
            then = self._next()
            if then is None or then > self._until:
                return
            self._go_to(then)

    def end_here(self) -> None:
        """Play on to the end of this instant, and no further."""
        self._until = self.now

    def _go_to(self, then: int) -> None:
        """Moments on the way had nothing to complete, or the clock would have stopped there."""
        self.now = then
        while self._completions and self._completions[0].at < then:
            self._completions.pop(0)

    def wakes_after(self, until: int) -> bool:
        """Whether the clock looks at anything later."""
        return any(task.wake_at is not None and task.wake_at > until for task in self._awake())

    def _next(self) -> int | None:
        instants = [task.wake_at for task in self._awake() if task.wake_at is not None]
        if any(self.tables.is_draft(task) for task in self._awake()):
            instants.extend(one.at for one in self._completions[:1])
        return min(instants, default=None)

    def _awake(self) -> Iterator[Task]:
        return (task for task in self.tables.tasks.values() if task.id not in self.aside)

    # --- batches ----------------------------------------------------------------------------------

    def _drain(self) -> Iterator[list[Decision]]:
        for _ in range(MAX_BATCHES):
            batch = self._stale() or self._nudged() or self._due()
            if not batch:
                return
            yield self.decide(batch, owed)

    def _stale(self) -> list[int]:
        epochs = {version: self.around(version).epoch for version in self._versions()}
        stale = [
            (task.planned_under, task.id)
            for task in self._awake()
            if task.ended_at is None and task.planned_under < epochs[task.version_id]
        ]
        return [ident for _, ident in sorted(stale)]

    def _versions(self) -> set[int]:
        return {task.version_id for task in self.tables.tasks.values()}

    def _nudged(self) -> list[int]:
        return sorted(task.id for task in self._awake() if self.tables.nudges[task.id])

    def _due(self) -> list[int]:
        due = [
            (task.wake_at, task.id)
            for task in self._awake()
            if task.wake_at is not None and task.wake_at <= self.now
        ]
        return [ident for _, ident in sorted(due)]

    def _complete(self, moment: Completion) -> list[Decision]:
        """`completed` on each draft of the kind; a refusal means that it has nothing to do."""
        drafts = sorted(
            task.id
            for task in self._awake()
            if task.campaign_id == moment.campaign_id
            and task.kind == moment.kind
            and (moment.drafts is None or task.id in moment.drafts)
            and task.ended_at is None
            and self.tables.is_draft(task)
        )
        wanted = Act(name=COMPLETED, person_id=None, round=moment.round)
        return self.decide(drafts, lambda loaded, around: act(loaded, around, wanted), meant=False)

    def decide(self, batch: Sequence[int], how: Decide, *, meant: bool = True) -> list[Decision]:
        """Decide these tasks as one batch and apply it; where it fails, each by itself.

        A task that can't be decided is set aside, as the engine does after its tries.
        """
        decisions: list[Decision] = []
        try:
            for ident in batch:
                loaded = self.tables.loaded(ident)
                try:
                    decisions.append(how(loaded, self.around(loaded.task.version_id)))
                except Refused:
                    if meant:
                        raise
            written = expand(self, decisions)
        except Exception as error:  # whatever is wrong with one task must not end the forecast
            return self._singly(batch, how, error, meant=meant)
        self.tables.apply(written, self.now)
        return written

    def _singly(self, batch: Sequence[int], how: Decide, error: Exception, *, meant: bool) -> list[Decision]:
        if len(batch) > 1:
            return [one for ident in batch for one in self.decide([ident], how, meant=meant)]
        self.aside.update(batch)
        self.given_up.update(dict.fromkeys(batch, error))
        return []

    # --- the ground on which tasks are opened -----------------------------------------------------

    def draw(self, _name: str, count: int) -> Sequence[int]:
        """So many new ids."""
        return self.tables.draw(count)

    def drafts(self, units: Sequence[int]) -> Mapping[Shared, int]:
        """The shared drafts of these units."""
        return self.tables.drafts(units)

    def know(self, tasks: Sequence[NewTask]) -> None:
        """Whoever made the world has made every post known."""

    def around(self, version_id: int) -> Surroundings:
        """What a decision looks at beside the task, now."""
        return self.tables.around(version_id, self.now)

    @property
    def merged(self) -> Mapping[int, int]:
        """The units that are closed, each with the one into which it merged."""
        return self.tables.merged
