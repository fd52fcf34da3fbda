"""Reading conditions: from the words of a pack to the frozen terms of `terms`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import cast

from ..calendar import Duration, parse_duration
from ..text import Text
from . import terms
from .cursor import DAY, DURATION, Cursor, as_day, micro
from .model import Fact

_NUMERIC = frozenset({"number", "percent", "count"})
_ORDERED = _NUMERIC | {"date", "choice"}
FORMS = Text(
    "条件之一：overdue [by 时限]、due in 时限、step overdue [by 时限]、in state for 时限、"
    "nothing reported for 时限、填报项 >= 值、填报项 in 甲 or 乙、填报项 behind plan by 数、"
    "填报项 not reported [for 时限]、open 清单 > 数、流转 happened 数 times、"
    "all|any [concerned] 事项类型 open|ended|accepted、parent open|ended|accepted、sources differ by 数，"
    "或 {all: […]}、{any: […]}、{not: …}",
    "a condition: overdue [by D], due in D, step overdue [by D], in state for D, nothing reported for D, "
    "FACT >= VALUE, FACT in A or B, FACT behind plan by N, FACT not reported [for D], open LIST > N, "
    "TRANSITION happened N times, all|any [concerned] KIND open|ended|accepted, "
    "parent open|ended|accepted, sources differ by N, or {all: […]}, {any: […]}, {not: …}",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """The names that a condition may use."""

    facts: Mapping[str, Fact]
    planned: Collection[str]
    lists: Collection[str]
    transitions: Collection[str]
    kinds: Collection[str]
    has_deadline: bool
    sources: Collection[str] = ()  # of the campaign
    unreadable: Collection[str] = ()  # declared, but wrongly: what is said of them can't be judged


class _Wrong(Exception):
    """A part of a condition that doesn't fit: what was expected, and the valid words."""

    def __init__(self, expected: Text, found: str, words: Collection[str] = ()) -> None:
        self.expected, self.found, self.words = expected, found, words


def condition(cursor: Cursor, scope: Scope) -> terms.Term | None:
    """Read a condition: a sentence of the vocabulary or a combination of them."""
    if cursor.is_text:
        return _sentence(cursor, scope)
    entries = cursor.entries()
    if len(entries) != 1 or entries[0][0] not in ("all", "any", "not"):
        cursor.fail(*FORMS)
        return None
    word, inner = entries[0]
    if word == "not":
        part = condition(inner, scope)
        return None if part is None else terms.Not(part=part)
    items = inner.items()
    if not items:
        inner.fail("至少一个条件", "at least one condition")
    parts = [condition(item, scope) for item in items]
    known = tuple(part for part in parts if part is not None)
    if not known or len(known) != len(parts):
        return None
    return terms.All(parts=known) if word == "all" else terms.Any(parts=known)


def _sentence(cursor: Cursor, scope: Scope) -> terms.Term | None:
    sentence = " ".join(str(cursor.node.value).split())
    for pattern, build in _FORMS:
        match = pattern.fullmatch(sentence)
        if match:
            try:
                return build(match, scope)
            except _Wrong as wrong:
                if wrong.found not in scope.unreadable:
                    cursor.fail(*wrong.expected, found=wrong.found, words=wrong.words)
                return None
    first = sentence.split(" ")[0] if sentence else ""
    cursor.fail(*FORMS, words=[*(f"{name}{sentence[len(first) :]}" for name in scope.facts), *_OPENERS])
    return None


def _duration(value: str) -> Duration:
    try:
        return parse_duration(value)
    except ValueError:
        raise _Wrong(DURATION, value) from None


def _named(value: str, names: Collection[str], what: Text) -> str:
    if value in names:
        return value
    known = sorted(names)
    zh = f"已声明的{what.zh}（{'、'.join(known) or '尚无'}）"
    raise _Wrong(Text(zh, f"a declared {what.en} ({', '.join(known) or 'there are none'})"), value, known)


