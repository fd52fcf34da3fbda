"""The meaning of conditions: what is true now, and when that may next change by itself.

`compile_term` turns a term into a function `look(view) -> (truth, changes_at)`:

- `truth` is True, False, or None for unknown: a fact that nobody has reported. Unknown never fires,
  under `not` either.
- `changes_at` is the first later instant at which the truth may change without anybody acting, None
  if it can't. Early is allowed, late never; it is always later than `view.now`.

Both come from one pass over the same whole milliseconds, so a rule can't be false at its own wake.
Clocks run in the task's own time: while they are stopped they stand still (`own_time`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from .calendar import Calendar, Duration
from .definition import terms
from .definition.model import Definition, PlanPoint
from .task import Reading, Related, Stop, Task


class Look(NamedTuple):
    """What a condition says at one instant."""

    truth: bool | None
    changes_at: int | None


@dataclass(kw_only=True, slots=True)
class View:
    """A task at one instant, with all that a condition may ask about."""

    now: int
    task: Task
    calendar: Calendar
    children: Sequence[Related] = ()
    concerned: Sequence[Related] = ()
    parent: Related | None = None
    sources: Sequence[Reading] = ()  # the newest task first
    open_rows: dict[str, int]


Looker = Callable[[View], Look]
UNKNOWN, YES, NO = Look(None, None), Look(True, None), Look(False, None)
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def earliest(*instants: int | None) -> int | None:
    """The first of several instants, None standing for never."""
    first: int | None = None
    for instant in instants:
        if instant is not None and (first is None or instant < first):
            first = instant
    return first


# --- the task's own time ------------------------------------------------------------------------


def stopped_between(stops: Sequence[Stop], start: int, end: int) -> int:
    """Milliseconds within start..end in which the clocks stood still."""
    total = 0
    for begin, finish in stops:
        upto = end if finish is None or finish > end else finish
        total += max(0, upto - max(begin, start))
    return total


def crossing(view: View, anchor: int, instant: int) -> Look:
    """Whether the task's own time, counted from `anchor`, has passed `instant`.

    Stops may lie ahead of `view.now` too: a decision that catches up looks back on them.
    """
    now, stops = view.now, view.task.stops
    if not stops:
        return YES if now > instant else Look(False, instant + 1)
    left = instant + 1 - now + stopped_between(stops, anchor, now)
    return YES if left <= 0 else Look(False, _run_on(stops, anchor, now, left))


def _run_on(stops: Sequence[Stop], anchor: int, now: int, left: int) -> int | None:
    """When the clocks will have run `left` milliseconds more; None if they stand still for good."""
    for start, finish in stops:
        begin = max(start, anchor)
        if finish is not None and finish <= max(now, begin):
            continue
        if begin - now >= left:
            break
        left -= max(0, begin - now)
        if finish is None:
            return None
        now = finish
    return now + left


def unstopped(view: View, instant: int) -> Look:
    """Whether wall time has passed `instant`."""
    return YES if view.now > instant else Look(False, instant + 1)


def effective(stops: Sequence[Stop], anchor: int, instant: int) -> int:
    """`instant` with the stops since `anchor` that are over added to it."""
    shift = 0
    for begin, finish in stops:
        if finish is not None and finish > anchor and max(begin, anchor) <= instant + shift:
            shift += finish - max(begin, anchor)
    return instant + shift


def _window(view: View, anchor: int, first: int, last: int) -> Look:
    """True from `first` to `last` in the task's own time."""
    over = crossing(view, anchor, last)
    if over.truth:
        return NO
    begun = crossing(view, anchor, first - 1)
    return Look(True, over.changes_at) if begun.truth else begun


# --- values ---------------------------------------------------------------------------------------


def to_micro(value: Any) -> int:
    """A reported number as whole millionths."""
    return value * terms.MICRO if isinstance(value, int) else round(value * terms.MICRO)


def _reader(definition: Definition, name: str) -> Callable[[Task], Any]:
    """How a fact's value is compared: millionths, position of a choice, or as it is."""
    fact = definition.facts[name]
    if fact.type in ("number", "percent", "count"):
        plan = definition.plan.get(name)
        start = plan[0].value if plan else None  # a planned fact unreported counts as its start
        return lambda task: to_micro(task.facts[name]) if name in task.facts else start
    if fact.type == "choice":
        rank = {value: position for position, value in enumerate(fact.choices)}
        return lambda task: rank[task.facts[name]] if name in task.facts else None
    return lambda task: task.facts.get(name)


