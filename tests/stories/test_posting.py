"""From an event to a letter: who hears of it, when, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.offices import REFUSED
from tests.stories.conftest import Tell
from tests.stories.posting import Posting
from workflow.definition import Pack


@pytest.fixture
def post(tell: Tell, self_checks: Pack) -> Iterator[Posting]:
    """A campaign's first morning; everybody has read their letters."""
    posting = Posting(tell(self_checks, at="2026-03-02 08:00"))
    posting.at("2026-03-02 09:00")
    posting.everybody_has_read()
    yield posting
    posting.close()


def test_on_the_first_morning_everybody_whose_turn_it_is_gets_one_letter(
    tell: Tell, self_checks: Pack
) -> None:
    post = Posting(tell(self_checks, at="2026-03-02 08:00"))
    post.at("2026-03-02 09:00")
    told = {one.person_id for one in post.story.unread()}
    assert post.mailed() == {f"{person}@example.org": 1 for person in told}
    assert len(told) > 3
    post.at("2026-03-02 09:10")
    assert sum(post.mailed().values()) == len(told), "nothing is told twice"
    post.close()


def test_what_happens_at_night_is_told_in_the_morning_in_one_letter(post: Posting) -> None:
    """Nobody signs for anything for two working days: the ladder climbs at midnight, people sleep."""
    before = len(post.house.mail.accepted)
    post.at("2026-03-06 22:00")
    post.everybody_has_read()
    post.at("2026-03-20 23:00")
    assert post.house.deliveries("gathering"), "something was left, and waits"
    assert post.mailed() == {}
    post.at("2026-03-21 07:29")
    assert post.mailed() == {}
    post.at("2026-03-21 07:30")
    assert set(post.mailed().values()) == {1}
    assert len(post.house.mail.accepted) > before


def test_who_has_no_address_is_stood_in_for(tell: Tell, self_checks: Pack) -> None:
    """The handler can't be reached: their task falls to the leader, as the definition says."""
    post = Posting(tell(self_checks, at="2026-03-02 08:00"), without=("chenguang_handler",))
    post.at("2026-03-02 09:00")
    post.expect_mailed("leader of chenguang")
    assert "nobody" not in post.house.outgoing().values()
    post.close()


def test_a_leader_whose_mail_bounces_is_stood_in_for_by_the_deputy(tell: Tell, self_checks: Pack) -> None:
    post = Posting(tell(self_checks, at="2026-03-02 08:00"), without=("chenguang_handler",))
    leader = post.story.person("leader of chenguang")

    def script(parcel: Any) -> Any:
        return REFUSED if parcel.address == f"{leader}@example.org" else None

    post.house.mail.script = script
    post.at("2026-03-02 09:00")
    post.at("2026-03-02 09:01")
    post.expect_mailed("deputy leader of chenguang")
    post.expect_mailed("leader of chenguang", letters=0)
    assert "nobody" not in post.house.outgoing().values()
    post.close()
