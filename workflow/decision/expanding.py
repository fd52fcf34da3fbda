"""The tasks that decisions open are decided too, generation by generation.

Where ids come from, where shared drafts are found and who holds which post is the ground's business:
the engine stands on a transaction, a forecast on what it keeps in memory. So both open alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from ..errors import Undecidable
from .case import Surroundings
from .outcome import Decision, NewTask

MAX_DEPTH = 20  # generations of tasks opened by one decision; a pack that goes deeper was not proven

Key = tuple[int, int, str]  # campaign, unit, kind: of those there is one shared draft


class Ground(Protocol):
    """What the opening of tasks stands on."""

    def draw(self, name: Literal["task_id", "row_id"], count: int) -> Sequence[int]:
        """So many new ids."""

    def drafts(self, units: Sequence[int]) -> Mapping[Key, int]:
        """The open shared drafts of these units."""

    def know(self, tasks: Sequence[NewTask]) -> None:
        """Make the posts of every unit that these touch known."""

    def around(self, version_id: int) -> Surroundings:
        """What a decision on a task of this version looks at."""

    @property
    def merged(self) -> Mapping[int, int]:
        """The units that are closed, each with the one into which it merged."""


def generations(
    ground: Ground,
    decisions: Sequence[Decision],
    opens: Sequence[NewTask],
    begin: Callable[[NewTask, Surroundings], Decision],
) -> list[Decision]:
    """The decisions and, generation by generation, the beginnings of the tasks that they open.

    A shared draft that an earlier generation makes is not on the ground yet: it is kept in `made`.
    """
    everything = list(decisions)
    made: dict[Key, NewTask] = {}
    waiting = [*opens, *_opened(decisions)]
    for _ in range(MAX_DEPTH):
        if not waiting:
            return everything
        created = _identified(ground, waiting, made)
        ground.know(created)
        generation = [begin(new, ground.around(new.version_id)) for new in created]
        everything.extend(generation)
        waiting = _opened(generation)
    raise Undecidable(
        "任务层层交办没有止境，已撤回。请检查方案包（duban check）。",
        "Tasks open one another without end; rolled back. Check the pack (duban check).",
    )


def _opened(decisions: Sequence[Decision]) -> list[NewTask]:
    return [new for decision in decisions for new in decision.opens]


def _identified(ground: Ground, wanted: Sequence[NewTask], made: dict[Key, NewTask]) -> list[NewTask]:
    """Find or make shared drafts, and draw ids for new tasks and their rows; those to begin."""
    _redirect(ground.merged, wanted)
    _number_rows(ground, wanted)
    created = _find_drafts(ground, wanted, made)
    for new, ident in zip(created, ground.draw("task_id", len(created)), strict=True):
        new.id = ident
    for new in wanted:
        if not new.created and new.id == 0:
            new.id = made[_key(new)].id
    return created


def _redirect(merged: Mapping[int, int], wanted: Sequence[NewTask]) -> None:
    """A unit that has merged into another is handed nothing any more: the other one is."""
    if not merged:
        return
    for new in wanted:
        new.unit_id = merged.get(new.unit_id, new.unit_id)
        new.parties = {name: merged.get(unit, unit) for name, unit in new.parties.items()}


def _number_rows(ground: Ground, wanted: Sequence[NewTask]) -> None:
    """A row that the same decision adds gets its id before the task that is opened for it."""
    rows = {id(new.row): new.row for new in wanted if new.row is not None and not new.row.id}
    for row, ident in zip(rows.values(), ground.draw("row_id", len(rows)), strict=True):
        row.id = ident


def _key(new: NewTask) -> Key:
    return new.campaign_id, new.unit_id, new.kind


def _find_drafts(ground: Ground, wanted: Sequence[NewTask], made: dict[Key, NewTask]) -> list[NewTask]:
    """Those that must be made; for the others the unit's draft is there, or is just being made."""
    units = sorted({new.unit_id for new in wanted if new.shared and _key(new) not in made})
    drafts = ground.drafts(units) if units else {}
    created: list[NewTask] = []
    for new in wanted:
        if not new.shared:
            created.append(new)
        elif _key(new) in drafts:
            new.id, new.created = drafts[_key(new)], False
        elif made.setdefault(_key(new), new) is new:
            created.append(new)
        else:
            new.created = False
    return created
