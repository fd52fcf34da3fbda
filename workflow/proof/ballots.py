"""Ballots: a window that opens before it closes, and totals that people report."""

from __future__ import annotations

from ..definition.model import Ballot, Definition
from ..text import Text
from .report import Subject, openings


def check_ballots(subject: Subject) -> None:
    """The window, who reports the totals, and that too few can be reported too."""
    ballot = subject.definition.ballot
    if ballot is None:
        return
    milestones = subject.pack.campaign.milestones
    if milestones[ballot.end] < milestones[ballot.start]:
        first = milestones[ballot.start]
        zh, en = f"不早于 {first} 的节点", f"a milestone not before {first}"
        subject.report.fail("ballot.to", str(milestones[ballot.end]), zh, en)
    for name in (*ballot.gives, ballot.returned):
        _is_reported(subject, name)
    if not _tells_too_few(subject.definition, ballot):
        subject.report.fail(
            "ballot.returned",
            Text("收回过少时无处填报", "nowhere to report that too few were returned"),
            f"只填 {ballot.returned}、不填结果的流转",
            f"a transition that asks {ballot.returned} and none of the results",
        )


def _is_reported(subject: Subject, name: str) -> None:
    """By people alone: what is set or passed would not be held against the window."""
    definition = subject.definition
    asked = {one for each in definition.transitions.values() for one in (*each.asks, *each.optional)}
    set_by = [
        each.name for each in definition.transitions.values() if any(one.target == name for one in each.sets)
    ]
    filled = [rows.name for rows in definition.lists.values() if rows.into == name]
    passed = [
        other.kind
        for other in subject.pack.definitions.values()
        for use in openings(other)
        if use.opening.kind == definition.kind and name in use.opening.passes
    ]
    wrong = [*set_by, *filled, *passed]
    if name not in asked or wrong:
        found = Text(f"{name}（{wrong[0]}）", f"{name} ({wrong[0]})") if wrong else Text(name, name)
        zh, en = "只由人填报（asks）的结果", "totals that people report (asks), and nothing else"
        subject.report.fail("ballot", found, zh, en)


def _tells_too_few(definition: Definition, ballot: Ballot) -> bool:
    for one in definition.transitions.values():
        reported = ballot.returned in (*one.asks, *one.optional)
        if reported and not {*one.asks} & {*ballot.gives}:
            return True
    return False
