"""Giving documents their numbers, after everything was decided and before any of it is hashed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ..decision import Decision, EventDraft
from ..definition.numbering import filled
from ..store.numbering import draw_numbers
from .surroundings import Frame

_Key = tuple[int, str, int]  # campaign, pattern, year


def give_numbers(frame: Frame, decisions: Sequence[Decision]) -> None:
    """Draw the numbers that decisions ask for, and write them into their events and tasks."""
    wanted: dict[_Key, list[tuple[Decision, EventDraft]]] = defaultdict(list)
    for decision in decisions:
        for event in decision.events:
            if event.number is not None:
                key = (decision.task.campaign_id, event.number.pattern, event.number.year)
                wanted[key].append((decision, event))
    for key in sorted(wanted):  # in one order everywhere: two daemons never wait for each other
        _give(frame, key, wanted[key])


def _give(frame: Frame, key: _Key, wanted: Sequence[tuple[Decision, EventDraft]]) -> None:
    campaign, pattern, year = key
    drawn = draw_numbers(frame.tx, campaign, pattern, year, len(wanted))
    for (decision, event), n in zip(wanted, drawn, strict=True):
        told = filled(pattern, year, n)
        event.header["number"] = told
        decision.task.numbers = {**decision.task.numbers, event.header["transition"]: told}
