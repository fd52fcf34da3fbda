"""Deliveries and channels as blocks of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from workflow.calendar import Calendar
from workflow.reading.screens import Block
from workflow.reading.words import moment
from workflow.text import Text, same

from .reading import ChannelView, Deliveries, DeliveryView, Shown
from .states import LABELS, State

NONE: Final = Text("", "")
_TEST: Final = Text("（测试）", "(test)")
OUTCOMES: Final = {
    "accepted": Text("对方已接收", "accepted"),
    "refused": Text("对方拒绝", "refused"),
    "later": Text("对方要求稍后再试", "asked to try later"),
    "unreachable": Text("连接不上", "not reached"),
    "unauthorised": Text("账号或密钥不对", "credentials refused"),
    "unknown": Text("结果不明", "outcome unknown"),
}


def deliveries(found: Deliveries, calendar: Calendar) -> Iterator[Block]:
    """A page of deliveries."""
    yield Block(rows=tuple(_row(one, calendar) for one in found.deliveries))
    total, shown = found.total, len(found.deliveries)
    yield Block(title=Text(f"投递共 {total} 件，列出 {shown} 件。", f"{total} deliveries, {shown} listed."))


def _row(one: DeliveryView, calendar: Calendar) -> tuple[Text, ...]:
    return (
        same(f"#{one.id}"),
        one.state_label,
        same(one.channel),
        one.person or _TEST,
        same(one.address),
        same(moment(calendar, one.due_at)),
        one.why or NONE,
    )


def shown(found: Shown, calendar: Calendar) -> Iterator[Block]:
    """All of a delivery."""
    one = found.delivery
    heading = (
        f"#{one.id} {one.state_label.zh}：{found.meaning.zh}",
        f"#{one.id} {one.state_label.en}. {found.meaning.en}",
    )
    yield Block(title=Text(*heading), rows=tuple(_summary(found, calendar)))
    if found.parts:
        yield Block(
            title=Text("内容", "Tells of"),
            rows=tuple((same(part.number), part.rule_label or part.reason_label) for part in found.parts),
        )
    if found.tries:
        yield Block(
            title=Text("发送", "Tries"),
            rows=tuple(
                (same(moment(calendar, each.at)), OUTCOMES[each.outcome], same(each.code), each.why or NONE)
                for each in found.tries
            ),
        )


def _summary(found: Shown, calendar: Calendar) -> Iterator[tuple[Text, Text]]:
    one = found.delivery
    yield Text("收件人", "To"), one.person or _TEST
    yield Text("地址", "Address"), same(f"{one.address} ({one.channel})")
    yield (
        Text("类别", "Class"),
        Text("正式通知", "formal notice") if one.formal else Text("提醒", "information"),
    )
    yield Text("形成", "Created"), same(moment(calendar, one.created_at))
    yield Text("发送时刻", "Due"), same(moment(calendar, one.due_at))
    if one.accepted_at is not None:
        yield Text("对方接收", "Accepted"), same(moment(calendar, one.accepted_at))
    if one.ended_at is not None:
        yield Text("结束", "Ended"), same(moment(calendar, one.ended_at))
    yield Text("已发送次数", "Tries"), same(str(len(found.tries)))
    if one.possible_duplicates:
        yield Text("可能重复", "Possible duplicates"), same(str(one.possible_duplicates))
    if one.why is not None:
        yield Text("原因", "Why"), one.why
    if found.instead_of is not None:
        yield Text("代替", "Instead of"), same(f"#{found.instead_of}")
    yield same("Message-ID"), same(found.message_id)


def channels(found: Sequence[ChannelView], calendar: Calendar) -> Iterator[Block]:
    """How each channel stands."""
    yield Block(rows=tuple((same(one.name), _standing(one, calendar), _counts(one)) for one in found))


def _standing(one: ChannelView, calendar: Calendar) -> Text:
    if one.paused_at is not None:
        since, why = moment(calendar, one.paused_at), one.why or NONE
        return Text(f"自 {since} 暂停：{why.zh}", f"paused since {since}: {why.en}")
    if one.again_at is not None:
        again = moment(calendar, one.again_at)
        return Text(f"连接不上，{again} 再试", f"not reached, again at {again}")
    return Text("正常", "at work")


def _counts(one: ChannelView) -> Text:
    told = [(LABELS[State(state)], count) for state, count in one.counts.items()]
    return Text(
        "，".join(f"{label.zh} {count}" for label, count in told),
        ", ".join(f"{label.en} {count}" for label, count in told),
    )
