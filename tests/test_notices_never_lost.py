"""P7: peers and processes that die at every step lose nothing; what may have come twice is counted.

P11: what can't be sent, and a channel whose credentials are wrong, stop nobody else.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from notifier.channel import Outcome, Unwritten
from notifier.content import Content, Envelope, Gathered, Parcel, Site, Unwritable
from notifier.office_settings import Retries
from notifier.store.deliveries import unpacked_body
from tests.offices import MINUTE, SECOND, Death, House, Step, class_of, write_plainly
from tests.storing import opened
from workflow.engine import Frame
from workflow.errors import DatabaseFull
from workflow.text import Text

WHY = Text("断开", "it broke")
LEASE = 15 * MINUTE  # on PostgreSQL another daemon may still be sending until then
STEPS: tuple[Step, ...] = get_args(Step)
PATIENT = Retries(first=SECOND, longest=MINUTE, tries=10_000, life=10**12)
ALWAYS: dict[str, Any] = {"quiet_from": 0, "quiet_to": 0, "window": 0, "retries": PATIENT}


@dataclass
class Fate:
    """When the process dies: at a step of a peer, or at a statement of the database."""

    statement: int | None = None  # so many statements from now
    step: Step | None = None
    struck: int = 0
    full: bool = False  # the disk, as soon as a peer has answered
    begun: bool = False

    def probe(self, _moment: str, _text: str) -> None:
        """Before and after each statement, BEGIN and COMMIT included."""
        if self.full and self.begun:
            raise DatabaseFull("磁盘已满", "the disk is full")
        if self.statement is None:
            return
        self.statement -= 1
        if self.statement < 0:
            self._die()

    def at_step(self, _parcel: Parcel, step: Step) -> None:
        """At each step of the peer."""
        self.begun = self.begun or step == "after"
        if step == self.step:
            self._die()

    def _die(self) -> None:
        self.statement = self.step = None
        self.struck += 1
        raise Death


@pytest.fixture
def fate() -> Fate:
    return Fate()


@pytest.fixture
def house(database_url: str, fate: Fate) -> Iterator[House]:
    with opened(database_url, probe=fate.probe) as port:
        house = House(port=port)
        house.mail.dying = fate.at_step
        house.with_settings(**ALWAYS)
        yield house
        house.dies()


def ring(house: House, after: int = MINUTE) -> None:
    """A ring at which the process may die; then another process starts at the next."""
    try:
        house.ring(after)
    except Death:
        house.dies()


def everything_arrived(house: House, left: list[int]) -> None:
    """Each row was told, each message was accepted, and duplicates are no more than were counted."""
    told, deliveries = house.told(), {one["id"]: one for one in house.deliveries()}
    assert sorted(told) == sorted(left), "lost before it was gathered"
    assert all(len(several) == 1 for several in told.values()), "told twice"
    assert {one["status"] for one in deliveries.values()} == {"accepted"}, "lost on its way"
    came = Counter(message_id for _, message_id, _ in house.mail.accepted)
    kept = {one["message_id"]: unpacked_body(one["body"]) for one in deliveries.values()}
    assert all(kept[message_id] == body for message_id, body in house.mail.handed), "other bytes at a retry"
    for one in deliveries.values():
        assert 1 <= came[one["message_id"]] <= 1 + one["unknowns"], "a duplicate that nobody counted"


@pytest.mark.parametrize(("step", "copies"), [("before", 1), ("between", 2), ("after", 2)])
def test_a_process_that_dies_at_a_step_of_the_protocol(
    house: House, fate: Fate, step: Step, copies: int
) -> None:
    left = house.leaves(house.person("wang"))
    fate.step = step
    ring(house)
    assert fate.struck == 1
    ring(house, LEASE)
    everything_arrived(house, left)
    assert len(house.mail.accepted) == copies
    assert [one["unknowns"] for one in house.deliveries()] == [1]


@pytest.mark.parametrize(
    ("outcome", "copies", "unknowns"),
    [(Outcome.unreachable(WHY), 1, 0), (Outcome.later(WHY, code="421"), 1, 0), (Outcome.unknown(WHY), 2, 1)],
)
def test_a_peer_that_dies_before_or_after_the_message_was_handed_over(
    house: House, outcome: Outcome, copies: int, unknowns: int
) -> None:
    left = house.leaves(house.person("wang"))
    house.mail.script = lambda _parcel: outcome
    house.ring()
    house.mail.script = lambda _parcel: None
    house.ring(MINUTE)
    everything_arrived(house, left)
    assert len(house.mail.accepted) == copies
    assert [one["unknowns"] for one in house.deliveries()] == [unknowns]


def _many_deaths(house: House, fate: Fate, deaths: int, seed: int) -> None:
    chance = random.Random(seed)
    people = [house.person(f"p{n}") for n in range(20)]
    left: list[int] = []
    while fate.struck < deaths:
        left += house.leaves(*chance.sample(people, chance.randint(1, 3)))
        fate.statement = fate.step = None
        if chance.random() < 0.5:
            fate.step = chance.choice(STEPS)
        else:
            fate.statement = chance.randint(1, 120)
        house.mail.script = _moody(chance)
        ring(house)
    fate.statement = fate.step = None
    house.mail.script = lambda _parcel: None
    for _ in range(20):
        ring(house, 10 * MINUTE)
    print({"seed": seed, "deaths": fate.struck, "notices": len(left), "messages": len(house.deliveries())})
    everything_arrived(house, left)


def _moody(chance: random.Random) -> Callable[[Parcel], Outcome | None]:
    """A peer that accepts as a rule, and breaks off now and then."""
    ends = [None] * 6 + [Outcome.unreachable(WHY), Outcome.later(WHY), Outcome.unknown(WHY)]
    drawn = chance.choice(ends)
    return lambda _parcel: drawn


def test_a_hundred_deaths_lose_nothing(house: House, fate: Fate) -> None:
    _many_deaths(house, fate, deaths=100, seed=100)


@pytest.mark.long
def test_two_thousand_deaths_lose_nothing(house: House, fate: Fate) -> None:
    _many_deaths(house, fate, deaths=2_000, seed=random.SystemRandom().randrange(2**32))


def test_a_full_disk_while_an_outcome_is_recorded_loses_nothing(house: House, fate: Fate) -> None:
    left = house.leaves(house.person("wang"))
    fate.full = True  # from the moment at which the peer has answered
    with pytest.raises(DatabaseFull):
        house.ring()
    fate.full = fate.begun = False
    house.ring(MINUTE)
    everything_arrived(house, left)
    assert len(house.mail.accepted) == 1, "the outcome was kept in mind: it is not sent again"


# --- P11 --------------------------------------------------------------------------------------------


def test_a_letter_that_breaks_its_writer_stops_no_other(house: House) -> None:
    def writer(frame: Frame, letters: list[Gathered], site: Site) -> Mapping[int, Content | Unwritable]:
        if any(part.task_id == 666 for letter in letters for part in letter.parts):
            raise ValueError("a poisoned task")
        return write_plainly(frame, letters, site)

    house.writer = writer
    people = [house.person(f"p{n}") for n in range(5)]
    house.leaves(*people)
    (poisoned,) = house.leaves(house.person("wang", sms="13800000000"), task=666)
    for _ in range(4):
        house.ring(SECOND)
    assert len(house.mail.accepted) == 5
    assert house.outgoing()[poisoned] == "nobody", "no channel could take it: operators are told"


def test_an_address_that_cannot_be_written_to_stops_no_other(house: House) -> None:
    def check(_content: Content, envelope: Envelope) -> None:
        if "\n" in envelope.address:
            raise Unwritten(Text("地址有换行", "the address has a line break"))

    house.mail.refuses_to_write = check
    house.leaves(house.person("wang", mail="w\nBcc: x@example.org", sms="13800000000"), house.person("zhao"))
    house.ring()
    house.ring(SECOND)
    assert [address for address, *_ in house.mail.accepted] == ["zhao@example.org"]
    assert [address for address, *_ in house.sms.accepted] == ["13800000000"]


def test_a_row_that_cannot_be_taken_stops_no_other(house: House) -> None:
    def poisoned(reason: str) -> str:
        if reason == "poison":
            raise ValueError("a poisoned row")
        return class_of(reason)

    people = [house.person(f"p{n}") for n in range(9)]
    house.leaves(*people[:4])
    (bad,) = house.leaves(people[4], reason="poison")
    house.leaves(*people[5:])
    object.__setattr__(house.office._desk, "class_of", poisoned)
    house.ring()
    assert house.outgoing()[bad] == "nobody"
    assert len(house.mail.accepted) == 8


def test_a_channel_with_wrong_credentials_stops_no_other_and_poisons_nothing(house: House) -> None:
    house.leaves(*[house.person(f"p{n}") for n in range(5)])
    house.leaves(*[house.person(f"s{n}", mail=None, sms=f"1380000000{n}") for n in range(5)])
    house.mail.script = lambda _parcel: Outcome.unauthorised(WHY, code="535")
    house.ring()
    assert len(house.sms.accepted) == 5
    assert {(one["status"], one["tries"]) for one in house.deliveries() if one["channel"] == "mail"} == {
        ("waiting", 0)
    }
