"""地区间互查: pairs are drawn on the milestone; nobody checks where they have an interest, or alone."""

from __future__ import annotations

import pytest

from tests.stories.conftest import Begun
from tests.stories.customs import cross_checked, pairs, regions, supervised, unit_id
from tests.stories.teller import Story
from workflow.errors import BadValue, NotAllowed
from workflow.reading.figures import rankings


@pytest.fixture
def drawn(campaign: Begun) -> Story:
    """Thursday, 30 April: the self-checks are due, and the pairs have been drawn."""
    return campaign("2026-04-30 15:00")


def test_the_draw_pairs_every_region_and_nobody_with_itself_or_its_own_checker(campaign: Begun) -> None:
    story = campaign("2026-04-30 14:59")
    assert story.find("cross_check") == []
    drawn = pairs(story.at("2026-04-30 15:00"))
    assert sorted(drawn) == sorted(drawn.values()) == sorted(regions(story))
    assert len(drawn) == 10
    assert [one for one, checker in drawn.items() if one == checker] == []
    assert [one for one, checker in drawn.items() if drawn[checker] == one] == []


def test_a_member_with_an_interest_is_refused_and_one_declared_later_no_longer_signs(drawn: Story) -> None:
    story, checker = drawn, pairs(drawn)["chenguang"]
    first, second = f"{checker}_inspector_one", f"{checker}_inspector_two"
    check = story.the("cross_check", "chenguang")
    story.expect_refused(NotAllowed, "leader of chenguang", "name_team", check, inspector=[])
    story.declares_interest(first, "chenguang")
    both = story.people(first, second)
    refusal = story.expect_refused(BadValue, f"leader of {checker}", "name_team", check, inspector=both)
    assert "interest in checked" in refusal.text.en

    handler = f"{checker}_handler"
    story.does(f"leader of {checker}", "name_team", check, inspector=story.people(second, handler))
    story.does(second, "conclude", check, score=88, rows={"findings": []}, evidence=1)
    story.declares_interest(handler, "chenguang")
    refusal = story.expect_refused(NotAllowed, handler, "confirm:conclude", check)
    assert "interest in checked" in refusal.text.en
    story.expect_state(check, "on_site")
    story.does(
        f"leader of {checker}",
        "change_team",
        check,
        inspector=story.people(second, f"{checker}_leader"),
        reason="一人回避",
    )
    story.does(f"{checker}_leader", "confirm:conclude", check)
    story.expect_state(check, "fed_back")


def test_the_score_counts_and_no_word_in_three_workdays_moves_on(drawn: Story) -> None:
    story = drawn
    check = cross_checked(story, "chenguang", 88, "台账缺页")
    with story.port.read() as tx:
        (found,) = rankings(story.engine.library.frame(tx, story.now), "region")
    (chenguang,) = [one for one in found.units if one.unit.zh == "晨光区"]
    assert [part.value for part in chenguang.parts if part.source == "cross"] == [88_000_000]

    story.at("2026-05-08 23:59").expect_state(check, "fed_back")  # Labour Day lies in between
    story.at("2026-05-09 00:00").expect_state(check, "reviewing")
    assert story.happened(check, "machine", transition="no_word")


def test_the_checked_side_answers_and_the_bureau_orders_the_correction(drawn: Story) -> None:
    story = drawn
    check = cross_checked(story, "chenguang", 88, "台账缺页")
    story.does("handler of chenguang", "respond", check, statement="台账已补")
    story.expect_refused(NotAllowed, "leader of chenguang", "approve", check)
    story.does("supervisor_one", "approve", check)
    correction = story.the("rectification", "chenguang")
    assert story.task(correction).parties == {"unit": unit_id(story, "chenguang")}
    story.expect_due(correction, "2026-05-25 23:59")
    story.expect_state(check, "correcting")


def test_a_low_score_is_not_struck_off_before_its_special_supervision_has_ended(drawn: Story) -> None:
    story, check = drawn, cross_checked(drawn, "chenguang", 70)
    letter = story.the("special_supervision", "chenguang")
    story.does("handler of chenguang", "respond", check, statement="认可")
    story.does("supervisor_one", "approve", check)
    story.expect_state(letter, "drafted")
    story.expect_light(check, "red")
    supervised(story, letter, "chenguang")
    story.expect_state(check, "closed")
    story.expect_light(check, "green")
