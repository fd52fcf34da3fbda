"""Who is late, since when, and through whose slowness."""

from __future__ import annotations

from tests.stories.customs import keeps_to_the_plan, reviews, submits
from tests.stories.teller import Story, instant, local


def test_submitted_in_time_and_reviewed_late_the_unit_stays_green(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    keeps_to_the_plan(story, "chenguang", check, until="2026-04-28 10:00")
    story.expect_light(check, "blue")
    submits(story, "chenguang", check)
    story.expect_light(check, "green")
    story.everybody_has_read()

    story.fast_forward_to("2026-05-06 23:59")  # 29 and 30 April, 6 May: three workdays, a holiday between
    story.expect_no_more_messages(check)

    story.fast_forward_to("2026-05-07 00:00")
    for who in ("supervisor_one", "supervisor_two", "leader of bureau"):
        story.expect_told(who, check, "slow_review")
    story.expect_no_more_messages(check)
    story.expect_light(check, "green")

    story.at("2026-05-08 09:00")
    reviews(story, "supervisor_one", check, 90)
    story.does("supervisor_one", "approve", check)
    story.expect_state(check, "closed")
    story.expect_episode(check, "slow_review", open=False)
    story.expect_no_episode(check, "late")


def test_late_for_a_week_while_the_daemon_was_down(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    keeps_to_the_plan(story, "chenguang", check, until="2026-04-24 09:00")
    story.everybody_has_read()

    story.sleep_through(until="2026-05-11 08:00")

    story.expect_episode(check, "near", open=False, opened_at="2026-04-27 00:00", ended_by="cleared")
    story.expect_episode(check, "late", superseded=True, opened_at="2026-05-01 00:00")
    story.expect_episode(check, "very_late", opened_at="2026-05-09 00:00")
    story.expect_light(check, "red")
    # The gravest rung acts: its people hear, its task is opened; the others only say what was true.
    for who in ("leader of chenguang", "supervisor_one", "supervisor_two"):
        story.expect_told(who, check, "very_late")
    story.expect_no_more_messages(check)
    assert story.concerns(story.the("special_supervision", "chenguang")) == [check]
    assert all(check not in story.concerns(one) for one in story.find("dispatch", "chenguang"))
    (opened,) = story.happened(check, "episode_opened", rule="late")
    assert opened.header["superseded_by"] == "very_late"
    assert local(opened.recorded_at) == "2026-05-11 08:00"


def test_in_time_the_rungs_act_one_after_the_other(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    keeps_to_the_plan(story, "chenguang", check, until="2026-04-24 09:00")
    story.at("2026-05-01 00:00").expect_episode(check, "late", opened_at="2026-05-01 00:00")
    assert story.concerns(story.the("dispatch", "chenguang")) == [check]
    story.at("2026-05-09 00:00").expect_episode(check, "very_late", opened_at="2026-05-09 00:00")
    story.expect_episode(check, "late", superseded=False)
    story.the("special_supervision", "chenguang")


def test_a_report_five_seconds_after_silence_came_true(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    story.at("2026-03-11 10:00").does("handler of chenguang", "report", check, progress=60)
    story.at("2026-03-25 23:00").everybody_has_read()

    story.doze_until("2026-03-26 00:00:05")
    story.does("handler of chenguang", "report", check, progress=70)

    spell = story.expect_episode(
        check, "silent", open=False, opened_at="2026-03-26 00:00", ended_by="cleared"
    )
    assert spell.ended_at == instant("2026-03-26 00:00:05")
    story.expect_light(check, "green")
    story.expect_told("handler of chenguang", check, "silent")
    story.expect_told("leader of chenguang", check, "silent")
    story.expect_no_more_messages(check)
    kinds = [one.kind for one in story.history(check)[-3:]]
    assert kinds == ["episode_opened", "act", "episode_ended"]


def test_two_weeks_in_a_supervisors_hands_dont_count_against_the_plan(story: Story) -> None:
    submitted, waiting = (
        story.the("creation_task", unit, track="service") for unit in ("chenguang", "wanghe")
    )
    story.at("2026-03-03 10:00")
    for unit, task in (("chenguang", submitted), ("wanghe", waiting)):
        story.does(f"handler of {unit}", "sign_for", task, goal="三项成果")
        story.does(f"handler of {unit}", "report", task, progress=5)
    story.at("2026-03-16 10:00")
    for unit, task in (("chenguang", submitted), ("wanghe", waiting)):
        story.does(f"handler of {unit}", "report", task, progress=5)
    story.at("2026-03-20 10:00")
    story.does("handler of chenguang", "submit", submitted, progress=5, result="初稿", evidence=1)

    story.at("2026-04-03 10:00")
    slow = story.expect_episode(waiting, "slow")
    story.expect_no_episode(submitted, "slow")
    story.does("supervisor_one", "return", submitted, reason="材料不全")
    story.expect_no_episode(submitted, "slow")

    story.at("2026-04-15 10:00")
    two_weeks = instant("2026-04-03 10:00") - instant("2026-03-20 10:00")
    assert story.expect_episode(submitted, "slow").opened_at == slow.opened_at + two_weeks
    assert story.task(submitted).due_at == instant("2026-06-14 23:59:59.999")


def test_what_was_late_stays_late_in_other_hands_and_grows_no_later(story: Story) -> None:
    task = story.the("creation_task", "chenguang", track="service")
    story.at("2026-03-03 10:00").does("handler of chenguang", "sign_for", task, goal="三项成果")
    story.at("2026-06-02 10:00").expect_light(task, "yellow")
    story.does("handler of chenguang", "submit", task, progress=100, result="成果汇编", evidence=1)

    story.at("2026-06-16 10:00")
    story.expect_episode(task, "late", opened_at="2026-06-01 00:00")
    story.expect_light(task, "yellow")
    story.expect_no_episode(task, "very_late")

    story.does("supervisor_one", "review", task, verified_score=90, effective="yes")
    story.does("supervisor_one", "approve", task)
    story.expect_light(task, "green")
    story.expect_no_episode(task, "very_late")
