"""A ballot's totals become facts only after its window has closed, and never of a small group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..definition.model import Ballot
from ..errors import NotNow
from .case import Case


def check_ballot(case: Case, facts: Mapping[str, Any]) -> None:
    """Refuse totals that come too early, or of too few ballots.

    Raises:
        NotNow: says when the window closes, or how few were returned.
    """
    ballot = case.book.definition.ballot
    totals = {*facts} & {*ballot.gives, ballot.returned} if ballot is not None else set()
    if ballot is None or not totals:
        return
    _check_closed(case, ballot)
    if totals - {ballot.returned}:
        _check_enough(case, ballot, facts.get(ballot.returned, case.task.facts.get(ballot.returned)))


def _check_closed(case: Case, ballot: Ballot) -> None:
    last = case.around.milestones[ballot.end]
    if case.now <= case.view.calendar.end_of(last):
        raise NotNow(
            f"未被接受：评议至 {last} 结束，此前不得填报结果。请在结束后再报。",
            f"Refused: the ballot runs until {last}; nothing of it is told before. Report after that day.",
        )


def _check_enough(case: Case, ballot: Ballot, returned: int | None) -> None:
    if returned is None:
        label = case.book.definition.facts[ballot.returned].label
        raise NotNow(
            f"未被接受：须先填报{label.zh}（{ballot.returned}）。",
            f"Refused: report {label.en} ({ballot.returned}) with it, or before.",
        )
    if returned < ballot.at_least:
        raise NotNow(
            f"未被接受：收回 {returned} 份，不足 {ballot.at_least} 份，结果不予显示。只能填报收回份数。",
            f"Refused: {returned} ballots were returned, fewer than {ballot.at_least}; the result of so "
            "small a group is never shown. Only their number may be reported.",
        )
