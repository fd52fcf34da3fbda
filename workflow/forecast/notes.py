"""What a forecast can't know, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..definition.model import Definition
from ..errors import DubanError
from ..text import Text
from .playing import Play
from .records import Step, World

_CUT = Text(
    "与它相连的事项过多，只推演了其中一部分",
    "It is linked with more tasks than were looked at: the others stay as they are here",
)
_SHARED = Text(
    "本单位的草稿，其他事项届时也可能列入", "Other tasks of the unit may join the drafts, and keep them alive"
)
_COMPARED = Text(
    "各来源按现在的填报比较；其他事项届时由系统改动的得分未计入",
    "Sources are compared as they are reported now: what the machine sets on other tasks until then isn't "
    "followed",
)


def notes(world: World, play: Play, steps: Sequence[Step], followed: set[int]) -> tuple[Text, ...]:
    """What must be said beside the steps."""
    return tuple(_notes(world, play, steps, followed))


def _notes(world: World, play: Play, steps: Sequence[Step], followed: set[int]) -> Iterator[Text]:
    years = _projected(world, steps)
    if years:
        shown = "、".join(years), ", ".join(years)
        yield Text(
            f"{shown[0]} 年的放假安排尚未公布，落在其中的日期为暂定",
            f"The holidays of {shown[1]} are not published yet: dates in it are provisional",
        )
    if any(one.header.get("proposed_by") is not None for one in steps) or _on_shared_draft(world, followed):
        yield _SHARED
    if any(_compares(play, ident) for ident in followed):
        yield _COMPARED
    if world.cut:
        yield _CUT
    for ident in sorted(play.given_up.keys() & followed):
        why = _why(play.given_up[ident])
        yield Text(f"有事项届时无法判定：{why.zh}", f"A task can't be decided then: {why.en}")


def _why(error: Exception) -> Text:
    return error.text if isinstance(error, DubanError) else Text(repr(error), repr(error))


def _compares(play: Play, ident: int) -> bool:
    """Whether a task compares sources, and the machine may set a fact on some task of its campaign."""
    task = play.tables.tasks.get(ident)
    if task is None:
        return False
    books = play.around(task.version_id).books
    return books[task.kind].watches_sources and any(_sets_facts(one.definition) for one in books.values())


def _sets_facts(definition: Definition) -> bool:
    machine_made = (one for one in definition.transitions.values() if one.after is not None)
    return any(setting.target != "deadline" for one in machine_made for setting in one.sets)


def _on_shared_draft(world: World, followed: set[int]) -> bool:
    """Whether one is shared as things stand: it is no longer, once it has been completed."""
    return any(world.tasks[ident].task.shared for ident in followed if ident in world.tasks)


def _projected(world: World, steps: Sequence[Step]) -> list[str]:
    """The years of the steps that no notice has settled."""
    calendar = world.arounds[world.tasks[world.focus].task.version_id].calendar
    years = sorted({calendar.day_of(step.at).year for step in steps})
    known = calendar.years
    return [str(year) for year in years if year not in known or known[year].status == "projected"]
