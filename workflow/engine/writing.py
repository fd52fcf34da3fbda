"""From decisions to rows: the tasks they open are decided too, ids drawn, everything written at once."""

from __future__ import annotations

from collections.abc import Sequence

from ..decision import Decision, NewTask, begin
from ..errors import Undecidable
from ..store import tasks
from ..store.applying import Salts, apply
from .numbering import give_numbers
from .sources import nudge_watchers
from .surroundings import Frame

MAX_DEPTH = 20  # generations of tasks opened by one decision; a pack that goes deeper was not proven

_Key = tuple[int, int, str]  # campaign, unit, kind: of those there is one shared draft
_Made = dict[_Key, NewTask]


def write(
    frame: Frame, decisions: Sequence[Decision], salts: Salts, opens: Sequence[NewTask] = ()
) -> list[Decision]:
    """Write decisions together with the tasks they open, and `opens`; all decisions that were written.

    Raises:
        Overtaken: somebody was faster on one of the tasks.
    """
    everything = expand(frame, decisions, opens)
    give_numbers(frame, everything)
    nudge_watchers(frame, everything)
    apply(frame.tx, everything, frame.now, salts)
    return everything


def expand(frame: Frame, decisions: Sequence[Decision], opens: Sequence[NewTask] = ()) -> list[Decision]:
    """The decisions and, generation by generation, the beginnings of the tasks that they open.

    A shared draft that an earlier generation makes is not in the database yet: it is kept in `made`.
    """
    everything = list(decisions)
    made: _Made = {}
    waiting = [*opens, *_opened(decisions)]
    for _ in range(MAX_DEPTH):
        if not waiting:
            return everything
        generation = _open(frame, waiting, made)
        everything.extend(generation)
        waiting = _opened(generation)
    raise Undecidable(
        "任务层层交办没有止境，已撤回。请检查方案包（duban check）。",
        "Tasks open one another without end; rolled back. Check the pack (duban check).",
    )


def _opened(decisions: Sequence[Decision]) -> list[NewTask]:
    return [new for decision in decisions for new in decision.opens]


def _open(frame: Frame, wanted: Sequence[NewTask], made: _Made) -> list[Decision]:
    """Find or make shared drafts, draw ids for new tasks and their rows, and decide each beginning."""
    _redirect(frame, wanted)
    _number_rows(frame, wanted)
    created = _find_drafts(frame, wanted, made)
    for new, ident in zip(created, frame.tx.draw("task_id", len(created)), strict=True):
        new.id = ident
    for new in wanted:
        if not new.created and new.id == 0:
            new.id = made[_key(new)].id
    frame.know(created)
    return [begin(new, frame.around(new.version_id)) for new in created]


def _redirect(frame: Frame, wanted: Sequence[NewTask]) -> None:
    """A unit that has merged into another is handed nothing any more: the other one is."""
    if not frame.merged:
        return
    for new in wanted:
        new.unit_id = frame.merged.get(new.unit_id, new.unit_id)
        new.parties = {name: frame.merged.get(unit, unit) for name, unit in new.parties.items()}


def _number_rows(frame: Frame, wanted: Sequence[NewTask]) -> None:
    """A row that the same decision adds gets its id before the task that is opened for it."""
    rows = {id(new.row): new.row for new in wanted if new.row is not None and not new.row.id}
    for row, ident in zip(rows.values(), frame.tx.draw("row_id", len(rows)), strict=True):
        row.id = ident


def _key(new: NewTask) -> _Key:
    return new.campaign_id, new.unit_id, new.kind


def _find_drafts(frame: Frame, wanted: Sequence[NewTask], made: _Made) -> list[NewTask]:
    """Those that must be made; for the others the unit's draft is there, or is just being made."""
    units = sorted({new.unit_id for new in wanted if new.shared and _key(new) not in made})
    drafts = tasks.shared_drafts(frame.tx, units) if units else {}
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
