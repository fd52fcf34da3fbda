"""Facts, lists, plans and settings: what is used is asked for, and what is set fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..definition import terms
from ..definition.cursor import DAY, as_day, micro
from ..definition.facts import BUILT_IN
from ..definition.letter import places
from ..definition.model import Definition, Fact, Letter, Rows, Setting, Transition
from ..text import Text
from .report import Subject, conditions, openings

NUMBERS = frozenset({"number", "percent", "count"})


def given_facts(subject: Subject) -> set[str]:
    """The facts that whoever opens tasks of this kind may pass on."""
    kind = subject.definition.kind
    return {
        target
        for other in subject.pack.definitions.values()
        for use in openings(other)
        if use.opening.kind == kind
        for target in use.opening.passes
    }


def check_values(subject: Subject) -> None:
    """Facts, lists, plans, settings."""
    _facts_are_filled(subject)
    _lists_are_filled(subject)
    _plans_fit(subject)
    for rows in subject.definition.lists.values():
        if rows.into is not None:
            _checklists_fill(subject, rows)
    for transition in subject.definition.transitions.values():
        for setting in transition.sets:
            _setting_fits(subject, transition, setting)
    if subject.definition.letter is not None:
        _letter_fits(subject, subject.definition.letter)


# --- what is used -----------------------------------------------------------------------------------


def _facts_are_filled(subject: Subject) -> None:
    definition = subject.definition
    filled = given_facts(subject) | _asked(definition) | _set(definition) | _scored(definition)
    filled |= {*definition.facts} if definition.opened_by else set()  # given by the opener
    used: dict[str, str] = {}
    for key, name in (*_used_facts(definition), *_told(subject)):
        used.setdefault(name, key)
    for name, key in used.items():
        if name not in filled:
            subject.report.fail(
                f"facts.{name}",
                Text(f"无处填报，而 {key} 要用", f"a fact that nobody is asked for, though {key} needs it"),
                "在某个流转的 asks 或 optional 里，由 sets 设定，或由交办者 pass",
                "a fact that some transition asks for (asks, optional) or sets, or that an opening passes",
            )


def _letter_fits(subject: Subject, letter: Letter) -> None:
    definition = subject.definition
    if (
        "number" in places(letter.title) | places(letter.text)
        and not definition.transitions[letter.on].number
    ):
        subject.report.fail(
            "letter.text",
            "{number}",
            f"流转 {letter.on} 写明 number（编号格式），否则没有文号可填",
            f"number: on the transition {letter.on}, else there is no number to fill in",
        )
    if letter.to in definition.parties and letter.to in definition.roles:
        subject.report.fail(
            "letter.to",
            letter.to,
            "只指一处的名字：当事方和角色不同名",
            "a name that means one thing: a party and a role have this one",
        )


def _asked(definition: Definition) -> set[str]:
    return {name for one in definition.transitions.values() for name in (*one.asks, *one.optional)}


def _set(definition: Definition) -> set[str]:
    return {setting.target for one in definition.transitions.values() for setting in one.sets}


def _scored(definition: Definition) -> set[str]:
    return {rows.into for rows in definition.lists.values() if rows.into is not None}


def _told(subject: Subject) -> Iterator[tuple[str, str]]:
    """What other tasks read of this kind: the campaign's sources, and what a parent copies."""
    kind = subject.definition.kind
    for source in subject.pack.campaign.sources.values():
        if source.kind == kind:
            yield f"campaign.yaml sources.{source.name}", source.fact
    for other in subject.pack.definitions.values():
        for one in other.transitions.values():
            for setting in one.sets:
                if setting.child == kind and setting.source is not None:
                    yield f"{other.kind}.yaml transitions.{one.name}.sets", setting.source


def _used_facts(definition: Definition) -> Iterator[tuple[str, str]]:
    if definition.letter is not None:
        named = sorted(places(definition.letter.title) | places(definition.letter.text))
        yield from (("letter", name) for name in named if name in definition.facts)
    for key, term, _, _ in conditions(definition):
        for leaf in terms.leaves(term):
            yield from ((key, name) for name in facts_of(leaf) if name in definition.facts)
    yield from ((f"plan.{name}", name) for name in definition.plan)
    for one in definition.transitions.values():
        for setting in one.sets:
            if setting.child is None and setting.source is not None and setting.source in definition.facts:
                yield f"transitions.{one.name}.sets", setting.source
    for key, opening in openings(definition):
        columns = definition.lists[opening.each].columns if opening.each else {}
        passed = [
            name for name in opening.passes.values() if name in definition.facts and name not in columns
        ]
        yield from ((key, name) for name in passed)


def facts_of(leaf: terms.Term) -> tuple[str, ...]:
    """The facts that a leaf looks at."""
    match leaf:
        case terms.Compare(fact=fact, other=str(other)):
            return (fact, other)
        case terms.DueIn(clock=clock) | terms.Overdue(clock=clock):
            return (clock,)  # deadline and step are no names of facts
        case (
            terms.Compare(fact=fact)
            | terms.OneOf(fact=fact)
            | terms.BehindPlan(fact=fact)
            | terms.NotReported(fact=fact)
        ):
            return (fact,)
    return ()


