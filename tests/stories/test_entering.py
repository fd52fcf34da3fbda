"""代录: what a unit off the network has done on paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.stories.teller import Story
from workflow.decision import Act
from workflow.errors import BadValue, DubanError, NotAllowed, NotNow


def errand(story: Story) -> int:
    """A task of the east, whose people are off the network."""
    task = story.opens("pan", "errand", unit="east")
    story.everybody_has_read()
    return task


def test_one_enters_another_co_signs_and_both_dates_are_kept(checking: Story) -> None:
    story, task = checking, errand(checking)
    story.at("2026-03-20 10:00").expect_light(task, "yellow")  # overdue since the 16th
    story.everybody_has_read()
    story.enters("su", "report", task, for_whom="east_clerk", effective="2026-03-10", progress=60)
    assert "progress" not in story.task(task).facts
    story.expect_told("tao", task, "to confirm")
    story.expect_no_more_messages(task)
    story.expect_refused(NotAllowed, "su", "confirm:report", task)
    story.does("tao", "confirm:report", task)
    assert story.task(task).facts == {"progress": 60}
    (act,) = story.happened(task, "act", transition="report")
    told = {name: act.header[name] for name in ("actor", "entered_by", "cosigned_by", "effective")}
    clerk, su, tao = story.people("east_clerk", "su", "tao")
    assert told == {"actor": clerk, "entered_by": su, "cosigned_by": tao, "effective": "2026-03-10"}
    assert len(act.header["paper"]) == 64
    assert story.task(task).actors["report"] == [clerk, su], "whoever typed it in took part"
    story.expect_light(task, "yellow")  # late stays late: history never un-happens


def test_without_a_second_supervisor_in_three_workdays_it_lapses(checking: Story) -> None:
    story, task = checking, errand(checking)
    story.enters("su", "report", task, for_whom="east_clerk", effective="2026-03-02", progress=60)
    story.at("2026-03-06 00:00")
    (lapsed,) = story.happened(task, "lapsed", transition="report")
    assert lapsed.header["why"] == "unanswered"
    story.expect_told("su", task, "lapsed")
    story.expect_refused(NotNow, "tao", "confirm:report", task)
    assert story.task(task).facts == {}


def test_an_entry_is_one_signature_of_a_joint_act(checking: Story) -> None:
    story, task = checking, errand(checking)
    story.enters("su", "submit", task, for_whom="east_clerk", effective="2026-03-02", progress=100)
    story.does("tao", "confirm:submit", task)
    story.expect_state(task, "working")
    story.does("east_head", "confirm:submit", task)
    story.expect_state(task, "submitted")
    (act,) = story.happened(task, "act", transition="submit")
    assert act.header["entered_by"] == story.person("su")
    assert act.header["signed"] == story.people("east_clerk", "east_head")


REFUSED: tuple[tuple[str, type[DubanError], dict[str, str], str], ...] = (
    ("by somebody else", NotAllowed, {"who": "east_head"}, "Supervisor"),
    ("for whom may not", NotAllowed, {"for_whom": "west_head"}, "Handler"),
    ("for oneself", NotAllowed, {"for_whom": "su"}, "on behalf of themselves"),
    ("a date to come", BadValue, {"effective": "2026-03-03"}, "after today"),
    ("no date", BadValue, {"effective": "yesterday"}, "is not a date"),
)


@pytest.mark.parametrize(
    ("error", "changes", "says"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED]
)
def test_what_no_entry_can_be_is_refused(
    checking: Story, error: type[DubanError], changes: dict[str, str], says: str
) -> None:
    story, task = checking, errand(checking)
    given = {"who": "su", "for_whom": "east_clerk", "effective": "2026-03-02"} | changes
    before = story.everything()
    with pytest.raises(error) as refusal:
        story.enters(
            given["who"],
            "report",
            task,
            for_whom=given["for_whom"],
            effective=given["effective"],
            progress=60,
        )
    assert says in refusal.value.text.en
    assert story.everything() == before


@pytest.mark.parametrize("left_out", ["entered_for", "paper", "effective"])
def test_paper_date_and_person_come_together(checking: Story, left_out: str) -> None:
    story, task = checking, errand(checking)
    (paper,) = story.store_evidence(1)
    whole = Act(
        name="report",
        person_id=story.person("su"),
        facts={"progress": 1},
        entered_for=story.person("east_clerk"),
        paper=paper,
        effective="2026-03-02",
    )
    change: dict[str, Any] = {left_out: None}
    with pytest.raises(BadValue):
        story.engine.act(task, replace(whole, **change), story.now)


def test_a_scan_that_was_not_stored_is_refused(checking: Story) -> None:
    story, task = checking, errand(checking)
    wanted = Act(
        name="report",
        person_id=story.person("su"),
        facts={"progress": 1},
        entered_for=story.person("east_clerk"),
        paper="e" * 64,
        effective="2026-03-02",
    )
    with pytest.raises(BadValue) as refusal:
        story.engine.act(task, wanted, story.now)
    assert "isn't stored" in refusal.value.text.en
