"""Addresses, wishes, and what an operator reads, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from notifier import doctor, handling, reading, screens
from notifier.handling import Which
from notifier.store import addresses
from notifier.store.addresses import NO_MANNER, Manner
from notifier.store.deliveries import NewDelivery, draw_deliveries, new_deliveries
from tests.stories.teller import Story
from tests.storing import Counting, opened
from workflow.definition import Pack, load_pack
from workflow.text import Text

from .test_reading import PACK, handed_out, looking

WHO = "handler of beiwan"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    story = handed_out(database_url, pack)
    yield story
    story.close()


def test_an_address_is_kept_once_and_the_first_rank_is_tried_first(story: Story) -> None:
    person = story.person(WHO)
    with story.port.write("people") as tx:
        assert addresses.put_address(tx, person, "mail", "a@example.org", 2, 10)
        assert addresses.put_address(tx, person, "sms", "13800000000", 1, 10)
        assert not addresses.put_address(tx, person, "mail", "a@example.org", 0, 20)
        found = addresses.addresses_of(tx, [person])[person]
        assert [(one.kind, one.rank) for one in found] == [("mail", 0), ("sms", 1)]
        assert addresses.remove_address(tx, person, "mail", "a@example.org")
        assert not addresses.remove_address(tx, person, "mail", "a@example.org")
        assert addresses.addresses_of(tx, [person + 999]) == {}


def test_wishes_and_what_is_switched_off_are_kept(story: Story) -> None:
    person = story.person(WHO)
    with story.port.write("people") as tx:
        for wish in (Manner(quiet_from=0, quiet_to=60, workdays_only=False, digest_at=480), NO_MANNER):
            addresses.put_manner(tx, person, wish)
            assert addresses.manners_of(tx, [person]) == {person: wish}
        assert addresses.switch_off(tx, person, "notices", "command", 1)
        assert addresses.switch_off(tx, person, "digest:daily", "link", 1)
        assert not addresses.switch_off(tx, person, "notices", "link", 2)
        assert addresses.switched_off(tx, [person]) == {person: ("digest:daily", "notices")}
        assert addresses.switch_on(tx, person, "notices")
        assert not addresses.switch_on(tx, person, "notices")


def test_whoever_holds_a_post_and_has_no_address_is_known(story: Story) -> None:
    with story.port.write("people") as tx:
        before = addresses.without_address(tx, story.now)
        assert "beiwan_handler" in before
        assert addresses.address_everybody(tx, "folder", story.now) >= len(before)
        assert addresses.without_address(tx, story.now) == []
        assert addresses.address_everybody(tx, "folder", story.now) == 0


def messages(story: Story, count: int) -> list[int]:
    with story.port.write("clock") as tx:
        ids = list(draw_deliveries(tx, count))
        rows = [
            NewDelivery(
                id=ident,
                person_id=1,
                channel="post",
                kind="mail",
                address="wang@example.org",
                language="zh",
                class_="formal",
                about="notice",
                due_at=story.now,
                created_at=story.now,
                message_id=f"<d{ident}@x>",
                body=b"text",
            )
            for ident in ids
        ]
        new_deliveries(tx, rows)
    return ids


def test_operators_act_on_what_they_name(story: Story) -> None:
    first, second, third = messages(story, 3)
    port, now = story.port, story.now
    assert handling.hold(port, Which(ids=[first, second]), "me", "核对", now) == 2
    assert handling.release(port, Which(ids=[second]), "me", now) == 1
    assert handling.drop(port, Which(ids=[first, third, 99]), "me", "重复", now) == 2
    assert handling.retry(port, Which(status="waiting"), "me", now) == 1
    handling.pause_channel(port, "post", "me", Text("检修", "repair"), now)
    calendar = story.calendar
    with looking(story) as frame:
        found = reading.deliveries(frame, reading.Wanted())
        assert [one.id for one in found.deliveries] == [second]
        (channel,) = reading.channels(frame, ["post"])
        assert (channel.paused_at, channel.counts) == (now, {"waiting": 1})
        shown = reading.delivery(frame, first)
        assert (shown.text, shown.delivery.why) == ("text", Text("me：重复", "me: 重复"))
        assert list(screens.shown(shown, calendar))
        assert "paused channel" in {one.about for one in doctor.findings(frame, ["post"])}


def test_the_number_of_statements_does_not_grow_with_what_is_looked_at(database_url: str, pack: Pack) -> None:
    story = handed_out(database_url, pack)
    counts = []
    for count in (1, 60):
        messages(story, count)
        probe = Counting()
        with opened(database_url, probe) as port, port.read() as tx:
            frame = story.engine.library.frame(tx, story.now)
            probe.clear()
            reading.deliveries(frame, reading.Wanted(limit=500))
            reading.channels(frame, ["post"])
            list(doctor.findings(frame, ["post"]))
            counts.append(probe.total)
    story.close()
    assert counts[0] == counts[1]
