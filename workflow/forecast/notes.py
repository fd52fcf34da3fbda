"""What a forecast can't know, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import DubanError
from ..text import Text
from .playing import Play
from .records import Step, World
from .telling import Teller

_CUT = Text(
    "与它相连的事项过多，只推演了其中一部分",
    "It is linked with more tasks than were looked at: the others stay as they are here",
)
_SHARED = Text(
    "本单位的草稿，其他事项届时也可能列入", "Other tasks of the unit may join the drafts, and keep them alive"
)
_NUMBERED = Text(
    "文号届时依次编取，此处尚不能知", "Numbers are given in turn when it happens: they are not known yet"
)
_COUNTED = Text(
    "检查次数按当前已开展的计算，届时是否仍在限额之内尚不能知",
    "Checks are counted as they are now: whether the unit may have one more then is not known yet",
)


def notes(world: World, play: Play, steps: Sequence[Step], teller: Teller) -> tuple[Text, ...]:
    """What must be said beside the steps."""
    return tuple(_notes(world, play, steps, teller))


def _notes(world: World, play: Play, steps: Sequence[Step], teller: Teller) -> Iterator[Text]:
    years = _projected(world, steps)
    if years:
        shown = "、".join(years), ", ".join(years)
        yield Text(
            f"{shown[0]} 年的放假安排尚未公布，落在其中的日期为暂定",
            f"The holidays of {shown[1]} are not published yet: dates in it are provisional",
        )
    proposed = any(one.header.get("proposed_by") is not None for one in steps)
    if proposed or teller.drafted or _on_shared_draft(world, teller.followed):
        yield _SHARED
    if _on_a_budget(world, play, teller.followed):
        yield _COUNTED
    if teller.numbered:
        yield _NUMBERED
    if world.cut:
        yield _CUT
    for ident in sorted(play.given_up.keys() & teller.followed):
        why = _why(play.given_up[ident])
        yield Text(f"有事项届时无法判定：{why.zh}", f"A task can't be decided then: {why.en}")


def _why(error: Exception) -> Text:
    return error.text if isinstance(error, DubanError) else Text(repr(error), repr(error))


def _on_shared_draft(world: World, followed: set[int]) -> bool:
    """Whether one is shared as things stand: it is no longer, once it has been completed."""
    return any(world.tasks[ident].task.shared for ident in followed if ident in world.tasks)


def _on_a_budget(world: World, play: Play, followed: set[int]) -> bool:
    """Whether a round shall begin, for one of them, a check of which a unit may have only so many."""
    begun = {one.kind for one in world.completions}
    for task in (play.tables.tasks[ident] for ident in followed if ident in play.tables.tasks):
        burden = play.around(task.version_id).burden
        if burden is not None and task.kind in burden.counts and task.kind in begun:
            return True
    return False


def _projected(world: World, steps: Sequence[Step]) -> list[str]:
    """The years of the steps that no notice has settled."""
    calendar = world.arounds[world.tasks[world.focus].task.version_id].calendar
    years = sorted({calendar.day_of(step.at).year for step in steps})
    known = calendar.years
    return [str(year) for year in years if year not in known or known[year].status == "projected"]
