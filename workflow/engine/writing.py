"""From decisions to rows: the tasks they open are decided too, ids drawn, everything written at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ..decision import Decision, NewTask, Surroundings, expand
from ..decision.expanding import Key
from ..store import tasks
from ..store.applying import Salts, apply
from .numbering import give_numbers
from .sources import nudge_watchers
from .surroundings import Frame


def write(
    frame: Frame, decisions: Sequence[Decision], salts: Salts, opens: Sequence[NewTask] = ()
) -> list[Decision]:
    """Write decisions together with the tasks they open, and `opens`; all decisions that were written.

    Raises:
        Overtaken: somebody was faster on one of the tasks.
    """
    everything = expand(_Database(frame), decisions, opens)
    give_numbers(frame, everything)
    nudge_watchers(frame, everything)
    apply(frame.tx, everything, frame.now, salts)
    return everything


class _Database:
    """The ground on which the engine opens tasks: one transaction."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def draw(self, name: Literal["task_id", "row_id"], count: int) -> Sequence[int]:
        return self._frame.tx.draw(name, count)

    def drafts(self, units: Sequence[int]) -> Mapping[Key, int]:
        return tasks.shared_drafts(self._frame.tx, units)

    def know(self, new: Sequence[NewTask]) -> None:
        self._frame.know(new)

    def around(self, version_id: int) -> Surroundings:
        return self._frame.around(version_id)

    @property
    def merged(self) -> Mapping[int, int]:
        return self._frame.merged
