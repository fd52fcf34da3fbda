"""Messages that can't be sent: they end with their reason, and what they tell goes another way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import structlog

from workflow.calendar import USUAL_ZONE
from workflow.store import Transaction
from workflow.text import Text

from ..content import Class, Kind, Part
from ..recipients import Route
from ..store import deliveries, queue, taking
from ..store.queue import Queued
from ..taking import Left, Plan
from .desk import Desk, campaign_of
from .taking import plan_for, store_plan

log = structlog.get_logger("duban.notifier")


def give_up(tx: Transaction, desk: Desk, why: Mapping[int, Text], before: str, now: int) -> int:
    """End these, which stand so, and let what they tell go another way; how many."""
    if why:
        deliveries.give_up(tx, why, before, now)
        another_way(tx, desk, queue.these(tx, why), now)
    return len(why)


def another_way(tx: Transaction, desk: Desk, failed: Sequence[Queued], now: int) -> None:
    """What these were to tell is told on the next address or channel; where there is none, it is reported.

    Digests, reports and tests are not written again for another channel: they are reported only.
    """
    for one in failed:
        log.error("given up", delivery=one.id, channel=one.channel, about=one.about)
    notices = {one.id: one for one in failed if one.about == "notice" and one.person_id is not None}
    if not notices:
        return
    frame = desk.library.frame(tx, now)
    told = deliveries.parts_of(tx, list(notices))
    tried = queue.tried(tx, list(notices))
    about = taking.about(tx, sorted({part.task_id for parts in told.values() for part in parts}))
    zones = {version: _zone(campaign_of(frame, version)) for version, _ in about.values()}
    left = [
        _left(
            part,
            notices[ident],
            tried.get(part.outgoing_id, set()),
            zones.get(about.get(part.task_id, (0, None))[0]),
        )
        for ident, parts in told.items()
        for part in parts
    ]
    made = plan_for(frame, left, desk)
    store_plan(tx, made, desk, now)
    _lost(tx, made)


def _zone(campaign: object) -> str:
    return getattr(campaign, "zone", USUAL_ZONE)


def _left(part: Part, one: Queued, tried: set[tuple[str, str, str]], zone: str | None) -> Left:
    routes = (Route(channel=channel, kind=cast(Kind, kind), address=value) for channel, kind, value in tried)
    return Left(
        part=part,
        persons=() if one.person_id is None else (one.person_id,),
        class_=cast(Class, one.class_),
        urgent=one.urgent,
        zone=zone or USUAL_ZONE,
        unit_id=one.unit_id,
        tried=frozenset(routes),
        instead_of=one.id,
    )


def _lost(tx: Transaction, made: Plan) -> None:
    """What no way is left for, and nobody who stands in."""
    nobody = {ident: status for ident, status in made.statuses.items() if status == "nobody"}
    if nobody:
        taking.end_outgoing(tx, nobody, "taken")
        log.error("no way left", messages=len(nobody), first=min(nobody))
