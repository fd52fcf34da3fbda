"""The store's behaviour, alike on both databases: claiming, writing in bulk, ids, constraints."""

from __future__ import annotations

import fcntl
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from tests.storing import HEAD, a_task, ids, nudge, opened, put
from workflow.decision import Decision, EventDraft, Link, Message, RowChange
from workflow.definition.model import Source
from workflow.errors import DubanError, Overtaken, Undecidable
from workflow.rounds import MOMENT
from workflow.store import Port, open_port, tasks
from workflow.store.applying import EVENT, OUTGOING, apply
from workflow.store.organisation import REQUEST
from workflow.store.ports import Transaction
from workflow.store.sql import Statement
from workflow.task import Episode, Loaded, Row, Task

NOW = 10_000


@pytest.fixture
def port(database_url: str) -> Iterator[Port]:
    with opened(database_url) as one:
        yield one


def due(port: Port, now: int = NOW, most: int = 10) -> list[int]:
    with port.write("clock") as tx:
        return ids(tasks.claim_due(tx, now, most))


def stored(port: Port, ident: int) -> Task:
    with port.read() as tx:
        return tasks.task_of(tasks.read_these(tx, [ident])[0])


def load(port: Port, *idents: int) -> list[Loaded]:
    with port.read() as tx:
        return tasks.load(tx, [tasks.task_of(row) for row in tasks.read_these(tx, idents)], NothingMore())


class NothingMore:
    """Definitions that want nothing more read of other tasks; drafts are in the state `drafted`."""

    def is_draft(self, _version: int, _kind: str, state: str, /) -> bool:
        return state == "drafted"

    def parent_actors(self, _version: int, _kind: str, /) -> bool:
        return False

    def read_of_children(self, _version: int, _kind: str, /) -> tuple[str, ...]:
        return ()

    def counting(self, _version: int, _kind: str, _state: str, /) -> None:
        return None

    def compared(self, _version: int, _kind: str, /) -> tuple[Source, ...]:
        return ()


# --- claiming ---------------------------------------------------------------------------------------


def test_the_longest_due_are_claimed_first_and_of_one_instant_the_lowest_ids(port: Port) -> None:
    put(port, a_task(5, wake_at=300), a_task(4, wake_at=200), a_task(3, wake_at=100), a_task(2, wake_at=200))
    put(port, a_task(6, wake_at=NOW + 1), a_task(7, wake_at=None), a_task(1, wake_at=NOW))
    assert due(port) == [3, 2, 4, 5, 1]
    assert due(port, most=3) == [3, 2, 4]
    assert due(port, now=99) == []


def test_a_claim_reads_every_column(port: Port) -> None:
    whole = a_task(
        9,
        track="service",
        parent_id=1,
        row_id=2,
        moment_id=3,
        came_from="drafted",
        deadline=123,
        wake_at=5,
        due_at=124,
        ended_at=None,
        facts={"progress": 30, "note": "“好”\n\\"},
        fact_times={"progress": 7},
        acts={"report": 2},
        actors={"report": [1, 2]},
        stops=((1, 2), (3, None)),
        stop_used=True,
        last_opened={"late": 4},
        waits_for="handler",
        waits_post="handler",
        waits_unit=1,
        provisional=1,
        planned_under=2,
        light="red",
    )
    put(port, whole)
    with port.write("clock") as tx:
        assert [tasks.task_of(row) for row in tasks.claim_due(tx, NOW, 1)] == [whole]


def test_what_is_set_aside_waits_for_a_person(port: Port) -> None:
    put(port, a_task(1, wake_at=1), a_task(2, wake_at=2))
    nudge(port, 1)
    with port.write("clock") as tx:
        assert tasks.set_aside(tx, 1, NOW, "坏数据")
        assert not tasks.set_aside(tx, 1, NOW, "again")
    assert due(port) == [2]
    with port.write("clock") as tx:
        assert tasks.claim_nudged(tx, 10) == []
        assert ids(tasks.claim_planned(tx, 1, 10)) == [2]
        assert not tasks.any_nudge(tx)
        assert tasks.next_wake(tx) == 2
        assert tasks.release(tx, 1, NOW)
        assert not tasks.release(tx, 1, NOW)
        assert ids(tasks.claim_nudged(tx, 10)) == [1]
    assert due(port) == [2, 1]  # released: due now, and so behind what has waited longer


