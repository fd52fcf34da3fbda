"""What the rules say of a task, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..calendar import Duration
from ..condition import compile_term
from ..definition.model import LIGHT_LABELS, Rule
from ..definition.sentences import sentence
from ..task import Episode
from ..text import Text, join
from .clocks import indented
from .conditions import condition, since, truth_of
from .subject import Subject


def episode(subject: Subject, name: str) -> tuple[Text, ...]:
    """What a rule says, whether it holds on this task, and what becomes of it.

    The rule must be one of the definition's.
    """
    rule = subject.definition.rules[name]
    label, shown = rule.label, LIGHT_LABELS[rule.light]
    head = Text(f"预警规则“{label.zh}”（{name}），{shown.zh}", f"Rule {label.en} ({name}), {shown.en}")
    return head, *indented(
        [*condition(subject, rule.when), *_applies(subject, rule), *_effects(subject, rule)]
    )


def _applies(subject: Subject, rule: Rule) -> Iterator[Text]:
    task, words = subject.loaded.task, subject.words
    if rule.states:
        names = join([words.state(name) for name in rule.states])
        inside = task.state in rule.states
        here = (
            Text("现在在其中", "it is")
            if inside
            else Text("现在不在其中，所以不适用", "it is not, so it doesn't apply")
        )
        yield Text(f"只看状态：{names.zh}；{here.zh}", f"Only while the task is {names.en}; {here.en}")
    live = next((one for one in subject.loaded.episodes if one.rule == rule.name), None)
    if live is None:
        last = task.last_opened.get(rule.name)
        yield Text("没有亮着的预警", "No episode stands")
        if last is not None:
            yield since(subject, Text("上次开启", "last opened"), last)
        yield from _again(rule)
    elif live.inert_at is not None:
        when = words.when(live.inert_at)
        yield Text(
            f"自 {when} 已免除或解除，条件不再成立之前不重开",
            f"Lifted on {when}: nothing reopens until it is false",
        )
    else:
        when = words.when(live.opened_at)
        yield Text(f"自 {when} 亮着", f"It stands since {when}")


def _again(rule: Rule) -> Iterator[Text]:
    match rule.again.how, rule.again.duration:
        case "never", _:
            yield Text("开启过一次就不再开启", "Once opened it never opens again")
        case "after", Duration(text=text):
            yield Text(
                f"上次开启{text.zh}之后才可再开", f"It opens again only {text.en} after the last opening"
            )
        case "every", Duration(text=text):
            yield Text(f"每{text.zh}再提醒一次", f"While it stands it tells again every {text.en}")


def _effects(subject: Subject, rule: Rule) -> Iterator[Text]:
    words = subject.words
    if rule.tells:
        told = join([words.role(name) for name in rule.tells])
        yield Text(f"开启时通知：{told.zh}", f"When it opens it tells: {told.en}")
    opened = [words.kind(one.kind) for one in rule.opens]
    if opened:
        yield Text(f"开启时交办：{join(opened).zh}", f"When it opens it opens: {join(opened).en}")
    if rule.proposes is not None:
        kind = words.kind(rule.proposes)
        yield Text(
            f"开启时列入本单位的{kind.zh}草稿", f"When it opens it goes on the unit's draft of {kind.en}"
        )
    if rule.until is not None:
        kind = words.kind(rule.until.kind)
        yield Text(f"其{kind.zh}结束方解除", f"It lasts until its {kind.en} has ended")


def rules(subject: Subject) -> Mapping[str, Text]:
    """Every rule of the definition by its name, and whether it stands on this task."""
    standing = {one.rule: one for one in subject.loaded.episodes}
    return {name: _rule_line(subject, rule, standing) for name, rule in subject.definition.rules.items()}


def _rule_line(subject: Subject, rule: Rule, standing: Mapping[str, Episode]) -> Text:
    told, live = sentence(rule.when, subject.labels), standing.get(rule.name)
    look = compile_term(rule.when, subject.definition)(subject.case.view)
    if live is None:
        applies = not rule.states or subject.loaded.task.state in rule.states
        how = truth_of(subject, look) if applies else Text("此状态不适用", "not in this state")
    else:
        how = Text("亮着", "stands") if live.shines else Text("已免除", "lifted")
    return Text(
        f"{rule.label.zh}：{told.zh} — {how.zh}",
        f"{rule.label.en}: {told.en} — {how.en}",
    )
