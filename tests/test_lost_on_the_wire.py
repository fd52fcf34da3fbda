"""P7 on the wire: the office with its own channels, towards servers that die at every step of SMTP and SMPP.

What each step means alone stands in test_mail_smtp.py and test_sms_smpp.py; deaths of the process itself in
test_notices_never_lost.py.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from notifier.content import Content, Gathered, Site
from notifier.mail import MailSettings, mail_channel
from notifier.office_settings import Retries
from notifier.sms import SmppSettings, smpp_channel
from tests import dying_peers, smsc
from tests.offices import HOUR, MINUTE, SECOND, House
from tests.storing import opened
from workflow.engine import Frame

ALWAYS: dict[str, Any] = {
    "quiet_from": 0,
    "quiet_to": 0,
    "window": 0,
    "retries": Retries(first=SECOND, longest=MINUTE, tries=10_000, life=10**12),
}
MAIL_STEPS = [one for one in dying_peers.STEPS if one not in ("starttls", "auth")]  # neither is used here
MOST_RINGS = 20_000


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    with opened(sqlite_url) as port:
        house = House(port=port)
        house.with_settings(**ALWAYS)
        yield house
        house.dies()


def rings_until_all_is_accepted(house: House) -> None:
    """An hour each: long enough for a channel that rests because nobody answered."""
    for _ in range(MOST_RINGS):
        house.ring(HOUR)
        if all(one["status"] == "accepted" for one in house.deliveries()) and house.told():
            return
    raise AssertionError("something is never sent")


def counted(house: House, left: list[int], came: Counter[str], key: str) -> int:
    """Nothing lost, nothing doubled but what was in doubt; how many came twice."""
    assert sorted(house.told()) == sorted(left), "lost before it was gathered"
    for one in house.deliveries():
        assert 1 <= came[one[key]] <= 1 + one["unknowns"], "lost, or a duplicate that nobody counted"
    return came.total() - len(house.deliveries())


def mails_to_a_dying_server(house: House, deaths: int, seed: int) -> None:
    chance = random.Random(seed)
    steps = [chance.choice(MAIL_STEPS) for _ in range(deaths)]
    people = [house.person(f"p{n}") for n in range(12)]
    with dying_peers.dying_smtp(*steps) as (host, port, seen):
        settings = MailSettings.model_validate(
            {"host": host, "port": port, "tls": "none", "sender": "duban@example.org", "timeout": 10.0}
        )
        house.mail = mail_channel("mail", settings)
        house.dies()
        left: list[int] = []
        while len(seen.died) < deaths:
            left += house.leaves(*chance.sample(people, chance.randint(1, 12)))
            house.ring(HOUR)
        rings_until_all_is_accepted(house)
        house.dies()
        doubled = counted(house, left, Counter(seen.ids()), "message_id")
        assert sorted(seen.died) == sorted(steps)
        assert doubled <= sum(step in ("dot", "reply", "half") for step in steps)
        print({"seed": seed, "deaths": deaths, "messages": len(house.deliveries()), "twice": doubled})


def test_a_mail_server_that_dies_a_hundred_times_loses_nothing(house: House) -> None:
    mails_to_a_dying_server(house, deaths=100, seed=7)


@pytest.mark.long
def test_a_mail_server_that_dies_2000_times_loses_nothing(house: House) -> None:
    mails_to_a_dying_server(house, deaths=2_000, seed=random.SystemRandom().randrange(2**32))


def in_short(_frame: Frame, letters: list[Gathered], _site: Site) -> dict[int, Content]:
    """Texts that say which delivery they are: long ones, of several segments, among them."""
    return {
        one.delivery_id: Content(
            language="zh",
            subject="督办",
            text="督办",
            phrases=(f"第{one.delivery_id}件。" + "请尽快办理。" * (20 * (one.delivery_id % 2)),),
        )
        for one in letters
    }


def texts_to_a_dying_centre(house: House, deaths: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    steps: list[smsc.Step] = [chance.choice(smsc.STEPS) for _ in range(deaths)]
    people = [house.person(f"p{n}", mail=None, sms=f"1380000{n:04}") for n in range(12)]
    monkeypatch.setenv("SMSC_PASSWORD", "once")
    house.writer = in_short
    with smsc.smsc(list(steps)) as centre:
        given = {"kind": "smpp", "host": "127.0.0.1", "port": centre.port, "signature": "督办"}
        given |= {"system_id": "duban", "password": "env:SMSC_PASSWORD", "timeout": 10.0, "receipt_wait": 0.2}
        house.sms = smpp_channel("sms", SmppSettings.model_validate(given))
        house.dies()
        left: list[int] = []
        while centre.dies:
            left += house.leaves(*chance.sample(people, chance.randint(1, 12)))
            house.ring(HOUR)
        rings_until_all_is_accepted(house)
        house.dies()
        texts = [text.partition("第")[2].partition("件")[0] for text in centre.texts()]
        came = Counter({int(ident): count for ident, count in Counter(texts).items()})
        doubled = counted(house, left, came, "id")  # type: ignore[arg-type]
        print({"seed": seed, "deaths": deaths, "messages": len(house.deliveries()), "twice": doubled})


def test_a_message_centre_that_dies_a_hundred_times_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts_to_a_dying_centre(house, 100, 7, monkeypatch)


@pytest.mark.long
def test_a_message_centre_that_dies_2000_times_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts_to_a_dying_centre(house, 2_000, random.SystemRandom().randrange(2**32), monkeypatch)
