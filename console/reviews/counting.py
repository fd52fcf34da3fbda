"""Totals of ballots, and what of them may be shown.

A group with fewer ballots than the definition says is never shown. Nor can it be reckoned back: nothing
that is shown contains it, so no total minus its parts leaves it over (complementary suppression). There is
no total over a single group, which would be that group once more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from workflow.definition.model import Fact
from workflow.definition.terms import MICRO

from ..store.reviews import Ballot


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """What the ballots of one group come to."""

    returned: int
    sums: Mapping[str, int]  # fact -> millionths, of all ballots together; empty: too few to keep them


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What may be told of several groups."""

    shown: Mapping[int, Sum]  # group -> its own
    hidden: frozenset[int]  # groups of whom nothing but the number of ballots is told
    total: Sum | None  # of those shown; None for fewer than two


def add_up(ballots: Sequence[Ballot], facts: Collection[str]) -> Sum:
    """All ballots of a group."""
    return Sum(returned=len(ballots), sums={name: sum(one.marks[name] for one in ballots) for name in facts})


def mean(found: Sum, fact: Fact) -> str:
    """The mean as it is reported: rounded half up to two decimals, of a fact that counts to a whole."""
    exact = Decimal(found.sums[fact.name]) / MICRO / found.returned
    places = "1" if fact.type == "count" else "0.01"
    return str(exact.quantize(Decimal(places), ROUND_HALF_UP))


def publish(groups: Mapping[int, Sum], at_least: int) -> Published:
    """What may be told of groups, of each and together."""
    shown = {group: one for group, one in groups.items() if one.returned >= at_least}
    return Published(
        shown=shown,
        hidden=frozenset(groups) - frozenset(shown),
        total=_together(list(shown.values())) if len(shown) > 1 else None,
    )


def _together(many: Sequence[Sum]) -> Sum:
    names = sorted({name for one in many for name in one.sums})
    return Sum(
        returned=sum(one.returned for one in many),
        sums={name: sum(one.sums[name] for one in many) for name in names},
    )
