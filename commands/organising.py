"""The organisation changes: a unit is renamed or merges, somebody leaves, a year ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import BadValue
from workflow.text import Text

from .arguments import (
    ActingPerson,
    AsJson,
    DryRun,
    Limit,
    UnitCode,
    argument,
    command,
    group,
    option,
    readable,
)
from .dates import day_of, span, zone_of
from .desk import Desk, desk_of
from .speaking import both

if TYPE_CHECKING:
    from workflow.engine import Frame
    from workflow.engine.handing import HandOver

app = group()
unit = group(name="unit", help=both("单位更名、撤并。", "Rename a unit, or merge two."), no_args_is_help=True)

IntoCode = Annotated[str, argument("并入的单位代码。", "The other unit's code.", metavar="INTO")]


# --- units ------------------------------------------------------------------------------------------


@command(unit, "更名；原名留存。", "Rename a unit; its former name stays on record.", "rename")
def unit_rename(
    ctx: typer.Context,
    code: UnitCode,
    zh: Annotated[str, option("中文名称。", "Name in Chinese.")],
    en: Annotated[str, option("英文名称。", "Name in English.")],
    person: ActingPerson,
) -> None:
    from workflow.engine.merging import rename_unit

    desk = desk_of(ctx)
    name = Text(readable("--zh", zh), readable("--en", en))
    former = rename_unit(desk.engine.batches, code, name, _person(desk, person), desk.now)
    desk.say(f"{code} 已由“{former.zh}”更名为“{zh}”。", f"{code} was {former.en!r} and is {en!r} now.")


@command(
    unit,
    "撤并：在办事项和岗位转入另一单位，原单位关闭。中断后重跑即续办。",
    "Merge: open tasks and posts go to the other unit, the first is closed. Broken off, run it again.",
    "merge",
)
def unit_merge(
    ctx: typer.Context,
    code: UnitCode,
    into: IntoCode,
    person: ActingPerson,
    on: Annotated[
        str | None, option("自哪天起撤并，默认即刻。", "Since which day; now by default.", metavar="DATE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    from workflow.engine.merging import merge_units

    desk = desk_of(ctx)
    ended_at = None if on is None else _past_day(desk, on)
    who = _person(desk, person)
    merged = merge_units(desk.engine.batches, code, into, who, desk.now, ended_at=ended_at)
    if as_json:
        desk.json(merged)
        return
    done, left = merged.tasks.done, merged.tasks.left
    desk.say(
        f"{code} 已并入 {into}：转移岗位 {merged.posts} 个、在办事项 {len(done)} 件。",
        f"{code} has merged into {into}: {merged.posts} posts and {len(done)} open tasks moved.",
    )
    _say_left(desk, left)


def _past_day(desk: Desk, on: str) -> int:
    """The first millisecond of a day that has begun."""
    with desk.frame() as frame:
        calendar = frame.calendar(zone_of(frame))
        day, today = day_of(on), calendar.day_of(frame.now)
        if day > today:
            raise BadValue(
                f"撤并日期 {day} 还没到（今天是 {today}）。请到那天再办。",
                f"The day {day} is still to come (today is {today}). Merge the units on that day.",
            )
        return calendar.start_of(day)


# --- somebody leaves --------------------------------------------------------------------------------


@command(
    app,
    "移交：某人离任，岗位及在办事项一并移交接任者。",
    "Somebody leaves: their posts, and the open tasks with them, pass to a successor.",
    "hand-over",
)
def hand_over(
    ctx: typer.Context,
    leaver: Annotated[str, argument("离任者代码。", "Who leaves.", metavar="LEAVER")],
    successor: Annotated[str, argument("接任者代码。", "Who follows.", metavar="SUCCESSOR")],
    person: ActingPerson,
    on: Annotated[
        str | None, option("自哪天起，默认即刻。", "From that day; now by default.", metavar="DATE")
    ] = None,
    dry_run: DryRun = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from workflow.engine.handing import hand_over as pass_on
    from workflow.reading import person_id

    desk = desk_of(ctx)
    with desk.frame() as frame:
        people = person_id(frame.tx, leaver), person_id(frame.tx, successor)
        begin = _begin(frame, on)
    who, now = _person(desk, person), desk.now
    found = pass_on(desk.engine.batches, *people, begin, who, now, dry_run=dry_run)
    if as_json:
        desk.json(found)
        return
    would = Text("将移交给", "Would pass") if dry_run else Text("已移交给", "Passed")
    desk.say(
        f"{would.zh} {successor}：{leaver} 的岗位 {len(found.posts)} 个、在办事项 {len(found.tasks)} 件。",
        f"{would.en} from {leaver} to {successor}: {len(found.posts)} posts, {len(found.tasks)} open tasks.",
    )
    _list(desk, found.tasks, limit)
    _say_rest(desk, found)


def _begin(frame: Frame, on: str | None) -> int | None:
    """The first millisecond of a day; today's has passed, and means now."""
    if on is None or day_of(on) == frame.calendar(zone_of(frame)).day_of(frame.now):
        return None
    begin, _ = span(frame, on, None)
    return begin


