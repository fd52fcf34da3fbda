"""What an invented person sees before they act: the task with its rows, who holds which post, the units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..definition.model import Definition, Role, Transition
from ..people import Directory, Resolved, excluded, resolve
from ..task import Loaded, Row, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One task at one instant, as whoever turns to it finds it."""

    now: int
    loaded: Loaded
    definition: Definition
    directory: Directory
    units: Sequence[int]  # that may be named, in the order of the pack

    @property
    def task(self) -> Task:
        """The task itself."""
        return self.loaded.task

    def rows(self, name: str) -> list[Row]:
        """The rows of a list."""
        return [row for row in self.loaded.rows if row.list == name]

    def others(self) -> list[int]:
        """The units that are no party of the task."""
        own = set(self.task.parties.values())
        return [unit for unit in self.units if unit not in own]

    def free_staff(self, role: Role) -> list[int]:
        """Who may be chosen into a team: holds a post there, and has no interest."""
        unit = self.directory.seat(role.seat, self.task) or 0
        return sorted(
            self.directory.staff(unit, self.now) - self.directory.recused(role, self.task, self.now)
        )

    def who(
        self, role: str, transition: Transition | None, without: frozenset[int] = frozenset()
    ) -> Resolved:
        """Who may act in a role: not those whom `not_by` or an interest keeps out."""
        out = without | self.directory.recused(self.definition.roles[role], self.task, self.now)
        if transition is not None:
            out |= excluded(self.task, transition.not_by, self.loaded.parent_actors)
        return resolve(self.directory, self.definition, role, self.task, self.now, out)
