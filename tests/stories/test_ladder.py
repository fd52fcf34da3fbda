"""Up the ladder and down again: special supervision, referral, and the light falls back to green."""

from __future__ import annotations

from tests.stories.customs import reviews, submits
from tests.stories.teller import Story


def supervised(story: Story, unit: str = "chenguang") -> tuple[int, int]:
    """A self-check that was verified at 60, and the signed letter that this brought."""
    check = story.the("self_check", unit)
    story.at("2026-03-02 10:00").does(f"handler of {unit}", "sign_for", check)
    story.at("2026-03-24 10:00")
    submits(story, unit, check)
    reviews(story, "supervisor_one", check, 60)
    letter = story.the("special_supervision", unit)
    story.expect_state(letter, "drafted")
    story.at("2026-04-01 09:00").expect_state(letter, "to_sign")
    story.at("2026-04-01 10:00").does(
        "supervisor_two", "sign", letter, requirements="限期整改", exit_conditions="核定 80 分以上"
    )
    story.expect_state(letter, "issued")
    story.everybody_has_read()
    return check, letter


def test_unanswered_special_supervision_goes_to_the_leading_group(checks: Story) -> None:
    story = checks
    check, letter = supervised(story)
    story.expect_light(check, "red")
    story.expect_light(letter, "green")

    story.fast_forward_to("2026-04-09 00:00")  # 2, 3, 7, 8 April … 6 April is the day off for Qingming
    story.expect_light(letter, "blue")
    story.expect_told("leader of chenguang", letter, "near")
    story.fast_forward_to("2026-04-10 00:00")
    story.expect_episode(letter, "late_answer", opened_at="2026-04-10 00:00")
    story.expect_told("leader of chenguang", letter, "late_answer")
    story.expect_told("supervisor_one", letter, "late_answer")

    story.fast_forward_to("2026-04-15 00:00")
    story.expect_episode(letter, "unanswered", opened_at="2026-04-15 00:00")
    story.expect_light(letter, "red")
    story.expect_told("leader of bureau", letter, "unanswered")
    referral = story.the("referral", "chenguang")
    assert story.concerns(referral) == [letter]

    story.at("2026-04-15 10:00")
    story.does("supervisor_one", "completed", referral, situation="两次督办未答复", request="重点指导")
    story.does("leader of bureau", "sign", referral)
    story.expect_state(referral, "referred")
    story.expect_told("leader of leading_group.chenguang", referral, "assigned")
    assert story.task(referral).waits_for == "group_leader"


def test_a_force_without_a_leading_group_of_its_own_falls_to_the_citys(story: Story) -> None:
    task = story.the("creation_task", "subdistrict")
    story.at("2026-03-24 10:00").does("handler of subdistrict", "sign_for", task, goal="三项成果")
    story.does("handler of subdistrict", "submit", task, progress=100, result="成果", evidence=1)
    story.does("supervisor_one", "review", task, verified_score=60, effective="yes")
    letter = story.the("special_supervision", "subdistrict")
    story.at("2026-04-01 10:00")
    story.does("supervisor_two", "sign", letter, requirements="限期整改", exit_conditions="80 分以上")
    story.at("2026-04-15 10:00")
    referral = story.the("referral", "subdistrict")
    story.does("supervisor_one", "completed", referral, situation="未答复", request="重点指导")
    story.does("leader of bureau", "sign", referral)
    told = story.expect_told("leader of city_leading_group", referral, "assigned")
    assert told.role == "city_leader"
    (signed,) = story.happened(referral, "act", transition="sign")
    assert signed.header["vacant"] == ["group_leader"], "the vacancy is on record"


def test_answered_and_accepted_the_light_falls_back_and_the_history_shows_all_of_it(checks: Story) -> None:
    story = checks
    check, letter = supervised(story)
    story.at("2026-04-15 10:00")
    referral = story.the("referral", "chenguang")
    story.expect_light(letter, "red")

    story.does("leader of chenguang", "answer", letter, measures="主要负责人督战", evidence=1)
    story.expect_light(letter, "green")
    story.expect_state(referral, "withdrawn")  # a draft that nothing stands behind any more
    story.at("2026-04-16 10:00")
    reviews(story, "supervisor_one", check, 85)
    story.expect_light(check, "red")  # a letter once sent is answered, whatever the score is now
    story.does("supervisor_one", "review", letter, exit_met="yes")
    story.does("supervisor_one", "close", letter)

    story.expect_episode(check, "poor", open=False, ended_by="until")
    story.expect_light(check, "green")
    story.does("supervisor_one", "approve", check)
    story.expect_state(check, "closed")
    kinds = {(one.kind, one.header.get("rule")) for one in story.history(letter)}
    assert kinds >= {
        (kind, rule)
        for rule in ("near", "late_answer", "unanswered")
        for kind in ("episode_opened", "episode_ended")
    }
    acts = [one.header["transition"] for one in story.happened(letter, "act")]
    assert acts == ["completed", "sign", "answer", "review", "close"]


def test_a_task_that_was_struck_off_keeps_its_light_until_the_letter_is_closed(story: Story) -> None:
    task = story.the("creation_task", "chenguang", track="service")
    story.at("2026-03-24 10:00").does("handler of chenguang", "sign_for", task, goal="三项成果")
    story.does("handler of chenguang", "submit", task, progress=100, result="成果", evidence=1)
    story.does("supervisor_one", "review", task, verified_score=60, effective="yes")
    letter = story.the("special_supervision", "chenguang")
    story.at("2026-04-01 10:00")
    story.does("supervisor_two", "sign", letter, requirements="限期整改", exit_conditions="80 分以上")
    story.does("supervisor_one", "review", task, verified_score=85, effective="yes")
    story.does("supervisor_one", "approve", task)
    story.expect_state(task, "closed")
    story.expect_light(task, "red")
    story.does("leader of chenguang", "answer", letter, measures="已整改", evidence=1)
    story.does("supervisor_one", "close", letter)  # the matter itself has ended
    story.expect_light(task, "green")
