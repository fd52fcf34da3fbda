"""Looking: the ledger, one task, what happened to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from .arguments import AsJson, Limit, TaskNumber, command, group
from .dates import zone_of
from .desk import Desk, desk_of
from .filters import filtered
from .speaking import both

if TYPE_CHECKING:
    from workflow.engine import Frame
    from workflow.reading import Wanted

app = group()
whole = group(
    name="ledger",
    help=both("台账整体：冻结、导出。", "The whole ledger: freeze it, export it."),
    no_args_is_help=True,
)
BEHIND_MS = 60_000  # a wake that passed longer ago means that no daemon is at work


@command(app, "台账：列出督办事项，重的在前。", "The ledger: list tasks, the gravest first.")
@filtered
def tasks(
    ctx: typer.Context,
    chosen: Wanted,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from workflow.reading import ledger, screens

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = ledger(frame, replace(chosen, limit=limit))
        if as_json:
            desk.json(found)
            return
        desk.blocks(screens.ledger(frame, found))
        _mind_the_clock(desk, frame)


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
