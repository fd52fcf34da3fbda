"""What is told once a day or week: numbered, to whom it concerns, and once after downtime."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from notifier.digests import Digests, DigestsRan
from notifier.store import addresses
from notifier.store.addresses import Manner
from tests.digesting import Sheet, everybody_has_an_address, office, runs, sheets, with_digests
from tests.stories.conftest import Tell, first_morning
from tests.stories.customs import reviews, submits
from tests.stories.teller import Story, instant, local
from workflow.definition import Pack


@dataclass
class Post:
    """A story with digests."""

    story: Story
    digests: Digests

    def at(self, when: str) -> DigestsRan:
        """Time passes until then, and the digests run."""
        self.story.at(when)
        return self.digests.run_once(self.story.now)

    def of(self, who: str, digest: str) -> list[Sheet]:
        """A reader's digests of a series."""
        person = self.story.person(who)
        return [one for one in sheets(self.story.port) if (one.person_id, one.digest) == (person, digest)]

    def wishes(self, who: str, manner: Manner) -> None:
        """How somebody wishes to be told."""
        person = self.story.person(who)
        with self.story.port.write("people") as tx:
            addresses.put_manner(tx, person, manner)


@pytest.fixture
def post(tell: Tell, spring: Pack) -> Post:
    """The first morning of the campaign, everybody with an address."""
    story = first_morning(tell(with_digests(spring)))
    everybody_has_an_address(story.port)
    return Post(story, office(story.port))


def test_the_leader_sees_red_lights_on_monday_and_how_they_came_about(post: Post) -> None:
    story = post.story
    check = story.the("self_check", "chenguang")
    post.at("2026-03-09 08:00")
    (first,) = post.of("leader of bureau", "weekly_overview")
    assert first.number == 1
    assert "首期" in first.text
    assert first.pictures == (), "one digest is no trend"

    story.at("2026-03-10 10:00").does("handler of chenguang", "sign_for", check)
    story.at("2026-03-11 10:00")
    submits(story, "chenguang", check)
    reviews(story, "supervisor_one", check, 60)
    story.expect_light(check, "red")

    post.at("2026-03-16 08:00")
    _, second = post.of("leader of bureau", "weekly_overview")
    assert second.number == 2
    assert "第2期 · 上一期为第1期（3月9日（周一））" in second.text
    assert "晨光区" in second.text
    assert "■ 红灯  " in second.text
    assert "(+1)" in second.text, "against the last digest"
    assert "## 若无人办理" in second.text
    (trend,) = second.pictures
    assert "03-09" in trend
    assert "03-16" in trend


def test_a_leader_sees_their_own_unit_and_a_supervisor_the_whole_campaign(post: Post) -> None:
    post.at("2026-03-09 08:00")
    (own,) = post.of("leader of wanghe", "weekly_overview")
    assert "望河区" in own.text
    assert "晨光区" not in own.text
    (whole,) = post.of("leader of bureau", "weekly_overview")
    assert "望河区" in whole.text
    assert "晨光区" in whole.text


def test_a_handler_is_told_what_waits_and_what_is_late(post: Post) -> None:
    story = post.story
    post.at("2026-03-03 08:00")
    (first,) = post.of("handler of chenguang", "daily_work")
    assert "等我办理（4）" in first.text, "three tasks of creation and a self-check"
    assert first.phrases == ("每日待办 1", "待办4")
    assert all(story.pack.campaign.prefix not in one for one in first.phrases)
    post.at("2026-06-15 08:00")
    last = post.of("handler of chenguang", "daily_work")[-1]
    assert "已逾期" in last.text


def test_an_act_that_waits_for_a_confirmation_waits_for_whoever_confirms(post: Post) -> None:
    story = post.story
    check = story.the("self_check", "chenguang")
    story.at("2026-03-03 09:00").does("handler of chenguang", "sign_for", check)
    story.does("handler of chenguang", "extend", check, until="2026-05-08", reason="材料较多")
    post.at("2026-03-04 08:00")
    one = post.of("supervisor_one", "daily_supervision")[-1]
    assert "等我办理（1）" in one.text
    assert "晨光区" in one.text


def test_a_missing_digest_is_noticed_by_its_number(post: Post) -> None:
    for day in ("03", "04", "05"):
        post.at(f"2026-03-{day} 08:00")
    found = post.of("handler of chenguang", "daily_work")
    assert [one.number for one in found] == [1, 2, 3]
    assert "期号连续" in found[-1].text
    assert "第3期 · 上一期为第2期" in found[-1].text


def test_a_daemon_that_was_down_for_three_days_sends_one_digest(post: Post) -> None:
    post.at("2026-03-03 08:00")
    post.at("2026-03-06 11:00")
    found = post.of("handler of chenguang", "daily_work")
    assert [one.number for one in found] == [1, 2]
    assert [one["nominal"] for one in runs(post.story.port) if one["name"] == "daily_work"] == [
        "2026-03-03 08:00",
        "2026-03-06 08:00",
    ]
    assert post.at("2026-03-06 12:00") == DigestsRan(), "a moment happens once"


def test_with_nothing_to_tell_no_digest_is_sent_and_no_number_is_used(post: Post) -> None:
    story = post.story
    ran = post.at("2026-03-09 08:00")
    assert post.of("leader of leading_group.chenguang", "weekly_referrals") == []
    assert ran.empty
    post.wishes("leader of leading_group.chenguang", Manner(empty_digests=True))
    post.at("2026-03-16 08:00")
    (one,) = post.of("leader of leading_group.chenguang", "weekly_referrals")
    assert one.number == 1
    assert "本期无事项" in one.text
    assert story.now == instant("2026-03-16 08:00")


def test_whoever_switched_it_off_gets_none(post: Post) -> None:
    handler = post.story.person("handler of chenguang")
    with post.story.port.write("people") as tx:
        addresses.switch_off(tx, handler, "digest:daily_work", "link", post.story.now)
    assert post.at("2026-03-03 08:00").off == 1
    assert post.of("handler of chenguang", "daily_work") == []
    assert post.of("handler of wanghe", "daily_work")


def test_a_readers_own_hour_puts_off_the_sending(post: Post) -> None:
    post.wishes("handler of chenguang", Manner(digest_at=9 * 60 + 30))
    post.wishes("handler of wanghe", Manner(quiet_from=7 * 60, quiet_to=10 * 60))
    post.at("2026-03-03 08:00")
    (own,) = post.of("handler of chenguang", "daily_work")
    assert local(own.due_at) == "2026-03-03 09:30"
    (quiet,) = post.of("handler of wanghe", "daily_work")
    assert local(quiet.due_at) == "2026-03-03 10:00"
    (usual,) = post.of("handler of xinhe", "daily_work")
    assert local(usual.due_at) == "2026-03-03 08:00"


def test_while_a_person_must_look_at_the_clock_no_digest_begins(post: Post) -> None:
    post.story.puts_on_hold()
    post.story.doze_until("2026-03-03 08:00")
    assert post.digests.run_once(post.story.now) == DigestsRan()
    post.story.releases_hold("supervisor_one")
    assert post.digests.run_once(post.story.now).made > 0
