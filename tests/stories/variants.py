"""Variants of a pack for stories: the same definitions under a campaign that is changed a little."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from workflow.definition import Pack, pack_from_source

CAMPAIGN = "campaign.yaml"


def varied(pack: Pack, change: Callable[[dict[str, Any]], None]) -> Pack:
    """The pack with its source changed, people as they are."""
    source: dict[str, Any] = deepcopy(dict(pack.source))
    change(source)
    return replace(pack_from_source(source), people=pack.people)


def only_rounds(pack: Pack, *names: str, **changed: Any) -> Pack:
    """The pack with these of its rounds alone, and others changed or added."""

    def change(source: dict[str, Any]) -> None:
        rounds = source[CAMPAIGN]["rounds"]
        source[CAMPAIGN]["rounds"] = {name: rounds[name] for name in names} | changed

    return varied(pack, change)


def with_tracks(pack: Pack, count: int) -> Pack:
    """So many lines of work instead of three: so many creation tasks for each region."""
    tracks = {
        f"line_{number}": {"zh": f"第{number}项", "en": f"Line {number}"} for number in range(1, count + 1)
    }

    def change(source: dict[str, Any]) -> None:
        rounds = source[CAMPAIGN]["rounds"]
        source[CAMPAIGN]["tracks"] = tracks
        source[CAMPAIGN]["rounds"] = {
            "hand_out": rounds["hand_out"] | {"track": list(tracks)},
            "weekly_dispatch": rounds["weekly_dispatch"],
        }

    return varied(pack, change)
