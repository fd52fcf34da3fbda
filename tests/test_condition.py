"""Conditions: what each term says, in the task's own time, and when that may change by itself.

The second half compares the compiled terms with a reference that is written straight from the design, slow
and without shortcuts, over random tasks, stops, facts and calendars.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.builders import CALENDAR, DAY, HOUR, OPENED, at, end_of, errand, task, view, with_stops
from workflow.calendar import Calendar, Duration, default_calendar, parse_duration
from workflow.condition import (
    Look,
    View,
    compile_term,
    crossing,
    effective,
    plan_reaches,
    stopped_between,
    to_micro,
)
from workflow.definition import terms
from workflow.definition.conditions import Scope, condition
from workflow.definition.cursor import Cursor
from workflow.definition.yaml import from_plain
from workflow.task import Related, Stop, Task

ERRAND = errand()["errand"].definition
OPEN = at(OPENED)


def term(written: Any) -> terms.Term:
    """A condition as a pack writes it."""
    scope = Scope(
        facts=ERRAND.facts,
        planned=("progress",),
        lists=("problems",),
        transitions=ERRAND.transitions,
        kinds=("rectification", "errand"),
        has_deadline=True,
    )
    problems: list[Any] = []
    found = condition(Cursor(file="", path=(), node=from_plain(written), problems=problems), scope)
    assert found is not None, problems
    return found


def look(written: Any, now: str | int, of: Task | None = None, **given: Any) -> Look:
    """What a condition says of an errand."""
    instant = now if isinstance(now, int) else at(now)
    return compile_term(term(written), ERRAND)(view(of or task(ERRAND), instant, **given))


# --- each term ------------------------------------------------------------------------------------


def test_overdue_begins_with_the_first_millisecond_after_the_deadline() -> None:
    deadline = end_of("2026-04-30")
    assert look("overdue", deadline) == Look(False, deadline + 1)
    assert look("overdue", deadline + 1) == Look(True, None)


def test_overdue_by_counts_on_from_the_deadline_and_runs_to_the_end_of_a_day() -> None:
    # Labour Day 2026 takes 1 to 5 May off and works on Saturday the 9th.
    third = end_of("2026-05-08")
    assert look("overdue by 3 workdays", third) == Look(False, third + 1)
    assert look("overdue by 3 workdays", third + 1).truth is True
    assert look("overdue by 4 workdays", end_of("2026-05-09") + 1).truth is True
    assert look("overdue by 36 hours", end_of("2026-04-30") + 36 * HOUR).truth is False
    assert look("overdue by 36 hours", end_of("2026-04-30") + 36 * HOUR + 1).truth is True


def test_due_in_holds_from_so_long_before_the_deadline_until_it() -> None:
    first, deadline = at("2026-04-27 00:00"), end_of("2026-04-30")
    assert look("due in 3 workdays", first - 1) == Look(False, first)
    assert look("due in 3 workdays", first) == Look(True, deadline + 1)
    assert look("due in 3 workdays", deadline) == Look(True, deadline + 1)
    assert look("due in 3 workdays", deadline + 1) == Look(False, None)


def test_a_task_without_a_deadline_is_neither_late_nor_in_time() -> None:
    without = task(ERRAND, deadline=None)
    assert look("overdue", "2027-01-01", without) == Look(None, None)
    assert look({"not": "overdue"}, "2027-01-01", without).truth is None


def test_a_step_is_overdue_after_its_within_and_no_stop_holds_that_up() -> None:
    stopped = with_stops(task(ERRAND, state="review"), (OPEN, None))
    end = end_of("2026-03-04")  # 2 workdays after Monday
    assert look("step overdue", end, stopped) == Look(False, end + 1)
    assert look("step overdue", end + 1, stopped).truth is True
    assert look("step overdue by 1 workday", end_of("2026-03-05") + 1, stopped).truth is True
    assert look("step due in 1 workday", at("2026-03-03"), stopped) == Look(True, end + 1)
    assert look("step due in 1 workday", at("2026-03-03") - 1, stopped) == Look(False, at("2026-03-03"))
    assert look("step overdue", "2026-12-01", task(ERRAND, state="paused")).truth is None


def test_a_date_fact_is_a_clock_of_its_own() -> None:
    promised = task(ERRAND, facts={"promised": "2026-03-20"})
    last = end_of("2026-03-20")
    assert look("promised overdue", last, promised) == Look(False, last + 1)
    assert look("promised overdue", last + 1, promised).truth is True
    assert look("promised overdue by 1 day", last + DAY + 1, promised).truth is True
    assert look("promised due in 2 days", at("2026-03-18"), promised).truth is True
    assert look("promised overdue", last + 1).truth is None, "nobody has promised anything"


def test_in_state_for_counts_from_the_entry() -> None:
    entered = task(ERRAND, state_since=at("2026-03-10 08:00"))
    end = at("2026-03-11 20:00")
    assert look("in state for 36 hours", end, entered) == Look(False, end + 1)
    assert look("in state for 36 hours", end + 1, entered).truth is True


def test_nothing_reported_counts_from_the_last_act_of_whom_the_state_waits_for() -> None:
    quiet = task(ERRAND, reported_at=at("2026-03-10 10:00"))
    end = end_of("2026-03-12")
    assert look("nothing reported for 2 workdays", end, quiet) == Look(False, end + 1)
    assert look("nothing reported for 2 workdays", end + 1, quiet).truth is True
    nobody = task(ERRAND, state="correcting")
    assert look("nothing reported for 2 workdays", "2026-12-01", nobody).truth is None


@pytest.mark.parametrize(
    ("written", "facts", "expected"),
    [
        ("score < 80", {"score": 79.999999}, True),
        ("score < 80", {"score": 80}, False),
        ("score <= 79.999999", {"score": 79.999999}, True),
        ("score == 0.1", {"score": 0.1}, True),
        ("score != 0.1", {"score": 0.1}, False),
        ("score > 80", {}, None),
        ("score < other", {"score": 1, "other": 2}, True),
        ("score < other", {"score": 1}, None),
        ("progress == 0", {}, True),  # planned and unreported, it counts as its start
        ("progress < 50", {}, True),
        ("level >= medium", {"level": "high"}, True),
        ("level >= medium", {"level": "low"}, False),
        ("level in medium or high", {"level": "low"}, False),
        ("level in medium or high", {"level": "high"}, True),
        ("level in medium or high", {}, None),
        ("promised < 2026-04-01", {"promised": "2026-03-31"}, True),
        ("promised >= 2026-04-01", {"promised": "2026-03-31"}, False),
        ("score not reported", {}, True),
        ("score not reported", {"score": 0}, False),
        ("progress not reported", {}, True),
    ],
)
def test_facts_are_compared_as_they_are_written(
    written: str, facts: dict[str, Any], expected: bool | None
) -> None:
    assert look(written, OPEN, task(ERRAND, facts=facts)) == Look(expected, None)
    negated = None if expected is None else not expected
    assert look({"not": written}, OPEN, task(ERRAND, facts=facts)).truth is negated


def test_not_reported_for_counts_from_the_last_report_or_the_opening() -> None:
    end = end_of("2026-03-04")
    assert look("score not reported for 2 workdays", end) == Look(False, end + 1)
    assert look("score not reported for 2 workdays", end + 1).truth is True
    later = task(ERRAND, facts={"score": 5}, fact_times={"score": at("2026-03-04 10:00")})
    assert look("score not reported for 2 workdays", end + 1, later) == Look(False, end_of("2026-03-06") + 1)


def test_rows_and_acts_are_counted() -> None:
    assert look("open problems > 0", OPEN, open_rows={"problems": 1}).truth is True
    assert look("open problems > 0", OPEN).truth is False
    twice = task(ERRAND, acts={"return": 2})
    assert look("return happened 2 times", OPEN, twice).truth is True
    assert look("return happened 3 times", OPEN, twice).truth is False
    assert look("return happened", OPEN).truth is False


def test_other_tasks_are_open_until_the_instant_at_which_they_end() -> None:
    ended = Related(id=1, kind="rectification", ended_at=OPEN + 5, outcome="abandoned")
    open_one = Related(id=2, kind="rectification")
    other = Related(id=3, kind="errand")

    def children(written: str, now: int, *group: Related) -> Look:
        return look(written, now, children=group)

    assert children("all rectification ended", OPEN) == Look(False, None), "all of none is false"
    assert children("all rectification ended", OPEN, other).truth is False
    assert children("any rectification open", OPEN + 4, ended) == Look(True, OPEN + 5)
    assert children("any rectification open", OPEN + 5, ended) == Look(False, None)
    assert children("all rectification ended", OPEN + 5, ended, other).truth is True
    assert children("all rectification ended", OPEN + 5, ended, open_one).truth is False
    assert children("any rectification ended", OPEN + 5, ended, open_one).truth is True
    assert children("any rectification accepted", OPEN + 5, ended).truth is False
    concerned = [ended, other]
    assert look("any concerned rectification ended", OPEN + 5, concerned=concerned).truth is True
    assert look("any rectification ended", OPEN + 5, concerned=concerned).truth is False


def test_the_parent_is_asked_for_or_unknown() -> None:
    parent = Related(id=1, kind="errand", ended_at=OPEN + 5, outcome="accepted")
    assert look("parent open", OPEN, parent=parent) == Look(True, OPEN + 5)
    assert look("parent accepted", OPEN + 5, parent=parent) == Look(True, None)
    assert look("parent ended", OPEN).truth is None


def test_combinations_know_what_is_unknown() -> None:
    yes, no, unknown = "progress == 0", "progress == 1", "score == 1"
    assert look({"all": [yes, unknown]}, OPEN).truth is None
    assert look({"all": [no, unknown]}, OPEN).truth is False
    assert look({"any": [yes, unknown]}, OPEN).truth is True
    assert look({"any": [no, unknown]}, OPEN).truth is None
    assert look({"not": {"any": [no, unknown]}}, OPEN).truth is None
    assert look({"all": [yes, {"not": no}]}, OPEN).truth is True
    either = look({"any": ["overdue", "in state for 36 hours"]}, OPEN)
    assert either == Look(False, OPEN + 36 * HOUR + 1), "whichever may change first"


# --- plans ----------------------------------------------------------------------------------------


def test_behind_plan_begins_at_the_very_millisecond() -> None:
    deadline = end_of("2026-04-30")
    first = OPEN - (-20 * (deadline - OPEN) // 100)  # rounded up
    assert look("progress behind plan by 20", OPEN) == Look(False, first)
    assert look("progress behind plan by 20", first - 1) == Look(False, first)
    assert look("progress behind plan by 20", first) == Look(True, None)
    done = task(ERRAND, facts={"progress": 80})
    assert look("progress behind plan by 20", deadline - 1, done) == Look(False, deadline)
    assert look("progress behind plan by 20", deadline, done).truth is True
    ahead = task(ERRAND, facts={"progress": 81})
    assert look("progress behind plan by 20", deadline + 400 * DAY, ahead) == Look(False, None)


def test_a_plan_waits_while_the_clock_is_stopped() -> None:
    plain = look("progress behind plan by 20", OPEN).changes_at
    assert plain is not None
    stop = (OPEN + DAY, OPEN + 15 * DAY)
    stopped = with_stops(task(ERRAND), stop)
    assert look("progress behind plan by 20", OPEN + 16 * DAY, stopped).changes_at == plain + 14 * DAY
    assert look("progress behind plan by 20", plain + 14 * DAY - 1, stopped).truth is False
    assert look("progress behind plan by 20", plain + 14 * DAY, stopped).truth is True


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**8)), min_size=1), st.integers(0, 2 * 10**8)
)
def test_a_plan_reaches_a_value_at_the_first_millisecond_at_which_it_stands_there(
    raw: list[tuple[int, int]], target: int
) -> None:
    instants, values = sorted(one for one, _ in raw), sorted(two for _, two in raw)
    points = list(zip(instants, values, strict=True))
    reached = plan_reaches(points, target)
    if reached is None:
        assert len(points) == 1 or target > values[-1]
        return
    assert plan_value(points, reached) >= target
    assert reached == points[0][0] or plan_value(points, reached - 1) < target


# --- stops ----------------------------------------------------------------------------------------


def test_what_was_overdue_stays_so_and_grows_no_later() -> None:
    deadline = end_of("2026-04-30")
    late = with_stops(task(ERRAND), (deadline + 10, None))
    assert look("overdue", deadline + 300 * DAY, late) == Look(True, None)
    assert look("overdue by 1 day", deadline + 300 * DAY, late) == Look(False, None)


def test_stopped_on_the_last_millisecond_it_is_in_time_until_the_clock_runs_again() -> None:
    deadline = end_of("2026-04-30")
    stopped = with_stops(task(ERRAND), (deadline, None))
    assert look("overdue", deadline + 90 * DAY, stopped) == Look(False, None)
    over = with_stops(stopped, (deadline, deadline + 90 * DAY))
    assert look("overdue", deadline + DAY, over) == Look(False, deadline + 90 * DAY + 1)
    assert look("overdue", deadline + 90 * DAY, over).truth is False
    assert look("overdue", deadline + 90 * DAY + 1, over).truth is True


def test_a_deadline_counts_only_the_stops_since_it_was_last_set() -> None:
    deadline = end_of("2026-04-30")
    stops: list[Stop] = [(OPEN + DAY, OPEN + 3 * DAY), (OPEN + 10 * DAY, OPEN + 11 * DAY)]
    anew = with_stops(task(ERRAND, deadline_set_at=OPEN + 2 * DAY), *stops)
    assert look("overdue", OPEN + 20 * DAY, anew).changes_at == deadline + 2 * DAY + 1
    assert effective(stops, OPEN + 2 * DAY, deadline) == deadline + 2 * DAY


def test_a_clock_that_begins_while_a_stop_of_the_same_decision_ends_is_not_late() -> None:
    """A confirmation that lapsed while the daemon was down: the stop ends, and the new state begins, now."""
    now = OPEN + 10 * DAY
    moved = with_stops(task(ERRAND, state_since=now), (OPEN + DAY, now))
    assert look("in state for 36 hours", OPEN + 3 * DAY, moved).changes_at == now + 36 * HOUR + 1


def test_two_stops_ahead_are_both_waited_for() -> None:
    one, two = (OPEN + DAY, OPEN + 2 * DAY), (OPEN + 3 * DAY, OPEN + 5 * DAY)
    stopped = with_stops(task(ERRAND), one, two)
    assert look("in state for 36 hours", OPEN, stopped).changes_at == OPEN + 36 * HOUR + DAY + 1
    assert look("in state for 72 hours", OPEN, stopped).changes_at == OPEN + 72 * HOUR + 3 * DAY + 1
    endless = with_stops(task(ERRAND), one, (OPEN + 3 * DAY, None))
    assert look("in state for 72 hours", OPEN, endless) == Look(False, None)


def test_effective_says_the_same_as_crossing() -> None:
    stops: list[Stop] = [(OPEN + DAY, OPEN + 2 * DAY), (OPEN + 5 * DAY, OPEN + 6 * DAY)]
    of = with_stops(task(ERRAND), *stops)
    for instant in (OPEN, OPEN + DAY - 1, OPEN + DAY, OPEN + 2 * DAY, OPEN + 4 * DAY, OPEN + 5 * DAY):
        due = effective(stops, OPEN, instant)
        assert crossing(view(of, due), OPEN, instant).truth is False
        assert crossing(view(of, due + 1), OPEN, instant).truth is True


# --- the reference --------------------------------------------------------------------------------


def plan_value(points: Sequence[tuple[int, int]], instant: Fraction | int) -> Fraction:
    """Where a plan stands, exactly."""
    before = [point for point in points if point[0] <= instant]
    after = [point for point in points if point[0] > instant]
    if not before:
        return Fraction(points[0][1])
    if not after:
        return Fraction(points[-1][1])
    (start, low), (end, high) = before[-1], after[0]
    return low + Fraction(high - low) * (Fraction(instant) - start) / (end - start)


def own_time(stops: Sequence[Stop], anchor: int, now: int) -> int:
    """`now` without what was stopped since `anchor`, counted stretch by stretch."""
    edges = sorted({anchor, now, *(edge for stop in stops for edge in stop if edge is not None)})
    stood = 0
    for begin, end in pairwise(edges):
        inside = anchor <= begin and end <= now
        if inside and any(start <= begin and (to is None or end <= to) for start, to in stops):
            stood += end - begin
    return now - stood


def says(what: terms.Term, seen: View) -> bool | None:
    """The truth of a condition, straight from the design."""
    match what:
        case terms.All(parts=parts):
            found = [says(part, seen) for part in parts]
            return False if False in found else None if None in found else True
        case terms.Any(parts=parts):
            found = [says(part, seen) for part in parts]
            return True if True in found else None if None in found else False
        case terms.Not(part=part):
            inner = says(part, seen)
            return None if inner is None else not inner
        case terms.Overdue() | terms.DueIn():
            return says_of_clock(what, seen)
        case terms.InStateFor() | terms.NothingReported() | terms.NotReported():
            return says_of_silence(what, seen)
        case terms.BehindPlan():
            return says_of_plan(what, seen)
        case terms.Tasks(kind=kind, quantifier=quantifier, status=status):
            group = [one.has(status, seen.now) for one in seen.children if one.kind == kind]
            return bool(group) and (all(group) if quantifier == "all" else any(group))
    return compile_term(what, ERRAND)(seen).truth  # neither time nor arithmetic in the rest


def says_of_clock(what: terms.Overdue | terms.DueIn, seen: View) -> bool | None:
    found = reference_clock(what.clock, seen)
    if found is None:
        return None
    anchor, instant = found
    own = seen.now if what.clock == "step" else own_time(seen.task.stops, anchor, seen.now)
    if isinstance(what, terms.DueIn):
        return seen.calendar.before(instant, what.duration) <= own <= instant
    return own > (instant if what.by is None else seen.calendar.add(instant, what.by))


def says_of_silence(
    what: terms.InStateFor | terms.NothingReported | terms.NotReported, seen: View
) -> bool | None:
    of = seen.task
    if isinstance(what, terms.NotReported):
        if what.duration is None:
            return what.fact not in of.facts
        since = of.fact_times.get(what.fact, of.opened_at)
    elif isinstance(what, terms.InStateFor):
        since = of.state_since
    elif ERRAND.states[of.state].waits_for is None:
        return None
    else:
        since = of.reported_at
    assert what.duration is not None
    return own_time(of.stops, since, seen.now) > seen.calendar.add(since, what.duration)


def says_of_plan(what: terms.BehindPlan, seen: View) -> bool:
    of = seen.task
    points = [(of.opened_at, 0), (max(of.deadline or of.opened_at, of.opened_at), 100_000_000)]
    plan = plan_value(points, own_time(of.stops, of.deadline_set_at, seen.now))
    return plan - to_micro(of.facts.get(what.fact, 0)) >= what.by


def reference_clock(name: str, seen: View) -> tuple[int, int] | None:
    """Since when a clock counts, and its last millisecond."""
    of = seen.task
    if name == "deadline":
        return None if of.deadline is None else (of.deadline_set_at, of.deadline)
    if name == "step":
        return None if of.step_end is None else (of.state_since, of.step_end)
    if name not in of.facts:
        return None
    return of.fact_times[name], seen.calendar.end_of(date.fromisoformat(of.facts[name]))


# --- random tasks, stops, facts, calendars --------------------------------------------------------

CALENDARS = (CALENDAR, default_calendar("America/New_York"), default_calendar("Australia/Lord_Howe"))
SPAN = 80 * DAY
instants = st.one_of(
    st.integers(0, SPAN).map(lambda ms: OPEN + ms),
    st.tuples(st.integers(0, 80), st.sampled_from([-1, 0, 1])).map(
        lambda pair: at("2026-03-02") + pair[0] * DAY + pair[1]
    ),
)
durations = st.one_of(
    st.integers(1, 6).map(lambda n: Duration(amount=n, unit="workdays")),
    st.integers(1, 12).map(lambda n: Duration(amount=n, unit="days")),
    st.integers(1, 90).map(lambda n: Duration(amount=n, unit="hours")),
    st.integers(1, 90).map(lambda n: Duration(amount=n, unit="minutes")),
    st.just(parse_duration("1 month")),
)
clocks = st.sampled_from(["deadline", "step", "promised"])
clock_terms: st.SearchStrategy[terms.Term] = st.one_of(
    st.builds(terms.Overdue, clock=clocks, by=st.none() | durations),
    st.builds(terms.InStateFor, duration=durations),
    st.builds(terms.NothingReported, duration=durations),
    st.builds(terms.BehindPlan, fact=st.just("progress"), by=st.integers(1, 10**8)),
)
leaf_terms: st.SearchStrategy[terms.Term] = st.one_of(
    clock_terms,
    st.builds(terms.DueIn, clock=clocks, duration=durations),
    st.builds(terms.NotReported, fact=st.sampled_from(["score", "progress"]), duration=st.none() | durations),
    st.sampled_from([term("score < 50"), term("level >= medium"), term("return happened")]),
    st.builds(
        terms.Tasks,
        quantifier=st.sampled_from(["all", "any"]),
        kind=st.just("rectification"),
        status=st.sampled_from(["open", "ended", "accepted"]),
        concerned=st.just(False),
    ),
)


def _combine(parts: st.SearchStrategy[terms.Term]) -> st.SearchStrategy[terms.Term]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(terms.All, parts=several),
        st.builds(terms.Any, parts=several),
        st.builds(terms.Not, part=parts),
    )


any_terms = st.recursive(leaf_terms, _combine, max_leaves=4)


@st.composite
def stop_lists(draw: st.DrawFn) -> tuple[Stop, ...]:
    edges = sorted(set(draw(st.lists(instants, max_size=6))))
    pairs: list[Stop] = list(zip(edges[::2], edges[1::2], strict=False))
    if len(edges) % 2:
        pairs.append((edges[-1], None))
    return tuple(pairs)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    facts: dict[str, Any] = {}
    if draw(st.booleans()):
        facts["progress"] = draw(st.integers(0, 100) | st.sampled_from([33.333333, 0.000001]))
    if draw(st.booleans()):
        facts["score"] = draw(st.integers(0, 100))
    if draw(st.booleans()):
        facts["promised"] = (date(2026, 3, 2) + timedelta(days=draw(st.integers(0, 80)))).isoformat()
    return task(
        ERRAND,
        state=draw(st.sampled_from(["working", "review", "paused", "correcting"])),
        deadline=draw(st.none() | instants),
        deadline_set_at=draw(instants),
        state_since=draw(instants),
        reported_at=draw(instants),
        facts=facts,
        fact_times={name: draw(instants) for name in facts},
        stops=draw(stop_lists()),
    )


@st.composite
def views(draw: st.DrawFn) -> View:
    ends = draw(st.lists(st.none() | instants, max_size=2))
    children = [
        Related(
            id=n, kind="rectification", ended_at=end, outcome=draw(st.sampled_from(["accepted", "abandoned"]))
        )
        for n, end in enumerate(ends, 1)
    ]
    calendar: Calendar = draw(st.sampled_from(CALENDARS))
    return view(draw(tasks()), draw(instants), calendar=calendar, children=children)


def at_instant(seen: View, now: int) -> View:
    """The same task at another instant."""
    return view(seen.task, now, calendar=seen.calendar, children=seen.children)


def turning_points(seen: View) -> set[int]:
    """Instants near which the truth of something may turn, found without the code under test."""
    of = seen.task
    edges = {edge for stop in of.stops for edge in stop if edge is not None}
    marks = {of.state_since, of.reported_at, of.deadline_set_at, of.deadline or OPEN, *of.fact_times.values()}
    days = {seen.calendar.start_of(date(2026, 3, 1) + timedelta(days=n)) for n in range(0, 130, 3)}
    ends = {one.ended_at for one in seen.children if one.ended_at is not None}
    return {mark + nudge for mark in edges | marks | days | ends for nudge in (-1, 0, 1)}


@given(any_terms, views())
def test_it_says_what_the_design_says(what: terms.Term, seen: View) -> None:
    assert compile_term(what, ERRAND)(seen).truth is says(what, seen)


@given(any_terms, views(), st.lists(instants, max_size=20))
def test_a_change_is_announced_never_late(what: terms.Term, seen: View, samples: list[int]) -> None:
    truth, changes = compile_term(what, ERRAND)(seen)
    assert changes is None or changes > seen.now
    until = changes if changes is not None else seen.now + 500 * DAY
    between = {*turning_points(seen), *samples, until - 1, seen.now + 1, (seen.now + until) // 2}
    for instant in sorted(between):
        if seen.now < instant < until:
            assert says(what, at_instant(seen, instant)) is truth, instant


@given(clock_terms, views())
def test_a_clock_turns_exactly_at_the_instant_it_named(what: terms.Term, seen: View) -> None:
    compiled = compile_term(what, ERRAND)
    truth, changes = compiled(seen)
    if changes is None:
        return
    assert truth is False
    assert compiled(at_instant(seen, changes)).truth is True, "true at its own wake"
    assert compiled(at_instant(seen, changes - 1)).truth is False, "and false one millisecond before"


@given(any_terms, views(), st.integers(0, 400 * DAY))
@example(terms.Overdue(clock="deadline", by=None), view(task(ERRAND, stops=((OPEN, None),)), OPEN), 400 * DAY)
def test_stopped_clocks_say_the_same_for_ever(what: terms.Term, seen: View, later: int) -> None:
    stops = tuple(one for one in seen.task.stops if one[1] is not None and one[1] <= seen.now)
    seen.task.stops = (*stops, (seen.now, None))
    assume("step" not in str(what))
    looked = compile_term(what, ERRAND)(seen)
    assume(looked.changes_at is None)
    assert compile_term(what, ERRAND)(at_instant(seen, seen.now + later)).truth is looked.truth


@given(views(), durations)
def test_what_is_stopped_names_no_instant(seen: View, span: Duration) -> None:
    seen.task.stops = (
        *(one for one in seen.task.stops if (one[1] or seen.now + 1) <= seen.now),
        (seen.now, None),
    )
    seen.task.state_since = min(seen.task.state_since, seen.now)
    looked = compile_term(terms.InStateFor(duration=span), ERRAND)(seen)
    assert looked.changes_at is None


@given(stop_lists(), instants, instants)
def test_stopped_time_is_counted_once(stops: tuple[Stop, ...], one: int, two: int) -> None:
    start, end = sorted((one, two))
    assert stopped_between(stops, start, end) == end - own_time(stops, start, end)
