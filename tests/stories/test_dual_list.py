"""双清单: an item is struck off only after the side that asked for it has confirmed."""

from __future__ import annotations

import pytest

from tests.stories.conftest import Begun
from tests.stories.teller import Story
from workflow.errors import NotAllowed, NotNow

FAMILIES = "解决三名随军家属就业"


@pytest.fixture
def asked(campaign: Begun) -> Story:
    """The garrison has asked a district for something, by Friday in a fortnight."""
    story = campaign("2026-03-09 10:00")
    item = story.opens(
        "subdistrict_handler",
        "dual_list_item",
        doer="chenguang",
        asker="subdistrict",
        deadline="2026-03-20",
        facts={"content": FAMILIES},
    )
    story.expect_told("handler of chenguang", item, "assigned")
    story.does("handler of chenguang", "claim", item)
    return story


def finished(story: Story) -> int:
    """The district says that it is done."""
    item = story.the("dual_list_item", "chenguang")
    story.does("handler of chenguang", "finish", item, result="两名已上岗", evidence=1)
    return item


def test_a_dual_list_item_is_struck_off_only_after_the_garrison_confirms(asked: Story) -> None:
    story = asked
    story.at("2026-03-23 09:00").expect_light(story.the("dual_list_item"), "yellow")
    item = finished(story)
    story.expect_told("subdistrict_handler", item, "assigned")
    for who in ("handler of chenguang", "leader of chenguang", "supervisor_one", "bureau_head"):
        story.expect_refused(NotAllowed, who, "confirm_done", item)

    # Two are not three: it goes back, with five working days more, and is late no longer.
    story.expect_refused(NotAllowed, "supervisor_one", "not_yet", item, reason="还差一名")
    story.does("subdistrict_handler", "not_yet", item, reason="还差一名")
    story.expect_state(item, "working")
    story.expect_due(item, "2026-03-30 23:59")
    story.expect_light(item, "green")
    story.expect_refused(NotNow, "subdistrict_handler", "confirm_done", item)

    finished(story)
    story.does("subdistrict_leader", "confirm_done", item)
    story.expect_state(item, "closed")
    story.expect_light(item, "green")


def test_while_the_garrison_looks_the_district_grows_no_later(asked: Story) -> None:
    story = asked
    item = finished(story.at("2026-03-18 09:00"))
    story.at("2026-04-10 09:00").expect_light(item, "green")
    story.expect_told("subdistrict_leader", item, "unconfirmed")
    story.does("subdistrict_handler", "confirm_done", item)
    story.expect_no_episode(item, "late")


def test_only_who_asked_or_the_bureau_puts_something_on_the_list(campaign: Begun) -> None:
    story = campaign()
    with pytest.raises(NotAllowed):
        story.opens(
            "chenguang_handler",
            "dual_list_item",
            doer="chenguang",
            asker="subdistrict",
            deadline="2026-03-20",
        )
    assert story.find("dual_list_item") == []