def _fact(value: str, scope: Scope) -> Fact:
    return scope.facts[_named(value, scope.facts, Text("填报项", "fact"))]


def _clock(value: str | None, scope: Scope) -> str:
    if value in ("step", None):
        if value is None and not scope.has_deadline:
            raise _Wrong(
                Text(
                    "有期限的事项（本类型 deadline: none，也不设定）",
                    "a task with a deadline (this kind has and sets none)",
                ),
                "overdue / due in",
            )
        return value or "deadline"
    dates = [name for name, fact in scope.facts.items() if fact.type == "date"]
    return _named(value, dates, Text("日期填报项", "date fact"))


def _overdue(match: re.Match[str], scope: Scope) -> terms.Term:
    by = match["by"]
    return terms.Overdue(clock=_clock(match["clock"], scope), by=_duration(by) if by else None)


def _due_in(match: re.Match[str], scope: Scope) -> terms.Term:
    return terms.DueIn(clock=_clock(match["clock"], scope), duration=_duration(match["d"]))


def _in_state(match: re.Match[str], _scope: Scope) -> terms.Term:
    return terms.InStateFor(duration=_duration(match["d"]))


def _nothing(match: re.Match[str], _scope: Scope) -> terms.Term:
    return terms.NothingReported(duration=_duration(match["d"]))


def _open_rows(match: re.Match[str], scope: Scope) -> terms.Term:
    name = _named(match["list"], scope.lists, Text("清单", "list"))
    return terms.OpenRows(list=name, operator=cast(terms.Operator, match["op"]), number=int(match["n"]))


def _behind(match: re.Match[str], scope: Scope) -> terms.Term:
    name = _named(match["fact"], scope.planned, Text("有计划（plan）的填报项", "fact with a plan"))
    by = micro(match["n"])
    if by is None or by <= 0:
        raise _Wrong(Text("大于 0 的数", "a number above 0"), match["n"])
    return terms.BehindPlan(fact=name, by=by)


def _not_reported(match: re.Match[str], scope: Scope) -> terms.Term:
    d = match["d"]
    return terms.NotReported(fact=_fact(match["fact"], scope).name, duration=_duration(d) if d else None)


def _happened(match: re.Match[str], scope: Scope) -> terms.Term:
    name = _named(match["act"], scope.transitions, Text("流转", "transition"))
    return terms.Happened(transition=name, times=int(match["n"] or 1))


def _tasks(match: re.Match[str], scope: Scope) -> terms.Term:
    return terms.Tasks(
        quantifier="all" if match["q"] == "all" else "any",
        kind=_named(match["kind"], scope.kinds, Text("事项类型", "kind of task")),
        status=cast(terms.Status, match["status"]),
        concerned=match["concerned"] is not None,
    )


def _parent(match: re.Match[str], _scope: Scope) -> terms.Term:
    return terms.Parent(status=cast(terms.Status, match["status"]))


def _sources_differ(match: re.Match[str], scope: Scope) -> terms.Term:
    by = micro(match["n"])
    if by is None or by <= 0:
        raise _Wrong(Text("大于 0 的数", "a number above 0"), match["n"])
    if len(scope.sources) < 2:
        zh, en = "campaign.yaml 中至少两个 sources", "at least two sources in campaign.yaml"
        raise _Wrong(Text(zh, en), "sources")
    return terms.SourcesDiffer(by=by)


def _one_of(match: re.Match[str], scope: Scope) -> terms.Term:
    fact = _fact(match["fact"], scope)
    values = tuple(match["values"].split(" or "))
    if fact.type in _NUMERIC | {"date"}:
        raise _Wrong(Text("用 >= <= == 比较数字和日期", ">= <= == to compare numbers and dates"), match[0])
    for value in values:
        _constant(fact, "==", value)
    return terms.OneOf(fact=fact.name, values=values)