def test_a_try_that_failed_is_counted_and_put_off(port: Port) -> None:
    put(port, a_task(1, wake_at=1))
    with port.write("clock") as tx:
        assert [tasks.count_try(tx, 1, NOW + 1), tasks.count_try(tx, 1, NOW + 2)] == [1, 2]
        assert tasks.count_try(tx, 99, NOW) == 0
    assert (due(port), due(port, NOW + 2)) == ([], [1])
    with port.write("clock") as tx:
        tasks.set_aside(tx, 1, NOW, "why")
        tasks.release(tx, 1, NOW)
        assert tasks.count_try(tx, 1, NOW) == 2  # the release left one: it catches up from the last event


def test_nudged_tasks_are_claimed_once_each_by_the_order_of_their_nudges(port: Port) -> None:
    put(port, a_task(1), a_task(2), a_task(3))
    nudge(port, 3, 3, 1, 2, 404)
    with port.write("clock") as tx:
        assert ids(tasks.claim_nudged(tx, 2)) == [3]
        assert ids(tasks.claim_nudged(tx, 3)) == [1, 3]
        assert ids(tasks.claim_nudged(tx, 10)) == [1, 2, 3]
        tasks.drop_nudges(tx, [1, 2, 3])
        assert ids(tasks.claim_nudged(tx, 10)) == [2]
        assert tasks.any_nudge(tx)
        tasks.drop_nudges(tx, [4])
        assert not tasks.any_nudge(tx)  # the one left is for a task that does not exist


def test_a_failed_task_rests_until_its_retry_whatever_else_calls_for_it(port: Port) -> None:
    put(port, a_task(1))
    nudge(port, 1)
    with port.write("clock") as tx:
        tasks.count_try(tx, 1, NOW + 1_000)
    for now, found in ((NOW, []), (NOW + 1_000, [1])):
        with port.write("clock") as tx:
            assert ids(tasks.claim_nudged(tx, 10, now)) == found
            assert ids(tasks.claim_planned(tx, 1, 10, now)) == found
            assert tasks.any_nudge(tx, now) == bool(found)


def test_open_tasks_of_an_older_plan_are_claimed_the_oldest_plan_first(port: Port) -> None:
    put(port, a_task(1, planned_under=2), a_task(2, planned_under=1), a_task(3, planned_under=3))
    put(port, a_task(4, planned_under=1, ended_at=5, outcome="accepted"), a_task(5, planned_under=1))
    with port.write("clock") as tx:
        assert ids(tasks.claim_planned(tx, 3, 10)) == [2, 5, 1]
        assert ids(tasks.claim_planned(tx, 3, 1)) == [2]
        assert tasks.claim_planned(tx, 1, 10) == []


def test_claims_skip_what_another_daemon_holds(postgresql_url: str) -> None:
    with opened(postgresql_url) as port, opened(postgresql_url) as other:
        put(port, a_task(1, wake_at=1), a_task(2, wake_at=2), a_task(3, wake_at=3))
        nudge(port, 1, 2)
        with other.write("clock") as theirs:
            assert ids(tasks.claim_due(theirs, NOW, 1)) == [1]
            with port.write("clock") as tx:
                assert ids(tasks.claim_due(tx, NOW, 10)) == [2, 3]
                assert ids(tasks.claim_free(tx, [1, 2])) == [2]
                assert ids(tasks.claim_nudged(tx, 10)) == [2]
                assert ids(tasks.claim_planned(tx, 9, 10)) == [2, 3]
            with port.read() as tx:  # reading is never in anybody's way
                assert ids(tasks.read_these(tx, [1, 2, 3])) == [1, 2, 3]


def test_a_claim_lets_others_refer_to_the_task(postgresql_url: str) -> None:
    """FOR NO KEY UPDATE: a plain FOR UPDATE would block the inserts of other sessions that point here."""
    with opened(postgresql_url) as port, opened(postgresql_url) as other:
        put(port, a_task(1, wake_at=1))
        with port.write("clock") as tx:
            tasks.claim_due(tx, NOW, 1)
            text, _, _ = tasks._CLAIM_DUE.on("postgresql")
            assert "FOR NO KEY UPDATE SKIP LOCKED" in text
            nudge(other, 1)


