"""Which tasks a person may look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.teller import Story, told
from workflow.definition import Pack, load_pack
from workflow.errors import NotAllowed
from workflow.reading import Scope, Wanted, check_sight, ledger, load_one, scope_of, sees
from workflow.reading.scope import below
from workflow.store import organisation

from .test_reading import CHECK, PACK

DAY = 86_400_000


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    with told(database_url, pack, at="2026-03-02 08:00") as found:
        yield found.at("2026-03-02 09:00")


def scope(story: Story, who: str) -> Scope:
    person = story.person(who)
    with story.port.read() as tx:
        return scope_of(story.engine.library.frame(tx, story.now), person)


def seen(story: Story, who: str) -> set[int]:
    """What the ledger lists for somebody, which is what they may look at one by one."""
    mine = scope(story, who)
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        listed = {line.id for line in ledger(frame, Wanted(scope=mine, limit=1_000)).lines}
        every = [line.id for line in ledger(frame, Wanted(limit=1_000)).lines]
        assert listed == {one for one in every if sees(mine, load_one(frame, one)[0].task)}
    return listed


def test_a_handler_sees_the_tasks_of_the_unit_and_no_others(story: Story) -> None:
    own = seen(story, "handler of beiwan")
    assert story.the(CHECK, "beiwan") in own
    assert story.the(CHECK, "wanghe") not in own


def test_whoever_watches_over_all_units_sees_all(story: Story) -> None:
    everything = seen(story, "supervisor of bureau")
    assert {story.the(CHECK, "beiwan"), story.the(CHECK, "wanghe")} <= everything
    assert everything == seen(story, "leader of bureau")


def test_a_look_at_anothers_task_is_refused_and_says_whom_to_ask(story: Story) -> None:
    mine, own, other = (
        scope(story, "handler of beiwan"),
        story.the(CHECK, "beiwan"),
        story.the(CHECK, "wanghe"),
    )
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        check_sight(mine, load_one(frame, own)[0].task)
        with pytest.raises(NotAllowed, match="ask its supervisor"):
            check_sight(mine, load_one(frame, other)[0].task)


def test_a_delegate_sees_what_the_principal_sees_while_they_are_away(story: Story) -> None:
    delegate, principal = story.person("handler of wanghe"), story.person("handler of beiwan")
    with story.port.write("people") as tx:
        organisation.add_delegation(tx, principal, delegate, story.now, story.now + DAY, "leave", story.now)
        organisation.move_organisation(tx, organisation.stamp(tx))
    assert story.the(CHECK, "beiwan") in seen(story, "handler of wanghe")
    story.fast_forward("2 days")
    assert story.the(CHECK, "beiwan") not in seen(story, "handler of wanghe")


def test_whoever_holds_no_post_sees_nothing(story: Story) -> None:
    nobody = Scope(person=0, units=frozenset())
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        assert ledger(frame, Wanted(scope=nobody)).total == 0


def test_a_unit_sees_what_is_below_it_and_a_group_what_its_unit_sees() -> None:
    """Rows: id, code, kind, parent, the unit that a group belongs to, its name, zh, en."""
    city, county, town = (1, "c", "k", None, None), (2, "d", "k", 1, None), (3, "e", "k", 2, None)
    group, beside = (4, "g", "k", None, 2), (5, "f", "k", 1, None)
    rows = [(*one, None, "", "") for one in (city, county, town, group, beside)]
    assert below(rows, {2}) == {2, 3, 4}
    assert below(rows, {4}) == {2, 3, 4}
    assert below(rows, {1}) == {1, 2, 3, 4, 5}
    assert below(rows, {5}) == {5}
