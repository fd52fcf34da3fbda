"""Is everything in order: the history, the whole; and letting go on what stood still."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import NotNow, UsageError

from .arguments import AsJson, SomeTask, command, group, option
from .desk import Desk, desk_of

if TYPE_CHECKING:
    from workflow.doctor import Finding
    from workflow.engine import Frame

app = group()


@command(
    app,
    "放行：时钟存疑造成的暂停，或一件搁置的事项、一轮搁置的交办。",
    "Let go on: a hold, or a task or a round that was set aside.",
)
def release(
    ctx: typer.Context,
    task: SomeTask = None,
    person: Annotated[
        str, option("谁放行，默认系统账号。", "Who; the account by default.", "--as", metavar="WHO")
    ] = "",
    moment: Annotated[
        tuple[str, str] | None,
        option(
            "搁置的轮次及其时刻，见 duban doctor。",
            "A round that was set aside, and its moment: see duban doctor.",
            "--round",
            metavar="NAME NOMINAL",
        ),
    ] = None,
) -> None:
    desk = desk_of(ctx)
    if moment is not None:
        if task is not None:
            raise UsageError(
                "事项和 --round 不能同时给出，请分两次放行。",
                "Give a task or --round, not both: release one after the other.",
            )
        _release_round(desk, *moment)
        return
    if task is None:
        _release_hold(desk, person or account())
        return
    from workflow.reading import read_number

    with desk.frame() as frame:
        ident = read_number(frame, task)
    if not desk.engine.release(ident, person or account(), desk.now):
        raise NotNow(
            f"事项 {task} 没有搁置，无须放行。", f"Task {task} is not set aside: nothing to release."
        )
    desk.say(f"已放行 {task}，守护进程将再次处理。", f"{task} is released; the daemon will try again.")


def _release_hold(desk: Desk, by: str) -> None:
    from workflow.store import organisation

    with desk.port.write("people") as tx:
        if not organisation.release_hold(tx, by, desk.now):
            raise NotNow("目前没有暂停，无须放行。", "Nothing is held: there is nothing to release.")
    desk.say("已放行，守护进程将继续。", "Released; the daemon goes on.")


def _release_round(desk: Desk, name: str, nominal: str) -> None:
    from workflow import rounds

    with desk.port.write("people") as tx:
        if not rounds.release_named(tx, name, nominal):
            raise NotNow(
                f"轮次 {name}（{nominal}）没有搁置，无须放行。搁置的轮次见 duban doctor。",
                f"The round {name} ({nominal}) is not set aside: nothing to release. duban doctor lists "
                "those that are.",
            )
    desk.say(
        f"已放行轮次 {name}（{nominal}），守护进程将再次处理。",
        f"The round {name} ({nominal}) is released; the daemon will try again.",
    )


def account() -> str:
    """Who is at this terminal, by the name of their account."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this user id
        return str(os.getuid())


@command(
    app, "校验留痕：每件事项的链、各行与链首。", "Check the history: every chain, its rows and its head."
)
def verify(ctx: typer.Context, task: SomeTask = None, as_json: AsJson = False) -> None:
    from workflow.reading import read_number
    from workflow.verifying import verify as checked

    desk, ident = desk_of(ctx), None
    if task is not None:
        with desk.frame() as frame:
            ident = read_number(frame, task)
    with desk.progress("校验", "Verifying") as progress:
        found = checked(desk.port, task=ident, progress=progress)
    if as_json:
        desk.json(found)
    elif found.fault is not None:
        desk.warn(*found.fault)
    else:
        desk.say(
            f"{found.tasks} 件事项、{found.lines} 条留痕全部相符（值 {found.values} 个，"
            f"已删 {found.erased} 个）。",
            f"{found.lines} lines of {found.tasks} tasks fit ({found.values} values, {found.erased} erased).",
        )
    if found.fault is not None:
        raise typer.Exit(1)


@command(app, "体检：列出一切错误和异常。", "Everything that is wrong or odd.")
def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    from workflow.clock import kernel_synchronised
    from workflow.doctor import Patient, examine, healthy
    from workflow.reading import screens

    desk = desk_of(ctx)
    patient = Patient(
        port=desk.port,
        library=desk.engine.library,
        now=desk.now,
        folder=desk.folder,
        synchronised=kernel_synchronised(),
        beside=beside_the_engine(desk),
    )
    with desk.progress("推导", "Deriving") as progress:
        found = examine(patient, progress)
    if as_json:
        desk.json(found)
    else:
        desk.blocks(screens.findings(found))
    if not healthy(found):
        raise typer.Exit(1)


def beside_the_engine(desk: Desk) -> Callable[[Frame], Iterator[Finding]]:
    """What is wrong or odd with messages."""
    from notifier.doctor import findings

    known = None if desk.settings is None else list(desk.settings.channels)
    return lambda frame: findings(frame, known)
