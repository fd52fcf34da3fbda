"""The moments of rounds: what happened, and what the next year brings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import BadValue
from workflow.text import Text

from .arguments import AsJson, command, group, option
from .dates import day_of, zone_of
from .desk import desk_of

if TYPE_CHECKING:
    from workflow.calendar import Calendar
    from workflow.engine import Frame
    from workflow.reading.rounds import MomentView, Plan
    from workflow.reading.screens import Block, Row

app = group()
_A_YEAR = timedelta(days=366)

_STATUS = {
    "coming": Text("将", "will"),
    "done": Text("已办", "done"),
    "open": Text("正在办", "at work"),
    "skipped": Text("已跳过", "skipped"),
    "set aside": Text("已搁置", "set aside"),
}
_NOTES = {
    "caught up": Text("错过后补办", "caught up"),
    "skipped: missed": Text("错过，按规定不补", "missed"),
    "not in force then": Text("当时尚未生效", "not in force then"),
}
_POLICIES = {
    "run once": Text("错过的合并补办一次", "missed: run once"),
    "run each": Text("错过的逐次补办", "missed: run each"),
    "skip": Text("错过的不补", "missed: skip"),
}
_HOLIDAYS = {
    "next workday": Text("遇假日顺延", "on holidays: next workday"),
    "previous workday": Text("遇假日提前", "on holidays: previous workday"),
    "run anyway": Text("假日照办", "on holidays: run anyway"),
    "skip": Text("遇假日不办", "on holidays: skip"),
}


@command(
    app,
    "轮次：已过的办了什么，今后一年何时办什么。",
    "Rounds: what past moments did, and what the next year's would do.",
)
def rounds(
    ctx: typer.Context,
    until: Annotated[str, option("列到哪天。", "Until which day.", metavar="DATE")] = "",
    as_json: AsJson = False,
) -> None:
    from workflow.reading.rounds import plan

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = plan(frame, _end(frame, until))
        if as_json:
            desk.json(found)
            return
        blocks = list(_blocks(frame, found))
    desk.blocks(blocks)


def _end(frame: Frame, until: str) -> int:
    """The end of a day; of the last day within a year that the calendar knows, unless one is named."""
    calendar = frame.calendar(zone_of(frame))
    today = calendar.day_of(frame.now)
    day = (
        day_of(until)
        if until
        else min(today + _A_YEAR, today.replace(year=max(calendar.years), month=12, day=31))
    )
    if day < today:
        raise BadValue(
            f"日期 {day} 已过，今天是 {today}。请写今天或以后的日期。",
            f"{day} has passed; today is {today}. Write today or a later day.",
        )
    return calendar.end_of(day)


def _blocks(frame: Frame, found: Plan) -> Iterator[Block]:
    from workflow.reading.screens import Block

    rows = [
        (Text(one.name, one.name), one.at, one.what, _POLICIES[one.missed], _HOLIDAYS[one.on_holiday])
        for one in found.rounds
    ]
    yield Block(title=Text(f"轮次 {len(rows)} 个", f"{len(rows)} rounds"), rows=tuple(rows))
    past = [one for one in found.moments if one.status != "coming"]
    coming = [one for one in found.moments if one.status == "coming"]
    for title, moments in (
        (Text(f"已过 {len(past)} 次", f"{len(past)} have passed"), past),
        (Text(f"今后 {len(coming)} 次", f"{len(coming)} to come"), coming),
    ):
        yield Block(title=title, rows=tuple(_row(frame.calendar(one.zone), one) for one in moments))


def _row(calendar: Calendar, one: MomentView) -> Row:
    from workflow.reading.words import moment

    when, status = moment(calendar, one.at), _STATUS[one.status]
    return (
        Text(when, when),
        Text(one.round, one.round),
        Text(f"{status.zh} {one.count} 件", f"{status.en} {one.count}"),
        one.what,
        _remark(one),
    )


def _remark(one: MomentView) -> Text:
    day = one.nominal[:10]
    moved = Text("", "")
    if one.moved_by is not None:
        moved = Text(f"由 {day} 移来（{one.moved_by.zh}）", f"moved from {day} ({one.moved_by.en})")
    if one.note.startswith("moved from"):
        return moved
    note = _NOTES.get(one.note, Text(one.note, one.note))
    return Text(" ".join(filter(None, (moved.zh, note.zh))), " ".join(filter(None, (moved.en, note.en))))
