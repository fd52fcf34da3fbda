"""Webhooks: which programs elsewhere are told of events. For the system administrator, at the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import NotNow
from workflow.text import Text

from .arguments import AsJson, argument, command, group, option
from .desk import Desk, desk_of
from .speaking import both

if TYPE_CHECKING:
    from console.store.webhooks import Webhook
    from workflow.calendar import Calendar
    from workflow.daemon import Beside

app = group(
    name="webhook",
    help=both(
        "Webhook：把事项的留痕事件告诉别的系统。", "Webhooks: other systems are told of the events of tasks."
    ),
    no_args_is_help=True,
)
Name = Annotated[str, argument("名称。", "Its name.", metavar="NAME")]


@command(
    app, "添加：此后发生的事件都告诉它。密钥只显示一次。", "Tell another system; its secret is shown once."
)
def add(
    ctx: typer.Context,
    name: Name,
    url: Annotated[str, argument("https:// 地址。", "An https:// address.", metavar="URL")],
    kind: Annotated[
        list[str] | None,
        option("只告诉这类事件，可多次；默认全部。", "Only events of this kind; repeat it.", "--kind"),
    ] = None,
    near: Annotated[
        bool, option("它就在本机（试用）。", "It is on this machine, to try things out.", "--near")
    ] = False,
    from_start: Annotated[
        bool, option("从最早的事件告诉起。", "Of everything that ever happened.", "--from-start")
    ] = False,
) -> None:
    from console.webhooks import added

    desk = desk_of(ctx)
    randomness = desk.salts() + desk.salts()
    secret = added(desk.port, name, url, kind or (), randomness, desk.now, near=near, from_start=from_start)
    desk.say(
        f"已添加 {name}。签名密钥 {secret}（只显示这一次），请配置到对方；试发用 duban webhook test {name}。",
        f"{name} is added. It checks signatures with {secret} (shown this once); try it with duban webhook "
        f"test {name}.",
    )


@command(app, "列出，连同进度和失败原因。", "All of them, how far they have come, what failed.", "list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    from dataclasses import asdict

    from console.store import webhooks
    from workflow.reading.ledger import zone_of_dates
    from workflow.reading.screens import Block

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = webhooks.every(frame.tx)
        calendar = frame.calendar(zone_of_dates(frame))
    if as_json:
        desk.json([{**asdict(one), "secret": None} for one in found])
    elif found:
        desk.blocks([Block(rows=tuple(_row(one, calendar) for one in found))])
    else:
        desk.say(
            "没有 webhook。用 duban webhook add 添加。", "There is none. Add one with duban webhook add."
        )


def _row(one: Webhook, calendar: Calendar) -> tuple[Text, ...]:
    from urllib.parse import urlsplit

    from workflow.reading.words import moment
    from workflow.text import same

    state = Text("正常", "working")
    if one.disabled_at is not None:
        state = Text(f"已停用：{one.why}", f"disabled: {one.why}")
    elif one.failing_since is not None:
        again = moment(calendar, one.next_at)
        state = Text(
            f"失败 {one.tries} 次：{one.why}；{again} 再试", f"failed {one.tries}x: {one.why}; {again}"
        )
    last = "—" if one.sent_at is None else moment(calendar, one.sent_at)
    host = urlsplit(one.url).hostname or "?"  # the rest of the address may hold a secret
    return same(one.name), same(host), same(str(one.sent)), same(last), state


@command(app, "删除：不再告诉它。", "Tell it nothing more.")
def remove(ctx: typer.Context, name: Name) -> None:
    from console.webhooks import removed

    desk = desk_of(ctx)
    removed(desk.port, name)
    desk.say(f"已删除 {name}。", f"{name} is removed.")


@command(app, "重新启用：从停下处接着告诉。", "Tell it again, from where it stopped.")
def enable(ctx: typer.Context, name: Name) -> None:
    from console.webhooks import enabled

    desk = desk_of(ctx)
    enabled(desk.port, name, desk.now)
    desk.say(f"已启用 {name}。", f"{name} is told again.")


@command(app, "试发一条空消息，说出对方的答复。", "Send it an empty message now; what it said.", "test")
def webhook_test(ctx: typer.Context, name: Name) -> None:
    from console.webhooks import tried

    desk = desk_of(ctx)
    answer = tried(desk.port, name, desk.now)
    if not answer.took:
        raise NotNow(
            f"{name} 没有收下（{answer.said}）。请检查地址、证书和对方系统。",
            f"{name} didn't take it ({answer.said}). Check the address, its certificate, the other system.",
        )
    desk.say(f"{name} 已收下（{answer.said}）。", f"{name} took it ({answer.said}).")


def telling(desk: Desk) -> dict[str, Beside]:
    """What tells webhooks, to be rung beside the engine; nothing leaves while the outbox is held."""
    from console.webhooks import Webhooks
    from notifier import restored
    from workflow.daemon import Beside

    port = desk.port
    found = Webhooks(
        port,
        desk.engine.library,
        lambda: desk.now,
        held=lambda now: restored.check(port, now) is not None,
    )
    return {"webhooks": Beside(work=found.run_once, stop=found.stop)}
