"""Moving what runs: milestones to other dates, families onto another version. The difference comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import ActingPerson, AsJson, argument, command, group, option, readable, typed_pairs
from .dates import day_of
from .desk import Desk, desk_of
from .planning import plan_again

if TYPE_CHECKING:
    from workflow.engine.migrating import Migrated
    from workflow.engine.replanning import Replanned

app = group()

CampaignName = Annotated[str, argument("专项行动的名字。", "A campaign's name.", metavar="CAMPAIGN")]
OnBasis = Annotated[
    str, option("依据，如文号。", "On what it rests, such as a document's number.", "--basis")
]
Apply = Annotated[bool, option("照此执行；不写则只报告。", "Do it; otherwise only the report.", "--apply")]


@command(
    app,
    "节点改期：先列差异，--apply 执行。",
    "Move milestones: the difference first, then --apply.",
)
def replan(
    ctx: typer.Context,
    campaign: CampaignName,
    dates: Annotated[
        list[str], argument("节点=日期，可多个。", "Milestones and their dates.", metavar="MILESTONE=DATE")
    ],
    person: ActingPerson,
    basis: OnBasis,
    apply: Apply = False,
    as_json: AsJson = False,
) -> None:
    from workflow.engine.replanning import Replan
    from workflow.reading import person_id
    from workflow.store import organisation

    desk = desk_of(ctx)
    with desk.frame() as frame:
        who = person_id(frame.tx, person)
    wanted = Replan(campaign=campaign, dates=_dates(dates), person_id=who, basis=readable("--basis", basis))
    found = desk.engine.replan(wanted, desk.now, apply=apply)
    if found.applied:
        with desk.port.read() as tx:
            epoch = organisation.stamp(tx).epoch
        plan_again(desk, epoch)
    if as_json:
        desk.json(found)
    else:
        _tell_replan(desk, found)


def _dates(typed: Sequence[str]) -> dict[str, date]:
    zh, en = "节点=日期，不重复，如 completion=2026-05-20", "NAME=DATE, none twice, as completion=2026-05-20"
    found = typed_pairs("MILESTONE=DATE", typed, zh, en)
    return {name: day_of(day) for name, day in found.items()}


def _tell_replan(desk: Desk, found: Replanned) -> None:
    from workflow.reading.versions import replan_blocks

    if not found.milestones:
        desk.say("节点已是这些日期，没有变化。", "The milestones stand there already; nothing changes.")
        return
    with desk.frame() as frame:
        desk.blocks(replan_blocks(found, frame))
    count = len(found.tasks)
    if found.applied:
        desk.say(
            f"已改期：{count} 件未办结事项的期限随之移动，新旧期限都留痕。",
            f"Done: the deadlines of {count} open tasks have moved; both values are on record.",
        )
    else:
        desk.say(
            f"以上是差异（{count} 件未办结事项），尚未改动。确认后加 --apply。",
            f"This is the difference ({count} open tasks); nothing was changed. Add --apply to do it.",
        )


@command(
    app,
    "把未办结事项整户迁到另一版本：先报告，--apply 执行。",
    "Move open tasks, family by family, onto another version: a report first, then --apply.",
)
def migrate(
    ctx: typer.Context,
    campaign: CampaignName,
    person: ActingPerson,
    basis: OnBasis,
    to: Annotated[
        str | None,
        option("哪个版本（开头若干位），默认现行版本。", "The beginning of a version; the one in force."),
    ] = None,
    family: Annotated[
        str | None, option("只迁这个事项所在的一户。", "Only the family of this task.", metavar="TASK")
    ] = None,
    counterpart: Annotated[
        list[str] | None,
        option(
            "状态对应，可多次：旧=新，或 类型.旧=新。",
            "A state's counterpart; repeatable: OLD=NEW, or KIND.OLD=NEW.",
            "--map",
            metavar="STATE=STATE",
        ),
    ] = None,
    apply: Apply = False,
    as_json: AsJson = False,
) -> None:
    from workflow.engine.migrating import Migrate
    from workflow.reading import person_id, read_number

    desk = desk_of(ctx)
    with desk.frame() as frame:
        who = person_id(frame.tx, person)
        task = None if family is None else read_number(frame, family)
    wanted = Migrate(
        campaign=campaign,
        person_id=who,
        basis=readable("--basis", basis),
        to=to,
        task_id=task,
        states=_states(counterpart or ()),
    )
    found = desk.engine.migrate(wanted, desk.now, apply=apply)
    if as_json:
        desk.json(found)
    else:
        _tell_migration(desk, found)
    if found.refused:
        raise typer.Exit(1)


def _states(typed: Sequence[str]) -> dict[str, str]:
    return typed_pairs(
        "--map", typed, "旧=新，不重复，如 checking=working", "STATE=STATE, none twice, as checking=working"
    )


def _tell_migration(desk: Desk, found: Migrated) -> None:
    from workflow.reading.versions import migration_blocks

    version = found.version[:12]
    if not found.families:
        desk.say(
            f"没有事项要迁：都已在版本 {version}。", f"Nothing is to be moved: all of it is on {version}."
        )
        return
    with desk.frame() as frame:
        desk.blocks(migration_blocks(found, frame))
    moved, stay = len(found.moved), len(found.refused)
    count = sum(len(one.changes) for one in found.moved)
    if found.applied:
        desk.say(
            f"已迁到版本 {version}：{moved} 户 {count} 件；{stay} 户未动。",
            f"Moved to version {version}: {moved} families with {count} tasks; {stay} families stay.",
        )
    else:
        desk.say(
            f"将迁到版本 {version}：{moved} 户 {count} 件；{stay} 户不能迁。尚未改动，确认后加 --apply。",
            f"To be moved to version {version}: {moved} families with {count} tasks; {stay} families can't. "
            "Nothing was changed. Add --apply to do it.",
        )
