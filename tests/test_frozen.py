"""Filters that look into what was reported, and the ledger frozen as it stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.teller import Story
from tests.storing import raw
from workflow.decision.everyday import CORRECT
from workflow.definition import Pack, load_pack
from workflow.engine.yearly import roll_over
from workflow.errors import BadValue, HistoryBroken, Unknown
from workflow.reading import Wanted, frozen, ledger
from workflow.reading.ledger import Ledger
from workflow.store.snapshots import Snapshot, every

from .test_reading import CHECK, PACK, handed_out, looking


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    """The first morning; one creation task is a key item, one score was verified."""
    story = handed_out(database_url, pack)
    first, second, *_ = story.find("creation_task", "beiwan")
    story.does("supervisor_one", "list_as_key", first, key="yes")
    story.does("supervisor_one", "list_as_key", second, key="no")
    yield story
    story.close()


def listed(story: Story, **wanted: object) -> list[int]:
    with looking(story) as frame:
        return sorted(one.id for one in ledger(frame, Wanted(**wanted)).lines)  # type: ignore[arg-type]


# --- filters ----------------------------------------------------------------------------------------


def test_the_register_of_key_items_is_a_filter(story: Story) -> None:
    first, second, *_ = story.find("creation_task", "beiwan")
    assert listed(story, where=(("key", "yes"),)) == [first]
    assert listed(story, where=(("key", "no"),)) == [second]
    assert listed(story, where=(("key", "yes"), ("key", "no"))) == []
    assert listed(story, where=(("key", "yes"),), unit="wanghe") == []


@pytest.mark.parametrize("score", ["80", "80.5", "0.1", "0.000001", "12.000005", "100", "0"])
def test_a_number_is_found_however_it_is_spelled(story: Story, score: str) -> None:
    check = story.the(CHECK, "beiwan")
    story.does("handler of beiwan", "sign_for", check)
    story.does("handler of beiwan", "submit", check, own_score=score, rows={"problems": []}, evidence=1)
    for spelled in (score, f"{float(score):.6f}"):
        assert listed(story, where=(("own_score", spelled),)) == [check]
    assert listed(story, where=(("own_score", "99.999999"),)) == []


def test_a_filter_that_can_find_nothing_is_refused(story: Story) -> None:
    with pytest.raises(Unknown):
        listed(story, where=(("keys", "yes"),))
    with pytest.raises(BadValue):
        listed(story, where=(("key", "perhaps"),))


def test_a_task_whose_data_is_damaged_disturbs_no_filter(story: Story, database_url: str) -> None:
    first, *_ = story.find("creation_task", "beiwan")
    with raw(database_url) as connection:
        connection.execute(f"UPDATE task SET body = 'no json' WHERE id = {story.the(CHECK, 'beiwan')}")
    assert listed(story, where=(("key", "yes"),)) == [first]
    assert listed(story, year=2027) == []


def test_the_ledger_of_a_years_plan(story: Story) -> None:
    everything = listed(story, limit=1000)
    assert listed(story, year=2026, limit=1000) == everything
    assert listed(story, year=2027) == []
    story.sleep_through(until="2027-01-04 09:00")
    carried = roll_over(story.engine.batches, 2027, story.person("bureau_head"), story.now).done
    of_2027 = listed(story, year=2027, limit=1000)
    opened_now = [one.id for one in story.all_tasks() if one.ended_at is None and one.id > max(everything)]
    assert set(carried) <= set(of_2027) <= {*carried, *opened_now}
    assert not set(carried) & set(listed(story, year=2026, limit=1000))


# --- frozen -----------------------------------------------------------------------------------------


def freeze(story: Story, name: str, **wanted: object) -> Snapshot:
    asked, who = Wanted(**wanted), story.person("supervisor_one")  # type: ignore[arg-type]
    with looking(story) as frame:
        found = ledger(frame, asked)
        snapshot, body = frozen.freeze(frame, name, asked, found, who)
    with story.port.write("people") as tx:
        frozen.keep(tx, snapshot, body)
    return snapshot


def test_what_was_frozen_stays_as_it_was_when_the_ledger_goes_on(story: Story) -> None:
    first, *_ = story.find("creation_task", "beiwan")
    snapshot = freeze(story, "y2026", where=(("key", "yes"),))
    story.does("supervisor_one", CORRECT, first, fact="key", value="no", reason="误列")
    story.at("2026-03-20 09:00")
    with looking(story) as frame:
        kept, lines = frozen.thawed(frame, "y2026")
        assert kept == snapshot == every(frame.tx)[0]
        (heading, row) = next(iter(frozen.shown(frame, lines))).rows
    assert [line["id"] for line in lines] == [first]
    assert [line["light"] for line in lines] == ["green"]
    assert len(heading) == len(row)
    assert snapshot.filters == '{"open":true,"where":[["key","yes"]]}'


def test_the_same_ledger_has_the_same_hash(story: Story) -> None:
    assert freeze(story, "one").sha256 == freeze(story, "two").sha256
    story.does("handler of beiwan", "sign_for", story.the(CHECK, "beiwan"))
    assert freeze(story, "three").sha256 != freeze(story, "one_more", kind=CHECK).sha256


def test_a_name_is_given_once(story: Story) -> None:
    before = freeze(story, "y2026")
    with pytest.raises(BadValue):
        freeze(story, "y2026", kind=CHECK)
    with pytest.raises(BadValue):
        freeze(story, "第一季度")
    with looking(story) as frame:
        assert frozen.thawed(frame, "y2026")[0] == before
        with pytest.raises(Unknown):
            frozen.thawed(frame, "y2027")


def test_more_than_one_snapshot_takes_is_refused(story: Story) -> None:
    with looking(story) as frame:
        found = ledger(frame, Wanted(limit=3))
        assert isinstance(found, Ledger)
        with pytest.raises(BadValue):
            frozen.freeze(frame, "y2026", Wanted(limit=3), found, 1)


def test_a_snapshot_that_somebody_changed_says_so(story: Story, database_url: str) -> None:
    freeze(story, "y2026")
    with raw(database_url) as connection:
        connection.execute("UPDATE ledger_snapshot SET body = replace(body, 'green', 'red')")
    with looking(story) as frame, pytest.raises(HistoryBroken):
        frozen.thawed(frame, "y2026")
