"""Looking ahead: what happens if nobody acts, and where each act would lead."""

from __future__ import annotations

from typing import Annotated

import typer

from workflow.errors import BadValue

from .arguments import AsJson, TaskNumber, command, group, option
from .dates import day_of, zone_of
from .desk import desk_of

app = group()


@command(
    app,
    "预测：若无人办理会怎样；现在办理又会怎样。",
    "What happens if nobody acts, and where each act would lead.",
)
def forecast(
    ctx: typer.Context,
    task: TaskNumber,
    until: Annotated[
        str | None, option("看到哪天为止，默认一年。", "The last day looked at; a year by default.")
    ] = None,
    steps: Annotated[int, option("最多列几步。", "How many steps to list.", min=1, max=10_000)] = 200,
    as_json: AsJson = False,
) -> None:
    from workflow import forecast as ahead
    from workflow.reading import foreteller, read_number, world_of

    desk = desk_of(ctx)
    with desk.frame() as frame:
        calendar = frame.calendar(zone_of(frame))
        end = frame.now + ahead.YEAR if until is None else calendar.end_of(day_of(until))
        if end < frame.now:
            raise BadValue(
                f"{until} 已经过去。请写今天或以后的日期。",
                f"{until} has passed. Write today or a later day.",
            )
        world = world_of(frame, read_number(frame, task), end)
        found, ways = ahead.forecast(world, until=end, steps=steps), ahead.branches(world, until=end)
        if as_json:
            desk.json({"forecast": found, "branches": ways})
        else:
            desk.blocks(foreteller(frame, world, found, ways).screens(found, ways))
