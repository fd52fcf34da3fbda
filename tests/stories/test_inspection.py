"""市局督查: no visit without authority, scope and team; whoever objects is heard by others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.conftest import Begun
from tests.stories.customs import corrects
from tests.stories.teller import Story
from workflow.errors import BadValue, NotAllowed, NotNow, OverBudget

TEAM = ("inspector_one", "inspector_two")


@pytest.fixture
def bureau(campaign: Begun) -> Story:
    """A morning in March."""
    return campaign("2026-03-04 09:00")


def drafted(story: Story) -> int:
    """A supervisor means to inspect Chenguang."""
    return story.opens("supervisor_one", "bureau_inspection", unit="chenguang")


def papers(story: Story, scope: str = "服务窗口", team: tuple[str, ...] = TEAM) -> dict[str, Any]:
    """What a start asks for."""
    return {"authority": "示退役领发〔2026〕**号", "scope": scope, "inspector": story.people(*team)}


def started(story: Story, scope: str = "服务窗口", team: tuple[str, ...] = TEAM) -> int:
    """An inspection that the bureau's leader has let go ahead."""
    inspection = drafted(story)
    story.does("supervisor_one", "start", inspection, **papers(story, scope, team))
    story.does("bureau_head", "confirm:start", inspection)
    return inspection


def fed_back(story: Story, score: int, *findings: str, team: tuple[str, ...] = TEAM) -> int:
    """One whose conclusion both inspectors have signed."""
    inspection = started(story, team=team)
    found = {"findings": [{"what": one, "due": "2026-05-29"} for one in findings]}
    told: dict[str, Any] = {"score": score, "conclusion": "窗口无人值守"}
    story.does(team[0], "conclude", inspection, rows=found, evidence=1, **told)
    story.expect_state(inspection, "on_site")
    story.expect_refused(NotAllowed, team[0], "confirm:conclude", inspection)
    story.does(team[1], "confirm:conclude", inspection)
    story.expect_state(inspection, "fed_back")
    return inspection


# --- before the visit -------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["authority", "scope", "inspector"])
def test_nobody_goes_in_without_authority_scope_and_team(bureau: Story, missing: str) -> None:
    story, inspection = bureau, drafted(bureau)
    told = {name: value for name, value in papers(story).items() if name != missing}
    refusal = story.expect_refused(BadValue, "supervisor_one", "start", inspection, **told)
    assert missing in refusal.text.en
    blank = papers(story) | {missing: [] if missing == "inspector" else " "}
    story.expect_refused(BadValue, "supervisor_one", "start", inspection, **blank)
    story.expect_state(inspection, "drafted")


def test_whoever_has_an_interest_in_the_region_is_refused(bureau: Story) -> None:
    story, inspection = bureau, drafted(bureau)
    story.declares_interest("inspector_two", "dongjie")  # a subdistrict of Chenguang
    refusal = story.expect_refused(BadValue, "supervisor_one", "start", inspection, **papers(story))
    assert "易某实" in refusal.text.zh
    story.does(
        "supervisor_one", "start", inspection, **papers(story, team=("inspector_one", "inspector_three"))
    )


def test_it_starts_with_the_leaders_consent_and_gets_a_number(bureau: Story) -> None:
    story, inspection = bureau, drafted(bureau)
    story.does("supervisor_one", "start", inspection, **papers(story))
    story.expect_state(inspection, "drafted")
    assert story.task(inspection).numbers == {}
    story.expect_refused(NotAllowed, "supervisor_two", "confirm:start", inspection)
    story.does("bureau_head", "confirm:start", inspection)
    story.expect_state(inspection, "on_site")
    assert story.task(inspection).numbers == {"start": "督查通〔2026〕1号"}
    for inspector in TEAM:
        story.expect_told(inspector, inspection, "chosen")


def test_a_third_check_in_a_month_and_the_same_scope_again_are_refused(bureau: Story) -> None:
    story = bureau
    first, second = started(story), started(story, "建档立卡")
    third = drafted(story)
    refusal = story.expect_refused(OverBudget, "supervisor_one", "start", third, **papers(story, "困难帮扶"))
    assert f"2026-03 (tasks {first}, {second})" in refusal.text.en
    story.at("2026-04-01 09:00")
    refusal = story.expect_refused(OverBudget, "supervisor_one", "start", third, **papers(story, "服务 窗口"))
    assert str(first) in refusal.text.en
    story.does("supervisor_one", "start", third, **papers(story, "困难帮扶"))


# --- the conclusion, and who objects ----------------------------------------------------------------


