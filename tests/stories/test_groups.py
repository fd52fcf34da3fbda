"""领导小组、工作专班、批示件、认领、项目: what is decided has an owner, a date and an end."""

from __future__ import annotations

from typing import Any

from tests.stories.conftest import Begun
from tests.stories.customs import unit_id
from tests.stories.teller import Story
from workflow.errors import BadValue, NotAllowed, NotNow


def does_its_part(story: Story, part: int, handler: str) -> None:
    """A unit does what was decided for it, and the bureau strikes it off."""
    story.does(handler, "sign_for", part)
    story.does(handler, "submit", part, result="已落实", evidence=1)
    story.does("supervisor_one", "approve", part)


def test_a_decision_of_the_leading_group_becomes_parts_and_closes_with_the_last(campaign: Begun) -> None:
    story = campaign("2026-03-09 09:00")
    item = story.opens(
        "supervisor_one",
        "agenda_item",
        group="city_leading_group",
        deadline="2026-03-31",
        facts={"matter": "创业扶持"},
    )
    due = {"labour": "2026-04-15", "finance": "2026-04-30"}
    actions = [
        {
            "what": "兑现政策",
            "unit": unit_id(story, unit),
            "due": day,
            "lead": "yes" if unit == "labour" else "no",
        }
        for unit, day in due.items()
    ]
    told: dict[str, Any] = {"decision": "本月启动", "rows": {"actions": actions}}
    story.expect_refused(BadValue, "city_group_head", "decide", item, **told)  # without minutes
    story.expect_refused(NotAllowed, "supervisor_one", "decide", item, evidence=1, **told)
    story.does("city_group_head", "decide", item, evidence=1, **told)
    assert story.task(item).numbers == {"decide": "领导小组纪要〔2026〕1号"}
    for unit, day in due.items():
        story.expect_due(story.the("part", unit), f"{day} 23:59")
    story.expect_told("labour_handler", story.the("part", "labour"), "assigned")

    does_its_part(story, story.the("part", "labour"), "labour_handler")
    story.expect_state(item, "decided")
    does_its_part(story, story.the("part", "finance"), "finance_handler")
    story.expect_state(item, "closed")


def test_where_nothing_was_to_be_done_a_decision_is_carried_out_at_once(campaign: Begun) -> None:
    story = campaign("2026-03-09 09:00")
    item = story.opens("supervisor_one", "agenda_item", group="city_mutual_group", deadline="2026-03-31")
    story.does("city_group_head", "decide", item, decision="阅", rows={"actions": []}, evidence=1)
    story.expect_state(item, "closed")


def test_a_task_force_dissolves_by_itself_when_its_term_ends(campaign: Begun) -> None:
    story = campaign("2026-03-09 09:00")
    force = story.opens("chenguang_leader", "task_force", unit="chenguang", deadline="2026-04-10")
    alone = story.people("chenguang_handler")
    story.expect_refused(BadValue, "chenguang_leader", "form", force, purpose="创建冲刺", member=alone)
    members = ("chenguang_handler", "chenguang_liaison")
    story.does("chenguang_leader", "form", force, purpose="创建冲刺", member=story.people(*members))
    for one in members:
        story.expect_told(one, force, "chosen")
    story.at("2026-04-10 23:59").expect_state(force, "active")
    story.at("2026-04-11 00:00").expect_state(force, "dissolved")
    assert story.happened(force, "machine", transition="expire")


def test_a_written_instruction_that_is_not_answered_turns_red_after_two_workdays(campaign: Begun) -> None:
    story = campaign("2026-03-09 09:00")
    task = story.opens(
        "supervisor_one",
        "instruction",
        unit="chenguang",
        deadline="2026-03-12",
        facts={"instruction": "请速核实", "office": "副市长", "urgency": "急件"},
    )
    story.does("supervisor_one", "hand_out", task, evidence=1)
    assert story.task(task).numbers == {"hand_out": "批示办〔2026〕1号"}
    story.at("2026-03-13 00:00").expect_light(task, "yellow")  # a Friday
    story.at("2026-03-16 23:59").expect_light(task, "yellow")
    story.everybody_has_read()
    story.at("2026-03-17 00:00").expect_light(task, "red")
    for who in ("leader of chenguang", "bureau_head"):
        story.expect_told(who, task, "very_late")
    assert story.concerns(story.the("special_supervision", "chenguang")) == [task]


# --- claims -----------------------------------------------------------------------------------------


def claimed(story: Story) -> tuple[int, int]:
    """The garrison has claimed a task; its plan is handed in."""
    task = story.the("creation_task", "subdistrict")
    story.does("subdistrict_handler", "sign_for", task, commitment="按期完成", goal="共建示范")
    story.does("subdistrict_handler", "claim", task, claimed="共建国防教育基地")
    plan = story.the("claim_plan", "subdistrict")
    steps = [{"what": "选址", "who": "苏某卫", "due": "2026-04-10"}]
    story.does("subdistrict_handler", "hand_in", plan, rows={"steps": steps})
    return task, plan


def test_the_plan_for_a_claim_is_signed_by_both_and_blocks_striking_off_until_it_is_done(
    campaign: Begun,
) -> None:
    story = campaign("2026-03-09 09:00")
    task, plan = claimed(story)
    assert story.task(plan).facts["claimed"] == "共建国防教育基地"
    story.expect_refused(NotNow, "subdistrict_handler", "claim", task, claimed="再认领一项")
    story.does("bureau_head", "agree", plan)
    story.expect_state(plan, "to_agree")
    story.expect_refused(NotAllowed, "bureau_head", "confirm:agree", plan)
    story.does("subdistrict_leader", "confirm:agree", plan)
    story.expect_state(plan, "working")
    assert story.task(plan).numbers == {"agree": "双拥计〔2026〕1号"}

    story.does("subdistrict_handler", "submit", task, progress=100, result="已创建", evidence=1)
    story.does("supervisor_one", "review", task, verified_score=95, effective="yes")
    story.expect_refused(NotNow, "supervisor_one", "approve", task)
    story.does("subdistrict_handler", "finish", plan, result="基地已挂牌", evidence=1)
    story.does("supervisor_one", "confirm:finish", plan)
    story.does("supervisor_one", "approve", task)
    story.expect_state(task, "closed")


def test_a_project_waits_for_the_opinion_of_every_force(campaign: Begun) -> None:
    story = campaign("2026-03-09 09:00")
    project = story.opens(
        "supervisor_one", "project", unit="chenguang", deadline="2026-12-31", facts={"what": "军供站改造"}
    )
    wanted = [{"what": "上级补助", "amount": "120", "answer": "等待"}]
    story.does("chenguang_handler", "apply", project, rows={"applications": wanted}, evidence=1)
    forces = ("subdistrict", "armed_police")
    asked = [one for force in forces for one in story.find("consultation", force)]
    assert len(asked) == 2
    for force, one in zip(forces, asked, strict=True):
        story.expect_state(project, "consulting")
        story.expect_told(f"{force}_handler", one, "assigned")
        story.does(f"{force}_handler", "reply", one, opinion="建议保留北门")
        story.does("chenguang_handler", "settle", one, adopted="yes", answer="已采纳")
    story.expect_state(project, "building")
