"""Clocks reckoned anew after a milestone has moved: pure, whatever the rules and whenever it is decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import DAY, HOUR, Life, at, end_of, errand
from tests.test_decision_lives import OPEN, marks, share, spans
from workflow.decision import Book

SAID, DAYS = date(2026, 4, 30), st.integers(0, 120).map(lambda n: date(2026, 3, 10) + timedelta(days=n))
overdue = st.one_of(
    st.just("overdue"),
    spans.map(lambda span: f"overdue by {span}"),
    spans.map(lambda span: f"step overdue by {span}"),
    spans.map(lambda span: f"nothing reported for {span}"),
)


def kinds_with(written: list[str]) -> Mapping[str, Book]:
    """The errand that is due at the milestone `self_check`, under such rules."""
    rules = [f"r{n}: {{when: {when}, light: yellow, tells: handler}}" for n, when in enumerate(written)]
    return errand(*rules, deadline="campaign self_check")


def begun(kinds: Mapping[str, Book], day: date, moves: Mapping[str, int]) -> Life:
    """An errand under a campaign in which the milestone is on that day."""
    milestones = {"start": date(2026, 3, 2), "self_check": day}
    others: dict[str, Any] = {"milestones": milestones, "moves": moves}
    return Life.begin(kinds, deadline=None, others=others)


def move(life: Life, day: date, now: int) -> None:
    """People move the milestone."""
    life.around |= {"milestones": {"start": date(2026, 3, 2), "self_check": day}, "moves": {"self_check": 5}}
    life.around["epoch"] = life.around.get("epoch", 1) + 1
    life.replan(now)


@settings(max_examples=share(2))
@given(st.lists(overdue, min_size=1, max_size=3), DAYS, DAYS, st.integers(0, 7 * DAY))
def test_moved_before_anything_fired_it_is_as_if_it_had_always_been_there(
    written: list[str], said: date, day: date, later: int
) -> None:
    kinds = kinds_with(written)
    moved, always = begun(kinds, said, {}), begun(kinds, day, {})
    for life in (moved, always):
        life.live_until(OPEN + later)
    move(moved, day, OPEN + later)
    for life in (moved, always):
        life.live_until(OPEN + 200 * DAY)
    assert marks(moved) == marks(always)
    assert moved.task.deadline == always.task.deadline
    assert len(moved.told("deadline_recomputed")) == (said != day)


@settings(max_examples=share(2))
@given(st.lists(overdue, min_size=1, max_size=3), DAYS, st.integers(0, 150 * DAY))
def test_the_same_date_again_changes_nothing(written: list[str], day: date, later: int) -> None:
    life = begun(kinds_with(written), SAID, {})
    life.live_until(OPEN + later)
    move(life, day, OPEN + later)
    known = len(life.events)
    move(life, day, OPEN + later)
    assert len(life.events) == known


@settings(max_examples=share(2))
@given(DAYS, st.integers(0, 150 * DAY))
def test_an_overdue_task_is_late_no_more_and_both_are_on_record(day: date, later: int) -> None:
    life = begun(kinds_with(["overdue"]), SAID, {})
    now = OPEN + later
    life.live_until(now)
    was_late = now > end_of("2026-04-30")
    assert bool(life.record()) == was_late
    move(life, day, now)
    ends = life.task.deadline
    assert ends == at(f"{day} 23:59") + 59_999
    assert (life.light == "yellow") == (now > ends)
    if was_late:
        assert life.record()[0][1] == end_of("2026-04-30") + 1, "that it was late stays on record"


def test_nobody_has_moved_it_so_a_calendar_leaves_it_alone() -> None:
    """A task that stayed at its old date by a migration is not moved by the next notice."""
    life = begun(kinds_with(["overdue"]), SAID, {})
    life.around["milestones"] = {"start": date(2026, 3, 2), "self_check": date(2026, 5, 20)}
    life.around["epoch"] = 2
    life.replan(OPEN + 3 * HOUR)
    assert life.task.deadline == end_of("2026-04-30")
