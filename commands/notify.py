"""Messages themselves: look at them before they go, test a channel, send now, switch information off."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import NotNow, UsageError
from workflow.text import Text

from .arguments import AsJson, PersonCode, argument, command, group, option
from .desk import Desk, desk_of
from .outbox import ChannelName
from .speaking import both

if TYPE_CHECKING:
    from notifier.channel import Channel, Outcome
    from notifier.content import Content, Envelope
    from notifier.settings import Settings
    from notifier.wiring import Machine

app = group(
    name="notify",
    help=both(
        "通知：试发、立即发送、退订、撤销链接。", "Messages: test, send now, unsubscribe, revoke links."
    ),
    no_args_is_help=True,
)
Topic = Annotated[str, argument("notices，或 digest:名称。", "notices, or digest:NAME.", metavar="TOPIC")]


def settings_of(desk: Desk) -> Settings:
    """The settings of this call.

    Raises:
        UsageError: there are none.
    """
    if desk.settings is None:
        raise UsageError(
            "没有设置文件，什么都不会发出。请写 duban.toml，或用 --settings 指明；写法见 docs/notifier.md。",
            "There are no settings, nothing is sent. Write duban.toml, or name a file with --settings; see "
            "docs/notifier.md.",
        )
    return desk.settings


def machine_of(desk: Desk) -> Machine:
    """What this process gives to the notifier."""
    import os
    import platform

    from console.webhooks.doctor import disabled_since
    from notifier.wiring import Machine
    from workflow.daemon import DatabaseClock

    return Machine(
        port=desk.port,
        library=desk.engine.library,
        random=desk.salts,
        clock=DatabaseClock(desk.port, desk.clock),
        node=f"{platform.node()}:{os.getpid()}",
        failures=disabled_since,
    )


@command(
    app,
    "预览：把每种通知写成文件，中英文、各通道的样子都有。",
    "Write every message as files, in both languages and in the form of every channel.",
)
def preview(
    ctx: typer.Context,
    folder: Annotated[Path, argument("写到哪个文件夹。", "Where to write.", metavar="FOLDER")],
    pack: Annotated[
        str | None,
        option("用哪个方案包演练，默认演示用的。", "The pack that is played; the demonstration's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from dataclasses import replace

    from notifier.preview import SITE
    from notifier.preview import preview as written
    from notifier.wiring import channels_of

    from .arguments import unwritable
    from .demo import PACK
    from .packs import proven
    from .screen import WARNINGS, log_to_stderr

    desk = desk_of(ctx)
    log_to_stderr(WARNINGS + 10)
    site, own = SITE, desk.settings
    if own is not None:
        site = replace(SITE, words=own.words, signature=own.site.signature)
    channels = () if own is None else tuple(channels_of(own).values())
    try:
        pages = written(folder, proven(pack or PACK), site=site, channels=channels)
    except OSError as error:
        raise unwritable(folder, error) from error
    if as_json:
        desk.json(pages)
    else:
        desk.say(
            f"已写 {len(pages)} 种消息，从 {folder / 'index.html'} 看起。",
            f"{len(pages)} messages are written; begin with {folder / 'index.html'}.",
        )


@command(app, "立即收发一轮（含简报），然后结束。", "One round of digests and sending now, then exit.")
def send(ctx: typer.Context, as_json: AsJson = False) -> None:
    from contextlib import closing

    from notifier.wiring import Notifier

    desk = desk_of(ctx)
    with closing(Notifier(settings_of(desk), machine_of(desk))) as notifier:
        digests = notifier.digests.run_once(desk.now)
        ran = notifier.office.run_once(desk.now)
    if as_json:
        desk.json({"office": ran, "digests": digests})
        return
    desk.say(
        f"简报 {digests.made} 份；取走 {ran.taken} 条，成文 {ran.written} 件，发出 {ran.sent} 件，"
        f"未成 {ran.failed} 件；无人接收 {ran.nobody} 条，回执 {ran.receipts} 份。",
        f"Digests {digests.made}; taken {ran.taken}, written {ran.written}, sent {ran.sent}, failed "
        f"{ran.failed}; reached nobody {ran.nobody}, receipts {ran.receipts}.",
    )
    if ran.held:
        desk.warn(
            "发件箱已扣留，什么都不发出。核对后请运行 duban outbox release --all。",
            "The outbox is held, nothing is sent. Once you have looked, run duban outbox release --all.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Tested:
    """What became of a test."""

    delivery: int
    channel: str
    address: str  # masked
    outcome: str
    code: str
    why: Text | None
    reference: str | None


@command(
    app,
    "试发：立即经某通道向某地址发一条，说出对方的答复。",
    "Send one test message now; what the peer said.",
    "test",
)
def notify_test(
    ctx: typer.Context,
    channel: ChannelName,
    address: Annotated[str, argument("地址。", "An address.", metavar="ADDRESS")],
    as_json: AsJson = False,
) -> None:
    from notifier.addresses import address_of
    from notifier.masking import masked

    desk = desk_of(ctx)
    way = _channel(desk, channel)
    value = address_of(way.kind, address)
    ident, outcome = _tested(desk, way, value)
    tested = Tested(
        delivery=ident,
        channel=channel,
        address=masked(value),
        outcome=outcome.end,
        code=outcome.code,
        why=outcome.why,
        reference=outcome.reference,
    )
    if as_json:
        desk.json(tested)
    elif outcome.end == "accepted":
        desk.say(
            f"对方已接收（{outcome.code or '无代码'}）：{channel}，{tested.address}。",
            f"The peer has accepted it ({outcome.code or 'no code'}): {channel}, {tested.address}.",
        )
    if outcome.end != "accepted":
        why = outcome.why or Text("没有说明", "no reason given")
        raise NotNow(
            f"测试消息没有发出（{outcome.end} {outcome.code}）：{why.zh}",
            f"The test was not sent ({outcome.end} {outcome.code}): {why.en}",
        )


def _channel(desk: Desk, name: str) -> Channel:
    from notifier.wiring import channels_of
    from workflow.reading.people import known

    channels = channels_of(settings_of(desk))
    if name not in channels:
        raise known(Text("通道", "channel"), name, sorted(channels))
    return channels[name]


def _tested(desk: Desk, channel: Channel, address: str) -> tuple[int, Outcome]:
    """Send a test, and keep what was sent with how it ended: a receipt may still come."""
    from notifier.channel import Unwritten
    from notifier.content import Envelope, Parcel
    from notifier.store.deliveries import draw_deliveries, message_id
    from workflow.calendar import USUAL_ZONE

    now = desk.now
    with desk.port.write("people") as tx:
        (ident,) = draw_deliveries(tx, 1)
    envelope = Envelope(
        delivery_id=ident,
        address=address,
        name="",
        message_id=message_id(ident, desk.salts(), settings_of(desk).domain),
        class_="information",
        about="test",
        date=now,
        zone=USUAL_ZONE,
    )
    try:
        body = channel.write(_test_content(desk), envelope)
    except Unwritten as error:
        raise NotNow(error.why.zh, error.why.en) from error
    with channel.session() as handed:
        outcome = handed(
            Parcel(delivery_id=ident, address=address, message_id=envelope.message_id, body=body)
        )
    _keep(desk, channel, envelope, body, outcome)
    return ident, outcome


def _test_content(desk: Desk) -> Content:
    from notifier.content import Content

    subject = Text("督办系统测试消息", "A test message from Duban")
    body = Text(
        "这是一条测试消息，用于确认本通道可用。无需回复，也无需办理。",
        "This is a test: it shows that this channel works. There is nothing to answer and nothing to do.",
    )
    return Content(
        language=desk.language,
        subject=subject.to(desk.language),
        text=body.to(desk.language) + "\n",
        phrases=(subject.to(desk.language),),
        template="test",
    )


def _keep(desk: Desk, channel: Channel, envelope: Envelope, body: bytes, outcome: Outcome) -> None:
    from notifier.store.deliveries import NewDelivery
    from notifier.store.testing import keep_test

    row = NewDelivery(
        id=envelope.delivery_id,
        person_id=None,
        channel=channel.name,
        kind=channel.kind,
        address=envelope.address,
        language=desk.language,
        class_=envelope.class_,
        about=envelope.about,
        due_at=envelope.date,
        created_at=envelope.date,
        message_id=envelope.message_id,
        body=body,
    )
    with desk.port.write("people") as tx:
        keep_test(tx, row, outcome, desk.now)


@command(app, "退订某人的提醒或简报；正式通知不能退订。", "Switch information off for a person.")
def unsubscribe(
    ctx: typer.Context,
    person: PersonCode,
    topic: Topic,
    undo: Annotated[bool, option("恢复接收。", "Switch it on again.", "--undo")] = False,
) -> None:
    from notifier.addresses import topic_of
    from notifier.store.addresses import switch_off, switch_on
    from workflow.reading import person_id

    desk, wanted = desk_of(ctx), topic_of(topic)
    with desk.port.write("people") as tx:
        who = person_id(tx, person)
        changed = switch_on(tx, who, wanted) if undo else switch_off(tx, who, wanted, "command", desk.now)
    if not changed:
        raise NotNow(
            f"{person} {'没有' if undo else '已经'}退订 {wanted}，未做改动。",
            f"{person} {'has not' if undo else 'has already'} switched {wanted} off: nothing to do.",
        )
    if undo:
        desk.say(f"{person} 将重新收到 {wanted}。", f"{person} gets {wanted} again.")
    else:
        desk.say(
            f"{person} 不再收到 {wanted}；正式通知照发。",
            f"{person} gets {wanted} no more; formal notices still come.",
        )


@command(app, "撤销尚未使用的办理链接。", "Revoke action links that are not used yet.")
def revoke(
    ctx: typer.Context,
    person: Annotated[str | None, option("某人的（人员代码）。", "A person's.", "--person")] = None,
    task: Annotated[str | None, option("某事项的。", "A task's.", "--task")] = None,
) -> None:
    from notifier.store import links
    from workflow.reading import person_id, read_number

    desk = desk_of(ctx)
    if (person is None) == (task is None):
        raise UsageError("请写 --person 或 --task，二者择一。", "Give --person or --task, one of both.")
    with desk.frame() as frame:
        who = None if person is None else person_id(frame.tx, person)
        what = None if task is None else read_number(frame, task)
    with desk.port.write("people") as tx:
        count = 0
        if who is not None:
            count = links.revoke_of_person(tx, who, desk.now)
        elif what is not None:
            count = links.revoke_of_task(tx, what, desk.now)
    desk.say(f"已撤销 {count} 个链接。", f"{count} links are revoked.")
