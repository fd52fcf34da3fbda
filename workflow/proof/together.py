"""Teams, joint signatures, recusal, and what the parent's people are kept from: each can come about."""

from __future__ import annotations

from collections.abc import Iterator

from ..definition.model import ALL, ANYONE, OF_PARENT, OPENED, Definition, Role, Transition
from ..text import Text
from .report import Subject, listed, opened_kinds


def check_together(subject: Subject) -> None:
    """What several people do, and what keeps somebody away."""
    for role in subject.definition.roles.values():
        _team_is_chosen(subject, role)
        _somebody_is_free(subject, role)
    for transition in subject.definition.transitions.values():
        _quorum_can_be_reached(subject, transition)
        for name in transition.not_by:
            _excludes_somebody(subject, transition, name)


def _team_is_chosen(subject: Subject, role: Role) -> None:
    asked = {name for one in subject.definition.transitions.values() for name in (*one.asks, *one.optional)}
    if role.team is not None and role.name not in asked:
        subject.report.fail(
            f"roles.{role.name}",
            Text("没有谁来选的工作组", "a team that nobody chooses"),
            f"某个流转 asks 里的 {role.name}（由谁组队）",
            f"{role.name} in asks of some transition: who chooses it",
        )


def _somebody_is_free(subject: Subject, role: Role) -> None:
    """Whoever holds a post at a party has an interest in it: nobody at all would be left."""
    if role.seat.party in role.recused:
        subject.report.fail(
            f"roles.{role.name}.recused",
            f"interest in {role.seat.party}",
            f"别的当事方：在 {role.seat.party} 任职的人都与它有利害关系",
            f"another party: everybody who holds a post at {role.seat.party} has an interest in it",
        )


def _quorum_can_be_reached(subject: Subject, transition: Transition) -> None:
    if transition.quorum is None:
        return
    key, roles = f"transitions.{transition.name}.quorum", subject.definition.roles
    teams = [roles[name].team for name in transition.by]
    least = sum(team.least for team in teams if team is not None)
    if isinstance(transition.quorum, int) and None not in teams and transition.quorum > least:
        zh = f"至多 {least}：工作组按 min 只保证这么多人，或把 min 提高"
        en = f"at most {least}: by its min a team has no more for certain; or a larger min"
        subject.report.fail(key, str(transition.quorum), zh, en)
    if transition.quorum == ALL and len(transition.by) == 1 and least < 2:
        zh = "几个角色，或 min 至少为 2 的工作组：一个人不成其为共同签署"
        en = "several roles, or a team of min 2 or more: one person alone signs nothing jointly"
        subject.report.fail(key, ALL, zh, en)


def _excludes_somebody(subject: Subject, transition: Transition, name: str) -> None:
    key, own = f"transitions.{transition.name}.not_by", name.removesuffix(OF_PARENT)
    if own == name:
        acts = _acts(subject.definition)
        zh, en = "由人作出的流转，或 anyone", "a transition that people make, or anyone"
        if name not in acts:
            subject.report.fail(key, name, zh, en, word=name, words=acts)
        return
    parents = list(_parents(subject))
    if not parents:
        zh, en = (
            "由别的事项开立的类型：本类型没有上级",
            "a kind that others open: tasks of this one have no parent",
        )
        subject.report.fail(key, name, zh, en)
    for parent in parents:
        acts = _acts(parent)
        if own not in acts:
            known = listed(acts)
            zh, en = (
                f"{parent.kind} 中由人作出的流转：{known.zh}",
                f"what people do on {parent.kind}: {known.en}",
            )
            subject.report.fail(key, name, zh, en)


def _acts(definition: Definition) -> list[str]:
    by_hand = [OPENED] if definition.opened_by else []
    return [*(name for name, one in definition.transitions.items() if one.by), ANYONE, *by_hand]


def _parents(subject: Subject) -> Iterator[Definition]:
    for one in subject.pack.definitions.values():
        if subject.definition.kind in opened_kinds(one):
            yield one