def _say_rest(desk: Desk, found: HandOver) -> None:
    """What does not pass by itself: somebody must see to it."""
    from workflow.reading.names import names

    if found.asked:
        desk.say(
            "待确认的申请，答复仍会告知离任者：", "Requests to be confirmed; the leaver hears the answer:"
        )
        _list(desk, found.asked, len(found.asked))
    if found.teams:
        desk.say("离任者在组内，须另选组员：", "Teams with the leaver in them, to be chosen anew:")
        _list(desk, found.teams, len(found.teams))
    if found.stands_in_for:
        with desk.frame() as frame:
            called = names(frame.tx, found.stands_in_for)
        people = [called.person(one) for one in found.stands_in_for]
        desk.say(
            f"以下人员外出期间由离任者代行，请另行委托：{'、'.join(one.zh for one in people)}。",
            f"These people named the leaver as their delegate: {', '.join(one.en for one in people)}. Name "
            "another.",
        )


# --- a year ends ------------------------------------------------------------------------------------


@command(
    app,
    "年度结转：上年到期仍未办结的事项结转到该年，期限不变。",
    "Carry over what is open and was due before a year; deadlines stay.",
    "roll-over",
)
def roll_over(
    ctx: typer.Context,
    year: Annotated[int, option("结转到哪一年。", "Into which year.", "--to", metavar="YEAR")],
    person: ActingPerson,
    dry_run: DryRun = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from workflow.engine import yearly

    desk = desk_of(ctx)
    who, batches, now = _person(desk, person), desk.engine.batches, desk.now
    if dry_run:
        done, left = yearly.would_roll_over(batches, year, who, now), []
    else:
        changed = yearly.roll_over(batches, year, who, now)
        done, left = changed.done, changed.left
    if as_json:
        desk.json({"year": year, "tasks": done, "left": left, "dry_run": dry_run})
        return
    would = Text("将结转", "Would be carried over") if dry_run else Text("已结转", "Carried over")
    desk.say(f"{would.zh}至 {year} 年：{len(done)} 件。", f"{would.en} into {year}: {len(done)} tasks.")
    _list(desk, done, limit)
    _say_left(desk, left)


# --- what they share --------------------------------------------------------------------------------


def _person(desk: Desk, code: str) -> int:
    from workflow.reading import person_id

    with desk.frame() as frame:
        return person_id(frame.tx, code)


def _list(desk: Desk, ids: Sequence[int], limit: int) -> None:
    """The first of these tasks as lines of the ledger."""
    from workflow.reading import screens
    from workflow.reading.ledger import Ledger, lines_of
    from workflow.store import tasks

    if not ids:
        return
    with desk.frame() as frame:
        order = {ident: place for place, ident in enumerate(ids[:limit])}
        lines = lines_of(frame, tasks.read_these(frame.tx, list(order)))
        found = sorted(lines, key=lambda line: order[line.id])
        desk.blocks(screens.ledger(frame, Ledger(lines=tuple(found), total=len(ids))))


def _say_left(desk: Desk, left: Sequence[int]) -> None:
    if left:
        desk.warn(
            f"注意：{len(left)} 件未能处理，保持原样。请运行 duban doctor 查看：",
            f"Mind: {len(left)} tasks couldn't be handled and are as they were. Run duban doctor:",
        )
        _list(desk, left, len(left))
