"""The engine: one transaction for each decision, and what becomes of a task that can't be decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed, write_pack
from tests.stories.salts import counted_salts
from tests.stories.teller import Story, instant, local, told
from workflow.decision import Act, Decision, Loaded, Surroundings, wake
from workflow.definition import Pack, load_pack
from workflow.engine import TRIES, Engine
from workflow.engine.sweeping import retry_after
from workflow.errors import BadValue, NotNow, StoreError, Undecidable, Unknown
from workflow.store import open_port, organisation, tasks
from workflow.store.ports import Moment
from workflow.store.sql import Statement

Tell = Callable[..., Story]
DUE = "2026-06-01 00:00"  # the first millisecond after the deadline of every errand


@pytest.fixture
def tell(database_url: str) -> Iterator[Tell]:
    with ExitStack() as stack:
        yield lambda pack, at="2026-03-02 00:00", batch=250: stack.enter_context(
            told(database_url, pack, at=at, batch=batch)
        )


def errands(folder: Path, regions: int = 2) -> Pack:
    """The small pack, with so many regions: an errand for each."""
    more = "".join(
        f"      r{number}: {{zh: 第{number}区, en: Region {number}}}\n" for number in range(regions - 2)
    )
    campaign = changed(CAMPAIGN, "west: {zh: 西区, en: West}\n", "west: {zh: 西区, en: West}\n" + more)
    return load_pack(write_pack(folder, campaign=campaign, errand=ERRAND, people=PEOPLE))


def overwrite(story: Story, task: int, **values: Any) -> None:
    """Damage a row of a task behind the engine's back."""
    with story.port.write("people") as tx:
        tx.run(Statement(update(tasks.TASK).where(tasks.TASK.c.id == task).values(**values)))


def stored(story: Story, task: int, column: str) -> Any:
    """A column of a task as it is stored."""
    with story.port.read() as tx:
        (row,) = tasks.read_these(tx, [task])
    return row[tasks.COLUMNS.index(column)]


def late(story: Story) -> set[int]:
    """The tasks that are known to be late."""
    return {one.task_id for one in story.history() if one.header.get("rule") == "late"}


# --- a poisoned task stops nobody else --------------------------------------------------------------


def test_a_broken_task_is_set_aside_after_five_tries_and_the_rest_goes_on(tell: Tell, tmp_path: Path) -> None:
    story = tell(errands(tmp_path, 12), batch=5).at("2026-05-31 12:00")
    found = story.find("errand")
    body = stored(story, found[4], "body")
    overwrite(story, found[4], body="{")
    story.doze_until(DUE)

    rests, tries = [], 0
    while stored(story, found[4], "set_aside_at") is None:
        ran = story.run()
        assert ran.failed == 1
        assert late(story) == set(found) - {found[4]}
        tries += 1
        wake_at = stored(story, found[4], "wake_at")
        rests.append(wake_at - story.now)
        if tries < TRIES:
            assert ran.set_aside == []
            assert story.engine.next_due(story.now) == wake_at
            assert story.run().failed == 0, "it rests until then"
            story.now = wake_at
        else:
            assert ran.set_aside == [found[4]]

    assert rests[:4] == [1_000, 4_000, 16_000, 64_000]
    assert tries == TRIES
    assert "unexpected end of data" in stored(story, found[4], "set_aside_why")
    assert story.engine.next_due(story.now) != stored(story, found[4], "wake_at")
    person = story.person("li")
    with pytest.raises(NotNow, match="set aside"):
        story.engine.act(found[4], Act(name="close", person_id=person), story.now)

    overwrite(story, found[4], body=body)
    assert story.engine.release(found[4], "an administrator", story.now)
    assert not story.engine.release(found[4], "an administrator", story.now)
    story.run()
    assert late(story) == set(found)
    told = [one.kind for one in story.history(found[4])]
    assert told[-3:] == ["set_aside", "released", "episode_opened"]


