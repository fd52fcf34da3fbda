"""What people edit, alike on both databases: units, posts, delegations, calendars, holds, requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.packs import PEOPLE, small_pack
from tests.storing import opened
from workflow.calendar.library import projected_year, published_year
from workflow.definition import Pack
from workflow.engine import Engine
from workflow.errors import Overtaken, Undecidable
from workflow.people import Delegation, Holding
from workflow.store import Port, organisation
from workflow.text import Text

NOW = 10_000


@pytest.fixture
def port(database_url: str) -> Iterator[Port]:
    with opened(database_url) as one:
        yield one


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return small_pack(tmp_path, people=PEOPLE)


@pytest.fixture
def loaded(port: Port, pack: Pack) -> Port:
    Engine(port, salts=lambda: bytes(16)).load(pack, NOW)
    return port


def test_a_pack_is_brought_in_once(port: Port, pack: Pack) -> None:
    engine = Engine(port, salts=lambda: bytes(16))
    first, again = engine.load(pack, NOW), engine.load(pack, NOW + 1)
    assert (first.units, first.people, first.version_is_new) == (3, 2, True)
    assert (again.units, again.people, again.version_is_new) == (0, 0, False)
    with port.read() as tx:
        (campaign,) = organisation.campaigns(tx)
        assert (campaign.name, campaign.label) == ("trial", Text("试点", "Trial"))
        assert organisation.pack_source(tx, campaign.version_id) == pack.source
        assert organisation.pack_source(tx, 99) is None
        units = organisation.unit_ids(tx, ["east", "west", "nowhere"])
        assert set(units) == {"east", "west"}
        assert organisation.units_of_kind(tx, ["bureau", "west", "east"], "region") == sorted(units.values())
        assert {row[1] for row in organisation.units(tx)} == {"bureau", "east", "west"}
        assert [(row[1], row[2]) for row in organisation.persons(tx)] == [("li", "李某"), ("wang", "王某")]


def test_the_stamp_moves_with_what_is_in_force(loaded: Port) -> None:
    with loaded.write("people") as tx:
        before = organisation.stamp(tx)
        organisation.move_organisation(tx, before)
        organisation.new_epoch(tx, "notice", NOW)
        organisation.add_hold(tx, Text("时钟", "clock"), NOW)
        after = organisation.stamp(tx)
    assert int(after.organisation) == int(before.organisation) + 1
    assert (after.epoch, after.held, before.held) == (before.epoch + 1, True, False)


def test_posts_are_held_from_and_until(loaded: Port) -> None:
    with loaded.write("people") as tx:
        east = organisation.unit_ids(tx, ["east"])["east"]
        person = organisation.add_person(tx, "zhao", Text("赵某", "Zhao"))
        assert organisation.person_id(tx, "zhao") == person
        assert organisation.person_id(tx, "nobody") is None
        organisation.add_post(tx, person, "leader", east, 500, NOW, deputy=True)
        assert organisation.posts_of(tx, person) == [("leader", east, 1)]
        assert organisation.end_post(tx, person, "leader", east, 900)
        assert not organisation.end_post(tx, person, "leader", east, 950)  # it had ended
        assert organisation.posts_of(tx, person) == []
        held = organisation.holdings(tx, [east])["leader", east]
    # Held until then: what was decided meanwhile stays explicable.
    assert held == [
        Holding(person_id=person, post="leader", unit_id=east, deputy=True, valid_from=500, valid_to=900)
    ]


def test_a_person_has_a_post_once(loaded: Port) -> None:
    def twice() -> None:
        with loaded.write("people") as tx:
            (east,) = organisation.unit_ids(tx, ["east"]).values()
            person = organisation.add_person(tx, "zhao", Text("赵某", "Zhao"))
            for _ in range(2):
                organisation.add_post(tx, person, "leader", east, 500, NOW)

    with pytest.raises(Overtaken):
        twice()


def test_a_post_needs_its_unit_and_its_person(loaded: Port) -> None:
    """What people edit is held by foreign keys."""
    for person, unit in ((99, 1), (1, 99)):
        with pytest.raises(Undecidable), loaded.write("people") as tx:
            organisation.add_post(tx, person, "leader", unit, 500, NOW)


def test_delegations_past_and_to_come(loaded: Port) -> None:
    with loaded.write("people") as tx:
        li, wang = (organisation.person_id(tx, code) or 0 for code in ("li", "wang"))
        organisation.add_delegation(tx, li, wang, 100, 200, "出差", NOW)
        organisation.add_delegation(tx, li, None, 300, None, "病假", NOW)
        assert organisation.delegations(tx, [li, wang, 99]) == {
            li: [
                Delegation(principal_id=li, delegate_id=wang, valid_from=100, valid_to=200),
                Delegation(principal_id=li, delegate_id=None, valid_from=300, valid_to=None),
            ]
        }
        assert organisation.delegations(tx, []) == {}


def test_the_newest_import_of_a_year_is_in_force(port: Port) -> None:
    projected, published = projected_year(2027), published_year(2026)
    notice = replace(projected, status="published")
    with port.write("people") as tx:
        assert organisation.calendar_years(tx) == {}
        for at, year in enumerate((projected, published, notice)):
            organisation.add_calendar_year(tx, year, at)
        assert organisation.calendar_years(tx) == {2026: published, 2027: notice}


def test_one_hold_stands_at_a_time(port: Port) -> None:
    with port.write("clock") as tx:
        assert organisation.standing_hold(tx) is None
        organisation.add_hold(tx, Text("跳变", "jump"), 5)
        organisation.add_hold(tx, Text("又跳", "again"), 6)
        assert organisation.standing_hold(tx) == (Text("跳变", "jump"), 5)
        assert organisation.release_hold(tx, "li", 7)
        assert not organisation.release_hold(tx, "li", 8)
        assert organisation.standing_hold(tx) is None
        organisation.add_hold(tx, Text("再跳", "once more"), 9)
        assert organisation.stamp(tx).held


def test_two_daemons_cannot_both_hold(port: Port) -> None:
    row = (None, "跳变", "jump", 5, 1, None, None)
    for ident, allowed in ((1, True), (2, False)):
        try:
            with port.write("clock") as tx:
                tx.insert(organisation.HOLD, [(ident, *row[1:])])
        except Overtaken:
            assert not allowed


def test_requests_and_their_first_answer(port: Port) -> None:
    row = ("r-1", 7, 8, "report", 3, 2, "working", 5)
    with port.write("people") as tx:
        assert organisation.request(tx, "r-1") is None
        tx.insert(organisation.REQUEST, [row])
        assert organisation.request(tx, "r-1") == row


def test_evidence_that_is_stored(port: Port) -> None:
    with port.write("people") as tx:
        tx.insert(organisation.EVIDENCE, [("a" * 64, 10, NOW), ("b" * 64, 0, NOW)])
        assert organisation.stored_evidence(tx, ["a" * 64, "c" * 64]) == {"a" * 64}
        assert organisation.stored_evidence(tx, []) == set()


def test_small_things_are_remembered(port: Port) -> None:
    with port.write("people") as tx:
        assert organisation.remembered(tx, "demo") is None
        organisation.remember(tx, "demo", "是")
        organisation.remember(tx, "demo", "否")
        assert organisation.remembered(tx, "demo") == "否"
