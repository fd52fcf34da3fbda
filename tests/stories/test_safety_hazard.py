"""Hazards at a depot: found, graded, late, supervised by name, fixed, struck off, and looked at again."""

from __future__ import annotations

from tests.stories.conftest import Shipped
from tests.stories.teller import Story
from workflow.errors import BadValue, DubanError, NotAllowed

OFFICER, HEAD = "officer of east_depot", "head of east_depot"
CHIEF = "chief of safety_office"


def found(shipped: Shipped, *hazards: str, due: str = "2026-04-20") -> tuple[Story, int, list[int]]:
    """The patrol of April hands in a list; each hazard becomes a task."""
    story = shipped("safety_hazard").at("2026-04-01 09:00")
    patrol = story.the("patrol", "east_depot")
    rows = [{"what": one, "place": "一号库", "due": due} for one in hazards]
    story.at("2026-04-02 10:00").does(OFFICER, "submit", patrol, rows={"hazards": rows}, evidence=1)
    return story, patrol, story.find("hazard", "east_depot")


def test_a_general_hazard_is_fixed_in_time_and_struck_off_by_somebody_else(shipped: Shipped) -> None:
    story, patrol, (hazard,) = found(shipped, "消防栓遮挡")
    story.does("inspector_one", "grade", hazard, level="general")
    story.at("2026-04-08 10:00").does(OFFICER, "fixed", hazard, measure="已清理", evidence=1)
    story.expect_refused(DubanError, OFFICER, "strike", hazard)
    story.does("inspector_one", "verify", hazard, removed="yes")
    story.does("inspector_one", "strike", hazard)
    story.expect_state(hazard, "closed")
    assert [row["closed"] for row in story.rows(patrol, "hazards")] == [True]
    story.expect_state(patrol, "closed")
    story.expect_light(patrol, "green")


def test_nothing_found_needs_its_evidence_and_a_patrol_not_made_turns_yellow(shipped: Shipped) -> None:
    story = shipped("safety_hazard").at("2026-04-01 09:00")
    made, missed = story.the("patrol", "river_pier"), story.the("patrol", "north_mill")
    story.does("officer of river_pier", "none", made, rows={"hazards": []}, evidence=1)
    story.expect_state(made, "closed")
    story.at("2026-05-01 00:00").expect_light(missed, "yellow")
    story.expect_told("inspector_one", missed, "late")


def test_a_hazard_up_the_ladder_to_the_committee_and_down_again(shipped: Shipped) -> None:
    story, _, (hazard,) = found(shipped, "线路老化")
    story.does("inspector_one", "grade", hazard, level="general")
    story.everybody_has_read()
    story.at("2026-04-21 00:00").expect_light(hazard, "yellow")
    story.expect_told(HEAD, hazard, "late")
    story.at("2026-04-28 00:00").expect_light(hazard, "red")  # five workdays later: 21 to 27 April
    letter = story.the("listed_supervision", "east_depot")
    assert story.concerns(letter) == [hazard]

    story.at("2026-05-01 00:00").expect_light(letter, "yellow")  # two workdays: 29 and 30 April
    story.expect_told(CHIEF, letter, "unanswered")
    story.at("2026-05-06 09:00").does(HEAD, "answer", letter, plan="更换全部线路", evidence=1)
    story.expect_light(letter, "green")
    story.at("2026-05-29 00:00").expect_light(letter, "red")  # Labour Day in between, a make-up Saturday too
    story.expect_told("leader of safety_committee", letter, "dragging")

    story.at("2026-06-01 10:00").does(HEAD, "fixed", hazard, measure="已更换", evidence=1)
    story.expect_refused(NotAllowed, HEAD, "verify", hazard, removed="yes")
    story.does("inspector_two", "verify", hazard, removed="yes")
    story.does("inspector_two", "strike", hazard)
    story.does("inspector_two", "take_down", letter)
    story.expect_light(hazard, "green")
    story.expect_light(letter, "green")
    story.expect_state(letter, "removed")


def test_a_major_hazard_is_listed_at_once(shipped: Shipped) -> None:
    story, _, (first, second) = found(shipped, "承重墙开裂", "指示牌脱落")
    story.does("inspector_one", "grade", first, level="major")
    story.does("inspector_one", "grade", second, level="general")
    story.expect_light(first, "red")
    story.expect_light(second, "green")
    assert story.concerns(story.the("listed_supervision", "east_depot")) == [first]


def test_the_graver_the_hazard_the_more_must_be_shown(shipped: Shipped) -> None:
    story, _, (hazard,) = found(shipped, "承重墙开裂")
    story.does("inspector_one", "grade", hazard, level="major")
    story.at("2026-04-08 10:00")
    refused = story.expect_refused(BadValue, OFFICER, "fixed", hazard, measure="已加固", evidence=2)
    assert "须附 3 份佐证材料（等级：major），现有 2 份" in refused.text.zh
    assert "needs 3 file(s) of evidence (Level: major), 2 given" in refused.text.en
    story.does(OFFICER, "fixed", hazard, measure="已加固", evidence=3)
    story.expect_state(hazard, "to_verify")


def test_what_has_come_back_at_the_re_check_is_a_hazard_once_more(shipped: Shipped) -> None:
    story = shipped("safety_hazard").at("2026-06-30 09:00")
    _, check = story.find("spot_check", "north_mill")  # the first was at the end of March
    rows = [{"what": "粉尘堆积", "place": "二楼", "due": "2026-07-10"}]
    story.at("2026-07-01 10:00")
    story.does("inspector_one", "relapse", check, looked_at=4, rows={"relapses": rows}, evidence=1)
    story.expect_light(check, "red")
    hazard = story.the("hazard", "north_mill")
    story.does("inspector_one", "grade", hazard, level="general")
    story.at("2026-07-06 10:00").does("head of north_mill", "fixed", hazard, measure="清扫", evidence=1)
    story.does("inspector_one", "verify", hazard, removed="yes")
    story.does("inspector_one", "strike", hazard)
    story.expect_state(check, "closed")
    story.expect_light(check, "green")
