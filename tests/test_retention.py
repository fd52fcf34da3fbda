"""What was sent long ago loses its words and addresses, and keeps what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from notifier.channel import Outcome
from notifier.retention import DAY_MS, Forgetting
from notifier.store.links import LINK
from notifier.store.segments import SEGMENT
from tests.offices import HOUR, MINUTE, House
from tests.storing import opened
from workflow.store.sql import Statement
from workflow.text import Text


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    with opened(database_url) as port:
        house = House(port=port)
        yield house
        house.dies()


def forgets(house: House, days: int = 0) -> int:
    house.clock.advance(days * DAY_MS)
    return Forgetting(house.port, kept_days=30).run_once(house.clock.now())


def test_words_and_addresses_are_forgotten_once_they_are_old(house: House) -> None:
    house.leaves(house.person("wang"))
    house.ring()
    assert forgets(house, 29) == 0
    assert house.body(house.deliveries()[0]["id"])
    assert forgets(house, 2) == 1
    (one,) = house.deliveries()
    assert (one["body"], one["address"]) == (None, "")
    assert (one["status"], len(one["digest"]), one["tries"]) == ("accepted", 64, 1)
    assert forgets(house) == 0, "once is enough"


def test_what_has_not_left_yet_is_kept_however_old_it_is(house: House) -> None:
    house.mail.script = lambda _parcel: Outcome.unauthorised(Text("密码不对", "wrong password"))
    house.leaves(house.person("wang"))
    house.ring()
    assert forgets(house, 400) == 0
    assert house.body(house.deliveries()[0]["id"])


def test_many_are_forgotten_a_bounded_number_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifier.retention.BATCH", 2)
    monkeypatch.setattr("notifier.retention._BATCHES", 2)
    house.leaves(*(house.person(f"p{n}") for n in range(5)))
    house.ring()
    house.clock.advance(60 * DAY_MS)
    forgetting = Forgetting(house.port, kept_days=30)
    assert forgetting.run_once(house.clock.now()) == 4
    assert forgetting.run_once(house.clock.now() + MINUTE) == 1, "there was more to do: it goes on at once"
    assert forgetting.run_once(house.clock.now() + 2 * MINUTE) == 0


def test_segments_of_texts_are_forgotten_with_them(house: House) -> None:
    house.leaves(house.person("wang", mail=None, sms="13800000000"))
    house.sms.script = lambda _parcel: Outcome.accepted(reference="a b")
    house.ring()
    assert _count(house, SEGMENT) == 2
    assert forgets(house, 60) == 1
    assert _count(house, SEGMENT) == 0


def test_links_that_expired_long_ago_are_deleted(house: House) -> None:
    with house.port.write("clock") as tx:
        now = house.clock.now()
        rows = [(n, f"{n:064}", 1, 1, "sign", 1, None, now, now + HOUR, None, None) for n in (1, 2)]
        tx.insert(LINK, rows)
    forgets(house, 1)
    assert _count(house, LINK) == 2
    forgets(house, 60)
    assert _count(house, LINK) == 0


def _count(house: House, table: Any) -> int:
    with house.port.read() as tx:
        (row,) = tx.all(Statement(select(func.count()).select_from(table)))
    return int(row[0])
