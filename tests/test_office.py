"""The office: what is left is told once, on a way that works, and what came of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from notifier.channel import Outcome, Receipt
from notifier.handling import Which, drop, hold, pause_channel, release, resume_channel, retry
from notifier.office_settings import Budget
from notifier.store import addresses
from tests.offices import HOUR, MINUTE, NOON, REFUSED, SECOND, House
from tests.storing import Counting, opened
from workflow.errors import Unknown
from workflow.store import organisation
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
    house.ring(SECOND)
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
        people = [house.person(f"q{count}-{n}") for n in range(count)]
        house.leaves(house.person(f"first-{count}"))
        house.with_settings(record=1_000, gather_outcomes=5.0)
        house.ring()
        house.leaves(*people)
        probe.clear()
        house.ring()
        assert len(house.mail.accepted) == count + 1
        house.dies()
        return probe.total


# --- receipts ---------------------------------------------------------------------------------------


def test_a_receipt_says_that_it_arrived(house: House) -> None:
    house.leaves(house.person("wang", mail=None, sms="13800000000"))
    house.ring()
    (one,) = house.deliveries()
    house.sms.waiting = [Receipt(reference=one["reference"], end="delivered")]
    assert house.ring(SECOND).receipts == 1
    (one,) = house.deliveries()
    assert (one["status"], house.sms.waiting) == ("delivered", [])


def test_a_bounce_marks_the_address_and_goes_another_way(house: House) -> None:
    wang = house.person("wang", sms="13800000000")
    house.leaves(wang)
    house.ring()
    (one,) = house.deliveries()
    house.mail.waiting = [Receipt(reference=one["message_id"], end="bounced", why=WHY)]
    house.ring(SECOND)
    house.ring(SECOND)
    first, second = house.deliveries()
    assert (first["status"], second["status"], second["channel"]) == ("bounced", "accepted", "sms")
    with house.port.read() as tx:
        broken = [one.broken_at is not None for one in addresses.addresses_of(tx, [wang])[wang]]
    assert broken == [True, False]
    house.leaves(wang)
    house.ring(HOUR)
    assert house.deliveries()[-1]["channel"] == "sms", "a broken address is not tried again"


@pytest.mark.parametrize(
    ("code", "is_dead"),
    [
        ("5.1.1", True),
        ("5.2.1", True),
        ("5.0.0", True),
        ("550", True),
        ("", True),
        ("5.7.1", False),
        ("5.2.2", False),
        ("5.3.4", False),
        ("4.4.7", False),
        ("UNDELIV 001", True),
        ("EXPIRED 000", False),
        ("DELETED", False),
        ("REJECTD 012", False),
    ],
)
def test_an_address_that_dislikes_one_message_is_still_told_the_next(
    house: House, code: str, is_dead: bool
) -> None:
    """A full box, a message taken for spam, a server that was away: the mailbox is there."""
    wang = house.person("wang", sms="13800000000")
    house.leaves(wang)
    house.ring()
    (one,) = house.deliveries()
    house.mail.waiting = [Receipt(reference=one["message_id"], end="bounced", why=WHY, code=code)]
    house.ring(SECOND)
    house.ring(SECOND)
    assert [one["status"] for one in house.deliveries()] == ["bounced", "accepted"]
    house.leaves(wang)
    house.ring(HOUR)
    assert house.deliveries()[-1]["channel"] == ("sms" if is_dead else "mail")


@pytest.mark.parametrize(("code", "is_dead"), [("550", True), ("550 5.1.1", True), ("550 5.7.1", False)])
def test_a_refusal_that_is_not_about_the_mailbox_breaks_no_address(
    house: House, code: str, is_dead: bool
) -> None:
    wang = house.person("wang", sms="13800000000")
    house.leaves(wang)
    house.mail.script = lambda _parcel: Outcome.refused(WHY, code=code)
    house.ring()
    with house.port.read() as tx:
        broken = [one.broken_at is not None for one in addresses.addresses_of(tx, [wang])[wang]]
    assert broken == [is_dead, False]


def test_a_receipt_settles_an_unknown_outcome_without_sending_again(house: House) -> None:
    house.leaves(house.person("wang"))
    house.mail.script = lambda _parcel: Outcome.unknown(WHY)
    house.ring()
    (one,) = house.deliveries()
    house.mail.waiting = [Receipt(reference=one["message_id"], end="delivered")]
    house.ring(SECOND)
    house.ring(HOUR)
    assert [one["status"] for one in house.deliveries()] == ["delivered"]
    assert len(house.mail.accepted) == 1


def test_a_receipt_of_somebody_elses_message_is_passed_over(house: House) -> None:
    house.mail.waiting = [Receipt(reference="<other@example.org>", end="bounced", why=WHY)]
    assert house.ring().receipts == 0
    assert house.mail.waiting == []


# --- budgets and operators --------------------------------------------------------------------------


def test_operators_hear_of_what_fails_beside_the_notifier_once(house: House) -> None:
    house.person("operator")
    house.with_settings(operators=("operator",))
    asked: list[int] = []

    def failures(_tx: object, since: int) -> list[Text]:
        asked.append(since)
        return [Text("某处已停用", "something is disabled")] if since == 0 else []

    house.failures = failures
    house.ring()
    house.ring(SECOND)
    house.ring(HOUR)
    assert asked == [0, NOON]
    assert ["某处已停用".encode() in body for _, _, body in house.mail.accepted] == [True]


def test_what_is_over_its_budget_goes_by_mail_and_says_so(house: House) -> None:
    people = [house.person(f"s{n}", mail=None, sms=f"1380000000{n}") for n in range(3)]
    with house.port.write("people") as tx:
        for person in people:
            addresses.put_address(tx, person, "mail", f"s{person}@example.org", 5, NOON)
    house.with_settings(budgets={"sms": Budget(day=2)})
    house.leaves(*people)
    house.ring()
    house.ring(SECOND)
    assert (len(house.sms.accepted), len(house.mail.accepted)) == (2, 1)
    (over,) = house.deliveries("given_up")
    assert "sms" in over["why"]
    (instead,) = [one for one in house.deliveries() if one["instead_of"] is not None]
    assert (instead["instead_of"], instead["channel"]) == (over["id"], "mail")
    house.leaves(people[0])
    house.ring(HOUR)
    assert len(house.sms.accepted) == 2, "the day is spent: what is new goes by mail at once"
    assert len(house.deliveries("given_up")) == 1
    house.clock.advance(24 * HOUR)
    house.leaves(people[0])
    house.ring()
    assert len(house.sms.accepted) == 3, "another day"


def test_a_retry_is_counted_once(house: House) -> None:
    house.person("wang", mail=None, sms="13800000000")
    house.with_settings(budgets={"sms": Budget(number=1)})
    house.leaves(1)
    house.sms.script = lambda _parcel: Outcome.later(WHY)
    house.ring()
    house.sms.script = lambda _parcel: None
    house.ring(MINUTE)
    assert len(house.sms.accepted) == 1


def test_a_channel_that_a_person_stops_sends_nothing_and_others_step_in(house: House) -> None:
    house.leaves(house.person("wang", sms="13800000000"), house.person("zhao"))
    pause_channel(house.port, "mail", "operator", WHY, house.clock.now())
    house.ring()
    assert (len(house.mail.accepted), len(house.sms.accepted)) == (0, 1)
    resume_channel(house.port, "mail", "operator", house.clock.now())
    house.ring(SECOND)
    assert len(house.mail.accepted) == 1
    with pytest.raises(Unknown):
        resume_channel(house.port, "mail", "operator", house.clock.now())


def test_operators_hold_release_drop_and_retry(house: House) -> None:
    house.leaves(*[house.person(f"p{n}") for n in range(3)])
    house.mail.script = lambda _parcel: Outcome.later(WHY)
    house.ring()
    first, second, third = (one["id"] for one in house.deliveries())
    now = house.clock.now()
    assert hold(house.port, Which(ids=[first, second]), "operator", "not yet", now) == 2
    assert drop(house.port, Which(ids=[second]), "operator", "overtaken by events", now) == 1
    house.mail.script = lambda _parcel: None
    house.ring(MINUTE)
    assert [one["status"] for one in house.deliveries()] == ["held", "dropped", "accepted"]
    assert release(house.port, Which(status="held"), "operator", house.clock.now()) == 1
    house.ring()
    assert [one["status"] for one in house.deliveries()] == ["accepted", "dropped", "accepted"]
    assert retry(house.port, Which(ids=[first, second, third]), "operator", house.clock.now()) == 0
    assert drop(house.port, Which(), "operator", "everything", house.clock.now()) == 0


def test_a_message_that_was_given_up_is_sent_again_with_the_same_bytes(house: House) -> None:
    house.leaves(house.person("wang"))
    house.mail.script = lambda _parcel: REFUSED
    house.ring()
    (before,) = house.deliveries("given_up")
    house.mail.script = lambda _parcel: None
    assert retry(house.port, Which(ids=[before["id"]]), "operator", house.clock.now()) == 1
    house.ring()
    ((_, message_id, body),) = house.mail.accepted
    assert (message_id, body) == (before["message_id"], house.body(before["id"]))


# --- time -------------------------------------------------------------------------------------------


def test_with_a_ring_each_second_a_notice_is_accepted_within_five(house: House) -> None:
    people = [house.person(f"p{n}") for n in range(20)]
    for person in people:
        house.leaves(person)
        house.ring(SECOND)
    for one in house.deliveries():
        assert one["accepted_at"] - one["created_at"] <= 5 * SECOND
    assert len(house.mail.accepted) == 20


def test_a_channel_that_hangs_delays_no_other(house: House) -> None:
    answers = Event()

    def hangs(_parcel: object) -> None:
        answers.wait()

    house.with_settings(patience=0.05)
    house.leaves(house.person("wang"))
    house.mail.script = hangs
    house.ring()
    house.leaves(house.person("zhao", mail=None, sms="13800000001"))
    house.ring(SECOND)
    assert len(house.sms.accepted) == 1
    answers.set()
    for _ in range(100):
        if house.ring(SECOND).sent:
            break
    assert [one["status"] for one in house.deliveries()] == ["accepted", "accepted"]
    assert len(house.mail.accepted) == 1


def test_a_storm_of_ten_thousand_is_drained(house: House) -> None:
    with house.port.write("people") as tx:
        people = [organisation.add_person(tx, f"r{n}", WHY) for n in range(100)]
        for person in people:
            addresses.put_address(tx, person, "mail", f"r{person}@example.org", 0, NOON)
    left = house.leaves(*people * 100)
    ran = house.ring()
    assert (ran.taken, ran.sent) == (10_000, 100)
    assert house.told().keys() == set(left)


def test_a_text_of_two_segments_has_arrived_when_both_have(house: House) -> None:
    house.leaves(house.person("wang", mail=None, sms="13800000000"))
    house.sms.script = lambda _parcel: Outcome.accepted(reference="a b")
    house.ring()
    house.sms.waiting = [Receipt(reference="a", end="delivered")]
    house.ring(SECOND)
    assert [one["status"] for one in house.deliveries()] == ["accepted"]
    house.sms.waiting = [Receipt(reference="b", end="delivered")]
    house.ring(SECOND)
    assert [one["status"] for one in house.deliveries()] == ["delivered"]