def test_an_objection_is_decided_by_people_who_took_no_part_and_changes_the_score(bureau: Story) -> None:
    """One of the two reviewers went along on the visit: the other decides."""
    story = bureau
    inspection = fed_back(story, 76, "窗口无人值守", team=("inspector_one", "reviewer_one"))
    story.expect_refused(
        NotAllowed, "handler of chenguang", "object", inspection, reason="当日轮休", evidence=1
    )
    story.does("leader of chenguang", "object", inspection, reason="当日轮休", evidence=1)
    objection = story.the("objection", "chenguang")
    story.expect_due(objection, "2026-04-03 23:59")
    assert story.task(objection).facts["inspected_score"] == 76
    story.expect_refused(NotNow, "leader of chenguang", "agree", inspection)
    for who in ("supervisor_one", "inspector_one", "reviewer_one", "bureau_head", "leader of chenguang"):
        story.expect_refused(NotAllowed, who, "uphold", objection, score=82, grounds="轮休有据")

    # The 30 days pass: as long as the objection is under review nothing goes on.
    story.at("2026-04-04 09:00").expect_state(inspection, "fed_back")
    story.expect_episode(objection, "late")
    story.does("reviewer_two", "uphold", objection, score=82, grounds="轮休有据")
    assert story.task(objection).numbers == {"uphold": "复核〔2026〕1号"}
    story.expect_state(inspection, "correcting")
    assert story.task(inspection).facts["score"] == 82
    (changed,) = story.happened(inspection, "machine", transition="changed")
    assert changed.values == {"score": 82}
    story.expect_no_episode(inspection, "poor")  # 76 would have been red
    story.expect_light(inspection, "green")


def test_an_objection_that_is_refused_changes_nothing(bureau: Story) -> None:
    story = bureau
    inspection = fed_back(story, 76, "窗口无人值守")
    story.does("leader of chenguang", "object", inspection, reason="当日轮休", evidence=1)
    story.at("2026-03-20 09:00")
    story.does("reviewer_one", "refuse_it", story.the("objection"), grounds="并无轮休记录")
    story.expect_refused(NotNow, "leader of chenguang", "object", inspection, reason="仍不认可", evidence=1)
    story.at("2026-04-04 09:00").expect_state(inspection, "correcting")
    assert story.task(inspection).facts["score"] == 76
    story.expect_light(inspection, "red")


def test_after_thirty_days_without_a_word_it_goes_on_by_itself(bureau: Story) -> None:
    story, inspection = bureau, fed_back(bureau, 85, "窗口无人值守")
    story.at("2026-04-03 23:59").expect_state(inspection, "fed_back")
    story.at("2026-04-04 00:00").expect_state(inspection, "correcting")
    story.expect_refused(NotNow, "leader of chenguang", "object", inspection, reason="晚了", evidence=1)
    assert story.find("objection") == []


# --- looked at again --------------------------------------------------------------------------------


def test_a_second_look_that_finds_it_undone_sends_it_back(bureau: Story) -> None:
    story, inspection = bureau, fed_back(bureau, 85, "窗口无人值守", "台账缺页")
    story.does("leader of chenguang", "agree", inspection)
    for one in story.find("rectification", "chenguang"):
        story.expect_state(inspection, "correcting")
        corrects(story, one, "handler of chenguang")
    story.expect_state(inspection, "rechecking")
    story.expect_refused(NotNow, "inspector_one", "close", inspection)
    story.does("inspector_one", "recheck", inspection, corrected="no")
    story.expect_refused(NotNow, "inspector_one", "close", inspection)
    story.expect_refused(NotNow, "inspector_one", "again", inspection)  # without saying what
    again = [{"what": "窗口仍无人值守", "due": "2026-05-29"}]
    story.does("inspector_one", "again", inspection, rows={"findings": again})
    story.expect_state(inspection, "correcting")

    third = story.find("rectification", "chenguang")[-1]
    corrects(story, third, "handler of chenguang")
    story.expect_state(inspection, "rechecking")
    story.does("inspector_two", "recheck", inspection, corrected="yes")
    story.does("inspector_two", "close", inspection)
    story.expect_state(inspection, "closed")


def test_a_finding_that_nobody_corrected_keeps_it_open(bureau: Story) -> None:
    """The correction was ordered by mistake and withdrawn: the finding still stands on the list."""
    story, inspection = bureau, fed_back(bureau, 85, "窗口无人值守")
    story.does("leader of chenguang", "agree", inspection)
    correction = story.the("rectification", "chenguang")
    story.does("supervisor_one", "withdraw", correction, reason="期限有误")
    story.does("bureau_head", "confirm:withdraw", correction)
    story.does("inspector_one", "recheck", inspection, corrected="yes")
    story.expect_refused(NotNow, "inspector_one", "close", inspection)
    story.does("inspector_one", "recheck", inspection, corrected="no")
    story.does("inspector_one", "again", inspection)
    corrects(story, story.find("rectification", "chenguang")[-1], "handler of chenguang")
    story.does("inspector_one", "recheck", inspection, corrected="yes")
    story.does("inspector_one", "close", inspection)