def test_a_person_waits_for_whoever_holds_the_task(database_url: str) -> None:
    with opened(database_url) as port:
        put(port, a_task(1, wake_at=1))
        claimed, seen = threading.Event(), []

        def person() -> None:
            claimed.wait()
            with port.write("people") as tx:
                seen.append(tasks.task_of(tasks.claim_these(tx, [1])[0]).light)

        thread = threading.Thread(target=person)
        thread.start()
        with port.write("clock") as tx:
            tasks.claim_due(tx, NOW, 1)
            claimed.set()
            thread.join(0.2)
            tx.update(tasks.TASK, ("light",), ("id", "seq"), [("red", 1, 1)])
        thread.join()
        assert seen == ["red"]


def test_the_next_wake_is_the_earliest(port: Port) -> None:
    with port.read() as tx:
        assert tasks.next_wake(tx) is None
    put(port, a_task(1, wake_at=None), a_task(2, wake_at=700), a_task(3, wake_at=300))
    with port.read() as tx:
        assert tasks.next_wake(tx) == 300


def test_shared_drafts_are_found_by_unit(port: Port) -> None:
    put(
        port, a_task(1, unit_id=1, kind="dispatch", shared=1), a_task(2, unit_id=2, kind="dispatch", shared=1)
    )
    put(port, a_task(3, unit_id=1, kind="dispatch"), a_task(4, unit_id=1, kind="referral", shared=1))
    with port.write("clock") as tx:
        assert tasks.shared_drafts(tx, [1]) == {(1, 1, "dispatch"): 1, (1, 1, "referral"): 4}
        assert tasks.shared_drafts(tx, []) == {}


def test_a_draft_that_is_being_completed_is_not_joined(postgresql_url: str) -> None:
    """Who looks meanwhile waits, and then sees that it is a draft no longer."""
    with opened(postgresql_url) as port, ThreadPoolExecutor(1) as pool:
        put(port, a_task(1, kind="dispatch", shared=1))

        def look() -> dict[tuple[int, int, str], int]:
            with port.write("clock") as tx:
                return tasks.shared_drafts(tx, [1])

        with port.write("people") as tx:
            tasks.claim_these(tx, [1])
            looking = pool.submit(look)
            tx.update(tasks.TASK, ("shared", "state"), ("id", "seq"), [(0, "to_sign", 1, 1)])
        assert looking.result(10) == {}


def test_drafts_of_a_kind(port: Port) -> None:
    put(port, a_task(1, kind="dispatch", state="drafted"), a_task(2, kind="dispatch", state="issued"))
    put(port, a_task(3, kind="dispatch", state="drafted", ended_at=1, outcome="abandoned"))
    put(
        port,
        a_task(4, kind="dispatch", state="drafted", campaign_id=2),
        a_task(5, kind="dispatch", state="drafted"),
    )
    with port.read() as tx:
        assert tasks.drafts_of(tx, 1, "dispatch", NothingMore()) == [1, 5]


# --- writing in bulk --------------------------------------------------------------------------------

TEXTS = (
    "中文“引号”《书名》",
    'it\'s "quoted"',
    "back\\slash \\n \\N \\. %s %% $1 :name ?",
    "tab\tnewline\nreturn\rbell\x07",
    "",
    " 🀄 emoji, e\u0301 composed",
    "\\N",
    "{}",
)


@pytest.mark.parametrize("count", [1, 3, 4, 250])
def test_what_is_inserted_is_read_back(port: Port, count: int) -> None:
    """Few rows and many go different ways on PostgreSQL: prepared statements, or COPY."""
    rows = [
        (
            n,
            1,
            n,
            5,
            6,
            "act",
            TEXTS[n % len(TEXTS)],
            TEXTS[(n + 1) % len(TEXTS)],
            bytes([n % 256, 0, 92, 10]) * 8,
        )
        for n in range(1, count + 1)
    ]
    outgoing = [
        (n, 1, n, None if n % 2 else n, TEXTS[n % len(TEXTS)], "assigned", None, 2**53, "waiting")
        for n in range(1, count + 1)
    ]
    with port.write("clock") as tx:
        tx.insert(EVENT, rows)
        tx.insert(OUTGOING, outgoing)
    with port.read() as tx:
        assert tx.all(Statement(select(EVENT).order_by(EVENT.c.id))) == rows
        assert tx.all(Statement(select(OUTGOING).order_by(OUTGOING.c.id))) == outgoing


