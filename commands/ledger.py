"""Looking: the ledger, one task, what happened to it, who must be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import UsageError

from .arguments import AsJson, Limit, OfUnit, TaskNumber, command, group, option, readable
from .dates import zone_of
from .desk import Desk, desk_of
from .speaking import both

if TYPE_CHECKING:
    from workflow.engine import Frame

app = group()
whole = group(
    name="ledger",
    help=both("台账整体：冻结、导出。", "The whole ledger: freeze it, export it."),
    no_args_is_help=True,
)
Where = Annotated[
    list[str] | None,
    option(
        "填报项等于某值，可多次，如 key=yes。",
        "A fact's value, as key=yes; repeatable.",
        "--where",
        metavar="NAME=VALUE",
    ),
]
PlanYear = Annotated[
    int | None, option("哪一年的计划。", "Tasks of a year's plan.", "--year", min=1970, max=2399)
]
BEHIND_MS = 60_000  # a wake that passed longer ago means that no daemon is at work

OfKind = Annotated[str | None, option("事项类型。", "Kind of task.", "--kind")]
OfTrack = Annotated[str | None, option("专项任务。", "Track.", "--track")]
InState = Annotated[str | None, option("状态。", "State.", "--state")]
OfLight = Annotated[
    str | None, option("green、blue、yellow、red。", "green, blue, yellow or red.", "--light")
]
WaitsFor = Annotated[
    str | None, option("在等谁：角色，或人员代码。", "A role, or a person's code.", "--waits-for")
]
OnlyOpen = Annotated[bool, option("只列未办结的，或全部。", "Open ones, or all.", "--open/--all")]


@command(app, "台账：列出督办事项，重的在前。", "The ledger: list tasks, the gravest first.")
def tasks(
    ctx: typer.Context,
    unit: OfUnit = None,
    kind: OfKind = None,
    track: OfTrack = None,
    state: InState = None,
    light: OfLight = None,
    waits_for: WaitsFor = None,
    where: Where = None,
    year: PlanYear = None,
    only_open: OnlyOpen = True,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from workflow.reading import Wanted, ledger, screens

    desk = desk_of(ctx)
    wanted = Wanted(
        unit=unit,
        kind=kind,
        track=track,
        state=state,
        light=light,
        waits_for=waits_for,
        open=True if only_open else None,
        where=conditions(where or ()),
        year=year,
        limit=limit,
    )
    with desk.frame() as frame:
        found = ledger(frame, wanted)
        if as_json:
            desk.json(found)
            return
        desk.blocks(screens.ledger(frame, found))
        _mind_the_clock(desk, frame)


def conditions(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """`NAME=VALUE` of each --where."""
    pairs = [readable("--where", one).partition("=") for one in given]
    for name, equals, _ in pairs:
        if not equals or not name:
            raise UsageError(
                "--where 看不懂：应写 填报项=值，如 key=yes。", "--where: write FACT=VALUE, such as key=yes."
            )
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _mind_the_clock(desk: Desk, frame: Frame) -> None:
    """A ledger that the clock hasn't looked at for a while may show the lights of yesterday."""
    from workflow.reading.words import moment
    from workflow.store.tasks import next_wake

    wake = next_wake(frame.tx)
    if wake is not None and frame.now - wake > BEHIND_MS:
        since = moment(frame.calendar(zone_of(frame)), wake)
        desk.warn(
            f"注意：自 {since} 起有到时的事项尚未处理，台账可能不是最新。请运行 duban daemon。",
            f"Mind: tasks have been due since {since} and were not looked at. Run duban daemon.",
        )


@command(app, "一件事项的全貌。", "Where one task stands, with all that belongs to it.")
def show(ctx: typer.Context, task: TaskNumber, as_json: AsJson = False) -> None:
    from workflow.reading import read_number, screens, standing

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = standing(frame, read_number(frame, task))
        if as_json:
            desk.json(found)
        else:
            desk.blocks(screens.standing(frame, found))


@command(app, "一件事项的全部留痕。", "Everything that happened to a task, in words.")
def history(ctx: typer.Context, task: TaskNumber, as_json: AsJson = False) -> None:
    desk = desk_of(ctx)
    with desk.frame() as frame:
        tell(desk, frame, task, as_json=as_json)


def tell(desk: Desk, frame: Frame, task: str, *, as_json: bool = False) -> None:
    """Print the history of a task."""
    from workflow.reading import history as story
    from workflow.reading import load_one, read_number, screens

    loaded, around = load_one(frame, read_number(frame, task))
    entries = story(frame, loaded.task)
    if as_json:
        desk.json(entries)
    else:
        desk.lines(screens.history(entries, around.calendar))


@command(
    app, "待投递的消息；无人接收的排在最前。", "Messages that wait; those that reach nobody stand first."
)
def outbox(
    ctx: typer.Context,
    person: Annotated[str | None, option("只看某人的（人员代码）。", "Only a person's.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from workflow.reading import outbox as waiting
    from workflow.reading import screens

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = waiting(frame, person=person, limit=limit)
        if as_json:
            desk.json(found)
            return
        desk.blocks(screens.outbox(frame, found))
    if count := found.unaddressed:
        desk.warn(
            f"注意：{count} 条消息无人接收，相应岗位及其替补都空缺。请用 duban post give 任命。",
            f"Mind: {count} messages reach nobody, their posts are vacant. Fill them: duban post give.",
        )
