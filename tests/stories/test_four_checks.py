"""四项检查比对: where the four checks differ the supervisor hears, and an inspection is proposed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.conftest import Begun
from tests.stories.customs import cross_checked, self_checked
from tests.stories.teller import Story
from workflow.decision.everyday import CORRECT

TEAM = ("inspector_one", "inspector_two")


@pytest.fixture
def compared(campaign: Begun) -> Story:
    """The self-check of Chenguang was verified at 72, and 92 was typed."""
    story = campaign("2026-04-20 10:00")
    check = self_checked(story, "chenguang", 72)
    story.does("supervisor_one", "review", check, verified_score=92, rows={"problems": []})
    story.at("2026-04-30 15:00").everybody_has_read()
    return story


def test_four_checks_that_differ_and_agree_again_once_a_slip_is_put_right(compared: Story) -> None:
    story, comparison = compared, compared.the("triangulation", "chenguang")
    story.expect_no_episode(comparison, "they_differ")
    cross_checked(story, "chenguang", 70)
    story.expect_episode(comparison, "they_differ")
    story.expect_light(comparison, "yellow")
    for who in ("supervisor_one", "supervisor_two", "leader of chenguang"):
        story.expect_told(who, comparison, "they_differ")
    inspection = story.the("bureau_inspection")
    story.expect_state(inspection, "drafted")
    assert story.concerns(inspection) == [comparison]
    assert story.task(inspection).parties == story.task(comparison).parties

    # 92 was a slip: 72 and 70 agree, and there is nothing left to inspect for.
    check = story.the("self_check", "chenguang")
    story.does("supervisor_one", CORRECT, check, fact="verified_score", value="72", reason="数字录错")
    story.expect_episode(comparison, "they_differ", open=False, ended_by="cleared")
    story.expect_light(comparison, "green")
    story.expect_state(inspection, "withdrawn")
    story.expect_no_episode(check, "poor")  # an honest 72
    story.expect_episode(check, "honest")


def test_fifteen_points_differ_and_fourteen_do_not(compared: Story) -> None:
    story, comparison = compared, compared.the("triangulation", "chenguang")
    check = cross_checked(story, "chenguang", 78)
    story.expect_no_episode(comparison, "they_differ")
    assert story.find("bureau_inspection") == []
    story.does("supervisor_one", CORRECT, check, fact="score", value="77", reason="录错")
    story.expect_episode(comparison, "they_differ")


def test_an_inspection_that_has_begun_is_carried_on_though_they_agree_again(compared: Story) -> None:
    story = compared
    cross_checked(story, "chenguang", 70)
    inspection = story.the("bureau_inspection", "chenguang")
    story.at("2026-05-06 09:00")
    told: dict[str, Any] = {"authority": "示退役领发〔2026〕**号", "scope": "台账"}
    story.does("supervisor_one", "start", inspection, inspector=story.people(*TEAM), **told)
    story.does("bureau_head", "confirm:start", inspection)
    check = story.the("self_check", "chenguang")
    story.does("supervisor_one", CORRECT, check, fact="verified_score", value="72", reason="数字录错")
    story.expect_episode(story.the("triangulation", "chenguang"), "they_differ", open=False)
    story.expect_state(inspection, "on_site")
