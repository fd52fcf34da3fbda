"""Working days: show a year, import a notice, plan again."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from workflow.errors import BadValue, NotNow, UsageError

from .arguments import AsJson, argument, command, group, unreadable
from .dates import DAY, zone_of
from .desk import Desk, desk_of
from .planning import plan_again
from .speaking import both

LARGEST = 1_000_000  # bytes of a notice

app = group(
    name="calendar",
    help=both("工作日历：查看、导入、重排。", "Working days: show, import, recompute."),
    no_args_is_help=True,
)


@command(app, "一年的放假与调休上班。", "A year's days off and make-up workdays.", "show")
def calendar_show(
    ctx: typer.Context,
    year: Annotated[int, argument("年份。", "A year.", metavar="YEAR")],
    as_json: AsJson = False,
) -> None:
    from workflow.reading import screens

    desk = desk_of(ctx)
    with desk.frame() as frame:
        calendar = frame.calendar(zone_of(frame))
    if year not in calendar.years:
        known = f"{min(calendar.years)}–{max(calendar.years)}"
        raise BadValue(
            f"没有 {year} 年的日历，已知 {known} 年。", f"There is no calendar for {year}; known: {known}."
        )
    if as_json:
        desk.json(calendar.years[year])
        return
    days = (date(year, 1, 1) + offset * DAY for offset in range(366))
    worked = sum(day.year == year and calendar.is_workday(day) for day in days)
    desk.blocks(screens.year(calendar.years[year], worked))


@command(app, "导入一年的放假通知。", "Import a year's holiday notice.", "import")
def calendar_import(
    ctx: typer.Context, file: Annotated[Path, argument("通知文本。", "The notice, as text.")]
) -> None:
    from workflow.calendar import import_notice, missing_statutory
    from workflow.engine.years import bring_year

    desk = desk_of(ctx)
    year = import_notice(_text_of(file))
    for day in missing_statutory(year):
        desk.warn(f"注意：法定节假日 {day} 未列为放假。", f"Mind: the statutory day {day} is not off in it.")
    if bring_year(desk.port, year, desk.now):
        desk.say(
            f"已导入 {year.year} 年（{year.source}）。守护进程将重排，也可运行 duban calendar recompute。",
            f"{year.year} is imported ({year.source}). The daemon plans again, or duban calendar recompute.",
        )
    else:
        desk.say(
            f"{year.year} 年通知此前已导入，没有变化。",
            f"The notice for {year.year} was known; nothing changed.",
        )


def _text_of(file: Path) -> str:
    """A notice. What is no plain file is not even opened: a device or a pipe need not end."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UsageError(
                f"{file} 不是普通文件。请指明通知文本所在的文件。",
                f"{file} is no plain file. Name the file that holds the notice's text.",
            )
        with file.open("rb") as source:
            found = source.read(LARGEST + 1)
    except OSError as error:
        raise unreadable(file, error) from error
    if len(found) > LARGEST:
        raise UsageError(
            f"{file} 超过 1 MB，不会是放假通知。请核对文件。",
            f"{file} is larger than 1 MB, too large for a notice. Check the file.",
        )
    try:
        return found.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} 不是 UTF-8 文本。请另存为 UTF-8 再导入。",
            f"{file} is no UTF-8 text. Save it as UTF-8 first.",
        ) from error


@command(
    app,
    "按现行日历重排未办结事项，报告移动的期限。",
    "Plan open tasks again; report what moved.",
    "recompute",
)
def calendar_recompute(ctx: typer.Context, as_json: AsJson = False) -> None:
    from workflow.reading import screens
    from workflow.reading.planning import moved_since

    desk = desk_of(ctx)
    planned, newest = _recompute(desk)
    with desk.frame() as frame:
        moved = moved_since(frame, newest)
        if as_json:
            desk.json({"planned": planned, "moved": moved})
            return
        desk.blocks(screens.moved(moved, frame))
    desk.say(
        f"重排 {planned} 件，移动期限 {len(moved)} 个；已到期的不变。",
        f"{planned} tasks planned again, {len(moved)} deadlines moved; what had passed stays.",
    )


def _recompute(desk: Desk) -> tuple[int, int]:
    """Plan again in batches; how many tasks, and the last event before."""
    from workflow.reading.planning import newest_event, pending_plans
    from workflow.store import organisation

    now = desk.now
    with desk.port.write("people") as tx:
        newest, stamp = newest_event(tx), organisation.stamp(tx)
        if stamp.held:
            raise NotNow(
                "一切暂停，未重排。请看 duban doctor 说明的原因，再运行 duban release。",
                "Everything is held: nothing was planned. See why with duban doctor, then run duban release.",
            )
        if pending_plans(tx, stamp.epoch) == 0:  # the library may know more than it did
            organisation.new_epoch(tx, "recompute", now)
            stamp = organisation.stamp(tx)
    return plan_again(desk, stamp.epoch), newest
