"""Conditions as sentences that a supervisor understands, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from ..calendar import Duration
from ..text import Text, same
from . import terms
from .model import Definition, Evidence

Labels = Mapping[str, Text]
_MILESTONES = {"start": Text("启动", "start"), "end": Text("结束", "end")}
_STATUS = {
    "open": Text("未办结", "still open"),
    "ended": Text("已办结", "ended"),
    "accepted": Text("已销号", "struck off"),
}
_OPERATORS = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠", ">": ">", "<": "<"}


def sentence(term: terms.Term, labels: Labels) -> Text:
    """The condition in words; `labels` says what its names are called."""
    if isinstance(term, terms.All):
        return _joined(term.parts, labels, Text("且", " and "))
    if isinstance(term, terms.Any):
        return _joined(term.parts, labels, Text("或", " or "))
    if isinstance(term, terms.Not):
        inner = sentence(term.part, labels)
        return Text(f"并非{inner.zh}", f"not ({inner.en})")
    return _leaf(term, labels)


def milestone(name: str, kinds: Labels) -> Text:
    """What a milestone is called: as the kind of task with its name, where there is one."""
    spoken = name.replace("_", " ")
    return kinds.get(name) or _MILESTONES.get(name) or same(spoken)


def files_of(definition: Definition, evidence: Evidence) -> Text:
    """How many files an act needs, in words: `3`, or by what, with the number for each choice."""
    if evidence.by is None:
        return same(str(evidence.files))
    label = definition.facts[evidence.by].label
    tiers = [f"{choice} {files}" for choice, files in evidence.tiers.items()]
    return Text(f"按“{label.zh}”：{'，'.join(tiers)}", f"by {label.en}: {', '.join(tiers)}")


def tier_of(definition: Definition, evidence: Evidence, facts: Mapping[str, object]) -> Text:
    """Why it is that many, to be put behind the number; nothing where it is always the same."""
    if evidence.by is None:
        return same("")
    label, chosen = definition.facts[evidence.by].label, facts.get(evidence.by)
    if chosen is None:
        return Text(f"（“{label.zh}”尚未填报，按最多的算）", f" ({label.en} isn't known: the most counts)")
    return Text(f"（{label.zh}：{chosen}）", f" ({label.en}: {chosen})")


def labels_of(definition: Definition, kinds: Labels) -> dict[str, Text]:
    """What the names in a definition's conditions are called; `kinds` are those of the pack."""
    labels: dict[str, Text] = {name: fact.label for name, fact in definition.facts.items()}
    labels |= {name: rows.label for name, rows in definition.lists.items()}
    labels |= kinds
    return labels | {name: one.label for name, one in definition.transitions.items()}


def _joined(parts: tuple[terms.Term, ...], labels: Labels, word: Text) -> Text:
    read = [sentence(part, labels) for part in parts]
    return Text(word.zh.join(text.zh for text in read), word.en.join(text.en for text in read))


def _leaf(term: terms.Term, labels: Labels) -> Text:
    match term:
        case terms.DueIn(clock=clock, duration=duration):
            name = _clock(clock, labels)
            return Text(
                f"距{name.zh}不到{duration.text.zh}", f"{name.en} is less than {duration.text.en} away"
            )
        case terms.Overdue(clock=clock, by=by):
            return _overdue(_clock(clock, labels), by)
        case terms.InStateFor(duration=d):
            return Text(f"停留超过{d.text.zh}", f"in this state for more than {d.text.en}")
        case terms.NothingReported(duration=d):
            return Text(f"超过{d.text.zh}没有反馈", f"nothing reported for more than {d.text.en}")
        case terms.Tasks() | terms.Parent():
            return _others(term, labels)
        case terms.SourcesDiffer(by=by):
            gap = _value(by).zh
            return Text(f"各来源得分相差{gap}分以上", f"sources differ by {gap} or more")
        case terms.Happened(transition=act, times=n):
            name = _label(act, labels)
            often = "once" if n == 1 else f"{n} times"
            return Text(f"“{name.zh}”已发生{n}次", f"“{name.en}” happened {often}")
        case _:
            return _fact(term, labels)


def _fact(term: terms.Term, labels: Labels) -> Text:
    match term:
        case terms.Compare(fact=fact, operator=op, value=value, other=other, word=word):
            right = _label(other, labels) if other else _value(word or value)
            name, sign = _label(fact, labels), _OPERATORS[op]
            return Text(f"{name.zh} {sign} {right.zh}", f"{name.en} {sign} {right.en}")
        case terms.OneOf(fact=fact, values=values):
            name = _label(fact, labels)
            return Text(f"{name.zh}为{'或'.join(values)}", f"{name.en} is {' or '.join(values)}")
        case terms.BehindPlan(fact=fact, by=by):
            name, gap = _label(fact, labels), _value(by).zh
            return Text(f"{name.zh}落后计划{gap}个点以上", f"{name.en} lags {gap} points or more behind plan")
        case terms.NotReported(fact=fact, duration=d):
            name = _label(fact, labels)
            if d is None:
                return Text(f"{name.zh}未填报", f"{name.en} was never reported")
            return Text(
                f"{name.zh}超过{d.text.zh}未更新", f"{name.en} not reported for more than {d.text.en}"
            )
        case terms.OpenRows(list=rows, operator=op, number=n):
            name, sign = _label(rows, labels), _OPERATORS[op]
            return Text(f"{name.zh}未销号 {sign} {n} 条", f"open rows of {name.en} {sign} {n}")
    raise TypeError(term)


def _others(term: terms.Tasks | terms.Parent, labels: Labels) -> Text:
    status = _STATUS[term.status]
    if isinstance(term, terms.Parent):
        return Text(f"上级事项{status.zh}", f"the parent task is {status.en}")
    kind = _label(term.kind, labels)
    every = Text("全部", "all") if term.quantifier == "all" else Text("任一", "any")
    which = Text("涉及的", "concerned ") if term.concerned else Text("", "")
    return Text(f"{every.zh}{which.zh}{kind.zh}{status.zh}", f"{every.en} {which.en}{kind.en} {status.en}")


def _overdue(name: Text, by: Duration | None) -> Text:
    if by is None:
        return Text(f"已过{name.zh}", f"past {name.en}")
    return Text(f"超过{name.zh}{by.text.zh}以上", f"past {name.en} by more than {by.text.en}")


def _clock(clock: str, labels: Labels) -> Text:
    if clock == "deadline":
        return Text("期限", "the deadline")
    return Text("本环节时限", "the time for this step") if clock == "step" else _label(clock, labels)


def _label(name: str, labels: Labels) -> Text:
    return labels.get(name, Text(name, name))


def _value(value: int | str) -> Text:
    if isinstance(value, str):
        return {"yes": Text("是", "yes"), "no": Text("否", "no")}.get(value, Text(value, value))
    text = f"{value / terms.MICRO:f}".rstrip("0").rstrip(".")
    return Text(text, text)
