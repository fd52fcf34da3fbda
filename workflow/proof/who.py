"""Somebody is always there: roles resolve, second persons are second."""

from __future__ import annotations

from ..definition.model import Definition, Role, Transition
from ..text import Text
from .graph import circles
from .report import Subject, listed


def check_who(subject: Subject) -> None:
    """Roles and confirmations."""
    _chains_end(subject)
    for role in subject.definition.roles.values():
        _group_exists(subject, role)
    for transition in subject.definition.transitions.values():
        _second_person(subject, transition)


def _chains_end(subject: Subject) -> None:
    roles = subject.definition.roles

    def follows(one: str, other: str) -> bool:
        return roles[one].otherwise == other

    for circle in circles(list(roles), follows):
        path = " → ".join([*circle, circle[0]])
        zh, en = "有尽头的 else：最后一个角色没有 else", "else that comes to an end: the last role has none"
        subject.report.fail(f"roles.{circle[0]}.else", path, zh, en)


def _group_exists(subject: Subject, role: Role) -> None:
    party, group = role.seat.party, role.seat.group
    if party is None or group is None or role.otherwise is not None:
        return
    units = subject.pack.campaign.units.values()
    kinds = subject.definition.parties[party]
    have = {unit.group_of for unit in units if unit.group == group}
    lacking = [
        unit.code
        for unit in units
        if (unit.kind in kinds or not kinds) and unit.group is None and unit.code not in have
    ]
    if lacking:
        few = listed(lacking[:3])
        subject.report.fail(
            f"roles.{role.name}",
            Text(f"{few.zh} 等没有 {group}", f"no {group} at {few.en}"),
            "else: 角色（没有该组时由谁接手）",
            "else: ROLE, for where there is no such group",
        )


def _second_person(subject: Subject, transition: Transition) -> None:
    confirmation = transition.confirmed_by
    if confirmation is None:
        return
    roles = subject.definition.roles
    second = roles[confirmation.role]
    first = [roles[name] for name in transition.by]
    if any(_same_people(one, second) for one in first):
        subject.report.fail(
            f"transitions.{transition.name}.confirmed_by.role",
            confirmation.role,
            f"与 by（{'、'.join(transition.by)}）不同岗位的角色",
            f"a role whose post is another than that of by ({', '.join(transition.by)})",
        )


def _same_people(one: Role, other: Role) -> bool:
    """Of two teams at one place each may be chosen from other people."""
    if one.team is not None or other.team is not None:
        return one.name == other.name
    return (one.post, one.seat) == (other.post, other.seat)


def can_act(definition: Definition, role: str, state: str) -> bool:
    """Whether a role has a transition to make in a state."""
    transitions = definition.transitions.values()
    return any(role in one.by and state in one.sources for one in transitions)