def _compare(match: re.Match[str], scope: Scope) -> terms.Term:
    fact, value = _fact(match["fact"], scope), match["value"]
    operator = cast(terms.Operator, match["op"])
    if value in scope.facts and value not in fact.choices:
        return _compare_facts(fact, operator, scope.facts[value])
    word = value if fact.type == "choice" else None
    return terms.Compare(fact=fact.name, operator=operator, value=_constant(fact, operator, value), word=word)


def _compare_facts(fact: Fact, operator: terms.Operator, other: Fact) -> terms.Term:
    alike = fact.type == other.type or {fact.type, other.type} <= _NUMERIC
    if not alike or (fact.type == "choice" and fact.choices != other.choices):
        raise _Wrong(Text(f"与 {fact.name} 同类型的填报项", f"a fact of the type of {fact.name}"), other.name)
    _order(fact, operator)
    return terms.Compare(fact=fact.name, operator=operator, value=0, other=other.name)


def _order(fact: Fact, operator: terms.Operator) -> None:
    if fact.type not in _ORDERED and operator not in ("==", "!="):
        raise _Wrong(Text("== 或 !=（该类型不分大小）", "== or != (this type has no order)"), operator)


def _constant(fact: Fact, operator: terms.Operator, value: str) -> int | str:
    _order(fact, operator)
    if fact.type in _NUMERIC:
        parsed = micro(value)
        if parsed is None:
            raise _Wrong(Text("数字或填报项", "a number or a fact"), value)
        return parsed
    if fact.type == "choice":
        return fact.choices.index(_named(value, fact.choices, Text("选项", "choice")))
    if fact.type in ("unit", "person", "file"):  # known by ids, which no pack can know
        raise _Wrong(Text(f"{fact.type} 类型的另一填报项", f"another fact of type {fact.type}"), value)
    if fact.type == "date" and as_day(value) is None:
        raise _Wrong(DAY, value)
    if fact.type == "yes/no":
        return _named(value, ("yes", "no"), Text("值", "value"))
    return value


_D = r"(?P<d>\S+ \S+)"
_N = r"[a-z][a-z0-9_]*"
_CLOCK = rf"(?:(?P<clock>{_N}) )?"
_OP = r"(?P<op>>=|<=|==|!=|>|<)"
_STATUS = r"(?P<status>open|ended|accepted)"
_Build = Callable[[re.Match[str], Scope], terms.Term]
_OPENERS = (
    "sources differ by",
    "overdue",
    "due in",
    "step overdue",
    "in state for",
    "nothing reported for",
    "open",
    "parent",
)
_FORMS: tuple[tuple[re.Pattern[str], _Build], ...] = (
    (re.compile(rf"in state for {_D}"), _in_state),
    (re.compile(rf"nothing reported for {_D}"), _nothing),
    (re.compile(rf"(?P<fact>{_N}) behind plan by (?P<n>\S+)"), _behind),
    (re.compile(rf"(?P<fact>{_N}) not reported(?: for {_D})?"), _not_reported),
    (re.compile(rf"(?P<act>{_N}) happened(?: (?P<n>[1-9][0-9]?) times?)?"), _happened),
    (re.compile(rf"(?P<q>all|any) (?P<concerned>concerned )?(?P<kind>{_N}) {_STATUS}"), _tasks),
    (re.compile(rf"parent {_STATUS}"), _parent),
    (re.compile(r"sources differ by (?P<n>\S+)"), _sources_differ),
    (re.compile(rf"open (?P<list>{_N}) {_OP} (?P<n>[0-9]{{1,4}})"), _open_rows),
    (re.compile(rf"{_CLOCK}overdue(?: by (?P<by>\S+ \S+))?"), _overdue),
    (re.compile(rf"{_CLOCK}due in {_D}"), _due_in),
    (re.compile(rf"(?P<fact>{_N}) in (?P<values>\S+(?: or \S+)*)"), _one_of),
    (re.compile(rf"(?P<fact>{_N}) {_OP} (?P<value>\S+)"), _compare),
)
PATTERNS = tuple(form.pattern for form, _ in _FORMS)  # of every sentence, as the schema publishes them