@pytest.mark.parametrize("count", [1, 3, 4, 250])
def test_what_is_updated_is_read_back(port: Port, count: int) -> None:
    """Few rows and many go different ways on PostgreSQL: prepared statements, or one JSON parameter."""
    put(port, *(a_task(n, seq=n, due_at=1, waits_for="handler") for n in range(1, count + 1)))
    names = ("body", "head", "wake_at", "light", "due_at", "waits_for", "shared", "seq")
    new = [
        (
            TEXTS[n % len(TEXTS)],
            bytes([n % 256, 0, 39, 255]) * 8,
            None if n % 2 else 2**60 + n,
            "yellow",
            None,
            None if n % 3 else TEXTS[n % len(TEXTS)],
            0,
            n + 1,
        )
        for n in range(1, count + 1)
    ]
    with port.write("clock") as tx:
        rows = [(*values, n, n) for n, values in enumerate(new, 1)]
        assert tx.update(tasks.TASK, names, ("id", "seq"), rows) == count
    with port.read() as tx:
        columns = [tasks.TASK.c[name] for name in names]
        assert tx.all(Statement(select(*columns).order_by(tasks.TASK.c.id))) == new


@pytest.mark.parametrize("count", [1, 3, 4, 250])
def test_a_guarded_update_says_how_many_fitted(port: Port, count: int) -> None:
    put(port, *(a_task(n) for n in range(1, count + 1)))
    with port.write("clock") as tx:
        stale = [("red", n, 1 if n > 1 else 7) for n in range(1, count + 1)]
        assert tx.update(tasks.TASK, ("light",), ("id", "seq"), stale) == count - 1
        assert tx.update(tasks.TASK, ("light",), ("id", "seq"), []) == 0
        tx.insert(tasks.TASK, [])


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("value", ["\ud800", 2**70, {"a": 1}])
def test_a_value_that_no_database_takes_is_the_fault_of_its_task(port: Port, value: Any, count: int) -> None:
    """Undecidable, not a broken database: the batch is bisected and the rest goes on."""
    rows = [(n, 1, "child", value if isinstance(value, int) else 0, 0) for n in range(1, count + 1)]
    if not isinstance(value, int):
        rows = [(n, 1, value, 0, 0) for n in range(1, count + 1)]
    with pytest.raises(Undecidable) as refused, port.write("clock") as tx:
        tx.insert(tasks.NUDGE, rows)
    assert refused.value.text.zh
    assert refused.value.text.en
    nudge(port, 1)  # nothing was written, and the next use works
    with port.write("clock") as tx:
        tasks.drop_nudges(tx, [1])


def test_a_missing_value_is_the_fault_of_its_task(port: Port) -> None:
    with pytest.raises(Undecidable), port.write("clock") as tx:
        tx.insert(tasks.NUDGE, [(1, None, "child", 0, 0)])


def test_a_forgotten_parameter_is_no_null(port: Port) -> None:
    with port.write("clock") as tx, pytest.raises(KeyError):
        tx.run(tasks._SET_ASIDE, task=1, now=1)


# --- transactions -----------------------------------------------------------------------------------


def test_an_error_leaves_everything_as_it_was(port: Port) -> None:
    def fail(tx: Transaction) -> None:
        tx.insert(tasks.TASK, [tasks.row_of(a_task(1))])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), port.write("people") as tx:
        fail(tx)
    with port.read() as tx:
        assert tasks.read_these(tx, [1]) == []


