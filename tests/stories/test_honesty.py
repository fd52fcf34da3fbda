"""如实自评: an honest low score is praised and not punished; a flattering one turns red."""

from __future__ import annotations

import pytest

from tests.stories.conftest import Begun
from tests.stories.customs import corrects, self_checked
from tests.stories.teller import Story
from workflow.errors import NotNow


@pytest.fixture
def checking(campaign: Begun) -> Story:
    """The first morning, a working day later."""
    return campaign("2026-03-03 10:00")


def verified(story: Story, check: int, score: int) -> None:
    """The bureau has looked for itself."""
    story.does("supervisor_one", "review", check, verified_score=score, rows={"problems": []})


@pytest.mark.parametrize("found", [70, 76])
def test_an_honest_low_self_score_is_praised_and_not_punished(checking: Story, found: int) -> None:
    story = checking
    check = self_checked(story, "chenguang", 70, "服务站无人值守")
    assert story.task(check).facts["own_score"] == 70
    story.everybody_has_read()
    verified(story, check, found)
    for who in ("handler of chenguang", "leader of chenguang", "supervisor_one", "supervisor_two"):
        story.expect_told(who, check, "honest")
    story.expect_light(check, "green")
    story.expect_no_episode(check, "poor")
    assert story.find("special_supervision") == []

    # Praise corrects nothing: the problem is corrected, and what is under 80 isn't struck off.
    story.expect_refused(NotNow, "supervisor_one", "approve", check)
    story.does("supervisor_one", "rectify", check)
    corrects(story, story.the("rectification", "chenguang"), "handler of chenguang")
    story.expect_state(check, "submitted")
    story.expect_refused(NotNow, "supervisor_one", "approve", check)
    verified(story, check, 85)
    story.does("supervisor_one", "approve", check)
    story.expect_state(check, "closed")
    story.fast_forward("20 workdays").expect_light(check, "green")
    assert story.find("special_supervision") == []


def test_a_flattering_self_score_turns_red_until_the_letter_is_answered(checking: Story) -> None:
    story = checking
    check = self_checked(story, "chenguang", 95)
    verified(story, check, 79)
    story.expect_light(check, "red")
    story.expect_no_episode(check, "honest")
    assert story.concerns(story.the("special_supervision", "chenguang")) == [check]
    verified(story, check, 90)
    story.expect_light(check, "red")


def test_who_leaves_the_own_score_open_has_not_been_honest(checking: Story) -> None:
    """One indicator without points makes no score; nobody escapes that way."""
    story = checking
    check = story.the("self_check", "chenguang")
    story.does("handler of chenguang", "sign_for", check)
    story.does("handler of chenguang", "submit", check, rows={"standards": [], "problems": []}, evidence=1)
    verified(story, check, 60)
    story.expect_light(check, "red")
    story.expect_no_episode(check, "honest")


def test_a_good_score_a_little_below_ones_own_is_no_flattery(checking: Story) -> None:
    story = checking
    check = self_checked(story, "chenguang", 95)
    verified(story, check, 80)
    story.expect_light(check, "green")
    story.does("supervisor_one", "approve", check)
    story.expect_state(check, "closed")
