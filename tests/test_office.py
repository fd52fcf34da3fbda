"""The office: what is left is told once, on a way that works, and what came of it is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from notifier.channel import Outcome
from tests.offices import HOUR, MINUTE, NOON, REFUSED, SECOND, House
from tests.storing import Counting, opened
from workflow.text import Text

WHY = Text("稍后", "later")


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    with opened(database_url) as port:
        house = House(port=port)
        yield house
        house.dies()


def test_a_notice_leaves_at_once_and_is_accepted(house: House) -> None:
    wang = house.person("wang")
    (left,) = house.leaves(wang)
    ran = house.ring()
    assert (ran.taken, ran.written, ran.sent) == (1, 1, 1)
    (one,) = house.deliveries()
    assert (one["status"], one["accepted_at"], one["reference"]) == ("accepted", NOON, f"ref-{one['id']}")
    assert house.told() == {left: [one["id"]]}
    assert house.outgoing() == {left: "taken"}
    ((address, message_id, body),) = house.mail.accepted
    assert (address, message_id, body) == ("wang@example.org", one["message_id"], house.body(one["id"]))


def test_nothing_is_told_twice(house: House) -> None:
    house.leaves(house.person("wang"))
    house.ring()
    house.ring(HOUR)
    house.dies()
    house.ring(HOUR)
    assert len(house.mail.accepted) == 1


def test_ten_at_one_instant_are_one_message(house: House) -> None:
    wang = house.person("wang")
    house.leaves(*[wang] * 10)
    house.ring()
    house.ring(HOUR)
    assert len(house.mail.accepted) == 1
    assert len(house.told()) == 10


def test_ten_within_five_minutes_are_two_messages(house: House) -> None:
    wang = house.person("wang")
    for _ in range(10):
        house.leaves(wang)
        house.ring(20 * SECOND)
    house.ring(5 * MINUTE)
    house.ring(HOUR)
    assert len(house.mail.accepted) == 2
    assert sorted(len(one) for one in house.told().values()) == [1] * 10


def test_after_downtime_there_is_one_message_for_each_person(house: House) -> None:
    people = [house.person("wang"), house.person("zhao")]
    for _ in range(5):
        house.leaves(*people)
        house.clock.advance(HOUR // 2)
    house.ring()
    assert len(house.mail.accepted) == 2


def test_quiet_hours_wait_for_the_morning(house: House) -> None:
    wang = house.person("wang")
    house.clock.advance(10 * HOUR)  # 22:00
    house.leaves(wang)
    assert house.ring().written == 0
    assert house.ring(9 * HOUR).written == 0  # 07:00
    assert house.ring(HOUR // 2).sent == 1  # 07:30


def test_what_was_due_while_nothing_ran_keeps_quiet_hours_too(house: House) -> None:
    wang = house.person("wang")
    house.leaves(wang)
    house.mail.script = lambda _parcel: Outcome.later(WHY, code="451")
    house.ring()
    house.mail.script = lambda _parcel: None
    house.ring(11 * HOUR)  # 23:00
    assert house.mail.accepted == []
    house.ring(8 * HOUR + HOUR // 2)  # 07:30
    assert len(house.mail.accepted) == 1


def test_what_is_refused_goes_another_way_and_says_for_which(house: House) -> None:
    house.leaves(house.person("wang", sms="13800000000"))
    house.mail.script = lambda _parcel: REFUSED
    house.ring()
    first, second = house.deliveries()
    assert (first["status"], second["status"]) == ("given_up", "accepted")
    assert (second["channel"], second["instead_of"]) == ("sms", first["id"])
    assert [address for address, *_ in house.sms.accepted] == ["13800000000"]


def test_what_has_no_way_left_reaches_nobody_and_operators_hear_of_it(house: House) -> None:
    operator, wang = house.person("operator"), house.person("wang")
    house.with_settings(operators=("operator",))
    (left,) = house.leaves(wang)
    house.mail.script = lambda parcel: REFUSED if parcel.address.startswith("wang") else None
    house.ring()
    assert house.outgoing() == {left: "nobody"}
    house.ring(SECOND)
    (report,) = [one for one in house.deliveries() if one["about"] == "report"]
    assert (report["person_id"], report["status"]) == (operator, "accepted")
    house.leaves(None)
    house.ring(MINUTE)
    house.ring(MINUTE)
    assert len([one for one in house.deliveries() if one["about"] == "report"]) == 1, "one an hour at most"
    house.ring(HOUR)
    assert len([one for one in house.deliveries() if one["about"] == "report"]) == 2


def test_a_vacant_role_reaches_nobody(house: House) -> None:
    (left,) = house.leaves(None)
    assert house.ring().nobody == 1
    assert house.outgoing() == {left: "nobody"}


def test_information_can_be_switched_off_and_formal_notices_can_not(house: House) -> None:
    from notifier.store import addresses

    wang = house.person("wang")
    with house.port.write("people") as tx:
        addresses.switch_off(tx, wang, "notices", "link", NOON)
    (formal,) = house.leaves(wang)
    (information,) = house.leaves(wang, reason="copied")
    house.ring()
    assert house.outgoing() == {formal: "taken", information: "off"}
    assert len(house.mail.accepted) == 1


def test_who_is_asked_to_come_later_does_and_is_given_up_in_the_end(house: House) -> None:
    house.leaves(house.person("wang"))
    house.mail.script = lambda _parcel: Outcome.later(WHY, code="451")
    house.ring()
    (one,) = house.deliveries()
    assert (one["status"], one["tries"]) == ("waiting", 1)
    assert one["due_at"] > NOON
    for _ in range(60):
        house.ring(HOUR)
    (one,) = house.deliveries()
    assert one["status"] == "given_up"
    assert house.tries() == ["later"] * one["tries"]


def test_wrong_credentials_pause_the_channel_and_leave_the_message_its_tries(house: House) -> None:
    house.leaves(house.person("wang"), house.person("zhao", mail=None, sms="13800000001"))
    house.mail.script = lambda _parcel: Outcome.unauthorised(WHY, code="535")
    house.ring()
    mail, sms = house.deliveries()
    assert (mail["status"], mail["tries"], sms["status"]) == ("waiting", 0, "accepted")
    house.mail.script = lambda _parcel: None
    house.ring(HOUR)
    assert house.mail.accepted == [], "it pauses until somebody resumes it"
    from notifier.handling import resume_channel

    resume_channel(house.port, "mail", "operator", house.clock.now())
    house.ring()
    assert len(house.mail.accepted) == 1


def test_a_peer_that_is_away_rests_the_channel_and_burns_no_tries(house: House) -> None:
    house.leaves(*[house.person(f"p{n}") for n in range(20)])
    house.mail.script = lambda _parcel: Outcome.unreachable(WHY)
    house.ring()
    assert len(house.tries()) <= 4, "each session finds out by itself, the others are not tried"
    assert {(one["status"], one["tries"]) for one in house.deliveries()} == {("waiting", 0)}
    before = len(house.tries())
    house.ring(SECOND)
    assert len(house.tries()) == before, "it rests"
    house.mail.script = lambda _parcel: None
    house.ring(MINUTE)
    assert len(house.mail.accepted) == 20


def test_an_unknown_outcome_is_sent_again_as_it_was_and_counted(house: House) -> None:
    house.leaves(house.person("wang"))
    house.mail.script = lambda _parcel: Outcome.unknown(WHY)
    house.ring()
    house.mail.script = lambda _parcel: None
    house.ring(MINUTE)
    (one,) = house.deliveries()
    assert (one["status"], one["unknowns"]) == ("accepted", 1)
    assert len(house.mail.handed) == 2
    assert len(set(house.mail.handed)) == 1, "the same Message-ID, the same bytes"


def test_a_program_error_in_one_channel_stops_no_other(house: House) -> None:
    def breaks(_parcel: object) -> Outcome:
        raise RuntimeError("a defect")

    house.leaves(house.person("wang"), house.person("zhao", mail=None, sms="13800000001"))
    house.mail.script = breaks
    house.ring()
    assert [one["status"] for one in house.deliveries()] == ["unknown", "accepted"]


def test_a_storm_takes_no_more_statements_than_its_batches(database_url: str) -> None:
    few, many = _statements(database_url, 20), _statements(database_url, 180)
    assert few == many


def _statements(url: str, count: int) -> int:
    probe = Counting()
    with opened(url, probe=probe) as port:
        house = House(port=port)
        house.leaves(*[house.person(f"q{count}-{n}") for n in range(count)])
        house.with_settings(record=1_000, gather_outcomes=5.0)
        probe.clear()
        house.ring()
        assert len(house.mail.accepted) == count
        house.dies()
        return probe.total