def _lists_are_filled(subject: Subject) -> None:
    definition = subject.definition
    asked = _asked(definition) if not definition.opened_by else {*definition.lists}  # given by the opener
    used: dict[str, str] = {}
    for key, name in _used_lists(definition):
        used.setdefault(name, key)
    for name, key in used.items():
        if name not in asked:
            subject.report.fail(
                f"lists.{name}",
                Text(f"无处填报，而 {key} 要用", f"a list that nobody is asked for, though {key} needs it"),
                "在某个流转的 asks 或 optional 里的清单",
                "a list in asks or optional of some transition",
            )


def _used_lists(definition: Definition) -> Iterator[tuple[str, str]]:
    for key, term, _, _ in conditions(definition):
        yield from ((key, leaf.list) for leaf in terms.leaves(term) if isinstance(leaf, terms.OpenRows))
    yield from ((key, opening.each) for key, opening in openings(definition) if opening.each)
    closed = [rows.name for rows in definition.lists.values() if rows.closed_by]
    yield from ((f"lists.{name}.closed_by", name) for name in closed)


# --- what fits --------------------------------------------------------------------------------------


def _plans_fit(subject: Subject) -> None:
    for name, points in subject.definition.plan.items():
        fact = subject.definition.facts[name]
        for point in points:
            if not in_range(fact, point.value):
                shown = f"{point.value / terms.MICRO:g}"
                subject.report.fail(f"plan.{name}.{point.at}", shown, *_range(fact))


def in_range(fact: Fact, value: int | None) -> bool:
    """Whether a number, in millionths, lies within the bounds of a fact; none is within any."""
    low = fact.min is None or value is None or value >= fact.min
    return low and (fact.max is None or value is None or value <= fact.max)


def _range(fact: Fact) -> Text:
    low, high = ("…" if bound is None else f"{bound / terms.MICRO:g}" for bound in (fact.min, fact.max))
    return Text(
        f"{fact.name} 范围内的数（{low} 至 {high}）",
        f"a number within the range of {fact.name} ({low} to {high})",
    )


def _setting_fits(subject: Subject, transition: Transition, setting: Setting) -> None:
    key = f"transitions.{transition.name}.sets.{setting.target}"
    if setting.target != "deadline":
        fact = subject.definition.facts[setting.target]
        if setting.source is not None:
            _copy_fits(subject, key, setting, fact)
            return
        wanted = _constant(fact, str(setting.value))
        if wanted is not None:
            subject.report.fail(key, str(setting.value), *wanted, word=str(setting.value), words=fact.choices)
        return
    if setting.source in BUILT_IN and setting.source not in (*transition.asks, *transition.optional):
        zh, en = f"本流转 asks 里的 {setting.source}", f"{setting.source} among what this transition asks"
        subject.report.fail(key, setting.source, zh, en)


def _copy_fits(subject: Subject, key: str, setting: Setting, fact: Fact) -> None:
    definition = subject.definition if setting.child is None else subject.pack.definitions[setting.child]
    source = definition.facts[str(setting.source)]
    if not alike(source, fact):
        zh = f"{fact.type} 类型的填报项（与 {fact.name} 同）"
        subject.report.fail(key, source.type, zh, f"a fact of type {fact.type}, like {fact.name}")
    elif not (in_range(fact, source.min) and in_range(fact, source.max)):
        subject.report.fail(key, source.name, *_range(fact))


def alike(source: Fact, target: Fact) -> bool:
    """Whether a value of one fact may become a value of the other."""
    if source.type in ("count", "percent") and target.type == "number":
        return True
    return source.type == target.type and source.choices == target.choices


def _checklists_fill(subject: Subject, rows: Rows) -> None:
    """The fact that a checklist fills is filled by nobody else."""
    definition, key = subject.definition, f"lists.{rows.name}.into"
    for one in definition.transitions.values():
        targets = [setting.target for setting in one.sets]
        if rows.into in (*one.asks, *one.optional, *targets):
            found = Text(f"{rows.into}，流转 {one.name} 也填", f"{rows.into}, which {one.name} fills as well")
            subject.report.fail(key, found, "只由本清单填的填报项", "a fact that only this list fills")
    others = [one.name for one in definition.lists.values() if one.into == rows.into and one is not rows]
    if others:
        found = Text(f"{rows.into}，清单 {others[0]} 也填", f"{rows.into}, which {others[0]} fills as well")
        subject.report.fail(key, found, "只由本清单填的填报项", "a fact that only this list fills")


def _constant(fact: Fact, value: str) -> Text | None:
    """What a constant for a fact should have been; None if it fits."""
    if fact.type in NUMBERS:
        number = micro(value)
        whole = fact.type != "count" or (number is not None and number % terms.MICRO == 0)
        return None if number is not None and in_range(fact, number) and whole else _range(fact)
    words: Mapping[str, tuple[str, ...]] = {"choice": fact.choices, "yes/no": ("yes", "no")}
    if fact.type in words:
        listed = words[fact.type]
        return None if value in listed else Text(f"{'、'.join(listed)} 之一", f"one of: {', '.join(listed)}")
    if fact.type == "date":
        return None if as_day(value) else DAY
    if fact.type == "text":
        return None
    return Text(f"不在定义里设定 {fact.type} 类型的值", f"no constant for a fact of type {fact.type}")
