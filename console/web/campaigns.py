"""Campaigns: tracks, milestones, rounds, the ranking by the published formula, and what was frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Response
from sqlalchemy import select

from workflow.definition.model import PAIR, Campaign
from workflow.definition.sentences import milestone
from workflow.definition.terms import MICRO
from workflow.engine import Frame
from workflow.reading import Scope, scope_of
from workflow.reading.figures import Ranking, Scored, rankings
from workflow.reading.frozen import thawed
from workflow.reading.people import known
from workflow.reading.rounds import MomentView, RoundView, plan
from workflow.reading.tally import NONE, Tally, added, holds
from workflow.reading.words import moment
from workflow.store import snapshots
from workflow.store.organisation import CampaignInForce
from workflow.store.snapshots import Snapshot
from workflow.store.sql import OneOf, Statement
from workflow.store.tasks import TASK
from workflow.text import Text

from ..board import Square
from ..charts import WIDE, place
from .asking import Asking
from .board import newest
from .place import Bulletin
from .seeing import person_of

router = APIRouter(prefix="/campaigns")
AHEAD: Final = 92 * 86_400_000  # ms: how far rounds are foretold
SHOWN: Final = 30  # moments of the past, and as many to come
LINES: Final = 300  # of a frozen ledger
_DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_WHOSE: Final = Statement(
    select(TASK.c.id, TASK.c.campaign_id, TASK.c.unit_id, TASK.c.kind).where(OneOf(TASK.c.id, "ids"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """A date of the campaign, on its time line."""

    name: str
    label: Text
    day: date
    said: date | None  # what the pack says, where people have moved it
    x: float  # on the time line
    is_past: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeLine:
    """Milestones from the first to the last."""

    milestones: tuple[Milestone, ...]
    today: float  # on the line, held at its ends


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackView:
    """A line of work and its lights, as far as somebody sees them."""

    name: str
    label: Text
    square: Square


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """A moment of a round, with its time in words."""

    at: str
    view: MomentView


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A ranking, as far as somebody sees it."""

    ranking: Ranking
    formula: str
    units: tuple[Scored, ...]
    hidden: int  # units that others look at


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignPage:
    """Everything that the page of a campaign shows."""

    own: CampaignInForce
    campaign: Campaign
    decided_by: Text
    tracks: tuple[TrackView, ...]
    line: TimeLine
    rounds: tuple[RoundView, ...]
    past: tuple[When, ...]  # the newest first
    coming: tuple[When, ...]
    draws: bool  # whether a round of it draws pairs
    rankings: tuple[Placed, ...]
    frozen: tuple[tuple[Snapshot, str], ...]
    bulletins: tuple[tuple[Bulletin, str], ...] | None  # None: nobody keeps any


def campaign_of(frame: Frame, name: str) -> CampaignInForce:
    """A campaign by its name.

    Raises:
        Unknown: there is none.
    """
    found = {one.name: one for one in frame.campaigns.values()}
    if name not in found:
        raise known(Text("专项行动", "campaign"), name, found)
    return found[name]


@router.get("")
def campaigns(visit: Asking) -> Response:
    """Every campaign that is under way."""
    person_of(visit)
    with visit.place.frame() as frame:
        found = [(one, frame.campaign(one.version_id)) for one in frame.campaigns.values()]
    return visit.page("campaigns.html", campaigns=found)


@router.get("/{name}")
def campaign(visit: Asking, name: str) -> Response:
    """One campaign."""
    person, tally = person_of(visit), newest(visit.request)
    with visit.place.frame() as frame:
        own, scope = campaign_of(frame, name), scope_of(frame, person)
        kept = visit.place.bulletins
        bulletins = None if kept is None else kept.listed(frame, name)
        view = _page(frame, own, scope, tally, bulletins)
    return visit.page("campaign.html", view=view)


def _page(
    frame: Frame, own: CampaignInForce, scope: Scope, tally: Tally, bulletins: Sequence[Bulletin] | None
) -> CampaignPage:
    campaign = frame.campaign(own.version_id)
    calendar = frame.calendar(campaign.zone)
    told = plan(frame, frame.now + AHEAD)
    moments = [
        When(at=moment(calendar, one.at), view=one) for one in told.moments if one.campaign == own.name
    ]
    frozen = [(one, moment(calendar, one.frozen_at)) for one in snapshots.every(frame.tx)]
    listed = [(one, moment(calendar, one.made_at)) for one in bulletins or ()]
    return CampaignPage(
        own=own,
        campaign=campaign,
        decided_by=_unit(campaign, campaign.basis.decided_by),
        tracks=tuple(_tracks(campaign, own.id, scope, tally)),
        line=_line(frame, own, campaign, calendar.day_of(frame.now)),
        rounds=tuple(one for one in told.rounds if one.campaign == own.name),
        past=tuple(reversed([one for one in moments if one.view.status != "coming"]))[:SHOWN],
        coming=tuple(one for one in moments if one.view.status == "coming")[:SHOWN],
        draws=any(opening.each == PAIR for one in campaign.rounds.values() for opening in one.opens),
        rankings=tuple(_rankings(frame, own, scope)),
        frozen=tuple(frozen),
        bulletins=None if bulletins is None else tuple(reversed(listed)),
    )