def test_a_swallowed_error_commits_nothing(port: Port) -> None:
    """PostgreSQL would answer COMMIT with a quiet ROLLBACK; SQLite would commit what came before."""
    put(port, a_task(1))

    def swallow(tx: Transaction) -> None:
        tx.insert(tasks.TASK, [tasks.row_of(a_task(2))])
        with pytest.raises(Overtaken):
            tx.insert(tasks.TASK, [tasks.row_of(a_task(1))])
        with pytest.raises(Overtaken):
            tx.insert(tasks.TASK, [tasks.row_of(a_task(3))])

    with pytest.raises(Overtaken), port.write("clock") as tx:
        swallow(tx)
    with port.read() as tx:
        assert ids(tasks.read_these(tx, [1, 2, 3])) == [1]


def test_transactions_do_not_nest(port: Port) -> None:
    def nest() -> None:
        with port.read():
            pass

    with port.write("clock"), pytest.raises(RuntimeError):
        nest()
    nest()


def test_a_reader_sees_one_moment(database_url: str) -> None:
    with opened(database_url) as port, ThreadPoolExecutor(1) as pool:
        put(port, a_task(1))
        with port.read() as tx:
            before = tasks.read_these(tx, [1, 2])
            pool.submit(put, port, a_task(2)).result(10)
            assert tasks.read_these(tx, [1, 2]) == before
        with port.read() as tx:
            assert ids(tasks.read_these(tx, [1, 2])) == [1, 2]


def test_connections_of_ended_threads_are_closed(database_url: str) -> None:
    with opened(database_url) as port:

        def look() -> None:
            with port.read() as tx:
                tasks.next_wake(tx)

        for _ in range(20):
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        pool: Any = getattr(port, "_connections", None) or port._readers  # type: ignore[attr-defined]
        assert len(pool._open) <= 2


# --- ids --------------------------------------------------------------------------------------------


def test_ids_are_drawn_once_whoever_draws(database_url: str) -> None:
    """By threads of one process and by two processes, which are two ports; some draw and roll back."""
    with opened(database_url) as one, opened(database_url) as two:
        drawn: list[int] = []

        def draw(port: Port, count: int) -> None:
            with port.write("clock") as tx:
                mine = list(tx.draw("row_id", count))
            assert mine == sorted(mine)
            drawn.extend(mine)

        jobs = [(port, count) for port in (one, two) for count in (1, 5, 0, 50, 3) * 4]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda job: draw(*job), jobs))
        assert len(drawn) == len(set(drawn)) == sum(count for _, count in jobs)
        with one.write("clock") as tx:
            assert list(tx.draw("task_id", 2)) == [1, 2]  # tasks are numbered apart, from one


# --- what must always hold --------------------------------------------------------------------------


def episode(ident: int, rule: str = "late", ended_at: int | None = None) -> tuple[Any, ...]:
    return (ident, 1, rule, "red", 1, 1, 1, 0, None, None, ended_at, "cleared" if ended_at else None)


def moment(ident: int, nominal: str = "2026-03-02 09:00") -> tuple[Any, ...]:
    return (ident, 1, "weekly", nominal, 1, 1, 1, "[]", 0, 0, "done", "")


def line(ident: int, seq: int) -> tuple[Any, ...]:
    return (ident, 1, seq, 1, 1, "act", "{}", "{}", HEAD)


def draft(ident: int, **changes: Any) -> tuple[Any, ...]:
    return tasks.row_of(a_task(ident, kind="dispatch", **{"shared": 1, **changes}))


def opened_by(ident: int, **changes: Any) -> tuple[Any, ...]:
    return tasks.row_of(a_task(ident, **{"moment_id": 7, **changes}))


def answer(ident: str, task: int = 1) -> tuple[Any, ...]:
    return (ident, task, 1, "report", 1, 1, "working", 1)


