"""From an event to a reader: the engine leaves it, the office sends it by Postfix, and hears of it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from notifier.channel import Channel
from notifier.notices import write_notices
from notifier.store import addresses
from tests.e2e.conftest import Measured
from tests.e2e.mail_peers import DOMAIN, FULL, MailPeers, parsed
from tests.e2e.processes import until
from tests.e2e.sending import mail_to, receipts, smpp_to
from tests.e2e.text_peers import TextPeers
from tests.offices import House, Peer
from tests.stories.teller import Story
from tests.test_reading import PACK, handed_out
from workflow.clock import VirtualClock
from workflow.definition import load_pack

pytestmark = pytest.mark.e2e
READER, OVER_QUOTA = "handler of beiwan", "handler of wanghe"
NUMBER = "13900000301"


@pytest.fixture
def story(sqlite_url: str) -> Iterator[Story]:
    """The campaign's first morning: everything has been handed out, nobody has been told yet."""
    story = handed_out(sqlite_url, load_pack(PACK))
    yield story
    story.close()


@pytest.fixture
def house(story: Story, mail: MailPeers, texts: TextPeers) -> Iterator[House]:
    """The office of that database, with the real peers. Two handlers can be reached."""
    channels: list[Channel] = [mail_to(mail), smpp_to(texts)]
    for channel in channels:
        receipts(channel)  # those of tests before this one
    reader, over_quota = story.person(READER), story.person(OVER_QUOTA)
    with story.port.write("people") as tx:
        addresses.put_address(tx, reader, "mail", f"reader@{DOMAIN}", 0, story.now)
        addresses.put_address(tx, over_quota, "mail", f"{FULL}@{DOMAIN}", 0, story.now)
        addresses.put_address(tx, over_quota, "sms", NUMBER, 1, story.now)
    house = House(
        port=story.port,
        clock=VirtualClock(story.now),
        mail=cast(Peer, channels[0]),
        sms=cast(Peer, channels[1]),
        writer=write_notices,
    )
    yield house
    house.dies()


def settled(house: House, person: int, kind: str, *states: str) -> dict[str, Any]:
    """A person's delivery of that kind, once it stands in one of these states; the daemon rings on."""

    def found() -> dict[str, Any] | None:
        house.ring(1_000)
        own = [one for one in house.deliveries() if (one["person_id"], one["kind"]) == (person, kind)]
        return next((one for one in own if one["status"] in states), None)

    return until(f"a delivery by {kind} that is {' or '.join(states)}", found)


def test_what_is_handed_out_is_read_by_its_handler(
    house: House, story: Story, mail: MailPeers, measured: Measured
) -> None:
    one = settled(house, story.person(READER), "mail", "accepted")
    raw = mail.arrived("reader", one["message_id"])
    assert parsed(raw)["Message-ID"] == one["message_id"]
    assert parsed(raw).get_body(("html",)) is not None
    told = [ident for ident, into in house.told().items() if one["id"] in into]
    measured(
        f"the first morning of a campaign: the engine left {len(told)} notices for a handler, the office "
        f"sent them in one mail (`{one['status']}`), and it lies in the handler's mailbox"
    )


def test_who_cannot_be_reached_by_mail_is_told_by_text(
    house: House, story: Story, texts: TextPeers, measured: Measured
) -> None:
    person = story.person(OVER_QUOTA)
    bounced = settled(house, person, "mail", "bounced")
    text = settled(house, person, "sms", "delivered")
    assert text["instead_of"] == bounced["id"]
    assert texts.arrived(f"86{NUMBER}")["text"]
    measured(
        "a handler whose mailbox is full: the mail is accepted, Postfix's report makes it `bounced`, a text "
        f"message goes out in its place by SMPP, and the centre's report makes that `{text['status']}`"
    )
