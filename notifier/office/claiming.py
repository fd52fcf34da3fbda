"""What a channel sends next: due, within its budget, at an hour at which its reader may be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from workflow.engine import Frame
from workflow.store import Transaction
from workflow.text import Text

from ..budgets import Asking, counted, grant
from ..office_settings import Budget
from ..restored import mark_batch
from ..store import channels, deliveries, queue
from ..store.queue import Queued
from .desk import Desk
from .failing import another_way
from .people import today
from .writing import not_now


@dataclass(kw_only=True, slots=True)
class Claimed:
    """What one transaction has claimed."""

    chosen: list[Queued] = field(default_factory=list)
    given_up: int = 0
    moved: int = 0  # those that are not to be sent now, or not on this channel
    mark: int | None = None  # of the outbox, where a file beside the database keeps it too


def claim(tx: Transaction, desk: Desk, channel: str, found: Sequence[Queued], now: int) -> Claimed:
    """Claim those of a channel's queue, locked in this transaction, that may be sent now."""
    if not found:
        return Claimed()
    frame = desk.library.frame(tx, now)
    later = not_now(frame, _by_reader(found), desk)
    deliveries.postpone(tx, later, {one.id: one.status for one in found})
    ready = [one for one in found if one.id not in later]
    over = _over_budget(frame, desk, channel, ready)
    _end_over(tx, desk, [one for one in ready if one.id in over], over, now)
    chosen = [one for one in ready if one.id not in over]
    queue.claim(tx, chosen, desk.node, now)
    mark = mark_batch(tx, desk.port) if chosen else None
    return Claimed(chosen=chosen, given_up=len(over), moved=len(later) + len(over), mark=mark)


def _by_reader(found: Sequence[Queued]) -> dict[int, int]:
    """Notices that keep to their reader's hours, each with that reader."""
    return {
        one.id: one.person_id
        for one in found
        if one.about == "notice" and not one.urgent and one.person_id is not None
    }


_NO_BUDGET: Final = Budget()


def _over_budget(frame: Frame, desk: Desk, channel: str, ready: Sequence[Queued]) -> Mapping[int, Text]:
    """Those that a budget has no room for; the others are counted. A message counts once, not each try."""
    budget = desk.settings.budget(channel)
    if budget == _NO_BUDGET:
        return {}
    asking = [
        Asking(id=one.id, address=one.address, template=f"{one.about}:{one.class_}", unit_id=one.unit_id)
        for one in ready
        if one.claimed_at is None
    ]
    day = today(frame)
    before = channels.spent_on(frame.tx, channel, day, [key for one in asking for key in counted(one)])
    granted = grant(asking, budget, channel, dict(before))
    channels.keep_spent(frame.tx, channel, day, before, granted.counts)
    return granted.over


def _end_over(tx: Transaction, desk: Desk, over: Sequence[Queued], why: Mapping[int, Text], now: int) -> None:
    for status in {one.status for one in over}:
        of_status = {one.id: why[one.id] for one in over if one.status == status}
        deliveries.give_up(tx, of_status, status, now)
    another_way(tx, desk, over, now)
