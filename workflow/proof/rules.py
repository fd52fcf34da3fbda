"""Conditions that can hold where they are looked at, and rules that mean what they say."""

from __future__ import annotations

from collections import Counter

from ..definition import terms
from ..definition.model import Definition, Pack, Rule
from ..definition.yaml import nearest
from ..text import Text
from .logic import Outlook, can_hold
from .report import Condition, Subject, conditions, listed, open_states, openings


def check_rules(subject: Subject) -> None:
    """Conditions and escalation rules."""
    for condition in conditions(subject.definition):
        _can_hold(subject, condition)
        for leaf in terms.leaves(condition.term):
            _others_exist(subject, condition.key, leaf)
    for rule in subject.definition.rules.values():
        _states_are_open(subject, rule)
        _until_is_opened(subject, rule)
    _ladders(subject)


# --- conditions -------------------------------------------------------------------------------------


def _can_hold(subject: Subject, condition: Condition) -> None:
    definition, (key, term, states, chosen) = subject.definition, condition
    if not can_hold([term], Outlook(definition=definition)):
        found = Text("永不成立的条件", "a condition that can never hold")
        zh, en = (
            "能够成立的条件（各部分不矛盾，数值在范围内）",
            "one that can (parts that agree, values in range)",
        )
        subject.report.fail(key, found, zh, en)
        return
    idle = [name for name in states if not can_hold([term], Outlook(definition=definition, state=name))]
    if idle and (chosen or len(idle) == len(states)):
        few = listed(idle)
        subject.report.fail(
            key,
            Text(f"在 {few.zh} 永不成立", f"a condition that can never hold in {few.en}"),
            "与状态相符的条件：step 要有 within，nothing reported 要有 waits_for",
            "one that fits the state: step needs within there, nothing reported needs waits_for",
        )


def _others_exist(subject: Subject, key: str, leaf: terms.Term) -> None:
    definition, pack = subject.definition, subject.pack
    if isinstance(leaf, terms.Parent) and not _openers(pack, definition.kind):
        found = Text("没有上级事项", "a kind that has no parent")
        zh, en = "由其他事项办理中开出（opens）的类型", "a kind that other tasks open (opens)"
        subject.report.fail(key, found, zh, en)
    if not isinstance(leaf, terms.Tasks):
        return
    related = (
        _concerned(pack, definition) if leaf.concerned else [use.opening.kind for use in openings(definition)]
    )
    if leaf.kind not in related:
        zh = (
            "所涉及的事项类型（其预警规则开出或提议本类型）"
            if leaf.concerned
            else "本类型所开（opens）的事项类型"
        )
        en = "a kind whose rules open or propose this one" if leaf.concerned else "a kind that this one opens"
        subject.report.fail(key, leaf.kind, zh, en, word=leaf.kind, words=related)
    finals = [state.final for state in pack.definitions[leaf.kind].states.values()]
    if leaf.status == "accepted" and "accepted" not in finals:
        zh, en = "有 final: accepted 状态的类型", "a kind that has a state with final: accepted"
        subject.report.fail(key, leaf.kind, zh, en)


def _openers(pack: Pack, kind: str) -> list[str]:
    found = pack.definitions.values()
    return [other.kind for other in found if any(use.opening.kind == kind for use in openings(other))]


def _concerned(pack: Pack, definition: Definition) -> list[str]:
    """The kinds whose rules open or propose this one."""
    return [
        other.kind
        for other in pack.definitions.values()
        for rule in other.rules.values()
        if definition.kind in opened_by(rule)
    ]


# --- rules ------------------------------------------------------------------------------------------


def opened_by(rule: Rule) -> list[str]:
    """The kinds that a rule opens or proposes."""
    return [*(opening.kind for opening in rule.opens), *([rule.proposes] if rule.proposes else [])]


def _states_are_open(subject: Subject, rule: Rule) -> None:
    known = open_states(subject.definition)
    for name in rule.states:
        if name not in known:
            zh, en = "未终结的状态（预警随事项终结）", "an open state: episodes end with the task"
            subject.report.fail(f"escalations.{rule.name}.in", name, zh, en)


def _until_is_opened(subject: Subject, rule: Rule) -> None:
    if rule.until is None or rule.until.kind in opened_by(rule):
        return
    kinds = opened_by(rule)
    few = listed(kinds or ["—"])
    subject.report.fail(
        f"escalations.{rule.name}.until",
        rule.until.kind,
        f"本规则所开或所提议的事项类型（{few.zh}）",
        f"a kind that this rule opens or proposes ({few.en})",
        word=rule.until.kind,
        words=kinds,
    )


def _ladders(subject: Subject) -> None:
    """A ladder of one rung is harmless, unless it is another ladder misspelt: then both would act."""
    rungs = Counter(rule.ladder for rule in subject.definition.rules.values() if rule.ladder is not None)
    for rule in subject.definition.rules.values():
        name = rule.ladder
        others = [other for other in rungs if other != name]
        if name is None or rungs[name] > 1 or nearest(name, others) is None:
            continue
        zh, en = "至少两条规则同用的 ladder", "a ladder that at least two rules share"
        subject.report.fail(f"escalations.{rule.name}.ladder", name, zh, en, word=name, words=others)
