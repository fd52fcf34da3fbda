"""What a re-plan or a migration would change, in words and columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..calendar import Calendar
from ..engine import Frame
from ..engine.changes import TaskChange
from ..text import Text, join, same
from .ledger import zone_of
from .names import Names, names
from .numbers import number_of
from .screens import Block, light
from .waited import definition_of
from .words import WHY_ENDED, moment

if TYPE_CHECKING:
    from ..engine.migrating import Migrated
    from ..engine.replanning import Replanned, RoundMove

SHOWN = 200  # tasks and reasons that a screen lists; all of them are in the JSON
_NONE = Text("无", "none")


def replan_blocks(found: Replanned, frame: Frame) -> Iterator[Block]:
    """Milestones, rounds and tasks, before and after."""
    zone = _zone(frame, found.campaign)
    calendar = frame.calendar(zone)
    yield Block(
        title=Text("节点", "Milestones"),
        rows=tuple((same(one.name), same(f"{one.old} → {one.new}")) for one in found.milestones),
    )
    if found.rounds:
        rows = tuple((same(one.round), _round(one, calendar)) for one in found.rounds)
        yield Block(title=Text("轮次的下一时刻", "Next moments of rounds"), rows=rows)
    yield from _changes(frame, found.tasks)
    if found.failed:
        campaign = next(one.id for one in frame.campaigns.values() if one.name == found.campaign)
        told = tuple((same(number_of(frame, ident, campaign)), why) for ident, why in found.failed.items())
        yield Block(title=Text("无法判定", "Can't be decided"), rows=told[:SHOWN])


def migration_blocks(found: Migrated, frame: Frame) -> Iterator[Block]:
    """What changes, then which families stay, with every reason."""
    yield from _changes(frame, [one for family in found.moved for one in family.changes])
    campaign = next(one.id for one in frame.campaigns.values() if one.name == found.campaign)
    refused = [
        (same(number_of(frame, family.root, campaign)), same(number_of(frame, task, campaign)), why)
        for family in found.refused
        for task, reasons in family.refused.items()
        for why in reasons
    ]
    if refused:
        title = Text("整户不动：首项、事项、原因", "Families that stay: first task, task, reason")
        yield Block(title=title, rows=tuple(refused[:SHOWN]))
        yield from _left(len(refused))


def _zone(frame: Frame, name: str) -> str:
    version = next(one.version_id for one in frame.campaigns.values() if one.name == name)
    return zone_of(frame, version)


def _round(one: RoundMove, calendar: Calendar) -> Text:
    if one.has_come:
        return Text("已发生，不再发生", "it has come, and doesn't come again")
    old, new = _when(calendar, one.old), _when(calendar, one.new)
    return Text(f"{old.zh} → {new.zh}", f"{old.en} → {new.en}")


def _when(calendar: Calendar, instant: int | None) -> Text:
    return _NONE if instant is None else same(moment(calendar, instant))


def _changes(frame: Frame, changes: Iterable[TaskChange]) -> Iterator[Block]:
    visible = [one for one in changes if one.is_visible]
    called = names(frame.tx, (), {one.unit_id for one in visible[:SHOWN]})
    if visible:
        rows = tuple(_row(frame, one, called) for one in visible[:SHOWN])
        yield Block(title=Text("事项的变化", "What changes on tasks"), rows=rows)
        yield from _left(len(visible))


def _left(count: int) -> Iterator[Block]:
    if count > SHOWN:
        left = Text(f"另有 {count - SHOWN} 条，见 --json", f"{count - SHOWN} more, see --json")
        yield Block(rows=((left,),))


def _row(frame: Frame, one: TaskChange, called: Names) -> tuple[Text, ...]:
    number = same(number_of(frame, one.task_id, one.campaign_id))
    return number, called.unit(one.unit_id), join(list(_told(frame, one)), "；", "; ")


def _told(frame: Frame, one: TaskChange) -> Iterator[Text]:
    calendar = frame.calendar(zone_of(frame, one.versions[1]))
    if one.states[0] != one.states[1]:
        yield _pair(Text("状态", "state"), [_label(frame, one, "states", name) for name in one.states])
    if one.due[0] != one.due[1]:
        yield _pair(Text("期限", "deadline"), [_when(calendar, at) for at in one.due])
    if one.step[0] != one.step[1]:
        yield _pair(Text("本环节至", "this step until"), [_when(calendar, at) for at in one.step])
    if one.lights[0] != one.lights[1]:
        yield _pair(Text("灯", "light"), [light(name) for name in one.lights])
    for rule in one.opened:
        label = _label(frame, one, "rules", rule)
        yield Text(f"开启预警“{label.zh}”", f"opens: {label.en}")
    for rule, why in one.ended:
        label, because = _label(frame, one, "rules", rule), WHY_ENDED.get(why, same(why))
        yield Text(f"结束预警“{label.zh}”（{because.zh}）", f"ends: {label.en} ({because.en})")
    for kind in one.opens:
        found = definition_of(frame, one.versions[1], kind)
        label = found.label if found is not None else same(kind)
        yield Text(f"交办“{label.zh}”", f"hands out: {label.en}")


def _pair(label: Text, pair: Sequence[Text]) -> Text:
    old, new = pair
    return Text(f"{label.zh} {old.zh} → {new.zh}", f"{label.en} {old.en} → {new.en}")


def _label(frame: Frame, one: TaskChange, group: str, name: str) -> Text:
    """What it is called in the version to come, or in the one before."""
    for version in reversed(one.versions):
        found = getattr(definition_of(frame, version, one.kind), group, {}).get(name)
        if found is not None:
            return found.label  # type: ignore[no-any-return]
    return same(name)
