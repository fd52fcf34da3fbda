"""Acts that several people sign."""

from __future__ import annotations

from tests.stories.teller import Story
from workflow.errors import NotAllowed, NotNow


def errand(story: Story) -> int:
    """A task of the east."""
    task = story.opens("pan", "errand", unit="east")
    story.everybody_has_read()
    return task


def submitted(story: Story) -> int:
    """One that the clerk and the head of the east have handed in together."""
    task = errand(story)
    story.does("east_clerk", "submit", task, progress=100)
    story.does("east_head", "confirm:submit", task)
    story.everybody_has_read()
    return task


def test_all_means_one_person_for_each_role(checking: Story) -> None:
    story, task = checking, errand(checking)
    story.does("east_head", "submit", task, progress=90)
    story.expect_state(task, "working")
    assert "progress" not in story.task(task).facts, "held back until everybody has signed"
    story.expect_told("east_clerk", task, "to confirm")
    story.expect_no_more_messages(task)
    story.expect_refused(NotAllowed, "east_head", "confirm:submit", task)
    story.expect_refused(NotAllowed, "su", "confirm:submit", task)
    story.does("east_clerk", "report", task, progress=50)  # other acts stay possible
    story.does("east_clerk", "confirm:submit", task)
    story.expect_state(task, "submitted")
    assert story.task(task).facts["progress"] == 90
    assert story.task(task).actors["submit"] == story.people("east_head", "east_clerk")
    assert story.task(task).acts["submit"] == 1


def test_a_delegate_and_their_principal_are_one(checking: Story) -> None:
    story, task = checking, errand(checking)
    story.goes_on_leave("east_clerk", "2026-03-09 00:00", delegate="east_head")
    story.does("east_head", "submit", task, progress=90)
    story.expect_refused(NotAllowed, "east_head", "confirm:submit", task)
    story.does("east_clerk", "confirm:submit", task)  # who is away may still act
    story.expect_state(task, "submitted")


def test_one_refusal_ends_it_and_all_who_signed_hear_of_it(checking: Story) -> None:
    story, task = checking, errand(checking)
    story.does("east_clerk", "submit", task, progress=90)
    story.does("east_head", "refuse:submit", task, reason="数据不实")
    story.expect_told("east_clerk", task, "answered")
    assert story.task(task).pending == ()
    story.expect_refused(NotNow, "east_head", "confirm:submit", task)


def test_after_the_signatures_the_confirmation_is_asked_for(checking: Story) -> None:
    story, task = checking, submitted(checking)
    story.does("su", "sign_off", task)
    story.expect_told("tao", task, "to confirm")
    story.does("tao", "confirm:sign_off", task)
    story.expect_state(task, "submitted")
    story.expect_told("pan", task, "to confirm")
    story.expect_refused(NotAllowed, "su", "confirm:sign_off", task)
    story.does("pan", "confirm:sign_off", task)
    story.expect_state(task, "closed")
    (act,) = story.happened(task, "act", transition="sign_off")
    assert act.header["signed"] == story.people("su", "tao")
    assert [one.kind for one in story.history(task)][-5:] == ["signed", "signed", "asked", "confirmed", "act"]


def test_what_cannot_be_signed_by_enough_waits_and_is_reported(checking: Story) -> None:
    story, task = checking, submitted(checking)
    story.leaves_post("tao", "supervisor", "bureau")
    story.does("su", "sign_off", task)
    assert [one.person_id for one in story.unread(task)] == [None]
    (signed,) = story.happened(task, "signed", transition="sign_off")
    assert signed.header["lacking"] == 1
    story.does("su", "refuse:sign_off", task, reason="改由一人核定")  # whoever signed may take it back
    story.expect_state(task, "submitted")
