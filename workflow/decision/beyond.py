"""What an everyday act names beside its own task, as the engine found it in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Other:
    """Another open task, into which one may be merged."""

    id: int
    campaign_id: int
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Beyond:
    """People, units and tasks that an act names. What isn't here doesn't exist, or is closed."""

    persons: frozenset[int] = frozenset()
    kinds: Mapping[int, str] = field(default_factory=dict)  # unit -> its kind
    tasks: Mapping[int, Other] = field(default_factory=dict)


NOTHING = Beyond()