# --- compiling ------------------------------------------------------------------------------------


def compile_term(term: terms.Term, definition: Definition) -> Looker:
    """The function that looks at a view and answers both questions."""
    if isinstance(term, terms.All | terms.Any):
        lookers = [compile_term(part, definition) for part in term.parts]
        return _all(lookers) if isinstance(term, terms.All) else _any(lookers)
    if isinstance(term, terms.Not):
        return _not(compile_term(term.part, definition))
    compiler = _COMPILERS[type(term)]
    return compiler(term, definition)


def _all(lookers: list[Looker]) -> Looker:
    def look(view: View) -> Look:
        looks = [part(view) for part in lookers]
        changes = earliest(*[one.changes_at for one in looks])
        if any(one.truth is False for one in looks):
            return Look(False, changes)
        return Look(None if any(one.truth is None for one in looks) else True, changes)

    return look


def _any(lookers: list[Looker]) -> Looker:
    def look(view: View) -> Look:
        looks = [part(view) for part in lookers]
        changes = earliest(*[one.changes_at for one in looks])
        if any(one.truth for one in looks):
            return Look(True, changes)
        return Look(None if any(one.truth is None for one in looks) else False, changes)

    return look


def _not(inner: Looker) -> Looker:
    def look(view: View) -> Look:
        truth, changes = inner(view)
        return Look(None if truth is None else not truth, changes)

    return look


class _Clock(NamedTuple):
    """A deadline: since when it counts, its last millisecond, and whether stops move it."""

    anchor: int
    instant: int
    stoppable: bool


def _clock(name: str) -> Callable[[View], _Clock | None]:
    if name == "step":

        def step(view: View) -> _Clock | None:
            end = view.task.step_end
            return None if end is None else _Clock(view.task.state_since, end, False)

        return step
    if name == "deadline":

        def deadline(view: View) -> _Clock | None:
            task = view.task
            return None if task.deadline is None else _Clock(task.deadline_set_at, task.deadline, True)

        return deadline

    def dated(view: View) -> _Clock | None:
        value = view.task.facts.get(name)
        if value is None:
            return None
        instant = view.calendar.end_of(date.fromisoformat(value))
        return _Clock(view.task.fact_times[name], instant, True)

    return dated


def _overdue(term: terms.Overdue, _definition: Definition) -> Looker:
    clock, by = _clock(term.clock), term.by

    def look(view: View) -> Look:
        found = clock(view)
        if found is None:
            return UNKNOWN
        instant = found.instant if by is None else view.calendar.add(found.instant, by)
        return crossing(view, found.anchor, instant) if found.stoppable else unstopped(view, instant)

    return look


def _due_in(term: terms.DueIn, _definition: Definition) -> Looker:
    clock, duration = _clock(term.clock), term.duration

    def look(view: View) -> Look:
        found = clock(view)
        if found is None:
            return UNKNOWN
        first = view.calendar.before(found.instant, duration)
        if found.stoppable:
            return _window(view, found.anchor, first, found.instant)
        if view.now > found.instant:
            return NO
        return Look(True, found.instant + 1) if view.now >= first else Look(False, first)

    return look


def _since(anchor: Callable[[View], int | None], duration: Duration) -> Looker:
    def look(view: View) -> Look:
        start = anchor(view)
        return UNKNOWN if start is None else crossing(view, start, view.calendar.add(start, duration))

    return look


def _in_state(term: terms.InStateFor, _definition: Definition) -> Looker:
    return _since(lambda view: view.task.state_since, term.duration)


def _nothing_reported(term: terms.NothingReported, definition: Definition) -> Looker:
    waiting = {name for name, state in definition.states.items() if state.waits_for}

    def anchor(view: View) -> int | None:
        return view.task.reported_at if view.task.state in waiting else None

    return _since(anchor, term.duration)


def _not_reported(term: terms.NotReported, _definition: Definition) -> Looker:
    fact, duration = term.fact, term.duration
    if duration is None:
        return lambda view: NO if fact in view.task.facts else YES
    return _since(lambda view: view.task.fact_times.get(fact, view.task.opened_at), duration)


def _compare(term: terms.Compare, definition: Definition) -> Looker:
    compare, constant = _OPERATORS[term.operator], term.value
    left = _reader(definition, term.fact)
    right = _reader(definition, term.other) if term.other else None

    def look(view: View) -> Look:
        value = left(view.task)
        against = right(view.task) if right else constant
        if value is None or against is None:
            return UNKNOWN
        return YES if compare(value, against) else NO

    return look


