"""Everyday acts in the life of a campaign: urged and answered, mistyped and corrected, passed on, merged."""

from __future__ import annotations

from functools import partial

from tests.stories.teller import Story, instant
from workflow.decision.everyday import CORRECT, MERGE, TRANSFER, URGE
from workflow.errors import NotAllowed, NotNow, Refused, Unknown


def signed(story: Story, unit: str) -> int:
    """A self-check that its unit has signed for."""
    check = story.the("self_check", unit)
    story.at("2026-03-02 10:00").does(f"handler of {unit}", "sign_for", check)
    return check


def test_urged_the_unit_answers_and_the_silence_is_over(checks: Story) -> None:
    """An urge is no report: the light comes in its time, and goes with the answer."""
    story = checks
    check = signed(story, "chenguang")
    story.at("2026-03-13 15:00").everybody_has_read()
    story.does("supervisor_one", URGE, check, reason="请于本周内反馈")
    story.expect_told("handler of chenguang", check, "urged")
    story.expect_no_more_messages(check)
    story.at("2026-03-17 00:00:00.001")
    story.expect_light(check, "yellow")
    story.does("handler of chenguang", "report", check, progress=40)
    story.expect_light(check, "green")
    (urged,) = story.happened(check, "urged")
    assert urged.values == {"reason": "请于本周内反馈"}


def test_a_correction_closes_a_red_light_that_a_slip_had_lit(story: Story) -> None:
    """An item was put on the register of key items by mistake, and is a day late."""
    task = story.find("creation_task", "chenguang")[0]
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", task, goal="成效")
    story.does("supervisor_one", "list_as_key", task, key="yes")
    story.at("2026-06-02 00:00")
    story.expect_light(task, "red")
    (draft,) = [one for one in story.find("special_supervision") if story.concerns(one) == [task]]
    story.does("supervisor_two", CORRECT, task, fact="key", value="no", reason="误列为重点事项")
    story.expect_light(task, "yellow")
    story.expect_episode(task, "key_late", open=False, ended_by="cleared")
    (corrected,) = story.happened(task, "corrected", fact="key")
    assert corrected.values == {"old": "yes", "new": "no", "reason": "误列为重点事项"}
    assert story.happened(draft, "abandoned")


def test_a_correction_opens_a_red_light_that_a_slip_had_kept_dark(checks: Story) -> None:
    """A score of 68 was typed as 86. The slip is put right, and what poor work leads to follows."""
    story = checks
    check = signed(story, "wanghe")
    story.at("2026-03-05 10:00")
    problems = {"problems": [{"what": "台账缺页", "due": "2026-03-31"}]}
    story.does("handler of wanghe", "submit", check, own_score=90, rows=problems, evidence=1)
    story.does("supervisor_one", "review", check, verified_score=86, rows={"problems": []})
    story.expect_light(check, "green")
    story.expect_refused(
        NotAllowed, "handler of wanghe", CORRECT, check, fact="own_score", value=95, reason="填错"
    )
    story.does("supervisor_one", CORRECT, check, fact="verified_score", value="68", reason="数字颠倒")
    story.expect_light(check, "red")
    story.expect_episode(check, "poor")
    assert story.find("special_supervision", "wanghe") != []
    (row,) = story.rows(check, "problems")
    story.does("supervisor_one", CORRECT, check, row=row["id"], fact="what", value="台账缺项", reason="错字")
    assert [one["what"] for one in story.rows(check, "problems")] == ["台账缺项"]


def test_transferred_to_a_unit_that_has_the_same_task_of_the_round(checks: Story) -> None:
    story = checks
    check = signed(story, "chenguang")
    story.everybody_has_read()
    wanghe = story.task(story.the("self_check", "wanghe")).unit_id
    story.does("supervisor_one", TRANSFER, check, unit=wanghe, reason="区划调整")
    story.expect_told("handler of wanghe", check, "transferred")
    story.expect_told("handler of chenguang", check, "transferred")
    assert len(story.find("self_check", "wanghe")) == 2
    story.expect_refused(NotAllowed, "handler of chenguang", "report", check, progress=10)
    story.does("handler of wanghe", "report", check, progress=10)
    story.expect_refused(Unknown, "supervisor_one", TRANSFER, check, unit=9999, reason="区划调整")


def test_merged_one_ends_and_the_other_knows(checks: Story) -> None:
    story = checks
    one, other = signed(story, "chenguang"), story.the("self_check", "wanghe")
    story.everybody_has_read()
    story.does("supervisor_one", MERGE, one, into=other, reason="两区合并自查")
    story.expect_state(one, "withdrawn")
    assert [line.header["about"] for line in story.happened(other, "merged_in")] == [[one]]
    assert story.happened(one, "merged")[0].header["into"] == other
    story.expect_told("handler of chenguang", one, "merged")
    story.expect_told("handler of wanghe", other, "merged")
    story.expect_told("supervisor_two", other, "merged")
    story.expect_refused(NotNow, "supervisor_one", MERGE, one, into=other, reason="再次")


def test_two_that_are_merged_into_each_other_at_once_do_not_both_end(checks: Story) -> None:
    story = checks
    one, other = story.the("self_check", "chenguang"), story.the("self_check", "wanghe")
    merge = partial(story.does, "supervisor_one", MERGE)
    results = story.together(
        partial(merge, one, into=other, reason="合并"), partial(merge, other, into=one, reason="合并")
    )
    assert sum(isinstance(result, Refused) for result in results) == 1
    assert {story.task(task).state for task in (one, other)} == {"issued", "withdrawn"}
    assert story.now == instant("2026-03-02 09:00")
