"""Interests that people declare in units: they do not act where it matters."""

from __future__ import annotations

from typing import Annotated

import typer

from workflow.errors import NotNow

from .arguments import AsJson, PersonCode, UnitCode, Why, command, group, option, readable
from .dates import span, zone_of
from .desk import desk_of
from .people import Starting
from .speaking import both

declarations = group(
    name="interest",
    help=both("利害关系：申报、查看、终止；有利害关系的人须回避。", "Interests: declare, list, end."),
    no_args_is_help=True,
)


@command(declarations, "申报：某人与某单位有利害关系。", "Somebody has an interest in a unit.", "declare")
def interest_declare(
    ctx: typer.Context,
    person: PersonCode,
    unit: UnitCode,
    reason: Why,
    start: Starting = None,
    end: Annotated[
        str | None, option("至哪天（含）。", "Until that day, inclusive.", "--to", metavar="DATE")
    ] = None,
) -> None:
    from workflow.reading import person_id, unit_id
    from workflow.store import interests, organisation

    desk = desk_of(ctx)
    readable("--reason", reason)
    with desk.frame() as frame:
        begin, finish = span(frame, start, end)
        who, where = person_id(frame.tx, person), unit_id(frame.tx, unit)
    with desk.port.write("people") as tx:
        interests.declare(tx, who, where, begin, finish, reason, desk.now)
        organisation.move_organisation(tx, organisation.stamp(tx))
    desk.say(f"已记：{person} 与 {unit} 有利害关系。", f"{person} has an interest in {unit}.")


@command(declarations, "查看申报。", "What was declared.", "list")
def interest_list(ctx: typer.Context, as_json: AsJson = False) -> None:
    from workflow.reading import interests, screens

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found, calendar = interests(frame), frame.calendar(zone_of(frame))
    if as_json:
        desk.json(found)
    else:
        desk.blocks(screens.interests(found, calendar))


@command(declarations, "终止：利害关系已消除。", "The interest is no more.", "end")
def interest_end(ctx: typer.Context, person: PersonCode, unit: UnitCode) -> None:
    from workflow.reading import person_id, unit_id
    from workflow.store import interests, organisation

    desk = desk_of(ctx)
    with desk.frame() as frame:
        who, where = person_id(frame.tx, person), unit_id(frame.tx, unit)
    with desk.port.write("people") as tx:
        ended = interests.end(tx, who, where, desk.now)
        if ended:
            organisation.move_organisation(tx, organisation.stamp(tx))
    if not ended:
        raise NotNow(
            f"{person} 没有申报过与 {unit} 的利害关系，无可终止。请用 duban interest list 查看。",
            f"{person} has declared no interest in {unit}: nothing to end. See duban interest list.",
        )
    desk.say(f"已记：{person} 与 {unit} 不再有利害关系。", f"{person} has no interest in {unit} any more.")