def _one_of(term: terms.OneOf, _definition: Definition) -> Looker:
    fact, values = term.fact, term.values

    def look(view: View) -> Look:
        value = view.task.facts.get(fact)
        if value is None:
            return UNKNOWN
        return YES if value in values else NO

    return look


def _open_rows(term: terms.OpenRows, _definition: Definition) -> Looker:
    compare = _OPERATORS[term.operator]
    return lambda view: YES if compare(view.open_rows.get(term.list, 0), term.number) else NO


def _happened(term: terms.Happened, _definition: Definition) -> Looker:
    return lambda view: YES if view.task.acts.get(term.transition, 0) >= term.times else NO


def _tasks(term: terms.Tasks, _definition: Definition) -> Looker:
    kind, status, concerned = term.kind, term.status, term.concerned
    every = term.quantifier == "all"

    def look(view: View) -> Look:
        group = [one for one in (view.concerned if concerned else view.children) if one.kind == kind]
        held = [one.has(status, view.now) for one in group]
        return Look((all(held) if every else any(held)) and bool(group), next_end(group, view.now))

    return look


def _parent(term: terms.Parent, _definition: Definition) -> Looker:
    def look(view: View) -> Look:
        if view.parent is None:
            return UNKNOWN
        return Look(view.parent.has(term.status, view.now), next_end([view.parent], view.now))

    return look


def known_sources(view: View) -> dict[str, Reading]:
    """Of each source the newest task that says something; the task looked at as it stands now."""
    task, known = view.task, dict[str, Reading]()
    for one in view.sources:
        value = task.facts.get(one.fact) if one.task_id == task.id else one.value
        if value is not None and one.source not in known:
            known[one.source] = one._replace(value=value)
    return known


def _sources_differ(term: terms.SourcesDiffer, _definition: Definition) -> Looker:
    def look(view: View) -> Look:
        values = [to_micro(one.value) for one in known_sources(view).values()]
        if len(values) < 2:
            return UNKNOWN
        return YES if max(values) - min(values) >= term.by else NO

    return look


def next_end(group: Sequence[Related], now: int) -> int | None:
    """The first known end after `now` among other tasks: a decision that catches up steps there."""
    return earliest(*[one.ended_at for one in group if one.ended_at is not None and one.ended_at > now])


# --- plans ----------------------------------------------------------------------------------------


def plan_reaches(points: Sequence[tuple[int, int]], target: int) -> int | None:
    """The first instant at which a plan stands at `target` or above; None if it never does.

    Args:
        points: (instant in ms, value in millionths), neither ever falling.
        target: millionths.
    """
    for (start, low), (end, high) in pairwise(points):
        if target <= low:
            return start
        if target <= high:
            # Rounded up: rounded down, the rule would be false at its own wake.
            return start - (low - target) * (end - start) // (high - low)
    return None


def _behind_plan(term: terms.BehindPlan, definition: Definition) -> Looker:
    plan, value = definition.plan[term.fact], _reader(definition, term.fact)

    def look(view: View) -> Look:
        task = view.task
        reached = plan_reaches(plan_points(plan, task, view.calendar), value(task) + term.by)
        if reached is None:
            return NO
        return crossing(view, task.deadline_set_at, reached - 1)

    return look


def plan_points(plan: Sequence[PlanPoint], task: Task, calendar: Calendar) -> list[tuple[int, int]]:
    """A plan's points as instants of this task: from its opening to its deadline."""
    points: list[tuple[int, int]] = []
    for point in plan:
        if point.at == "start":
            instant = task.opened_at
        elif point.at == "deadline":
            instant = max(task.deadline or task.opened_at, task.opened_at)
        else:
            instant = calendar.end_of(point.at)
            if instant <= task.opened_at or (task.deadline is not None and instant >= task.deadline):
                continue  # a support outside of this task's life
        points.append((instant, point.value))
    return points


_COMPILERS: Mapping[type, Callable[[Any, Definition], Looker]] = {
    terms.DueIn: _due_in,
    terms.Overdue: _overdue,
    terms.InStateFor: _in_state,
    terms.NothingReported: _nothing_reported,
    terms.NotReported: _not_reported,
    terms.Compare: _compare,
    terms.OneOf: _one_of,
    terms.BehindPlan: _behind_plan,
    terms.OpenRows: _open_rows,
    terms.Happened: _happened,
    terms.Tasks: _tasks,
    terms.Parent: _parent,
    terms.SourcesDiffer: _sources_differ,
}
