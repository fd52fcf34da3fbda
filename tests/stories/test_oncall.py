"""Nights on call: clocks in minutes, the first, the second, the manager; then the review."""

from __future__ import annotations

from tests.stories.conftest import Shipped
from tests.stories.customs import unit_id
from tests.stories.teller import Story
from workflow.decision.opening import OpenTask
from workflow.errors import NotNow

FIRST, SECOND, MANAGER = "first of payments", "second of payments", "manager of operations"


def alarmed(shipped: Shipped, severity: str = "high") -> tuple[Story, int]:
    """Tuesday, three in the morning: an alert on payments."""
    story = shipped("oncall").at("2026-03-02 09:00")
    story.at("2026-03-03 03:00").everybody_has_read()
    alert = OpenTask(
        kind="incident",
        campaign="oncall",
        person_id=story.person(FIRST),
        parties={"unit": unit_id(story, "payments")},
        facts={"symptom": "支付失败率上升", "severity": severity},
    )
    story.engine.open(alert, story.now)
    story.fast_forward_to("2026-03-03 03:00")
    return story, story.the("incident", "payments")


def test_after_15_minutes_the_second_is_paged_and_after_30_the_manager(shipped: Shipped) -> None:
    story, incident = alarmed(shipped)
    story.expect_told(FIRST, incident, "assigned")
    story.at("2026-03-03 03:06").expect_told(FIRST, incident, "ringing")
    story.at("2026-03-03 03:11").expect_told(FIRST, incident, "ringing")
    story.everybody_has_read()

    story.at("2026-03-03 03:15").expect_light(incident, "green")  # its last millisecond
    story.at("2026-03-03 03:15:00.001").expect_episode(incident, "second_up")
    story.expect_told(SECOND, incident, "second_up")
    story.expect_light(incident, "yellow")
    story.at("2026-03-03 03:20:00.001").expect_told(SECOND, incident, "second_up")

    story.at("2026-03-03 03:30").expect_no_episode(incident, "manager_up")
    story.at("2026-03-03 03:30:00.001").expect_told(MANAGER, incident, "manager_up")
    story.expect_light(incident, "red")
    story.everybody_has_read()
    story.at("2026-03-03 03:46")
    pages = [one for one in story.unread(incident) if one.rule == "manager_up"]
    assert len([one for one in pages if one.person_id == story.person(MANAGER)]) == 3, "every 5 minutes"

    story.does(MANAGER, "acknowledge", incident)
    story.expect_light(incident, "green")
    story.everybody_has_read()
    story.at("2026-03-03 04:30").expect_no_more_messages(incident)


def test_a_snooze_rings_again_after_half_an_hour(shipped: Shipped) -> None:
    story, incident = alarmed(shipped)
    story.at("2026-03-03 03:04").does(FIRST, "acknowledge", incident)
    story.does(FIRST, "snooze", incident, reason="等扩容生效")
    story.everybody_has_read()
    story.at("2026-03-03 03:33").expect_state(incident, "snoozed")
    story.expect_no_more_messages(incident)
    story.at("2026-03-03 03:35").expect_state(incident, "firing")
    story.expect_told(FIRST, incident, "assigned")
    story.at("2026-03-03 03:49").expect_no_episode(incident, "second_up")
    story.at("2026-03-03 03:50").expect_told(SECOND, incident, "second_up")


def test_nobody_snoozes_an_incident_that_should_be_over(shipped: Shipped) -> None:
    story, incident = alarmed(shipped)
    story.does(FIRST, "acknowledge", incident)
    story.at("2026-03-03 07:01").expect_light(incident, "red")
    story.expect_refused(NotNow, FIRST, "snooze", incident, reason="再等等")


def test_from_the_alert_to_the_review_that_the_manager_accepts(shipped: Shipped) -> None:
    story, incident = alarmed(shipped, "critical")
    story.expect_told(MANAGER, incident, "grave")
    story.expect_light(incident, "red")
    story.at("2026-03-03 03:10").does(FIRST, "acknowledge", incident)
    story.at("2026-03-03 04:00").does(FIRST, "resolve", incident, remedy="回滚")
    story.expect_state(incident, "resolved")
    story.expect_light(incident, "green")

    review = story.the("review", "payments")
    story.at("2026-03-11 00:00").expect_light(review, "yellow")  # five workdays after Tuesday have passed
    story.expect_told(MANAGER, review, "late")
    story.at("2026-03-11 10:00").does(FIRST, "hand_in", review, cause="未灰度", actions="先灰度再全量")
    story.does(MANAGER, "accept", review)
    story.expect_state(review, "accepted")
    story.expect_light(review, "green")
