"""A condition in words, whether it holds, and the facts that it looks at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ..condition import Look, View, compile_term, known_sources, plan_points, plan_reaches, stopped_between
from ..definition import terms
from ..definition.sentences import sentence
from ..reading.words import value_text
from ..text import Text
from .subject import Subject

_TRUTHS = {True: Text("成立", "holds"), False: Text("不成立", "doesn't hold"), None: Text("未知", "unknown")}
_MICRO = terms.MICRO


def condition(subject: Subject, term: terms.Term) -> tuple[Text, ...]:
    """A condition in words, whether it holds, and each of its parts with the facts it looks at."""
    view = subject.case.view
    told = sentence(term, subject.labels)
    look = compile_term(term, subject.definition)(view)
    head = Text(
        f"条件：{told.zh}。现在{truth_of(subject, look).zh}",
        f"Condition: {told.en}. Now it {truth_of(subject, look).en}",
    )
    leaves = terms.leaves(term)
    if leaves == (term,):
        return head, *_facts_of(subject, term, view)
    return head, *(line for leaf in leaves for line in _leaf(subject, leaf, view))


def _leaf(subject: Subject, leaf: terms.Term, view: View) -> Iterator[Text]:
    told, look = sentence(leaf, subject.labels), compile_term(leaf, subject.definition)(view)
    truth = truth_of(subject, look)
    yield Text(f"· {told.zh}：{truth.zh}", f"· {told.en}: {truth.en}")
    yield from _facts_of(subject, leaf, view)


def truth_of(subject: Subject, look: Look) -> Text:
    """What a condition says now, and when that may change by itself."""
    truth = _TRUTHS[look.truth]
    if look.changes_at is None:
        return truth
    when = subject.words.when(look.changes_at)
    return Text(f"{truth.zh}（{when} 起可能改变）", f"{truth.en} (may change on {when})")


def _facts_of(subject: Subject, leaf: terms.Term, view: View) -> Iterator[Text]:
    """The facts that a part of a condition looks at."""
    match leaf:
        case terms.Compare(fact=fact, other=other):
            yield from (_reported(subject, name) for name in (fact, other) if name is not None)
        case terms.OneOf(fact=fact) | terms.NotReported(fact=fact):
            yield _reported(subject, fact)
        case terms.BehindPlan(fact=fact):
            yield _reported(subject, fact)
            yield from _plan(subject, fact, view)
        case terms.NothingReported():
            yield since(subject, Text("最近一次反馈", "last heard of"), subject.loaded.task.reported_at)
        case terms.InStateFor():
            yield since(subject, Text("进入本状态", "in this state since"), subject.loaded.task.state_since)
        case terms.OpenRows(list=rows):
            count, label = view.open_rows.get(rows, 0), subject.words.list(rows)
            yield Text(f"  {label.zh}未销号 {count} 条", f"  open rows of {label.en}: {count}")
        case terms.Happened(transition=name):
            count, label = subject.loaded.task.acts.get(name, 0), subject.words.transition(name)
            yield Text(f"  “{label.zh}”已有 {count} 次", f"  {label.en} so far: {count}")
        case terms.SourcesDiffer():
            yield from _sources(subject, view)
        case terms.Tasks(kind=kind, concerned=concerned):
            yield _group(subject, kind, concerned=concerned)
        case _:
            return


def _reported(subject: Subject, name: str) -> Text:
    task, words = subject.loaded.task, subject.words
    label = words.fact_label(name)
    if name not in task.facts:
        return Text(f"  {label.zh}：尚未填报", f"  {label.en}: not reported yet")
    value = value_text(words.fact(name), task.facts[name], words.names)
    when = words.when(task.fact_times.get(name, task.opened_at))
    return Text(f"  {label.zh}：{value.zh}（{when} 填报）", f"  {label.en}: {value.en} (reported {when})")


def since(subject: Subject, label: Text, instant: int) -> Text:
    """An instant with what it is."""
    when = subject.words.when(instant)
    return Text(f"  {label.zh}：{when}", f"  {label.en}: {when}")


def _group(subject: Subject, kind: str, *, concerned: bool) -> Text:
    group = subject.loaded.concerned if concerned else subject.loaded.children
    now, label = subject.around.now, subject.words.kind(kind)
    own = [one for one in group if one.kind == kind]
    still = sum(one.has("open", now) for one in own)
    return Text(
        f"  {label.zh} {len(own)} 件，未办结 {still} 件", f"  {label.en}: {len(own)}, still open: {still}"
    )


def _sources(subject: Subject, view: View) -> Iterator[Text]:
    """Every source that is known, with the task that says so."""
    known = known_sources(view)
    for name, one in known.items():
        number = subject.words.number(one.task_id)
        yield Text(f"  来源 {name}：{one.value}（{number}）", f"  source {name}: {one.value} ({number})")
    if not known:
        yield Text("  各来源均未填报", "  no source is known yet")


def _plan(subject: Subject, fact: str, view: View) -> Iterator[Text]:
    """The plan's points, as instants of this task; they count in the task's own time."""
    points = plan_points(subject.definition.plan[fact], view.task, view.calendar)
    told = [f"{subject.words.when(instant)} {value / _MICRO:g}" for instant, value in points]
    yield Text(f"  计划：{'，'.join(told)}", f"  plan: {', '.join(told)}")
    due = _planned_now(points, view)
    if due is not None:
        yield Text(f"  计划此时应为 {due:g}", f"  by now the plan asks for {due:g}")
    if view.task.stops:
        yield Text("  计时暂停的时间不计", "  time in which the clocks stood still is not counted")


def _planned_now(points: Sequence[tuple[int, int]], view: View) -> float | None:
    """Where the plan stands, to a tenth: the highest value that it reaches by now in the task's time."""
    if not points:
        return None
    tenth, low, high = _MICRO // 10, points[0][1], points[-1][1]
    own = view.now - stopped_between(view.task.stops, view.task.deadline_set_at, view.now)
    steps = range(low, high + 1, tenth)
    passed = bisect_right(steps, own, key=lambda value: plan_reaches(points, value) or own + 1)
    return steps[max(0, passed - 1)] / _MICRO
