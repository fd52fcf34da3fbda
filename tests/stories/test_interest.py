"""A cross-check whose inspector has an interest."""

from __future__ import annotations

from tests.stories.teller import Story, local
from workflow.errors import BadValue, NotAllowed, NotNow


def opened(story: Story) -> int:
    """The west shall check the east."""
    return story.opens("pan", "cross_check", checked="east", checker="west", deadline="2026-06-30")


def test_a_cross_check_whose_inspector_has_an_interest(checking: Story) -> None:
    story = checking
    check = opened(story)
    # Cai advises a station inside the east: a post there is an interest, and Cai is named with the reason.
    refusal = story.expect_refused(BadValue, "west_head", "staff", check, inspector=story.people("an", "cai"))
    assert "蔡某" in refusal.text.zh
    assert "Cai has an interest in checked" in refusal.text.en
    story.does("west_head", "staff", check, inspector=story.people("an", "bei"))
    for inspector in ("an", "bei"):
        story.expect_told(inspector, check, "chosen")
    story.at("2026-03-05 09:00").does("bei", "note", check, scope="台账", rows={"problems": []})

    # Bei's spouse is moved to the east; from the declaration on Bei may not act, what Bei did stays.
    story.declares_interest("bei", "east")
    refusal = story.expect_refused(NotAllowed, "bei", "note", check, scope="现场", rows={"problems": []})
    assert "interest in checked" in refusal.text.en
    story.everybody_has_read()
    story.does("an", "conclude", check, score=80)
    story.expect_refused(NotAllowed, "bei", "confirm:conclude", check)
    (signed,) = story.happened(check, "signed")
    assert (signed.header["actor"], signed.header["lacking"]) == (story.person("an"), 1)
    assert [one.person_id for one in story.unread(check)] == [None], (
        "nobody is left to sign: that is reported"
    )
    story.expect_state(check, "on_site")

    # The leader of the west staffs it anew: both choices are in the history, and the act can be completed.
    story.does("west_head", "restaff", check, inspector=story.people("an", "west_head"))
    (anew,) = story.happened(check, "act", transition="restaff")
    assert anew.header["teams"]["inspector"]["was"] == story.people("an", "bei")
    assert anew.header["teams"]["inspector"]["members"] == story.people("an", "west_head")
    story.does("west_head", "confirm:conclude", check)
    story.expect_state(check, "fed_back")
    (act,) = story.happened(check, "act", transition="conclude")
    assert act.header["signed"] == story.people("an", "west_head")
    assert story.task(check).actors["conclude"] == story.people("an", "west_head")


def test_a_team_is_of_that_unit_large_enough_and_named_once(checking: Story) -> None:
    story = checking
    check = opened(story)
    for people, why in (
        (("an", "su"), "Su holds no post at checker"),
        (("an",), "1 chosen, at least 2"),
        (("an", "an", "bei"), "An is named twice"),
    ):
        refusal = story.expect_refused(BadValue, "west_head", "staff", check, inspector=story.people(*people))
        assert why in refusal.text.en


def test_a_member_who_leaves_the_unit_is_none_any_more(checking: Story) -> None:
    story = checking
    check = opened(story)
    story.does("west_head", "staff", check, inspector=story.people("an", "bei"))
    story.leaves_post("bei", "clerk", "west")
    story.expect_refused(NotAllowed, "bei", "note", check, scope="台账", rows={"problems": []})
    story.does("an", "note", check, scope="台账", rows={"problems": []})


def test_a_term_ends_by_itself_and_whoever_steps_in_hears_of_it(checking: Story) -> None:
    story = checking
    check = opened(story)
    story.does("west_head", "staff", check, inspector=story.people("an", "bei"))
    until = story.task(check).teams["inspector"].until
    assert local(until) == "2026-05-01 23:59:59.999"
    story.everybody_has_read()
    story.at("2026-05-02 00:00")
    told = story.expect_told("west_head", check, "team ended")
    assert told.role == "leader"
    (ended,) = story.happened(check, "team_ended")
    assert (ended.header["role"], ended.header["members"]) == ("inspector", story.people("an", "bei"))
    assert ended.header["vacant"] == ["inspector"]
    story.expect_refused(NotAllowed, "an", "note", check, scope="台账", rows={"problems": []})
    story.does("west_head", "note", check, scope="台账", rows={"problems": []})  # `else: leader`


def test_a_delegate_acts_for_a_member_unless_either_has_an_interest(checking: Story) -> None:
    story = checking
    check = opened(story)
    story.does("west_head", "staff", check, inspector=story.people("an", "bei"))
    story.goes_on_leave("bei", "2026-04-01 00:00", delegate="west_head")
    story.does("west_head", "note", check, scope="台账", rows={"problems": []})
    (note,) = story.happened(check, "act", transition="note")
    assert (note.header["actor"], note.header["on_behalf"]) == tuple(story.people("west_head", "bei"))
    story.declares_interest("west_head", "east_station")
    story.expect_refused(NotAllowed, "west_head", "note", check, scope="现场", rows={"problems": []})


def test_a_joint_act_lapses_once_the_task_has_left(checking: Story) -> None:
    story = checking
    check = opened(story)
    story.does("west_head", "staff", check, inspector=story.people("an", "bei"))
    story.everybody_has_read()
    story.does("an", "conclude", check, score=80)
    story.expect_told("bei", check, "to confirm")
    story.expect_refused(NotNow, "bei", "conclude", check, score=90)
    story.expect_refused(NotAllowed, "an", "confirm:conclude", check)
    story.does("pan", "withdraw", check, reason="改期")
    story.expect_told("an", check, "lapsed")
    (lapsed,) = story.happened(check, "lapsed", transition="conclude")
    assert lapsed.header["why"] == "left"
    assert "score" not in story.task(check).facts
