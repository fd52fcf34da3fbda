"""Nodes share deliveries on PostgreSQL: each is handed over once, whoever dies or freezes meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from notifier.cluster import SCHEMA, Cluster, ClusterSettings, install
from notifier.models import DeliveryRow
from tests.storing import opened, raw
from workflow.clock import SystemClock
from workflow.errors import DatabaseOutdated
from workflow.store import migrate
from workflow.store.opening import libpq
from workflow.store.postgresql import PostgresPort

ROOT = Path(__file__).resolve().parent.parent
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
NAMES = [column.name for column in DELIVERY.columns]
HEARTBEAT = 1.5  # seconds
FAST = ClusterSettings(heartbeat=HEARTBEAT, batch=5, idle=0.5, again=0.1)


@pytest.fixture
def url(postgresql_url: str) -> str:
    install(postgresql_url)
    return postgresql_url


def put(url: str, *ids: int, due_at: int = 0, **changes: object) -> None:
    """Deliveries that wait to be sent."""
    usual = {"channel": "box", "kind": "folder", "address": "a", "language": "zh", "class": "formal"}
    usual |= {"about": "test", "status": "waiting", "urgent": 0, "created_at": 0, "tries": 0, "unknowns": 0}
    with opened(url) as port, port.write("clock") as tx:
        rows = [usual | {"id": one, "due_at": due_at, "message_id": f"<{one}@x>"} | changes for one in ids]
        tx.insert(DELIVERY, [tuple(row.get(name) for name in NAMES) for row in rows])


def statuses(url: str) -> dict[int, str]:
    with raw(url) as connection:
        return dict(connection.execute("SELECT id, status FROM delivery").fetchall())


def jobs(url: str) -> list[tuple[str, str]]:
    """Key and state of each job."""
    with raw(url) as connection:
        text = f"SELECT dedupe_key, status::text FROM {SCHEMA}.pgqueuer ORDER BY id"
        return connection.execute(text).fetchall()  # type: ignore[no-any-return]


def until(what: str, true: Callable[[], bool], seconds: float = 30) -> None:
    """Ask again until it is so; the pause is no part of what is tested."""
    deadline, pause = time.monotonic() + seconds, Event()
    while not true():
        assert time.monotonic() < deadline, what
        pause.wait(0.02)


# --- laying out -------------------------------------------------------------------------------------


class Nobody:
    def deliver(self, _channel: str, _ids: Sequence[int], _now: int, _stale: int) -> None:
        raise AssertionError("nothing is to be delivered")


@pytest.fixture
def cluster(url: str) -> Iterator[Cluster]:
    port = PostgresPort(libpq(url))
    yield Cluster(port, url, Nobody(), ["box"], SystemClock(), FAST)
    port.close()


def test_what_is_due_gets_one_job_for_each_try(cluster: Cluster, url: str) -> None:
    put(url, 1, 2)
    put(url, 3, due_at=1_000)
    put(url, 4, status="held")
    put(url, 5, status="unknown", tries=1, unknowns=1)
    assert cluster.feed(999) == 3
    assert cluster.feed(999) == 0
    assert [key for key, _status in jobs(url)] == ["1.0", "2.0", "5.2"]
    assert cluster.feed(1_000) == 1


def test_nothing_is_laid_out_for_a_channel_that_pauses(cluster: Cluster, url: str) -> None:
    put(url, 1)
    assert cluster.feed(0, paused=["box"]) == 0
    assert cluster.feed(0) == 1


def test_so_many_jobs_are_laid_out_at_a_time(url: str) -> None:
    put(url, *range(1, 8))
    port = PostgresPort(libpq(url))
    cluster = Cluster(port, url, Nobody(), ["box"], SystemClock(), ClusterSettings(ahead=5))
    assert [cluster.feed(0), cluster.feed(0)] == [5, 0]
    port.close()


def test_jobs_and_what_they_are_for_are_committed_together(url: str) -> None:
    """A feeding that fails half-way leaves no job."""
    put(url, 1)

    def fails(moment: str, text: str) -> None:
        if moment == "before" and text == "COMMIT":
            raise KeyboardInterrupt

    port = PostgresPort(libpq(url), probe=fails)
    with pytest.raises(KeyboardInterrupt):
        Cluster(port, url, Nobody(), ["box"], SystemClock()).feed(0)
    port.close()
    assert jobs(url) == []


# --- the tables -------------------------------------------------------------------------------------


def test_its_tables_stand_apart_and_are_made_once(url: str) -> None:
    put(url, 1)
    install(url)
    with raw(url) as connection:
        found = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename LIKE 'pgqueuer%'")
        assert {schema for (schema,) in found.fetchall()} == {SCHEMA}
    migrate(url)  # and our own migrations don't mind them
    assert statuses(url) == {1: "waiting"}


def test_the_names_of_its_tables_come_from_no_variable(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, url: str
) -> None:
    for name in ("CHANNEL", "TRIGGER", "FUNCTION", "QUEUE_TABLE", "PGQUEUER_PREFIX", "PGQUEUER_SCHEMA"):
        monkeypatch.setenv(name, "elsewhere")
    put(url, 1)
    assert cluster.feed(0) == 1


def test_a_node_refuses_to_start_without_its_tables(postgresql_url: str) -> None:
    port = PostgresPort(libpq(postgresql_url))
    with pytest.raises(DatabaseOutdated):
        Cluster(port, postgresql_url, Nobody(), ["box"], SystemClock()).start()
    port.close()


# --- one node ---------------------------------------------------------------------------------------


class Hands:
    """Notes what it is given; the first time it fails, if told to."""

    def __init__(self, url: str, *, fails: bool = False) -> None:
        self.url, self.fails = url, fails
        self.given: list[int] = []

    def deliver(self, _channel: str, ids: Sequence[int], _now: int, _stale: int) -> None:
        if self.fails:
            self.fails = False
            raise OSError("no room")
        self.given += ids
        with raw(self.url) as connection:
            connection.execute("UPDATE delivery SET status = 'accepted' WHERE id = ANY(%s)", (list(ids),))


@pytest.mark.parametrize("fails", [False, True])
def test_a_node_delivers_what_is_due_and_ends_cleanly(url: str, fails: bool) -> None:
    """A job that fails is forgotten, its delivery is not."""
    hands, port = Hands(url, fails=fails), PostgresPort(libpq(url))
    cluster = Cluster(port, url, hands, ["box"], SystemClock(), FAST)
    put(url, *range(1, 21))
    cluster.start()
    until("delivered", lambda: cluster.feed(0) == 0 and set(statuses(url).values()) == {"accepted"})
    cluster.close()
    port.close()
    assert sorted(hands.given) == list(range(1, 21))
    assert jobs(url) == []


# --- several ----------------------------------------------------------------------------------------


class Node:
    """A node in a process of its own, and what it did."""

    def __init__(self, url: str, name: str, folder: Path, *, gated: bool = False) -> None:
        self._folder, self._name = folder, name
        self.gate = folder / f"{name}.gate"
        if gated:
            self.gate.touch()
        command = [sys.executable, "-m", "tests.cluster_node", url, name, str(folder), str(HEARTBEAT)]
        self.process = subprocess.Popen(command, cwd=ROOT)

    def did(self, what: str) -> list[int]:
        file = self._folder / f"{self._name}.{what}"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def ends(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def begin(url: str, tmp_path: Path) -> Iterator[Callable[..., Node]]:
    begun: list[Node] = []

    def one(name: str, *, gated: bool = False) -> Node:
        begun.append(Node(url, name, tmp_path, gated=gated))
        return begun[-1]

    yield one
    for node in begun:
        node.ends()


def all_accepted(url: str) -> bool:
    return set(statuses(url).values()) == {"accepted"}


def unknowns(url: str) -> dict[int, int]:
    with raw(url) as connection:
        found = connection.execute("SELECT id, unknowns FROM delivery WHERE unknowns > 0")
        return dict(found.fetchall())


def test_two_nodes_share_the_work_and_each_delivery_is_handed_over_once(
    url: str, begin: Callable[..., Node]
) -> None:
    first, second = begin("one", gated=True), begin("two", gated=True)
    put(url, *range(1, 61))
    until("both at work", lambda: bool(first.did("claimed") and second.did("claimed")))
    first.gate.unlink()
    second.gate.unlink()
    until("all", lambda: all_accepted(url))
    assert sorted(first.did("sent") + second.did("sent")) == list(range(1, 61))
    assert first.did("sent")
    assert second.did("sent")
    assert unknowns(url) == {}


def test_what_a_killed_node_had_under_way_is_taken_over(url: str, begin: Callable[..., Node]) -> None:
    first = begin("one", gated=True)
    put(url, *range(1, 13))
    until("at work", lambda: bool(first.did("claimed")))
    os.kill(first.process.pid, signal.SIGKILL)
    second = begin("two")
    until("all", lambda: all_accepted(url))
    assert sorted(second.did("sent")) == list(range(1, 13))
    assert first.did("sent") == []
    assert set(unknowns(url).values()) == {1}  # what it had claimed may have gone out: it is counted
    assert set(first.did("claimed")) <= set(unknowns(url))


def test_a_frozen_node_comes_back_harmless(url: str, begin: Callable[..., Node]) -> None:
    """What it hands over then is the possible duplicate that was counted; what it records fits no row."""
    first = begin("one", gated=True)
    put(url, *range(1, 13))
    until("at work", lambda: bool(first.did("claimed")))
    os.kill(first.process.pid, signal.SIGSTOP)
    second = begin("two")
    until("all", lambda: all_accepted(url))
    first.gate.unlink()
    os.kill(first.process.pid, signal.SIGCONT)
    until("it woke", lambda: bool(first.did("sent")))
    put(url, 99)
    until("the new one", lambda: all_accepted(url))
    assert sorted(set(second.did("sent")) - {99}) == list(range(1, 13))
    assert set(first.did("sent")) - {99} <= set(unknowns(url))
    with raw(url) as connection:
        ((most,),) = connection.execute("SELECT max(tries) FROM delivery").fetchall()
    assert most == 1
