"""Movement: where the tasks of a definition may go, and that nothing is ever registered on the way."""

from __future__ import annotations

from tests.builders import OPENED, at, errand, task, view
from workflow.machine import Movement

ERRAND = errand()["errand"].definition
NOW = at(OPENED)


def move(name: str, **given: object) -> str | None:
    rows = given.pop("open_rows", {})
    return Movement(ERRAND).move(name, view(task(ERRAND, **given), NOW, open_rows=rows))


def test_a_transition_leads_where_it_says_and_only_from_where_it_says() -> None:
    assert move("submit") == "review"
    assert move("submit", state="review") is None


def test_without_a_target_the_task_stays() -> None:
    assert move("report") == "working"
    assert move("report", state="paused") == "paused"


def test_a_guard_must_be_known_to_hold() -> None:
    assert move("correct", state="review", open_rows={"problems": 1}) == "correcting"
    assert move("correct", state="review") is None
    assert move("extend") == "working"
    assert move("extend", deadline=NOW - 1) is None
    assert move("extend", deadline=None) is None, "unknown is not enough"


def test_back_leads_to_the_state_that_it_came_from() -> None:
    assert move("resume", state="paused", came_from="review") == "review"
    assert move("resume", state="paused", came_from="working") == "working"
    assert move("resume", state="paused") is None


def test_one_machine_serves_every_task_and_keeps_none() -> None:
    movement = Movement(ERRAND)
    seen = [view(task(ERRAND), NOW) for _ in range(50)]
    assert {movement.move("submit", one) for one in seen} == {"review"}
    assert movement._machine.models == []
    assert all(one.task.state == "working" for one in seen), "the cursor moves, not the task"
