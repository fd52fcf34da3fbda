"""Whether the rows fit together: every finding is found, and nothing is found in a sound ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from tests.packs import SUPERVISION, small_pack
from tests.storing import a_task, nudge, opened, put, raw
from workflow.auditor import Auditor
from workflow.calendar import default_calendar
from workflow.engine import Engine
from workflow.models import TaskRow
from workflow.store import Port, Transaction, checking, organisation, tasks
from workflow.store.checking import GRACE_MS, Finding
from workflow.store.sql import Statement
from workflow.text import Text

NOW = GRACE_MS * 10
DAY = 86_400_000
TABLES = TaskRow.metadata.tables


@pytest.fixture
def port(database_url: str) -> Iterator[Port]:
    with opened(database_url) as one:
        yield one


def findings(port: Port, now: int = NOW) -> list[Finding]:
    with port.read() as tx:
        return checking.check(tx, now)


def of_kind(port: Port, kind: str, now: int = NOW) -> list[Finding]:
    return [one for one in findings(port, now) if one.kind == kind]


def test_a_sound_ledger_has_no_findings(port: Port, tmp_path: Path) -> None:
    """After a quarter of a campaign with nobody at work: episodes, drafts, links, messages."""
    engine = Engine(port, salts=lambda: bytes(16))
    pack = small_pack(tmp_path, **SUPERVISION)
    start = default_calendar("Asia/Shanghai").start_of(pack.campaign.milestones["start"])
    engine.load(pack, start)
    for day in range(0, 90, 3):
        engine.run_once(start + day * DAY)
    with port.read() as tx:
        for table in ("task", "episode", "concern", "outgoing", "event"):
            ((rows,),) = tx.all(Statement(select(func.count()).select_from(TABLES[table])))
            assert rows, table
    assert [one for one in findings(port, start + 90 * DAY) if one.broken] == []


def row_of(table: Table, **given: Any) -> tuple[Any, ...]:
    """A row with every column, of whatever fits."""
    blank = {
        "BigInteger": 1,
        "Integer": 1,
        "SmallInteger": 0,
        "LargeBinary": b"",
        "Text": "",
        "AutoString": "",
    }
    return tuple(
        given.get(column.name, None if column.nullable else blank[type(column.type).__name__])
        for column in table.columns
    )


@pytest.mark.parametrize("owner", checking._OWNERS, ids=lambda owner: f"{owner[0]}.{owner[1]}")
def test_a_row_without_its_owner_is_found(sqlite_url: str, owner: tuple[str, str, str, str]) -> None:
    name, column, _, _ = owner
    with opened(sqlite_url) as port:
        with port.write("people") as tx:
            tx.insert(TABLES[name], [row_of(TABLES[name], **{column: 404})])
        found = [one for one in of_kind(port, "orphan") if one.text.en.startswith(f"{name}.{column}:")]
    assert [(one.count, one.examples, one.broken) for one in found] == [(1, (404,), True)]
    assert found[0].text.zh != found[0].text.en


def test_rows_without_owner_are_counted_on_both(port: Port) -> None:
    with port.write("people") as tx:
        tx.insert(tasks.LIST_ROW, [(n, 404 + n % 7, "problems", "{}", None, None) for n in range(1, 21)])
    (found,) = of_kind(port, "orphan")
    assert (found.count, found.examples) == (20, (404, 405, 406, 407, 408))


def test_what_is_due_for_long_is_told(port: Port) -> None:
    put(port, a_task(1, wake_at=NOW - GRACE_MS), a_task(2, wake_at=NOW - GRACE_MS + 1), a_task(3))
    (found,) = of_kind(port, "behind")
    assert (found.count, found.examples, found.broken) == (1, (1,), False)


def test_a_due_task_that_the_index_lost_is_found(database_url: str) -> None:
    """PROMISES P6: the clock would never wake it, and nothing else would ever tell."""
    with opened(database_url) as port:
        put(port, *(a_task(n, wake_at=1) for n in range(1, 4)))
    lose_an_entry(database_url)
    with opened(database_url) as port:
        with port.write("clock") as tx:
            assert [row[0] for row in tasks.claim_due(tx, NOW, 10)] == [1, 2, 3]  # as if nothing were missing
        lost = of_kind(port, "unqueued")
        assert [(one.examples, one.broken) for one in lost] == [((4,), True)]
        assert "REINDEX" in lost[0].text.zh
        assert "REINDEX" in lost[0].text.en
    with raw(database_url) as connection:
        connection.execute("REINDEX INDEX task_wake" if "postgres" in database_url else "REINDEX task_wake")
    with opened(database_url) as port:
        assert of_kind(port, "unqueued") == []


def lose_an_entry(url: str, wake_at: int = 1) -> None:
    """Put in task 4, due, without its entry in `task_wake`: what a lost write would leave behind."""
    if url.startswith("postgres"):
        with raw(url) as connection:
            ready = "UPDATE pg_index SET indisready = %s WHERE indexrelid = 'task_wake'::regclass"
            connection.execute(ready, (False,))
        with opened(url) as port:
            put(port, a_task(4, wake_at=wake_at))
        with raw(url) as connection:
            connection.execute(ready, (True,))
        return
    definition = "SELECT sql FROM sqlite_master WHERE name = 'task_wake'"
    with raw(url) as connection:
        ((whole,),) = connection.execute(definition).fetchall()
    for text in (f"{whole} AND id <> 4", whole):
        with raw(url) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'task_wake'", (text,))
        if text != whole:
            with opened(url) as port:
                put(port, a_task(4, wake_at=wake_at))


def test_the_auditor_says_what_the_index_lost_within_five_minutes(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PROMISES P6; a ring a second, and tasks enough for a walk of a hundred rings."""
    monkeypatch.setattr(checking, "RANGE", 10)
    with opened(database_url) as port:
        put(port, *(a_task(n, wake_at=NOW) for n in (1, 2, 3)), a_task(999, wake_at=NOW + 1))
    lose_an_entry(database_url, wake_at=NOW)
    with opened(database_url) as port:
        auditor = Auditor(port)
        found = {second: auditor.work(NOW + second * 1000) for second in range(300)}
    said = [second for second, lost in found.items() if lost]
    assert [one.examples for second in said for one in found[second]] == [(4,)] * len(said)
    assert 60 <= said[0] <= 180  # not before it is sure, and in the first walk that can be
    assert len(said) == 2  # again, until it is mended


