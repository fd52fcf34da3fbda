"""An objection heard by people who took no part in what it is about."""

from __future__ import annotations

from tests.stories.teller import Story
from workflow.errors import NotAllowed


def concluded(story: Story, planner: str = "pan") -> int:
    """A cross-check of the east by two people of the west, with its conclusion fed back."""
    check = story.opens(planner, "cross_check", checked="east", checker="west", deadline="2026-06-30")
    story.does("west_head", "staff", check, inspector=story.people("an", "bei"))
    story.does("an", "conclude", check, score=70)
    story.does("bei", "confirm:conclude", check)
    story.expect_state(check, "fed_back")
    return check


def test_an_objection_is_heard_by_people_who_took_no_part(checking: Story) -> None:
    story = checking
    # Su is a supervisor, and for a while a planner's deputy: the check is Su's work too.
    story.goes_on_leave("pan", "2026-03-03 00:00", delegate="su")
    check = concluded(story, planner="su")
    story.at("2026-03-04 09:00").everybody_has_read()
    story.does("east_head", "object", check, reason="两处扣分没有依据")
    objection = story.the("objection", "east")

    # Whoever could hear it is told, without Su, who opened the check for Pan.
    story.expect_told("tao", objection, "assigned")
    refusal = story.expect_refused(NotAllowed, "su", "uphold", objection, reason="有理")
    assert "of the parent" in refusal.text.en
    story.expect_refused(NotAllowed, "pan", "uphold", objection, reason="有理")  # on whose behalf Su acted
    story.at("2026-03-20 09:00").does("tao", "uphold", objection, reason="两处扣分确无依据")
    story.expect_state(objection, "upheld")


def test_where_everybody_at_hand_took_part_the_next_in_line_hears_it(checking: Story) -> None:
    story = checking
    check = concluded(story)
    story.at("2026-03-04 09:00").everybody_has_read()
    story.does("east_head", "object", check, reason="依据不足")
    objection = story.the("objection", "east")
    for supervisor in ("su", "tao"):
        story.goes_on_leave(supervisor, "2026-04-01 00:00")
    # Pan stands in for the supervisors, but opened the check; behind Pan stands the bureau's leader.
    story.expect_refused(NotAllowed, "pan", "dismiss", objection, reason="依据充分")
    story.does("boss", "dismiss", objection, reason="依据充分")
    (decided,) = story.happened(objection, "act", transition="dismiss")
    assert decided.header["role"] == "bureau_leader"


def test_who_acts_on_the_parent_later_is_excluded_from_then_on(checking: Story) -> None:
    story = checking
    check = concluded(story)
    story.does("east_head", "object", check, reason="依据不足")
    objection = story.the("objection", "east")
    story.goes_on_leave("pan", "2026-04-01 00:00", delegate="tao")
    story.does("tao", "withdraw", check, reason="重新组织")
    story.expect_refused(NotAllowed, "tao", "uphold", objection, reason="有理")
    story.does("su", "uphold", objection, reason="有理")
