"""The words about people: how they are read, what is proven of them, and who has an interest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hearing import HEARING
from tests.packs import problems_of, write_pack
from tests.storing import opened
from workflow.calendar import parse_duration
from workflow.definition.model import Definition, Seat, Team
from workflow.engine import Engine
from workflow.people import Interest
from workflow.proof import check_pack
from workflow.store import Port, interests, organisation

CHECK, ERRAND, OBJECTION = "cross_check", "errand", "objection"
NOW = 10_000


def definition(folder: Path, kind: str) -> Definition:
    return check_pack(write_pack(folder, **HEARING)).definitions[kind]


def test_a_team_has_a_place_a_size_a_term_and_parties_to_be_free_of(tmp_path: Path) -> None:
    role = definition(tmp_path, CHECK).roles["inspector"]
    assert role.team == Team(least=2, term=parse_duration("60 days"))
    assert (role.post, role.seat, role.recused) == ("", Seat(party="checker"), ("checked",))


def test_quorum_openers_and_exclusions_are_read(tmp_path: Path) -> None:
    errand = definition(tmp_path, ERRAND)
    assert errand.opened_by == ("planner", "supervisor")
    assert errand.transitions["submit"].quorum == "all"
    assert errand.transitions["sign_off"].quorum == 2
    assert errand.transitions["approve"].not_by == ("opened",)
    assert definition(tmp_path, OBJECTION).transitions["uphold"].not_by == ("anyone of the parent",)


# (file, old, new, key, what was expected): misspelt words first, then what cannot come about.
WRONG = (
    (CHECK, "interest in checked", "interest in checke", "roles.inspector.recused", "interest in PARTY"),
    (
        CHECK,
        "recused: interest in checked",
        "recused: checked",
        "roles.inspector.recused",
        "interest in PARTY",
    ),
    (CHECK, "min: 2", "min: 0", "roles.inspector.min", "at least one person"),
    (CHECK, "term: 60 days", "term: long", "roles.inspector.term", "a duration"),
    (CHECK, "is: team at checker", "is: clerk at checker", "roles.inspector", "min and term only on a team"),
    (CHECK, "inspector: {label", "scope: {label", "roles.scope", "another name"),
    (CHECK, "opened_by: planner", "opened_by: planer", "opened_by", "a declared role"),
    (CHECK, "quorum: 2", "quorum: 1", "transitions.conclude.quorum", "all, or a number of people"),
    (CHECK, "quorum: 2", "quorum: everybody", "transitions.conclude.quorum", "all, or a number of people"),
    (
        OBJECTION,
        "not_by: anyone of the parent",
        "not_by: anyone of parent",
        "transitions.uphold.not_by",
        "a declared",
    ),
    (CHECK, "quorum: 2", "quorum: 3", "transitions.conclude.quorum", "at most 2"),
    (ERRAND, "by: [handler, leader]", "by: handler", "transitions.submit.quorum", "several roles, or a team"),
    (CHECK, "asks: inspector}", "asks: scope}", "roles.inspector", "inspector in asks of some transition"),
    (CHECK, "interest in checked", "interest in checker", "roles.inspector.recused", "another party"),
    (
        OBJECTION,
        "not_by: anyone of the parent",
        "not_by: staf of the parent",
        "transitions.uphold.not_by",
        "what people do on cross_check",
    ),
    (
        ERRAND,
        "not_by: opened",
        "not_by: anyone of the parent",
        "transitions.approve.not_by",
        "a kind that others open",
    ),
    (
        OBJECTION,
        "not_by: anyone of the parent",
        "not_by: opened",
        "transitions.uphold.not_by",
        "a transition that",
    ),
)


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "expected"), WRONG, ids=[f"{one[3]}: {one[2]}" for one in WRONG]
)
def test_a_slip_or_what_cannot_come_about_is_found_on_its_line(
    tmp_path: Path, file: str, old: str, new: str, key: str, expected: str
) -> None:
    count = -1 if old == "asks: inspector}" else 1  # the first place, or all: who chooses the team
    assert old in HEARING[file]
    text = HEARING[file].replace(old, new, count)
    problems = problems_of(write_pack(tmp_path, **{**HEARING, file: text}))
    told = [one for one in problems if one.key == key and one.expected.en.startswith(expected)]
    assert told, [one.to_text().en for one in problems]
    assert all(one.line > 0 for one in told)


# --- interests --------------------------------------------------------------------------------------


@pytest.fixture
def port(database_url: str, tmp_path: Path) -> Iterator[Port]:
    with opened(database_url) as one:
        Engine(one, salts=lambda: bytes(16)).load(check_pack(write_pack(tmp_path, **HEARING)), NOW)
        yield one


def test_posts_in_a_unit_and_below_it_and_declarations_are_interests(port: Port) -> None:
    with port.write("people") as tx:
        units = organisation.unit_ids(tx, ["bureau", "east", "west", "east_station"])
        person = {code: organisation.person_id(tx, code) for code in ("east_head", "east_clerk", "cai", "an")}
        interests.declare(tx, person["an"] or 0, units["east_station"], NOW, NOW + 50, "亲属", NOW)
        found = organisation.interests(tx, [units["east"], units["east_station"]])
    assert {one.person_id for one in found[units["east"]]} == set(person.values())
    assert {one.person_id for one in found[units["east_station"]]} == {person["cai"], person["an"]}
    (declared,) = [one for one in found[units["east"]] if one.declared]
    assert declared == Interest(
        person_id=person["an"] or 0,
        unit_id=units["east_station"],
        declared=True,
        valid_from=NOW,
        valid_to=NOW + 50,
    )
    assert [declared.lasts(at) for at in (NOW - 1, NOW, NOW + 49, NOW + 50)] == [False, True, True, False]


def test_what_was_declared_ends_and_stays_on_record(port: Port) -> None:
    with port.write("people") as tx:
        unit, person = organisation.unit_ids(tx, ["west"])["west"], organisation.person_id(tx, "su") or 0
        interests.declare(tx, person, unit, NOW, None, "配偶任职", NOW)
        assert interests.end(tx, person, unit, NOW + 5) == 1
        assert interests.end(tx, person, unit, NOW + 9) == 0
        ((code, _, _, where, _, _, reason, begin, end),) = interests.declared(tx)
    assert (code, where, reason, begin, end) == ("su", "west", "配偶任职", NOW, NOW + 5)


def test_in_a_unit_without_people_nobody_has_an_interest(port: Port) -> None:
    with port.read() as tx:
        assert organisation.interests(tx, [999]) == {}