CONSTRAINTS: dict[str, tuple[Any, tuple[Any, ...], tuple[Any, ...], list[tuple[Any, ...]]]] = {
    # name: (table, a row, one that it forbids, others that it allows)
    "one open episode per task and rule": (
        tasks.EPISODE,
        episode(1),
        episode(2),
        [episode(3, rule="slow"), episode(4, ended_at=5), episode(5, ended_at=5)],
    ),
    "one shared draft per unit, campaign and kind": (
        tasks.TASK,
        draft(1),
        draft(2),
        [draft(3, unit_id=2), draft(4, campaign_id=2), draft(5, shared=0), draft(6, shared=0)],
    ),
    "a round opens each task once": (
        tasks.TASK,
        opened_by(1),
        opened_by(2),
        [
            opened_by(3, track="service"),
            opened_by(4, unit_id=2),
            opened_by(5, moment_id=8),
            opened_by(6, moment_id=None),
            opened_by(7, moment_id=None),
        ],
    ),
    "a moment happens once": (MOMENT, moment(1), moment(2), [moment(3, "2026-03-09 09:00")]),
    "a chain can't fork": (EVENT, line(1, 1), line(2, 1), [line(3, 2)]),
    "a request has one answer": (REQUEST, answer("a"), answer("a", 2), [answer("b")]),
    "a task concerns another once for an episode": (
        tasks.CONCERN,
        (1, 2, 3, 4, None),
        (1, 2, 3, 5, None),
        [(1, 2, 4, 4, None), (2, 1, 3, 4, None)],
    ),
}


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_what_the_schema_forbids(port: Port, name: str) -> None:
    table, first, second, others = CONSTRAINTS[name]
    with port.write("clock") as tx:
        tx.insert(table, [first])
    for rows in ([second], [*others, second]):  # alone, and in the middle of a batch: COPY on PostgreSQL
        with pytest.raises(Overtaken), port.write("clock") as tx:
            tx.insert(table, rows)
    with port.write("clock") as tx:
        tx.insert(table, others)


# --- applying decisions -----------------------------------------------------------------------------

_salts = itertools.count()


def salt() -> bytes:
    return next(_salts).to_bytes(16, "big")


def decision(before: Task, change: Callable[[Task], None] = lambda _task: None, **parts: Any) -> Decision:
    after = replace(before)
    change(after)
    empty: dict[str, Any] = {
        name: []
        for name in (
            "events",
            "new_episodes",
            "changed_episodes",
            "opens",
            "links",
            "added_rows",
            "changed_rows",
            "removed_concerns",
            "nudges",
            "consumed",
            "evidence",
        )
    }
    return Decision(before=before, task=after, **{**empty, **parts})


def apply_all(port: Port, *decisions: Decision, now: int = NOW) -> None:
    with port.write("clock") as tx:
        apply(tx, decisions, now, salt)


def an_event(**parts: Any) -> EventDraft:
    return EventDraft(kind="machine", at=5, header={"rule": "late"}, **parts)


@pytest.mark.parametrize("count", [1, 4, 250])
def test_one_stale_task_takes_the_whole_batch_back(port: Port, count: int) -> None:
    many = [a_task(n, wake_at=1) for n in range(1, count + 1)]
    put(port, *many)
    apply_all(port, decision(many[0], events=[an_event()]))  # somebody was faster on one of them
    with pytest.raises(Overtaken) as overtaken:
        apply_all(port, *(decision(one, events=[an_event()]) for one in many))
    assert "task" in overtaken.value.text.en
    with port.read() as tx:
        assert tx.all(Statement(select(EVENT.c.task_id))) == [(1,)]


def test_whatever_a_decision_changes_is_written(port: Port) -> None:
    """Also where the task neither moves nor is acted on: a recomputed calendar only changes `provisional`."""
    changes: dict[str, Any] = {
        "state": "working",
        "visit": 2,
        "came_from": "issued",
        "state_since": 2,
        "reported_at": 3,
        "deadline": 4,
        "deadline_set_at": 5,
        "deadline_anchor": 6,
        "deadline_basis": "2 workdays",
        "revision": 7,
        "shared": 1,
        "ended_at": 8,
        "outcome": "accepted",
        "wake_at": 9,
        "light": "red",
        "due_at": 10,
        "waits_for": "leader",
        "waits_post": "leader",
        "waits_unit": 11,
        "provisional": 1,
        "planned_under": 12,
        "facts": {"progress": 13},
        "stops": ((14, None),),
    }
    for ident, (name, value) in enumerate(changes.items(), 1):
        put(port, a_task(ident))
        apply_all(port, decision(stored(port, ident), lambda task, n=name, v=value: setattr(task, n, v)))  # type: ignore[misc]
        assert getattr(stored(port, ident), name) == value, name


