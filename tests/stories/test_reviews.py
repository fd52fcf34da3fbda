"""退役军人评议: totals only, after the window has closed, and never of fewer than ten."""

from __future__ import annotations

import pytest

from tests.stories.conftest import Begun
from tests.stories.customs import supervised
from tests.stories.teller import Story
from workflow.errors import NotAllowed, NotNow


@pytest.fixture
def voting(campaign: Begun) -> Story:
    """1 June: the review has begun."""
    return campaign("2026-06-01 09:00")


def review(story: Story) -> int:
    """That of Chenguang."""
    return story.the("veteran_review", "chenguang")


def counted(story: Story, returned: int, satisfaction: str) -> int:
    """The supervisor hands in the totals."""
    story.does(
        "supervisor_one", "count", review(story), returned=returned, satisfaction=satisfaction, evidence=1
    )
    return review(story)


def test_no_totals_before_the_window_has_closed(voting: Story) -> None:
    story, task = voting, review(voting)
    told = {"returned": 120, "satisfaction": 91, "evidence": 1}
    for moment in ("2026-06-01 09:00", "2026-06-12 23:59"):
        story.at(moment).expect_refused(NotNow, "supervisor_one", "count", task, **told)
        story.expect_refused(NotNow, "supervisor_one", "not_enough", task, returned=3)
    counted(story.at("2026-06-13 00:00"), 120, "91")
    story.expect_state(task, "counted")


def test_below_ten_ballots_nothing_is_shown(voting: Story) -> None:
    story, task = voting.at("2026-06-15 09:00"), review(voting)
    story.expect_refused(NotNow, "supervisor_one", "count", task, returned=9, satisfaction=20, evidence=1)
    story.expect_refused(NotNow, "supervisor_one", "not_enough", task, returned=10)
    story.does("supervisor_one", "not_enough", task, returned=9)
    story.expect_state(task, "too_few")
    assert "satisfaction" not in story.task(task).facts
    story.expect_light(task, "green")


def test_ten_are_enough_and_whoever_counted_does_not_publish(voting: Story) -> None:
    story = voting.at("2026-06-15 09:00")
    task = counted(story, 10, "85")
    story.expect_light(task, "green")
    story.expect_refused(NotAllowed, "supervisor_one", "publish", task)
    story.does("bureau_head", "publish", task)
    story.expect_state(task, "closed")


def test_low_satisfaction_opens_a_special_supervision_for_which_the_review_waits(voting: Story) -> None:
    story = voting.at("2026-06-15 09:00")
    task = counted(story, 120, "84.9")
    story.expect_light(task, "red")
    (letter,) = (one for one in story.find("special_supervision") if story.concerns(one) == [task])
    story.does("bureau_head", "publish", task)
    story.expect_state(letter, "drafted")  # publishing drops no letter that has not been sent yet
    story.expect_light(task, "red")
    supervised(story, letter, "chenguang")
    story.expect_state(task, "closed")
    story.expect_light(task, "green")