def test_a_person_who_acts_on_a_broken_task_is_told_so(tell: Tell, tmp_path: Path) -> None:
    story = tell(errands(tmp_path)).at("2026-03-02 09:00")
    task = story.find("errand")[0]
    body = stored(story, task, "body")
    overwrite(story, task, body="{")
    with pytest.raises(Undecidable, match="damaged"):
        story.engine.act(task, Act(name="close", person_id=story.person("li")), story.now)
    overwrite(story, task, body=body)


def fails(monkeypatch: pytest.MonkeyPatch, task: int, times: int = 1_000) -> list[int]:
    """Deciding on a task fails so many times; what is counted is in the list."""
    failed: list[int] = []

    def poisoned(loaded: Loaded, around: Surroundings) -> Decision:
        if loaded.task.id == task and len(failed) < times:
            failed.append(around.now)
            raise ZeroDivisionError("poisoned")
        return wake(loaded, around)

    monkeypatch.setattr("workflow.engine.sweeping.owed", poisoned)
    return failed


def test_a_decision_that_fails_is_tried_again_later_each_time(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = tell(errands(tmp_path, 4)).at("2026-05-31 12:00")
    task = story.find("errand")[1]
    failed = fails(monkeypatch, task)
    story.fast_forward_to("2026-06-01 12:00")
    due = instant(DUE)
    assert failed == [due, due + 1_000, due + 5_000, due + 21_000, due + 85_000]
    assert stored(story, task, "set_aside_why") == "poisoned"
    assert len(late(story)) == 3


def test_what_failed_twice_and_then_not_is_recorded_as_of_when_it_was_true(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = tell(errands(tmp_path)).at("2026-05-31 12:00")
    task = story.find("errand")[1]
    assert len(fails(monkeypatch, task, times=2)) == 0
    story.fast_forward_to("2026-06-01 12:00")
    spell = story.expect_episode(task, "late", opened_at=DUE)
    (opened,) = story.happened(task, "episode_opened")
    assert opened.recorded_at == spell.opened_at + 5_000
    assert stored(story, task, "tries") == 0


def test_a_person_acts_between_two_tries(tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = tell(errands(tmp_path)).at("2026-05-31 12:00")
    task = story.find("errand", "east")[0]
    fails(monkeypatch, task, times=2)
    story.doze_until(DUE).run()
    story.doze_until("2026-06-01 00:00:00.500")
    story.engine.act(
        task, Act(name="report", person_id=story.person("wang"), facts={"progress": 5}), story.now
    )
    story.expect_episode(task, "late", opened_at=DUE)
    assert stored(story, task, "tries") == 0


def test_a_nudge_doesnt_hurry_a_task_that_rests(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = tell(errands(tmp_path)).at("2026-05-31 12:00")
    task = story.find("errand")[0]
    failed = fails(monkeypatch, task, times=2)
    story.doze_until(DUE).run()
    with story.port.write("people") as tx:
        (ident,) = tx.draw("row_id", 1)
        tx.insert(tasks.NUDGE, [(ident, task, "child", 1, story.now)])
    assert story.run().decided == 0
    assert story.engine.next_due(story.now) == story.now + retry_after(1)
    assert len(failed) == 1
    story.fast_forward("1 minute")
    assert len(failed) == 2


def test_an_error_in_applying_is_narrowed_down_to_its_task(tell: Tell, tmp_path: Path) -> None:
    """The row says that its last event has number 0: what it writes meets the event that is there."""
    story = tell(errands(tmp_path, 12), batch=8).at("2026-05-31 12:00")
    found = story.find("errand")
    overwrite(story, found[6], seq=0)
    story.doze_until(DUE)
    ran = story.run()
    assert ran.failed == 1
    assert late(story) == set(found) - {found[6]}
    story.fast_forward("10 minutes")
    assert stored(story, found[6], "set_aside_at") is not None
    overwrite(story, found[6], seq=1)


def test_a_value_that_the_database_refuses_stops_nobody_else(postgresql_url: str, tmp_path: Path) -> None:
    """SQLite takes it, and finds nobody at a unit called x."""
    with told(postgresql_url, errands(tmp_path, 6), at="2026-03-02 00:00") as story:
        _refused_value(story.at("2026-05-31 12:00"))


def _refused_value(story: Story) -> None:
    found = story.find("errand")
    body = stored(story, found[2], "body")
    overwrite(story, found[2], body=body.replace('"parties":{"unit":', '"parties":{"unit":"x","other":'))
    story.doze_until(DUE)
    assert story.run().failed == 1
    assert late(story) == set(found) - {found[2]}
    overwrite(story, found[2], body=body)
    story.fast_forward("1 minute")


def test_a_database_that_cant_be_used_is_no_fault_of_a_task(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = tell(errands(tmp_path)).at("2026-05-31 12:00").doze_until(DUE)

    def full(*_: Any) -> None:
        raise StoreError("磁盘已满", "disk full")

    with monkeypatch.context() as patched:
        patched.setattr("workflow.engine.sweeping.write", full)
        with pytest.raises(StoreError):
            story.run()
    assert {stored(story, one, "tries") for one in story.find("errand")} == {0}
    story.run()
    assert len(late(story)) == 2


# --- people -----------------------------------------------------------------------------------------


def test_what_is_wrong_with_an_act_is_said(tell: Tell, tmp_path: Path) -> None:
    story = tell(errands(tmp_path)).at("2026-03-02 09:00")
    task = story.find("errand", "east")[0]
    li = story.person("li")
    with pytest.raises(Unknown, match="no task 999"):
        story.engine.act(999, Act(name="close", person_id=li), story.now)
    with pytest.raises(BadValue, match="isn't stored"):
        story.engine.act(task, Act(name="close", person_id=li, evidence=["0" * 64]), story.now)
    story.expect_refused(Unknown, "li", "dance", task)


def test_a_request_id_is_for_one_act(tell: Tell, tmp_path: Path) -> None:
    story = tell(errands(tmp_path)).at("2026-03-02 09:00")
    east, west = story.find("errand", "east")[0], story.find("errand", "west")[0]
    story.does("wang", "report", east, progress=5, request_id="one")
    story.expect_refused(BadValue, "wang", "report", west, progress=5, request_id="one")
    story.expect_refused(BadValue, "wang", "close", east, request_id="one")
    # A refused request may be repeated: it has no answer yet.
    story.expect_refused(BadValue, "wang", "report", east, progress=500, request_id="two")
    story.does("wang", "report", east, progress=50, request_id="two")


# --- packs ------------------------------------------------------------------------------------------


def test_loading_a_pack_twice_changes_nothing(tell: Tell, tmp_path: Path) -> None:
    story = tell(errands(tmp_path)).at("2026-03-02 09:00")
    before = story.everything()
    again = story.engine.load(story.pack, story.now)
    assert (again.version_is_new, again.units, again.people) == (False, 0, 0)
    assert story.run().decided == 0
    assert story.everything() == before


def test_a_new_version_is_for_new_tasks(tell: Tell, tmp_path: Path) -> None:
    """Nobody's rules change while they are at work."""
    story = tell(errands(tmp_path)).at("2026-03-02 09:00")
    errand = changed(ERRAND, "late: {when: overdue,", "late: {when: overdue by 5 workdays,")
    again = "again: {at: day 1 09:00, opens: {errand: {each: region}}}"
    campaign = changed(CAMPAIGN, "  hand_out:", f"  {again}\n  hand_out:")
    newer = load_pack(write_pack(tmp_path / "new", campaign=campaign, errand=errand, people=PEOPLE))
    story.at("2026-03-20 09:00")
    assert story.engine.load(newer, story.now).version_is_new
    story.pack = newer
    story.run()
    story.at(DUE)
    old, new = story.find("errand", "east")[0], story.find("errand", "east")[1]
    story.expect_episode(old, "late", opened_at=DUE)
    story.expect_no_episode(new, "late")
    story.at("2026-06-06 00:00").expect_episode(new, "late", opened_at="2026-06-06 00:00")


# --- when to look again -----------------------------------------------------------------------------


def test_next_due(tell: Tell, tmp_path: Path) -> None:
    story = tell(errands(tmp_path), at="2026-03-01 12:00")
    assert local(story.engine.next_due(story.now)) == "2026-03-02 00:00"
    story.at("2026-03-02 09:00")
    assert local(story.engine.next_due(story.now)) == DUE
    task = story.find("errand")[0]
    with story.port.write("people") as tx:
        (ident,) = tx.draw("row_id", 1)
        tx.insert(tasks.NUDGE, [(ident, task, "child", 1, story.now)])
    assert story.engine.next_due(story.now) == story.now
    story.run()
    for one in story.find("errand"):
        story.does("li", "close", one)
    assert story.engine.next_due(story.now) is None


def test_a_stopped_engine_begins_no_further_batch(tell: Tell, tmp_path: Path, database_url: str) -> None:
    story = tell(errands(tmp_path, 9)).at("2026-05-31 12:00").doze_until(DUE)
    engine = Engine(open_port(database_url), salts=counted_salts(), batch=2)
    engine.stop()
    assert engine.run_once(story.now).decided == 0
    engine.port.close()


def test_what_several_engines_see_due_at_once_is_done_once(postgresql_url: str, tmp_path: Path) -> None:
    with told(postgresql_url, errands(tmp_path, 60), at="2026-03-02 00:00") as story:
        story.at("2026-05-31 12:00").doze_until(DUE)
        engines = [Engine(open_port(postgresql_url), salts=counted_salts(), batch=7) for _ in range(3)]
        rans = story.together(*[lambda one=one: one.run_once(story.now) for one in engines])
        assert sum(ran.decided for ran in rans) == 60
        assert sum(ran.failed for ran in rans) == 0
        for engine in engines:
            engine.port.close()
        opened = story.history()
        assert sorted(one.task_id for one in opened if one.kind == "episode_opened") == story.find("errand")


# --- bounded work -----------------------------------------------------------------------------------


class Counting:
    """A probe that counts statements."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, moment: Moment, _text: str) -> None:
        self.statements += moment == "before"


def test_the_number_of_statements_doesnt_grow_with_the_number_of_tasks(
    database_url: str, tmp_path: Path
) -> None:
    counts = []
    with told(database_url, errands(tmp_path, 60), at="2026-03-02 00:00") as story:
        story.at("2026-05-31 12:00")
        for index, task in enumerate(story.find("errand")):
            overwrite(story, task, wake_at=instant(DUE) + (0 if index < 10 else 1_000))
        for now in (instant(DUE), instant(DUE) + 1_000):
            counting = Counting()
            engine = Engine(open_port(database_url, probe=counting), salts=counted_salts())
            engine.next_due(now)  # what is cached is cached
            with engine.port.write("clock") as tx:
                engine.library.frame(tx, now).version(1)
            counting.statements = 0
            assert engine.wake(now) in (10, 50)
            counts.append(counting.statements)
            engine.port.close()
        story.now = now
    assert counts[0] == counts[1]


def test_who_holds_which_post_is_known_to_others_only_once_it_is_whole(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten people at once, just after a change of posts: one of them found a post vacant that was held."""
    story = tell(errands(tmp_path))
    library, read, known = Engine(story.port, salts=counted_salts()).library, organisation.holdings, []

    def watched(tx: Any, units: Any) -> Any:
        known.append(list(library._caches.directories) if library._caches is not None else None)
        return read(tx, units)

    monkeypatch.setattr(organisation, "holdings", watched)
    with story.port.read() as tx:
        library.frame(tx, story.now).around(1)
    assert known == [[]]
