"""What is wrong or odd with messages: for `duban doctor`. Only reads; each finding says what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from sqlalchemy import bindparam, func, literal_column, or_, select

from workflow.clock import span
from workflow.doctor import Finding, Level
from workflow.engine import Frame
from workflow.reading.outgoing import RECENT_MS
from workflow.store.applying import OUTGOING
from workflow.store.sql import Statement
from workflow.text import Text

from .reading import channels
from .restored import outbox_hold
from .store.addresses import without_address
from .store.deliveries import DELIVERY, PART

LATE_MS: Final = 10 * 60_000  # a message that waits longer is noticed
SHOWN: Final = 5  # people whom a finding names
_UNTAKEN = Statement(
    select(func.count(), func.min(OUTGOING.c.created_at)).where(
        OUTGOING.c.status == literal_column("'waiting'"), OUTGOING.c.person_id.is_not(None)
    )
)
_NOBODY = Statement(
    select(func.count()).where(
        OUTGOING.c.status == literal_column("'nobody'"), OUTGOING.c.created_at >= bindparam("since")
    )
)
_LEFT_BEHIND = Statement(
    select(func.count()).where(
        DELIVERY.c.status == literal_column("'sending'"), DELIVERY.c.claimed_at < bindparam("before")
    )
)
_HELD = Statement(select(func.count()).where(DELIVERY.c.status == literal_column("'held'")))
_ORPHANS = Statement(
    select(func.count())
    .select_from(
        PART.join(DELIVERY, DELIVERY.c.id == PART.c.delivery_id, isouter=True).join(
            OUTGOING, OUTGOING.c.id == PART.c.outgoing_id, isouter=True
        )
    )
    .where(or_(DELIVERY.c.id.is_(None), OUTGOING.c.id.is_(None)))
)


def findings(frame: Frame, known: Collection[str] | None) -> Iterator[Finding]:
    """Everything about messages that a person should know of.

    Args:
        known: the channels of the settings; None without settings: then nothing is sent.
    """
    yield from _untaken(frame, known)
    yield from _nobody(frame)
    yield from _left_behind(frame)
    yield from _held(frame)
    yield from _channels(frame, known)
    if known is not None:
        yield from _unreachable(frame)
    yield from _orphans(frame)


def _finding(level: Level, about: str, zh: str, en: str) -> Finding:
    return Finding(level=level, about=about, text=Text(zh, en))


def _untaken(frame: Frame, known: Collection[str] | None) -> Iterator[Finding]:
    count, oldest = frame.tx.one(_UNTAKEN) or (0, None)
    if not count:
        return
    if known is None:
        yield _finding(
            "note",
            "no settings",
            f"{count} 条消息待发，但没有设置文件，什么都不会发出。设置方法见 docs/notifier.md",
            f"{count} messages wait and there are no settings: nothing is sent. See docs/notifier.md",
        )
    elif frame.now - oldest > LATE_MS:
        zh, en = span(frame.now - oldest)
        yield _finding(
            "waits",
            "messages wait",
            f"{count} 条消息无人取走，最早的已等 {zh}。请确认守护进程在运行，且读的是同一设置文件",
            f"{count} messages are not taken, the oldest waits for {en}. See that the daemon runs, with the "
            "same settings",
        )


def _nobody(frame: Frame) -> Iterator[Finding]:
    (count,) = frame.tx.one(_NOBODY, since=frame.now - RECENT_MS) or (0,)
    if count:
        yield _finding(
            "waits",
            "reached nobody",
            f"近 31 天有 {count} 条消息无人收到：岗位空缺，或没有可用地址。请用 duban outbox list 查看",
            f"{count} messages of the last 31 days reached nobody: vacant posts, or no address that works. "
            "See duban outbox list",
        )


def _left_behind(frame: Frame) -> Iterator[Finding]:
    (count,) = frame.tx.one(_LEFT_BEHIND, before=frame.now - LATE_MS) or (0,)
    if count:
        yield _finding(
            "waits",
            "left behind",
            f"{count} 条消息交给通道后没有下文，发送的进程可能已中断。守护进程会按“结果不明”重发",
            f"{count} messages were handed to a channel and never answered: who sent them has perhaps died. "
            "The daemon sends them again, as possible duplicates",
        )


def _held(frame: Frame) -> Iterator[Finding]:
    standing = outbox_hold(frame.tx)
    if standing is not None:
        yield Finding(level="waits", about="held outbox", text=standing.why)
    (count,) = frame.tx.one(_HELD) or (0,)
    if count:
        yield _finding(
            "waits",
            "held messages",
            f"{count} 条消息已被人扣留。核对后请运行 duban outbox release，或 duban outbox drop",
            f"{count} messages are held by a person. Once you have looked, run duban outbox release, or "
            "duban outbox drop",
        )


def _channels(frame: Frame, known: Collection[str] | None) -> Iterator[Finding]:
    for one in channels(frame, sorted(known or ())):
        if one.paused_at is not None:
            why = one.why or Text("原因不详", "no reason given")
            yield _finding(
                "waits",
                "paused channel",
                f"通道 {one.name} 已暂停（{why.zh}）。排除后请运行 duban outbox resume {one.name}",
                f"The channel {one.name} is paused ({why.en}). Mend it, then run duban outbox resume "
                f"{one.name}",
            )
        elif known is not None and one.name not in known:
            yield _finding(
                "waits",
                "unknown channel",
                f"通道 {one.name} 还有 {sum(one.counts.values())} 条消息，设置里却没有它。请补上，或取消消息",
                f"{sum(one.counts.values())} messages belong to the channel {one.name}, which the settings "
                "don't have. Add it, or drop them",
            )
        elif one.oldest_due is not None and frame.now - one.oldest_due > LATE_MS:
            zh, en = span(frame.now - one.oldest_due)
            yield _finding(
                "waits",
                "slow channel",
                f"通道 {one.name} 有消息已过发送时刻 {zh}。请用 duban outbox channels 查看",
                f"The channel {one.name} is behind by {en}. See duban outbox channels",
            )


def _unreachable(frame: Frame) -> Iterator[Finding]:
    codes = without_address(frame.tx, frame.now)
    if codes:
        named = codes[:SHOWN]
        yield _finding(
            "note",
            "no address",
            f"{len(codes)} 名在岗人员没有可用地址（如 {'、'.join(named)}）。请用 duban people address 添加",
            f"{len(codes)} people who hold posts have no address that works (such as {', '.join(named)}). "
            "Add them with duban people address",
        )


def _orphans(frame: Frame) -> Iterator[Finding]:
    (count,) = frame.tx.one(_ORPHANS) or (0,)
    if count:
        yield _finding(
            "wrong",
            "orphan parts",
            f"{count} 处投递内容对不上消息或投递。请从备份核对",
            f"{count} parts of deliveries belong to no message or no delivery. Compare with a backup",
        )
