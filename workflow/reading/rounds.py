"""The moments of rounds: what became of those that have passed, and what the coming ones would open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select

from .. import rounds
from ..calendar import Calendar
from ..definition.model import PAIR, Opening, Pack, Round
from ..engine import Frame
from ..rounds import MOMENT
from ..store import tasks
from ..store.organisation import CampaignInForce
from ..store.sql import Statement
from ..text import Text

_PAST = Statement(
    select(MOMENT.c.round, MOMENT.c.nominal, MOMENT.c.at, MOMENT.c.status, MOMENT.c.total, MOMENT.c.cursor)
    .add_columns(MOMENT.c.note)
    .where(MOMENT.c.campaign_id == bindparam("campaign"))
    .order_by(MOMENT.c.at, MOMENT.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MomentView:
    """One moment of a round."""

    campaign: str
    round: str
    nominal: str  # local day and time, as the pack names it
    at: int  # when it was or will be due, after holidays
    zone: str
    moved_by: Text | None  # the day off that moved it, as it is called
    status: str  # coming; done, open, skipped, set aside
    note: str  # of one that has passed: why it was late or skipped
    count: int  # tasks that it opened or would open, drafts that it completed or would complete now
    what: Text  # what the round does


@dataclass(frozen=True, kw_only=True, slots=True)
class RoundView:
    """A round as it is in force, and what it does about moments that are missed or fall on days off."""

    campaign: str
    name: str
    at: Text
    what: Text
    missed: str
    on_holiday: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The rounds of every campaign with their moments, in the order of their instants."""

    rounds: tuple[RoundView, ...]
    moments: tuple[MomentView, ...]


def plan(frame: Frame, until: int) -> Plan:
    """Every moment on record, and every one up to an instant (ms)."""
    found = [_Campaign(frame, one) for one in frame.campaigns.values()]
    views = [view for one in found for view in one.rounds()]
    moments = [moment for one in found for moment in (*one.past(), *one.coming(until))]
    return Plan(rounds=tuple(views), moments=tuple(sorted(moments, key=lambda one: (one.at, one.round))))


class _Campaign:
    """The rounds of one campaign."""

    def __init__(self, frame: Frame, campaign: CampaignInForce) -> None:
        self._frame, self._campaign = frame, campaign
        self._pack: Pack = frame.version(campaign.version_id).pack
        self._calendar: Calendar = frame.calendar(self._pack.campaign.zone)

    def rounds(self) -> Iterator[RoundView]:
        """Every round that is in force."""
        for one in self._pack.campaign.rounds.values():
            yield RoundView(
                campaign=self._campaign.name,
                name=one.name,
                at=rounds.moment_of(one, self._pack.campaign).text,
                what=self._what(one),
                missed=one.missed,
                on_holiday=one.on_holiday,
            )

    def past(self) -> Iterator[MomentView]:
        """Every moment on record, of rounds that are no longer in force too."""
        known = self._pack.campaign.rounds
        for name, nominal, at, status, total, done, note in self._frame.tx.all(
            _PAST, campaign=self._campaign.id
        ):
            what = self._what(known[name]) if name in known else Text("轮次已取消", "no longer in force")
            count = total if status in ("done", "skipped") else done
            yield self._view(name, nominal, at, status=status, note=note, count=count, what=what)

    def coming(self, until: int) -> Iterator[MomentView]:
        """Every moment that is not on record yet."""
        last = rounds.last_moments(self._frame.tx, self._campaign.id)
        for one in self._pack.campaign.rounds.values():
            found = rounds.occurrences(one, self._pack.campaign, self._calendar, last.get(one.name), until)
            count, what = self._count(one), self._what(one)
            for nominal, occurrence in found:
                yield self._view(
                    one.name, nominal, occurrence.at, status="coming", note="", count=count, what=what
                )

    def _view(self, name: str, nominal: str, at: int, **more: Any) -> MomentView:
        return MomentView(
            campaign=self._campaign.name,
            round=name,
            nominal=nominal,
            at=at,
            zone=self._pack.campaign.zone,
            moved_by=_moved_by(self._calendar, nominal, at),
            **more,
        )

    def _what(self, one: Round) -> Text:
        definitions = self._pack.definitions
        if one.completes is not None:
            label = definitions[one.completes].label
            return Text(f"{label.zh}送签", f"{label.en}: complete drafts")
        labels = [definitions[opening.kind].label for opening in one.opens]
        return Text("、".join(label.zh for label in labels), ", ".join(label.en for label in labels))

    def _count(self, one: Round) -> int:
        """How many it would open, or complete now."""
        if one.completes is not None:
            return len(tasks.drafts_of(self._frame.tx, self._campaign.id, one.completes, self._frame))
        return sum(map(self._units, one.opens)) * max(1, len(one.tracks))

    def _units(self, opening: Opening) -> int:
        own = Counter(unit.kind for unit in self._pack.campaign.units.values())
        if opening.each != PAIR:
            return own[opening.each or ""]
        allowed = self._pack.definitions[opening.kind].parties
        kinds = [opening.of] if opening.of is not None else next(iter(allowed.values())) or own
        return sum(own[kind] for kind in kinds)


def _moved_by(calendar: Calendar, nominal: str, at: int) -> Text | None:
    day = date.fromisoformat(nominal[:10])
    if calendar.day_of(at) == day:
        return None
    return calendar.remark(day) or Text("休息日", "a day off")
