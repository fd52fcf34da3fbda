"""A campaign with its milestones where people have moved them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..definition.model import Campaign
from ..store.milestones import MovedMilestone


def newest(said: Campaign, moves: Sequence[MovedMilestone]) -> list[MovedMilestone]:
    """Of each milestone the last move that holds for what this version says of it."""
    return list({one.name: one for one in moves if said.milestones.get(one.name) == one.said}.values())


def in_force(said: Campaign, moves: Sequence[MovedMilestone]) -> Campaign:
    """What a version says of its campaign, with the milestones that were moved since."""
    last = newest(said, moves)
    if not last:
        return said
    return replace(
        said,
        milestones={**said.milestones, **{one.name: one.day for one in last}},
        moved_from={
            one.name: frozenset(
                each.replaced for each in moves if (each.name, each.said) == (one.name, one.said)
            )
            for one in last
        },
    )
