"""Milestones that people have moved: by whom, on what basis, from which date to which.

A pack stays what it is. The newest move of what a pack says about a milestone counts in its place; a
pack that says another date was written since, and counts itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, insert, select

from ..models import MilestoneRow
from .organisation import CAMPAIGN
from .ports import Transaction
from .sql import Statement

MILESTONE = MilestoneRow.__table__  # type: ignore[attr-defined]
_ALL = Statement(select(MILESTONE).order_by(MILESTONE.c.id))
_ADD = Statement(
    insert(MILESTONE).values(
        campaign_id=bindparam("campaign"),
        name=bindparam("name"),
        said=bindparam("said"),
        date=bindparam("date"),
        replaced=bindparam("replaced"),
        person_id=bindparam("person"),
        basis=bindparam("basis"),
        moved_at=bindparam("now"),
    )
)
_LOCK = Statement(
    select(CAMPAIGN.c.id).where(CAMPAIGN.c.id == bindparam("campaign")).with_for_update(key_share=True)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MovedMilestone:
    """One decision about one date."""

    id: int
    campaign_id: int
    name: str
    said: date  # by the packs that it holds for
    day: date  # in force instead
    replaced: date  # in force before
    person_id: int
    basis: str
    moved_at: int


def moved_milestones(tx: Transaction) -> list[MovedMilestone]:
    """Every move, the oldest first."""
    return [
        MovedMilestone(
            id=ident,
            campaign_id=campaign,
            name=name,
            said=date.fromisoformat(said),
            day=date.fromisoformat(moved_to),
            replaced=date.fromisoformat(replaced),
            person_id=person,
            basis=basis,
            moved_at=at,
        )
        for ident, campaign, name, said, moved_to, replaced, person, basis, at in tx.all(_ALL)
    ]


def move_milestone(
    tx: Transaction,
    campaign: int,
    name: str,
    dates: tuple[date, date, date],
    decided: tuple[int, str],
    now: int,
) -> None:
    """Keep a move.

    Args:
        dates: what the packs say, what was in force, what is in force from now on.
        decided: by which person, on what basis.
    """
    said, replaced, moved_to = (day.isoformat() for day in dates)
    person, basis = decided
    tx.run(
        _ADD,
        campaign=campaign,
        name=name,
        said=said,
        date=moved_to,
        replaced=replaced,
        person=person,
        basis=basis,
        now=now,
    )


def alone_with(tx: Transaction, campaign: int) -> None:
    """Wait for whoever else decides about this campaign: what is in force is read after."""
    tx.one(_LOCK, campaign=campaign)
