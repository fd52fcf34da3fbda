"""军地需求: collected each quarter, triaged, and followed until the last one taken up is settled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.conftest import Begun
from tests.stories.customs import unit_id
from tests.stories.teller import Story
from workflow.errors import NotAllowed

WANTED = (("随军家属就业", "chenguang"), ("营区道路硬化", "labour"), ("子女入学", "education"))


@pytest.fixture
def collected(campaign: Begun) -> Story:
    """The second quarter begins; the garrison has handed in three demands."""
    story = campaign("2026-04-01 09:00")
    rows = [_row(story, what, doer, "waiting") for what, doer in WANTED]
    story.does("subdistrict_handler", "hand_in", collection(story), rows={"demands": rows})
    return story


def collection(story: Story) -> int:
    """The demands of the garrison in this quarter."""
    return story.the("demand_collection", "subdistrict")


def _row(story: Story, what: str, doer: str, answer: str) -> dict[str, Any]:
    return {"what": what, "doer": unit_id(story, doer), "due": "2026-04-30", "answer": answer}


def triaged(story: Story, *answers: str) -> None:
    """The bureau says of each what becomes of it."""
    known = [row["id"] for row in story.rows(collection(story), "demands")]
    rows = [
        {"id": ident, **_row(story, what, doer, answer)}
        for ident, (what, doer), answer in zip(known, WANTED, answers, strict=True)
    ]
    story.does("supervisor_one", "sort", collection(story), rows={"demands": rows})


def settles(story: Story, item: int, doer: str) -> None:
    """The doing side does it, and the garrison confirms."""
    story.does(f"handler of {doer}", "claim", item)
    story.does(f"handler of {doer}", "finish", item, result="已办", evidence=1)
    story.does("subdistrict_handler", "confirm_done", item)


def test_a_quarter_opens_a_collection_for_every_force_while_the_campaign_lasts(campaign: Begun) -> None:
    story = campaign("2026-04-01 08:59")
    assert story.find("demand_collection") == []
    story.at("2026-04-01 09:00")
    for force in ("subdistrict", "armed_police"):
        story.expect_told(f"{force}_handler", story.the("demand_collection", force), "assigned")
    assert len(story.at("2026-07-01 09:00").find("demand_collection")) == 2  # it ended on 30 June


def test_only_what_is_taken_becomes_a_dual_list_item_of_the_proposed_doer(collected: Story) -> None:
    story = collected
    story.expect_refused(NotAllowed, "subdistrict_handler", "sort", collection(story), rows={"demands": []})
    assert story.find("dual_list_item") == []
    triaged(story, "taken", "declined", "taken")
    first, second = story.find("dual_list_item")
    assert (first, second) == (
        story.the("dual_list_item", "chenguang"),
        story.the("dual_list_item", "education"),
    )
    garrison = unit_id(story, "subdistrict")
    for item, (what, doer) in ((first, WANTED[0]), (second, WANTED[2])):
        assert story.task(item).parties == {"doer": unit_id(story, doer), "asker": garrison}
        assert story.task(item).facts["content"] == what
        story.expect_due(item, "2026-04-30 23:59")
        story.expect_told(f"handler of {doer}", item, "assigned")

    settles(story, second, "education")
    story.expect_state(collection(story), "following")
    settles(story, first, "chenguang")
    story.expect_state(collection(story), "closed")
    assert [row["closed"] for row in story.rows(collection(story), "demands")] == [True, False, True]


def test_where_nothing_is_taken_there_is_nothing_to_follow(collected: Story) -> None:
    triaged(collected, "declined", "declined", "declined")
    collected.expect_state(collection(collected), "closed")
    assert collected.find("dual_list_item") == []


def test_a_force_that_hands_nothing_in_comes_on_its_dispatch(campaign: Begun) -> None:
    story = campaign("2026-04-01 09:00")
    late = story.the("demand_collection", "armed_police")
    story.at("2026-04-16 23:59").expect_light(late, "blue")  # the tenth working day, Qingming left out
    story.at("2026-04-17 00:00").expect_light(late, "yellow")
    assert late in story.concerns(story.find("dispatch", "armed_police")[-1])
    story.does("armed_police_handler", "hand_in", late, rows={"demands": []})
    story.expect_light(late, "green")