def _unit(campaign: Campaign, code: str) -> Text:
    unit = campaign.units.get(code)
    return Text(code, code) if unit is None else unit.label


def _tracks(campaign: Campaign, ident: int, scope: Scope, tally: Tally) -> Iterator[TrackView]:
    for name, label in campaign.tracks.items():
        now = before = NONE
        for cell in {*tally.now, *tally.before}:
            if (cell.campaign_id, cell.track) == (ident, name) and holds(
                scope, ident, cell.unit_id, cell.kind
            ):
                now, before = (
                    added(now, tally.now.get(cell, NONE)),
                    added(before, tally.before.get(cell, NONE)),
                )
        yield TrackView(name=name, label=label, square=Square(now=now, before=before))


def _line(frame: Frame, own: CampaignInForce, campaign: Campaign, today: date) -> TimeLine:
    pack = frame.version(own.version_id).pack
    said, kinds = pack.campaign.milestones, {name: one.label for name, one in pack.definitions.items()}
    days = sorted((day, name) for name, day in campaign.milestones.items())
    first, last = (days[0][0], days[-1][0]) if days else (today, today)
    return TimeLine(
        milestones=tuple(
            Milestone(
                name=name,
                label=milestone(name, kinds),
                day=day,
                said=said[name] if said.get(name, day) != day else None,
                x=place(day.toordinal(), first.toordinal(), last.toordinal()),
                is_past=day < today,
            )
            for day, name in days
        ),
        today=min(max(place(today.toordinal(), first.toordinal(), last.toordinal()), 0.0), float(WIDE)),
    )


# --- the ranking ------------------------------------------------------------------------------------


def _rankings(frame: Frame, own: CampaignInForce, scope: Scope) -> Iterator[Placed]:
    """Whoever watches over all units sees them all, others only their own, with their ranks."""
    sees_all = bool(scope.kinds.get(own.id))
    for one in rankings(frame):
        if one.campaign == own.name:
            units = tuple(unit for unit in one.units if sees_all or unit.unit_id in scope.units)
            yield Placed(
                ranking=one, formula=_formula(one.weights), units=units, hidden=len(one.units) - len(units)
            )


def _formula(weights: Mapping[str, int]) -> str:
    """As it was published: `0.2 × a + 0.8 × b`."""
    return " + ".join(f"{weight / MICRO:g} × {name}" for name, weight in weights.items())


# --- what was frozen --------------------------------------------------------------------------------


@router.get("/{name}/bulletins/{bulletin}")
def bulletin(visit: Asking, name: str, bulletin: str) -> Response:
    """A bulletin as it was drawn up, checked against its hash."""
    person_of(visit)
    with visit.place.frame() as frame:
        own, kept = campaign_of(frame, name), visit.place.bulletins
        if kept is None:
            raise known(Text("通报", "bulletin"), bulletin, ())
        found, body = kept.named(frame, own.name, bulletin)
    headers = {"Content-Disposition": f'attachment; filename="{found.file}"'}
    return Response(body, media_type=_DOCX, headers=headers)


@router.get("/{name}/frozen/{snapshot}")
def frozen(visit: Asking, name: str, snapshot: str) -> Response:
    """A frozen ledger, checked against its hash; of its lines those that somebody may look at."""
    person = person_of(visit)
    with visit.place.frame() as frame:
        own = campaign_of(frame, name)
        found, lines = thawed(frame, snapshot)
        seen = _seen(frame, scope_of(frame, person), lines)
        calendar = frame.calendar(frame.campaign(own.version_id).zone)
        shown = [(one, _due(frame, one)) for one in seen[:LINES]]
    return visit.page(
        "frozen.html",
        own=own,
        snapshot=found,
        at=moment(calendar, found.frozen_at),
        lines=shown,
        total=len(seen),
    )


def _seen(frame: Frame, scope: Scope, lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    rows = frame.tx.all(_WHOSE, ids=[one["id"] for one in lines])
    may = {ident for ident, campaign, unit, kind in rows if holds(scope, campaign, unit, kind)}
    return [one for one in lines if one["id"] in may]


def _due(frame: Frame, line: Mapping[str, Any]) -> str:
    due = line.get("due_at")
    return "—" if due is None else moment(frame.calendar(line["zone"]), due)
