"""The outbox: what must be told, what is on its way, what did not arrive, and what operators do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import NotNow, UsageError
from workflow.text import Text

from .arguments import AsJson, Limit, Why, argument, command, group, option, readable
from .dates import zone_of
from .desk import Desk, desk_of
from .speaking import both

if TYPE_CHECKING:
    from notifier.handling import Which
    from notifier.reading import Deliveries
    from workflow.reading import Outbox

app = group(
    name="outbox",
    help=both(
        "发件箱：无人接收的、出了问题的排在最前。",
        "The outbox: what reaches nobody stands first, then what went wrong.",
    ),
    invoke_without_command=True,
)
OfPerson = Annotated[str | None, option("只看某人的（人员代码）。", "Only a person's.", "--person")]
OfState = Annotated[str | None, option("只看某状态的投递。", "Only deliveries of a state.", "--state")]
OfChannel = Annotated[str | None, option("只看某通道的投递。", "Only a channel's.", "--channel")]
Ids = Annotated[list[int] | None, argument("投递编号。", "Numbers of deliveries.", metavar="ID")]
OneId = Annotated[int, argument("投递编号。", "A delivery's number.", metavar="ID")]
All = Annotated[bool, option("全部。", "All of them.", "--all")]
ChannelName = Annotated[
    str, argument("通道，照设置里的名字。", "A channel, as the settings call it.", metavar="CHANNEL")
]


@app.callback()
def outbox(
    ctx: typer.Context,
    person: OfPerson = None,
    state: OfState = None,
    channel: OfChannel = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    if ctx.invoked_subcommand is None:
        _list(desk_of(ctx), person, state, channel, limit, as_json=as_json)


@command(
    app, "列出：无人接收的、出问题的、在途的。", "What reaches nobody, trouble, what is on its way.", "list"
)
def outbox_list(
    ctx: typer.Context,
    person: OfPerson = None,
    state: OfState = None,
    channel: OfChannel = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    _list(desk_of(ctx), person, state, channel, limit, as_json=as_json)


def _list(
    desk: Desk, person: str | None, state: str | None, channel: str | None, limit: int, *, as_json: bool
) -> None:
    from notifier import reading, screens
    from workflow.reading import outbox as untaken
    from workflow.reading import screens as usual

    wanted = reading.Wanted(state=state, channel=channel, person=person, limit=limit)
    with desk.frame() as frame:
        found = reading.deliveries(frame, wanted)
        messages = None if state or channel else untaken(frame, person=person, limit=limit)
        if as_json:
            desk.json(_as_json(messages, found))
            return
        if messages is not None:
            desk.blocks(usual.outbox(frame, messages))
        if found.total or messages is None:
            desk.blocks(screens.deliveries(found, frame.calendar(zone_of(frame))))
    _mind(desk, messages)


def _as_json(messages: Outbox | None, found: Deliveries) -> dict[str, object]:
    told: dict[str, object] = {"deliveries": found.deliveries, "deliveries_total": found.total}
    if messages is not None:
        told |= {name: getattr(messages, name) for name in ("messages", "total", "unaddressed")}
    return told


def _mind(desk: Desk, messages: Outbox | None) -> None:
    if messages is not None and (count := messages.unaddressed):
        desk.warn(
            f"注意：{count} 条消息无人接收：岗位及其替补都空缺，或没有可用地址。请用 duban post give 任命，"
            "或用 duban people address 添加地址。",
            f"Mind: {count} messages reach nobody: their posts are vacant, or no address works. Fill the "
            "posts with duban post give, or add addresses with duban people address.",
        )
    if desk.settings is None:
        desk.warn(
            "注意：没有设置文件，什么都不会发出。设置方法见 docs/notifier.md。",
            "Mind: there are no settings, nothing is sent. See docs/notifier.md.",
        )


@command(app, "一件投递的全部：状态、发送经过、原文（打码）。", "All of a delivery, with the text as sent.")
def show(ctx: typer.Context, ident: OneId, as_json: AsJson = False) -> None:
    from notifier import reading, screens

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found, calendar = reading.delivery(frame, ident), frame.calendar(zone_of(frame))
    if as_json:
        desk.json(found)
        return
    desk.blocks(screens.shown(found, calendar))
    if found.text is None:
        desk.say("原文：没有（尚未成文，或已按期清除）。", "Text: none (not written yet, or no longer kept).")
    else:
        desk.say("原文：", "Text:")
        typer.echo("\n".join(f"  {line}".rstrip() for line in found.text.splitlines()))


@command(app, "再试：把失败的重新发送；--all 为全部失败的。", "Try again now. --all: whatever failed.")
def retry(ctx: typer.Context, ids: Ids = None, every: All = False) -> None:
    from notifier import handling

    from .health import account

    desk = desk_of(ctx)
    chosen = _chosen(ids, ("bounced", "given_up"), every=every)
    count = sum(handling.retry(desk.port, one, account(), desk.now) for one in chosen)
    _told(desk, count, ids, Text("再试", "to be tried again"))


@command(
    app, "放行已扣留的；--all 也放行恢复后的发件箱。", "Let go what was held; --all: after a restore too."
)
def release(ctx: typer.Context, ids: Ids = None, every: All = False) -> None:
    from notifier import handling, restored

    from .health import account

    desk = desk_of(ctx)
    chosen = _chosen(ids, ("held",), every=every)
    count = sum(handling.release(desk.port, one, account(), desk.now) for one in chosen)
    if every and restored.release(desk.port, account(), desk.now):
        desk.say("恢复之后扣留的发件箱已放行。", "The outbox that was held after a restore is released.")
    _told(desk, count, ids, Text("放行", "released"))


@command(app, "扣留：放行之前不发送。", "Keep back until released.")
def hold(ctx: typer.Context, reason: Why, ids: Ids = None, every: All = False) -> None:
    from notifier import handling

    from .health import account

    desk = desk_of(ctx)
    readable("--reason", reason)
    chosen = _chosen(ids, ("waiting", "unknown"), every=every)
    count = sum(handling.hold(desk.port, one, account(), reason, desk.now) for one in chosen)
    _told(desk, count, ids, Text("扣留", "held"))
    if every:
        _mind_gathering(desk)


def _mind_gathering(desk: Desk) -> None:
    """What still gathers has no bytes that could be kept back."""
    from notifier import reading

    with desk.frame() as frame:
        total = reading.deliveries(frame, reading.Wanted(state="gathering", limit=1)).total
    if total:
        desk.warn(
            f"注意：还有 {total} 件仍在汇集，尚未成文，未扣留。成文后请再运行一次，或用 duban outbox pause "
            "暂停通道。",
            f"Mind: {total} still gather further notices, are not written yet, and are not held. Run this "
            "again once they are, or pause the channel with duban outbox pause.",
        )


@command(app, "取消：不再发送，记下理由。", "Take back: never sent, with the reason.")
def drop(
    ctx: typer.Context, ids: Annotated[list[int], argument("编号。", "Numbers.", metavar="ID")], reason: Why
) -> None:
    from notifier import handling

    from .health import account

    desk = desk_of(ctx)
    readable("--reason", reason)
    count = handling.drop(desk.port, handling.Which(ids=ids), account(), reason, desk.now)
    _told(desk, count, ids, Text("取消", "dropped"))


def _chosen(ids: Sequence[int] | None, states: Sequence[str], *, every: bool) -> list[Which]:
    """Those that are named, or all in these states.

    Raises:
        UsageError: neither some nor all, or both.
    """
    from notifier.handling import Which

    if bool(ids) == every:
        raise UsageError(
            "请写投递编号，或写 --all，二者择一。编号见 duban outbox list。",
            "Give numbers of deliveries, or --all, one of both. See the numbers with duban outbox list.",
        )
    return [Which(ids=ids)] if ids else [Which(status=state) for state in states]


def _told(desk: Desk, count: int, chosen: Sequence[int] | None, done: Text) -> None:
    left = len(set(chosen or ())) - count
    if chosen and left:
        raise NotNow(
            f"{count} 件已{done.zh}，{left} 件没有：没有此编号，或状态不允许。请用 duban outbox show 查看。",
            f"{count} {done.en}, {left} not: there is no such number, or their state forbids it. See them "
            "with duban outbox show.",
        )
    desk.say(f"{count} 件已{done.zh}。", f"{count} {done.en}.")


@command(app, "各通道：是否正常、有多少待发。", "The channels: whether they work, what waits in them.")
def channels(ctx: typer.Context, as_json: AsJson = False) -> None:
    from notifier import reading, screens

    desk = desk_of(ctx)
    known = [] if desk.settings is None else list(desk.settings.channels)
    with desk.frame() as frame:
        found, calendar = reading.channels(frame, known), frame.calendar(zone_of(frame))
    if as_json:
        desk.json(found)
        return
    desk.blocks(screens.channels(found, calendar))
    if desk.settings is None:
        _mind(desk, None)


@command(app, "暂停通道：其消息留待恢复。", "Pause a channel; its messages stay.")
def pause(ctx: typer.Context, channel: ChannelName, reason: Why) -> None:
    from notifier import handling

    from .health import account

    desk, who = desk_of(ctx), account()
    readable("--reason", reason)
    _known_channel(desk, channel)
    why = Text(f"{who}：{reason}", f"{who}: {reason}")
    handling.pause_channel(desk.port, channel, who, why, desk.now)
    desk.say(f"通道 {channel} 已暂停。", f"The channel {channel} is paused.")


@command(app, "恢复通道。", "Send by a channel again.")
def resume(ctx: typer.Context, channel: ChannelName) -> None:
    from notifier import handling

    from .health import account

    desk = desk_of(ctx)
    handling.resume_channel(desk.port, channel, account(), desk.now)
    desk.say(f"通道 {channel} 重新开始发送。", f"The channel {channel} sends again.")


def _known_channel(desk: Desk, channel: str) -> None:
    from workflow.reading.people import known

    if desk.settings is not None and channel not in desk.settings.channels:
        raise known(Text("通道", "channel"), channel, sorted(desk.settings.channels))
