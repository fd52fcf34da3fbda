"""Several nodes on one PostgreSQL: each message is handed over once, whoever dies or freezes meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from notifier.store.deliveries import NewDelivery, new_deliveries
from tests.storing import opened, raw

ROOT = Path(__file__).resolve().parent.parent
LEASE = 1_500  # ms


def put(url: str, *ids: int) -> None:
    """Messages whose bytes are fixed, due now."""
    now = time.time_ns() // 1_000_000
    rows = [
        NewDelivery(
            id=one,
            person_id=None,
            channel="mail",
            kind="mail",
            address=f"a{one}@example.org",
            language="zh",
            class_="formal",
            about="test",
            due_at=now,
            created_at=now,
            message_id=f"<{one}@example.org>",
            body=b"text",
        )
        for one in ids
    ]
    with opened(url) as port, port.write("clock") as tx:
        new_deliveries(tx, rows)


def until(what: str, true: Callable[[], bool], seconds: float = 60) -> None:
    """Ask again until it is so; the pause is no part of what is tested."""
    deadline, pause = time.monotonic() + seconds, Event()
    while not true():
        assert time.monotonic() < deadline, what
        pause.wait(0.02)


def all_accepted(url: str) -> bool:
    with raw(url) as connection:
        found = connection.execute("SELECT DISTINCT status FROM delivery").fetchall()
    return bool(found == [("accepted",)])


def unknowns(url: str) -> dict[int, int]:
    """Message -> how many possible duplicates are counted."""
    with raw(url) as connection:
        return dict(connection.execute("SELECT id, unknowns FROM delivery WHERE unknowns > 0").fetchall())


class Node:
    """A node in a process of its own, and what it did."""

    def __init__(self, url: str, name: str, folder: Path, *, gated: bool) -> None:
        self._folder, self._name = folder, name
        self.gate = folder / f"{name}.gate"
        if gated:
            self.gate.touch()
        command = [sys.executable, "-m", "tests.office_node", url, name, str(folder), str(LEASE)]
        self._process = subprocess.Popen(command, cwd=ROOT)

    def did(self, what: str) -> list[int]:
        """Messages that were `begun` or `sent`, in order."""
        file = self._folder / f"{self._name}.{what}"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def gets(self, one: signal.Signals) -> None:
        """A signal."""
        os.kill(self._process.pid, one)

    def ends(self) -> None:
        """For good."""
        self._process.kill()
        self._process.wait(10)


Begin = Callable[..., Node]


@pytest.fixture
def begin(postgresql_url: str, tmp_path: Path) -> Iterator[Begin]:
    begun: list[Node] = []

    def one(name: str, *, gated: bool = False) -> Node:
        begun.append(Node(postgresql_url, name, tmp_path, gated=gated))
        return begun[-1]

    yield one
    for node in begun:
        node.ends()


def test_two_nodes_share_the_work_and_each_message_is_handed_over_once(
    postgresql_url: str, begin: Begin
) -> None:
    first, second = begin("one", gated=True), begin("two", gated=True)
    put(postgresql_url, *range(1, 61))
    until("both at work", lambda: bool(first.did("begun") and second.did("begun")))
    first.gate.unlink()
    second.gate.unlink()
    until("all", lambda: all_accepted(postgresql_url))
    assert sorted(first.did("sent") + second.did("sent")) == list(range(1, 61))
    assert first.did("sent")
    assert second.did("sent")
    assert unknowns(postgresql_url) == {}


def test_what_a_killed_node_had_under_way_is_taken_over(postgresql_url: str, begin: Begin) -> None:
    first = begin("one", gated=True)
    put(postgresql_url, *range(1, 13))
    until("at work", lambda: bool(first.did("begun")))
    first.gets(signal.SIGKILL)
    second = begin("two")
    until("all", lambda: all_accepted(postgresql_url))
    assert sorted(second.did("sent")) == list(range(1, 13))
    assert first.did("sent") == []
    assert set(unknowns(postgresql_url).values()) == {1}  # they may have gone out: it is counted
    assert set(first.did("begun")) <= set(unknowns(postgresql_url))


def test_a_frozen_node_comes_back_harmless(postgresql_url: str, begin: Begin) -> None:
    """What it hands over then is the possible duplicate that was counted; what it records fits no row."""
    first = begin("one", gated=True)
    put(postgresql_url, *range(1, 13))
    until("at work", lambda: bool(first.did("begun")))
    first.gets(signal.SIGSTOP)
    second = begin("two")
    until("all", lambda: all_accepted(postgresql_url))
    first.gate.unlink()
    first.gets(signal.SIGCONT)
    until("it woke", lambda: bool(first.did("sent")))
    put(postgresql_url, 99)
    until("the new one", lambda: all_accepted(postgresql_url))
    assert sorted(set(second.did("sent")) - {99}) == list(range(1, 13))
    assert set(first.did("sent")) - {99} <= set(unknowns(postgresql_url))
    assert len(first.did("sent") + second.did("sent")) == 13 + len(set(first.did("sent")) - {99})