def test_an_auditor_that_finds_nothing_rests_between_two_walks(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(port, *(a_task(n, wake_at=NOW) for n in range(1, 4)))
    auditor = Auditor(port)
    asked: list[int] = []
    walked = checking.due_rows

    def counted(tx: Transaction, first: int, beyond: int, before: int) -> list[int]:
        asked.append(first)
        return walked(tx, first, beyond, before)

    monkeypatch.setattr(checking, "due_rows", counted)
    for second in range(300):
        assert not auditor.work(NOW + second * 1000)
    assert len(asked) == 3
    auditor.work(NOW - 3_600_000)  # a clock that was set back begins anew
    assert len(asked) == 4


def test_the_auditor_walks_in_ranges(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    put(port, *(a_task(n, wake_at=1) for n in range(1, 26)))
    monkeypatch.setattr(checking, "RANGE", 10)
    with port.read() as tx:
        assert checking.last_task(tx) == 25
        assert checking.due_rows(tx, 10, 20, NOW) == list(range(10, 20))
        (found,) = checking.late_wakes(tx, NOW)
        assert (found.count, found.examples) == (25, (1, 2, 3, 4, 5))


def test_nudges_that_wait_for_long(port: Port) -> None:
    put(port, a_task(1), a_task(2), a_task(3))
    nudge(port, 1, 1, 2, at=NOW - GRACE_MS)
    nudge(port, 3, start=9, at=NOW)
    with port.write("clock") as tx:
        tasks.set_aside(tx, 2, NOW, "why")
    (found,) = of_kind(port, "old nudge")
    assert found.examples == (1,)  # 3 is fresh, and 2 is told of as set aside


def test_rounds_that_are_not_worked_off(port: Port) -> None:
    def moment(n: int, fired_at: int, status: str) -> tuple[Any, ...]:
        return (n, 1, "weekly", f"2026-03-0{n}", fired_at, fired_at, 1, "[]", 3, 10, status, "")

    late = NOW - GRACE_MS
    with port.write("clock") as tx:
        tx.insert(
            TABLES["moment"], [moment(1, late, "open"), moment(2, NOW, "open"), moment(3, late, "done")]
        )
    (found,) = of_kind(port, "slow moment")
    assert (found.count, found.examples) == (7, (1,))
    assert "weekly" in found.text.zh


def test_moments_that_are_set_aside(port: Port) -> None:
    note = "open errand 7 failed: {x}"
    row = (5, 1, "weekly", "2026-03-02 09:00", NOW, NOW, 1, '[["open",[7],5,0]]', 3, 4, "set aside", note)
    with port.write("clock") as tx:
        tx.insert(TABLES["moment"], [row])
    (found,) = of_kind(port, "moment set aside")
    assert (found.count, found.examples, found.broken) == (1, (5,), False)
    for told in (found.text.zh, found.text.en):
        assert note in told
        assert 'duban release --round weekly "2026-03-02 09:00"' in told


def test_what_waits_for_a_person(port: Port) -> None:
    put(port, a_task(1))
    with port.write("clock") as tx:
        tasks.set_aside(tx, 1, NOW, "坏数据 {x}")
        organisation.add_hold(tx, Text("时钟跳变", "the clock jumped"), NOW)
        message = (1, 1, 1, None, "handler", "assigned", None, NOW, "waiting")
        tx.insert(TABLES["outgoing"], [message, (2, *message[1:-1], "sent"), (3, 1, 1, 1, *message[4:])])
    (aside,), (held,), (unheard,) = (of_kind(port, kind) for kind in ("set aside", "held", "unheard"))
    assert (aside.examples, "坏数据 {x}" in aside.text.zh) == ((1,), True)
    assert held.text == Text("时钟跳变", "the clock jumped")
    assert (unheard.count, unheard.examples) == (1, (1,))


def test_the_gravest_comes_first(port: Port) -> None:
    put(port, a_task(1, wake_at=1))
    kinds = [one.broken for one in findings(port)]
    assert kinds == sorted(kinds, reverse=True)
    assert True in kinds
    assert False in kinds
