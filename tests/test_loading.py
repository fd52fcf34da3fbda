"""Bringing a newer pack into force: what is taken, what is refused, what is not handed out twice."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

import main
from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed, write_pack
from tests.storing import opened
from workflow.calendar import default_calendar
from workflow.definition import Pack, load_pack
from workflow.engine import Engine
from workflow.errors import BadValue
from workflow.rounds import MOMENT
from workflow.store import Port, organisation, tasks
from workflow.store.organisation import POST
from workflow.store.sql import Statement
from workflow.text import Text

DAY = 86_400_000
START = default_calendar("Asia/Shanghai").start_of(date(2026, 3, 2))  # a Monday
_ROUND = "hand_out: {at: start, opens: {errand: {each: region}}}"
_MOMENTS = Statement(
    select(MOMENT.c.round, MOMENT.c.nominal, MOMENT.c.status, MOMENT.c.note).order_by(MOMENT.c.id)
)
_TASKS = Statement(select(tasks.TASK.c.id))
_POSTS = Statement(select(POST.c.name, POST.c.deputy, POST.c.valid_from, POST.c.valid_to).order_by(POST.c.id))


@pytest.fixture
def port(database_url: str) -> Iterator[Port]:
    with opened(database_url) as one:
        yield one


@pytest.fixture
def engine(port: Port) -> Engine:
    return Engine(port, salts=lambda: bytes(16))


def pack(folder: Path, *changes: tuple[str, str], people: str = PEOPLE) -> Pack:
    """The small pack, its campaign changed."""
    campaign = CAMPAIGN
    for old, new in changes:
        campaign = changed(campaign, old, new)
    return load_pack(write_pack(folder, campaign=campaign, errand=ERRAND, people=people))


def rows(port: Port, statement: Statement) -> list[tuple[object, ...]]:
    with port.read() as tx:
        return [tuple(row) for row in tx.all(statement)]


# --- rounds -----------------------------------------------------------------------------------------


def test_a_renamed_round_hands_nothing_out_twice(port: Port, engine: Engine, tmp_path: Path) -> None:
    engine.load(pack(tmp_path), START)
    engine.run_once(START)
    assert len(rows(port, _TASKS)) == 2
    engine.load(pack(tmp_path, ("  hand_out:", "  handing_out:")), START + DAY)
    engine.run_once(START + DAY)
    assert len(rows(port, _TASKS)) == 2
    assert rows(port, _MOMENTS) == [
        ("hand_out", "2026-03-02 00:00", "done", ""),
        ("handing_out", "2026-03-02 00:00", "skipped", "not in force then"),
    ]


def test_a_new_round_begins_after_it_was_loaded(port: Port, engine: Engine, tmp_path: Path) -> None:
    engine.load(pack(tmp_path), START)
    engine.run_once(START)
    weekly = f"{_ROUND}\n  weekly: {{at: mon 09:00, opens: {{errand: {{each: region}}}}, missed: run each}}"
    now = START + 16 * DAY  # two more Mondays have passed
    newer = pack(tmp_path, (_ROUND, weekly))
    engine.load(newer, now)
    engine.run_once(now)
    skipped = [("skipped", "not in force then")] * 3
    assert [row[2:] for row in rows(port, _MOMENTS)[1:]] == skipped
    engine.load(newer, now)
    engine.run_once(START + 21 * DAY + 10 * 3_600_000)
    assert [row[1:3] for row in rows(port, _MOMENTS)[4:]] == [("2026-03-23 09:00", "done")]


def test_a_moment_at_the_very_instant_of_loading_runs(port: Port, engine: Engine, tmp_path: Path) -> None:
    engine.load(pack(tmp_path), START - DAY)
    engine.load(pack(tmp_path, ("  hand_out:", "  handing_out:")), START)
    engine.run_once(START)
    assert rows(port, _MOMENTS) == [("handing_out", "2026-03-02 00:00", "done", "")]


def test_a_campaign_loaded_first_and_a_kept_round_are_caught_up(
    port: Port, engine: Engine, tmp_path: Path
) -> None:
    engine.load(pack(tmp_path), START + DAY)
    engine.load(pack(tmp_path, ("en: Trial", "en: Trials")), START + 2 * DAY)
    engine.run_once(START + 2 * DAY)
    assert rows(port, _MOMENTS) == [("hand_out", "2026-03-02 00:00", "done", "caught up")]


# --- people -----------------------------------------------------------------------------------------


def test_another_name_for_a_known_person_is_refused(port: Port, engine: Engine, tmp_path: Path) -> None:
    engine.load(pack(tmp_path), START)
    before = state(port)
    for old, new in (("zh: 李某", "zh: 李强"), ("en: Li}", "en: Lee}")):
        renamed = pack(tmp_path, ("en: Trial", "en: Trials"), people=changed(PEOPLE, old, new))
        with pytest.raises(BadValue) as caught:
            engine.load(renamed, START + DAY)
        text = caught.value.text
        for told in (text.zh, text.en):
            assert "li" in told
            assert "people.yaml" in told
        assert "李某" in text.zh
        assert new.split(": ")[1].rstrip("}") in text.zh + text.en
    assert state(port) == before


def test_posts_that_a_known_person_lacks_are_added_from_now(
    port: Port, engine: Engine, tmp_path: Path
) -> None:
    first = engine.load(pack(tmp_path), START)
    more = changed(PEOPLE, "posts: supervisor at bureau", "posts: [supervisor at bureau, leader at east]")
    again = engine.load(pack(tmp_path, people=more), START + DAY)
    assert (first.people, first.posts, again.people, again.posts) == (2, 0, 0, 1)
    (*_, last) = rows(port, _POSTS)
    assert last == ("leader", 0, START + DAY, None)
    assert engine.load(pack(tmp_path, people=more), START + 2 * DAY).posts == 0
    assert len(rows(port, _POSTS)) == 4
    with port.read() as tx:
        assert organisation.stamp(tx).organisation == "2"  # caches were told of both


def test_what_only_the_database_has_is_left_alone(port: Port, engine: Engine, tmp_path: Path) -> None:
    engine.load(pack(tmp_path), START)
    with port.write("people") as tx:
        who, east = organisation.person_id(tx, "li"), organisation.unit_ids(tx, ["east"])["east"]
        assert who is not None
        organisation.add_post(tx, who, "leader", east, START, START)
        organisation.add_person(tx, "zhao", Text("赵某", "Zhao"))
        # To be held until a day to come: held today.
        organisation.end_post(
            tx, who, "supervisor", organisation.unit_ids(tx, ["bureau"])["bureau"], START * 2
        )
    before = rows(port, _POSTS)
    again = engine.load(pack(tmp_path), START + DAY)
    assert (again.people, again.posts, rows(port, _POSTS)) == (0, 0, before)


# --- units and campaign -----------------------------------------------------------------------------


def state(port: Port) -> object:
    with port.read() as tx:
        return (
            organisation.stamp(tx),
            organisation.campaigns(tx),
            organisation.units(tx),
            organisation.persons(tx),
            tx.all(_POSTS),
        )


def test_labels_and_prefix_are_taken(port: Port, engine: Engine, tmp_path: Path) -> None:
    engine.load(pack(tmp_path), START)
    newer = pack(
        tmp_path, ("{zh: 东区, en: East}", "{zh: 东城区, en: East End}"), ("prefix: TR", "prefix: TX")
    )
    told = engine.load(newer, START + DAY)
    assert (told.units, told.relabelled) == (0, 1)
    with port.read() as tx:
        assert {row[1]: row[6:8] for row in organisation.units(tx)}["east"] == ("东城区", "East End")
        assert [one.prefix for one in organisation.campaigns(tx)] == ["TX"]
        assert organisation.stamp(tx).organisation == "2"
    assert engine.load(newer, START + 2 * DAY).relabelled == 0


_GROUP = "  crew: {of each: region, label: {zh: '{unit}专班', en: '{unit} crew'}}\n"
_GROUP_AFTER = ("      west: {zh: 西区, en: West}\n", "      west: {zh: 西区, en: West}\n" + _GROUP)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ((("bureau: {kind: bureau,", "bureau: {kind: agency,"),), ("bureau", "agency")),
        ((("    in: bureau\n", ""),), ("east", "west")),
    ],
)
def test_a_known_unit_stays_what_and_where_it_is(
    port: Port, engine: Engine, tmp_path: Path, changes: tuple[tuple[str, str], ...], named: tuple[str, ...]
) -> None:
    engine.load(pack(tmp_path), START)
    before = state(port)
    with pytest.raises(BadValue) as caught:
        engine.load(pack(tmp_path, *changes), START + DAY)
    for told in (caught.value.text.zh, caught.value.text.en):
        assert all(one in told for one in named)
    assert "another code" in caught.value.text.en
    assert state(port) == before


def test_a_group_stays_the_group_that_it_is(port: Port, engine: Engine, tmp_path: Path) -> None:
    engine.load(pack(tmp_path, _GROUP_AFTER), START)
    before = state(port)
    with port.read() as tx:
        code = next(row[1] for row in organisation.units(tx) if row[5] == "crew")
    other = pack(tmp_path, _GROUP_AFTER)
    found = dict(other.campaign.units)
    found[code] = replace(found[code], group="team")
    moved = replace(other, campaign=replace(other.campaign, units=found))
    with pytest.raises(BadValue, match="team"):
        engine.load(moved, START + DAY)
    assert state(port) == before


# --- the command line -------------------------------------------------------------------------------


def test_a_round_that_was_set_aside_is_told_and_released(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    env = {"DUBAN_LANG": "en", "DUBAN_DATABASE": url}

    def duban(*args: str) -> Result:
        return CliRunner(env=env).invoke(main.app, list(args))

    assert duban("init").exit_code == 0
    assert "0 posts given" in duban("load", "demonstration_site").stdout
    nominal = "2026-03-02 09:00"
    row = (5, 1, "weekly", nominal, 1, 1, 1, '[["open",["errand",7,""],5,9]]', 0, 1, "set aside", "why")
    with opened(url) as port, port.write("clock") as tx:
        tx.insert(MOMENT, [row])
    call = f'duban release --round weekly "{nominal}"'
    assert call in " ".join(duban("doctor").stdout.split())
    assert duban("release", "TR-1", "--round", "weekly", nominal).exit_code == 2
    assert "is not set aside" in duban("release", "--round", "weekly", "2026-03-09 09:00").stderr
    assert "is released" in duban(*shlex.split(call)[1:]).stdout
    assert duban(*shlex.split(call)[1:]).exit_code == 1
    with opened(url) as port:
        assert [one[2] for one in rows(port, _MOMENTS)] == ["open"]
