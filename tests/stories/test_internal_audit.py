"""A year of internal audits: programme, audit, finding, cause, action, and whether it had an effect."""

from __future__ import annotations

from tests.stories.conftest import Shipped
from tests.stories.customs import unit_id
from tests.stories.teller import Story


def audited(shipped: Shipped) -> tuple[Story, int, int]:
    """The programme is approved, and the audit of design has reported one finding."""
    story = shipped("internal_audit").at("2026-03-02 09:00")
    programme = story.the("programme")
    rows = [
        {"department": unit_id(story, "design"), "due": "2026-04-10"},
        {"department": unit_id(story, "purchasing"), "due": "2026-05-15"},
    ]
    story.at("2026-03-04 10:00").does("lead_auditor", "hand_in", programme, rows={"schedule": rows})
    story.at("2026-03-05 10:00").does("quality_manager", "approve", programme)
    audit = story.the("audit", "design")
    told = [{"what": "设计更改未评审", "clause": "8.3.6", "due": "2026-05-08"}]
    story.at("2026-04-01 10:00")
    story.does("auditor_one", "report", audit, conclusion="基本有效", rows={"findings": told}, evidence=1)
    story.does("head of design", "agree", audit)
    return story, programme, audit


def test_each_department_of_the_programme_is_audited_by_its_own_date(shipped: Shipped) -> None:
    story, programme, audit = audited(shipped)
    story.expect_due(audit, "2026-04-10 23:59")
    story.expect_state(programme, "running")
    other = story.the("audit", "purchasing")
    story.at("2026-05-16 00:00").expect_light(other, "yellow")
    story.expect_told("lead_auditor", other, "late")


def test_a_finding_is_closed_only_after_its_effect_was_seen(shipped: Shipped) -> None:
    story, _, audit = audited(shipped)
    finding = story.the("finding", "design")
    story.at("2026-04-02 10:00").does("head of design", "analyse", finding, cause="无流程", action="建流程")
    story.at("2026-04-10 10:00").does("head of design", "carried_out", finding, evidence=1)
    story.at("2026-05-10 23:59").expect_state(finding, "observing")
    story.at("2026-05-11 00:00").expect_state(finding, "verifying")
    story.expect_told("auditor_one", finding, "assigned")
    story.at("2026-05-12 10:00").does("auditor_one", "verify", finding, effective="yes")
    story.does("auditor_one", "close", finding)
    story.expect_state(finding, "closed")
    story.expect_state(audit, "closed")
    story.expect_light(audit, "green")


def test_a_correction_without_effect_goes_to_the_management_review_and_begins_anew(shipped: Shipped) -> None:
    story, _, _ = audited(shipped)
    finding = story.the("finding", "design")
    story.at("2026-04-10 00:00").expect_episode(finding, "no_cause")
    story.expect_told("lead_auditor", finding, "no_cause")
    story.at("2026-04-10 10:00").does("head of design", "analyse", finding, cause="疏忽", action="提醒")
    story.does("head of design", "carried_out", finding, evidence=1)
    story.at("2026-05-12 10:00").does("auditor_one", "verify", finding, effective="no")
    story.does("auditor_one", "reopen", finding, reason="复查又出现两起")
    story.expect_state(finding, "raised")
    story.expect_light(finding, "red")

    review = story.the("management_review", "design")
    assert story.concerns(review) == [finding]
    story.at("2026-05-18 00:00").expect_light(review, "yellow")
    story.expect_told("director", review, "slow")
    story.at("2026-05-18 10:00").does("quality_manager", "submit", review, proposal="增设评审岗")
    story.does("director", "decide", review, decision="同意")
    story.expect_state(review, "decided")

    story.does("head of design", "analyse", finding, cause="职责未定", action="设评审岗")
    story.at("2026-06-01 10:00").does("head of design", "carried_out", finding, evidence=1)
    story.at("2026-07-02 10:00").does("auditor_two", "verify", finding, effective="yes")
    story.does("auditor_two", "close", finding)
    story.expect_state(finding, "closed")
    story.expect_light(finding, "green")
    story.expect_state(review, "decided")
