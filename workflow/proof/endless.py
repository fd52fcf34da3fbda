"""Openings that would go on for ever: kinds that open each other without anybody's act.

A task that nobody touches goes where the machine moves it, and a round completes its draft. What it
opens on this way, by its states, transitions and rules, is automatic. A circle of automatic openings
never ends; if one of them needs somebody's act (a report, a signature, a row), it is a process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from ..definition.model import Definition, Opening, Rule
from .graph import circles, reached
from .logic import COMPLETED, Outlook, can_hold
from .movement import Move, completion, is_completed_by_a_round, moves
from .report import Subject
from .values import given_facts


def check_endless(subjects: Collection[Subject]) -> None:
    """Find the circles in which kinds open each other."""
    by_kind = {subject.definition.kind: subject for subject in subjects}
    opened = {kind: dict(_automatic(subject)) for kind, subject in by_kind.items()}
    for circle in circles(list(by_kind), lambda one, other: other in opened[one]):
        following = [*circle[1:], circle[0]]
        by_kind[circle[0]].report.fail(
            opened[circle[0]][following[0]],
            " → ".join([circle[0], *following]),
            "有尽头的开出：其中至少一步要有人的行为（填报、签发……）",
            "openings that come to an end: at least one that needs somebody's act (a report, a signature …)",
        )


def _automatic(subject: Subject) -> Iterator[tuple[str, str]]:
    """(kind, key) of what a task opens though nobody touches it."""
    definition = subject.definition
    outlook = Outlook(definition=definition, untouched=True, given=_given(subject))
    steps = [move for move in moves(definition) if _is_taken(subject, move, outlook)]
    ways: dict[str, list[str]] = {}
    for move in steps:
        ways.setdefault(move.source, []).append(move.target)
    states = reached([definition.first_state.name], ways)
    for name in definition.states:
        if name in states:
            yield from _kinds(f"states.{name}", definition.states[name].opens)
    for move in steps:
        if move.source in states:
            name = move.transition
            yield from _kinds(f"transitions.{name}", definition.transitions[name].opens)
    for rule in definition.rules.values():
        yield from _by_rule(definition, rule, states, outlook)


def _given(subject: Subject) -> frozenset[str]:
    """The facts that a task may have though nobody touches it."""
    transitions = subject.definition.transitions.values()
    by_machine = [one for one in transitions if one.after is not None or one.name == COMPLETED]
    return frozenset(given_facts(subject) | {setting.target for one in by_machine for setting in one.sets})


def _is_taken(subject: Subject, move: Move, outlook: Outlook) -> bool:
    transition = subject.definition.transitions[move.transition]
    if transition.after is not None:
        return can_hold([transition.after], replace(outlook, state=move.source))
    return completion(subject.definition) is transition and is_completed_by_a_round(subject)


def _kinds(holder: str, opens: Collection[Opening]) -> Iterator[tuple[str, str]]:
    """Rows come from people: one task for each row is nothing automatic."""
    return ((one.kind, f"{holder}.opens.{one.kind}") for one in opens if one.each is None)


def _by_rule(
    definition: Definition, rule: Rule, states: Collection[str], outlook: Outlook
) -> Iterator[tuple[str, str]]:
    looked_at = [name for name in rule.states or definition.states if name in states]
    if not any(can_hold([rule.when], replace(outlook, state=name)) for name in looked_at):
        return
    yield from _kinds(f"escalations.{rule.name}", rule.opens)
    if rule.proposes is not None:
        yield rule.proposes, f"escalations.{rule.name}.proposes"
