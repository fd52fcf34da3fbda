"""Where the campaign's units stand to one another: which of a kind a task is opened for. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..definition.model import Unit


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The units of a campaign, with their ids."""

    units: Mapping[str, Unit] = field(default_factory=dict)  # by code
    ids: Mapping[str, int] = field(default_factory=dict)  # by code, of those that are known

    def of_kind(self, kind: str, unit_id: int) -> tuple[int, ...]:
        """The units of a kind that a task of `unit_id` is about.

        Those in its tree, itself included; if there are none, the one in whose tree it stands; if it
        stands in none either, all of the campaign.
        """
        every = self._by_kind.get(kind, ())
        below = tuple(ident for ident in every if unit_id in self._path(ident))
        if below:
            return below
        above = self._path(unit_id)
        over = tuple(ident for ident in every if ident in above)
        return over[:1] or every

    @cached_property
    def _by_kind(self) -> Mapping[str, tuple[int, ...]]:
        found: dict[str, list[int]] = defaultdict(list)
        for code, unit in self.units.items():
            if code in self.ids:
                found[unit.kind].append(self.ids[code])
        return {kind: tuple(idents) for kind, idents in found.items()}

    @cached_property
    def _above(self) -> Mapping[int, int]:
        found = {}
        for code, unit in self.units.items():
            if unit.inside is not None and code in self.ids and unit.inside in self.ids:
                found[self.ids[code]] = self.ids[unit.inside]
        return found

    def _path(self, unit_id: int) -> set[int]:
        """A unit and all above it."""
        path, at = set[int](), unit_id
        while at not in path:
            path.add(at)
            at = self._above.get(at, at)
        return path
