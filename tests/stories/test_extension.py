"""More time, asked for in time: the light holds until it is decided."""

from __future__ import annotations

import pytest

from tests.stories.customs import keeps_to_the_plan
from tests.stories.teller import Story, instant
from workflow.errors import NotAllowed, NotNow

ASKED = "2026-04-30 10:00"


@pytest.fixture
def asked(checks: Story) -> tuple[Story, int]:
    """On the last day the unit asks for three more weeks."""
    check = checks.the("self_check", "chenguang")
    keeps_to_the_plan(checks, "chenguang", check, until=ASKED)
    checks.everybody_has_read()
    checks.does("handler of chenguang", "extend", check, until="2026-05-20", reason="凌汛")
    checks.expect_told("supervisor_one", check, "to confirm")
    checks.expect_told("supervisor_two", check, "to confirm")
    return checks, check


def test_confirmed(asked: tuple[Story, int]) -> None:
    story, check = asked
    story.at("2026-05-06 10:00").expect_no_episode(check, "late")
    story.expect_light(check, "blue")
    story.does("supervisor_one", "confirm:extend", check)
    story.expect_due(check, "2026-05-20 23:59")
    story.expect_light(check, "green")
    story.expect_told("handler of chenguang", check, "answered")
    story.at("2026-05-08 10:00").does("handler of chenguang", "report", check, progress=99)
    story.at("2026-05-21 00:00").expect_episode(check, "late", opened_at="2026-05-21 00:00")


def test_refused(asked: tuple[Story, int]) -> None:
    story, check = asked
    story.at("2026-05-06 10:00").does("supervisor_one", "refuse:extend", check, reason="时间充裕")
    story.expect_told("handler of chenguang", check, "answered")
    story.expect_no_episode(check, "late")
    # The fourteen hours that were left on 30 April are left now.
    story.expect_due(check, "2026-05-06 23:59")
    story.at("2026-05-07 00:00").expect_episode(check, "late", opened_at="2026-05-07 00:00")


def test_lapsed(asked: tuple[Story, int]) -> None:
    story, check = asked
    story.at("2026-05-08 23:59").expect_no_episode(check, "late")
    story.at("2026-05-09 00:00")
    story.expect_told("handler of chenguang", check, "lapsed")
    assert len(story.happened(check, "lapsed", transition="extend")) == 1
    story.at("2026-05-09 13:59").expect_no_episode(check, "late")
    story.at("2026-05-09 14:00").expect_episode(check, "late", opened_at="2026-05-09 14:00")


def test_once_per_deadline(asked: tuple[Story, int]) -> None:
    story, check = asked
    story.at("2026-05-06 10:00").does("supervisor_one", "refuse:extend", check, reason="时间充裕")
    story.at("2026-05-06 11:00")
    story.does("handler of chenguang", "extend", check, until="2026-05-20", reason="再请")
    story.at("2026-05-07 00:00").expect_episode(check, "late", opened_at="2026-05-07 00:00")


def test_asked_too_late(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    keeps_to_the_plan(story, "chenguang", check, until="2026-05-01 09:00")
    story.expect_light(check, "yellow")
    story.expect_refused(NotNow, "handler of chenguang", "extend", check, until="2026-05-20", reason="凌汛")


def test_nobody_confirms_their_own(story: Story) -> None:
    task = story.the("creation_task", "fangcao", track="service")
    story.at("2026-03-10 10:00").does("seconded", "sign_for", task, goal="三项成果")
    story.does("seconded", "extend", task, until="2026-06-20", reason="材料晚到")
    for supervisor in ("supervisor_one", "supervisor_two"):
        story.goes_on_leave(supervisor, "2026-03-20 00:00")
    story.expect_refused(NotAllowed, "seconded", "confirm:extend", task)


def test_the_answer_comes_in_the_last_millisecond(asked: tuple[Story, int]) -> None:
    story, check = asked
    story.doze_until("2026-05-08 23:59:59.999").does("supervisor_one", "confirm:extend", check)
    story.expect_due(check, "2026-05-20 23:59")
    assert story.happened(check, "lapsed") == []


def test_an_answer_that_races_the_lapse_is_told(asked: tuple[Story, int]) -> None:
    story, check = asked
    story.doze_until("2026-05-09 00:00")
    outcomes = story.together(
        lambda: story.does("supervisor_one", "confirm:extend", check),
        lambda: story.engine.run_once(story.now),
        lambda: story.does("supervisor_two", "confirm:extend", check),
    )
    assert [type(outcomes[0]), type(outcomes[2])] == [NotNow, NotNow]
    story.run()
    assert len(story.happened(check, "lapsed")) == 1
    assert story.happened(check, "confirmed") == []
    assert story.task(check).stops[-1][1] == instant("2026-05-09 00:00")
