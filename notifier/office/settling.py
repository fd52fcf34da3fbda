"""What came of tries and receipts: recorded in small groups, and what follows from it at once with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import structlog

from workflow.errors import DubanError
from workflow.store import Transaction

from ..channel import Outcome, Receipt
from ..office_settings import Retries
from ..retrying import Settled, left_behind, pause, settle
from ..states import State
from ..store import channels, queue, segments
from ..store.channels import Standing
from ..store.queue import Queued
from .desk import Desk, OfficeRan
from .failing import another_way

log = structlog.get_logger("duban.notifier")
# Codes by which a mail server says that there is no such mailbox, unless a better one follows.
_NO_MAILBOX: Final = frozenset({"550", "551", "553"})
_ENHANCED: Final = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")
# RFC 3463: the address, a mailbox that was closed, no way to its domain, and what says nothing more.
_DEAD: Final = re.compile(r"5\.(?:1\.\d+|2\.1|4\.4|0\.0)")
_OF_THAT_DAY: Final = ("EXPIRED", "DELETED", "REJECTD")
Tried = tuple[Queued, Outcome | None]
"""A message, and how its try ended; None: it was claimed and not tried."""


def record(tx: Transaction, desk: Desk, group: Sequence[Tried], now: int, ran: OfficeRan) -> None:
    """Write the outcomes of a group: messages, tries, channels, and another way for what was given up."""
    tried = [(one, outcome) for one, outcome in group if outcome is not None]
    untried = [one for one, outcome in group if outcome is None]
    settled = {one.id: settle(one.sent, outcome, now, desk.settings.retries) for one, outcome in tried}
    claimed = {one.id: one.claimed_at or 0 for one, _ in group}
    if queue.keep_settled(tx, desk.node, settled, claimed) != len(settled):
        log.warning("outcomes came after others took the messages over", messages=len(settled))
    queue.put_back(tx, desk.node, untried, claimed)
    queue.keep_tries(tx, tried, now)
    for name in sorted({one.channel for one, _ in tried}):
        segments.keep_segments(tx, name, [end.reference for one, end in tried if one.channel == name])
    _channels(tx, desk, tried, now)
    _given_up(tx, desk, tried, settled, now)
    _count(settled, ran)


def _count(settled: Mapping[int, Settled], ran: OfficeRan) -> None:
    for one in settled.values():
        ran.sent += one.status == State.ACCEPTED
        ran.failed += one.status != State.ACCEPTED
        ran.given_up += one.status == State.GIVEN_UP


def _given_up(
    tx: Transaction,
    desk: Desk,
    tried: Sequence[tuple[Queued, Outcome]],
    settled: Mapping[int, Settled],
    now: int,
) -> None:
    for one, outcome in tried:
        told_so = outcome.code[:3] in _NO_MAILBOX and is_dead(outcome.code)
        if outcome.end == "refused" and one.kind == "mail" and told_so:
            queue.break_address(tx, one, outcome.why, now)
    ended = [ident for ident, one in settled.items() if one.status == State.GIVEN_UP]
    if ended:
        another_way(tx, desk, [one for one in queue.these(tx, ended) if one.status == State.GIVEN_UP], now)


def is_dead(code: str) -> bool:
    """Whether a message that did not arrive says so of its address, and not of itself or of that day. Pure.

    A full box, a message that was taken for spam, or a telephone that was switched off must not keep the
    next notice from its reader.

    Args:
        code: what the mail server answered, or the last state of a text message (SMPP 3.4, 5.2.28).
    """
    if code.startswith(_OF_THAT_DAY):
        return False
    enhanced = _ENHANCED.search(code)
    return enhanced is None or _DEAD.fullmatch(enhanced.group()) is not None


# --- channels ---------------------------------------------------------------------------------------


def _channels(tx: Transaction, desk: Desk, tried: Sequence[tuple[Queued, Outcome]], now: int) -> None:
    standing = channels.standings(tx)
    for name in sorted({one.channel for one, _ in tried}):
        before = standing.get(name, Standing(name=name))
        ends = [outcome for one, outcome in tried if one.channel == name]
        after = channel_after(before, ends, now, desk.settings.retries)
        if after != before:
            channels.put_standing(tx, after)
            _say(before, after)


def channel_after(before: Standing, ends: Sequence[Outcome], now: int, retries: Retries) -> Standing:
    """How a channel stands after these tries. Pure."""
    refused = next((one for one in ends if one.end == "unauthorised"), None)
    if refused is not None and before.paused_at is None:
        return replace(before, paused_at=now, paused_by=None, why=refused.why, alarmed_at=now)
    if any(one.end not in ("unreachable", "unauthorised") for one in ends):
        return replace(before, failures=0, again_at=None) if before.failures else before
    away = next((one for one in ends if one.end == "unreachable"), None)
    if away is None:
        return before
    failures = before.failures + 1
    again = now + pause(failures, sum(before.name.encode()), retries)
    return replace(before, failures=failures, again_at=again, why=away.why)


def _say(before: Standing, after: Standing) -> None:
    why = after.why.en if after.why is not None else ""
    if after.paused_at is not None and before.paused_at is None:
        log.error("channel paused", channel=after.name, why=why)
    elif after.failures > before.failures:
        log.warning("channel unreachable", channel=after.name, failures=after.failures, why=why)
    elif before.failures:
        log.info("channel reachable again", channel=after.name)


# --- what dead processes left, and receipts ---------------------------------------------------------


def adopt(tx: Transaction, found: Sequence[Queued], now: int) -> int:
    """Messages that a dead process was sending: nobody knows what became of them; how many."""
    queue.keep_left_behind(tx, {one.id: left_behind(one.sent, now) for one in found})
    for one in found:
        log.warning("left behind", delivery=one.id, channel=one.channel, node=one.claimed_by)
    return len(found)


class NotYet(DubanError):
    """A receipt whose message is still under way: it must come again."""


def receive(tx: Transaction, desk: Desk, channel: str, receipt: Receipt, now: int, *, busy: bool) -> bool:
    """Keep what a peer said later; whether it changed anything.

    Raises:
        NotYet: the message that it is about may be one whose outcome is not recorded yet.
    """
    if receipt.end == "unsubscribed":
        return desk.site.switch_off(tx, receipt.reference, now)
    whole = segments.whole(tx, channel, receipt)
    if whole is None or whole.end == "later":
        return False
    one = queue.receipted(tx, channel, whole.reference)
    if one is None and not busy:
        return False
    if one is None or one.status == State.SENDING:
        raise NotYet(
            "回执所指的消息尚未记下结果，稍后再取。",
            "The message of this receipt has no outcome yet; the receipt is looked at again later.",
        )
    if whole.end == "delivered":
        return _delivered(tx, one, now)
    return _bounced(tx, desk, one, whole, now)


_OPEN: Final = frozenset({State.ACCEPTED, State.UNKNOWN, State.WAITING})


def _delivered(tx: Transaction, one: Queued, now: int) -> bool:
    if one.status not in _OPEN:
        return False
    queue.keep_receipt(tx, one, State.DELIVERED, None, now)
    return True


def _bounced(tx: Transaction, desk: Desk, one: Queued, receipt: Receipt, now: int) -> bool:
    if one.status not in _OPEN:
        return False
    queue.keep_receipt(tx, one, State.BOUNCED, receipt.why, now)
    if is_dead(receipt.code):
        queue.break_address(tx, one, receipt.why, now)
    another_way(tx, desk, [one], now)
    return True