def test_a_decision_is_written_whole(port: Port) -> None:
    put(port, a_task(1), a_task(2, kind="dispatch"))
    old = Episode(id=0, rule="slow", light="yellow", opened_at=1, told_at=1)
    row = Row(id=0, list="problems", values={"what": "漏水"})
    first = decision(
        stored(port, 1),
        events=[
            an_event(messages=[Message(person_id=None, role="handler", reason="escalation", rule="late")])
        ],
        new_episodes=[old],
        links=[Link(target=2, episode=old)],
        added_rows=[RowChange(row=row)],
        nudges=[(2, "concerned")],
    )
    apply_all(port, first)
    loaded, other = load(port, 1, 2)
    assert (loaded.task.seq, [one.rule for one in loaded.episodes]) == (2, ["slow"])
    assert [one.values for one in loaded.rows] == [{"what": "漏水"}]
    assert [one.task_id for one in loaded.concerning] == [2]
    assert [one.cause for one in other.nudges] == ["concerned", "joined"]
    assert [(one.about_id, one.stands) for one in other.backing] == [(1, True)]

    ended = replace(loaded.episodes[0], ended_at=7, ended_by="cleared")
    new = Episode(id=0, rule="slow", light="yellow", opened_at=8, told_at=8)
    closed = replace(loaded.rows[0], closed_at=9, closed_by=2)
    apply_all(
        port,
        decision(loaded.task, changed_episodes=[ended], new_episodes=[new], changed_rows=[closed]),
        decision(other.task, removed_concerns=[1], consumed=[one.id for one in other.nudges]),
    )
    loaded, other = load(port, 1, 2)
    assert [one.opened_at for one in loaded.episodes] == [8]
    assert [(one.closed_at, one.closed_by) for one in loaded.rows] == [(9, 2)]
    assert [(one.removed, one.stands) for one in other.backing] == [(True, False)]
    assert other.nudges == ()


def test_tasks_taken_off_drafts_keep_their_instant(port: Port) -> None:
    """However many drafts a batch clears, and whichever episodes had put a task there."""
    drafts = [a_task(n, kind="dispatch") for n in range(1, 6)]
    put(port, *drafts)
    rows = [(one.id, about, 10 * one.id + about, 1, None) for one in drafts for about in (7, 8)]
    with port.write("clock") as tx:
        tx.insert(tasks.CONCERN, rows)
    apply_all(port, decision(drafts[0], removed_concerns=[7]), now=50)
    apply_all(port, *(decision(one, removed_concerns=[7, 8]) for one in drafts), now=60)
    with port.read() as tx:
        found = tx.all(
            Statement(select(tasks.CONCERN.c.task_id, tasks.CONCERN.c.about_id, tasks.CONCERN.c.removed_at))
        )
    assert sorted(found) == sorted(
        (one.id, about, 50 if (one.id, about) == (1, 7) else 60) for one in drafts for about in (7, 8)
    )


def test_errors_speak_both_languages(port: Port) -> None:
    put(port, a_task(1))
    with pytest.raises(DubanError) as refused:
        put(port, a_task(1))
    assert refused.value.text.zh != refused.value.text.en


# --- people of other processes first ------------------------------------------------------------------


def test_a_person_at_the_door_is_let_in_before_the_clocks_next_batch(sqlite_url: str) -> None:
    """Two ports on one file stand for two processes: each has its own turns, and the door between them."""
    clock, person = open_port(sqlite_url), open_port(sqlite_url)
    began, order = threading.Event(), []

    def act() -> None:
        began.set()
        with person.write("people"):
            order.append("person")

    with clock.write("clock"):
        waiting = threading.Thread(target=act)
        waiting.start()
        began.wait()
        while not _door_is_held(clock):  # until the person stands there
            pass
    with clock.write("clock"):
        order.append("clock")
    waiting.join()
    clock.close()
    person.close()
    assert order == ["person", "clock"]


def _door_is_held(port: Port) -> bool:
    path = port.path  # type: ignore[attr-defined]
    with path.with_name(path.name + ".door").open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
