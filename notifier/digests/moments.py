"""When digests are due. A moment is recorded once, with what it counted and which history it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from workflow.calendar import Calendar
from workflow.definition.model import Campaign, Round
from workflow.engine import Frame
from workflow.rounds import DueMoment, due_moments
from workflow.store.organisation import CampaignInForce

from ..store import digests
from ..store.digests import Run
from .tree import written


def due(
    campaign: Campaign, calendar: Calendar, last: Mapping[str, str], since: int, now: int
) -> list[DueMoment]:
    """The newest moment of each digest that has come and is not on record, and is not older than `since`
    where none is: what was missed during downtime is told once."""
    rounds = {
        one.name: Round(name=one.name, at=one.at, on_holiday=one.on_holiday)
        for one in campaign.digests.values()
    }
    found = due_moments(replace(campaign, rounds=rounds), calendar, last, now)
    newest = {one.round.name: one for one in found if one.round.name in last or one.at >= since}
    return list(newest.values())


def find_due(frame: Frame, in_force: CampaignInForce) -> list[DueMoment]:
    """The moments of a campaign that are due now; none while a person must look at the clock first."""
    campaign = frame.campaign(in_force.version_id)
    if frame.stamp.held or not campaign.digests:
        return []
    last = digests.last_moments(frame.tx, in_force.id)
    since = digests.in_force_since(frame.tx, in_force.version_id)
    return due(campaign, frame.calendar(campaign.zone), last, since, frame.now)


def begin(frame: Frame, in_force: CampaignInForce, moment: DueMoment, settled: int) -> None:
    """Record a moment. Raises Overtaken where another daemon was faster."""
    name, nominal = moment.round.name, moment.nominal
    before = digests.earlier_than(frame.tx, in_force.id, name, nominal, 1)
    since = before[0].upto_event if before else 0
    (ident,) = frame.tx.draw("row_id", 1)
    run = Run(
        id=ident,
        campaign_id=in_force.id,
        name=name,
        nominal=nominal,
        at=moment.at,
        since_event=since,
        upto_event=max(since, settled),
        counts=written(digests.light_counts(frame.tx, in_force.id)),
        cursor=0,
        served=0,
    )
    digests.add_run(frame.tx, run, frame.now)
