"""Forks daemons and a person, kills them at random, and lets what is left go on.

Children are forked from a process that has imported everything and opened nothing, so that a kill
hits work and not start-up. Only processes started here are ended, by their id.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from tests.kills.storm import DUE, MINUTE
from workflow.decision import Act
from workflow.engine import Engine
from workflow.errors import DubanError
from workflow.store import open_port, organisation, tasks
from workflow.store.sql import Statement

BATCH = 50  # smaller than in everyday use: more commits to be killed between
_TASKS = Statement(
    select(tasks.TASK.c.id, tasks.TASK.c.unit_id)
    .where(tasks.TASK.c.kind == "check")
    .order_by(tasks.TASK.c.id)
)


@dataclass(kw_only=True)
class Storm:
    """A storm to be survived."""

    url: str
    folder: Path  # where a person writes down what was acknowledged
    daemons: int  # at once
    kills: int
    seed: int
    killed: int = 0
    children: dict[int, str] = field(default_factory=dict)  # pid -> what it is


def rage(storm: Storm, say: Callable[[str], None] = lambda _line: None) -> None:
    """Kill until the storm has had its kills, then let the work be finished in peace."""
    dice = random.Random(storm.seed)  # which child dies when; the seed is printed with the figures
    while storm.killed < storm.kills:
        # Every round is a minute later: there is always a storm's worth of tellings due.
        minute = storm.killed // max(1, storm.daemons)
        while sum(1 for what in storm.children.values() if what == "daemon") < storm.daemons:
            _fork(storm, "daemon", lambda minute=minute: _serve(storm.url, DUE + (minute + 1) * MINUTE))  # type: ignore[misc]
        if "person" not in storm.children.values():
            _fork(storm, "person", lambda minute=minute: _person(storm, DUE + (minute + 1) * MINUTE))  # type: ignore[misc]
        time.sleep(dice.uniform(0.005, 0.25))
        _kill(storm, dice.choice(sorted(storm.children)))
        say(f"{storm.killed}/{storm.kills}")
    for pid in sorted(storm.children):
        _kill(storm, pid)
    _finish(storm)


def _fork(storm: Storm, what: str, work: Callable[[], None]) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except DubanError as error:
            print(what, error, flush=True)
        finally:
            os._exit(0)
    storm.children[pid] = what


def _kill(storm: Storm, pid: int) -> None:
    """SIGKILL to a child of ours; one that has ended by itself counts for nothing."""
    done, _ = os.waitpid(pid, os.WNOHANG)
    if not done:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        storm.killed += 1
    storm.children.pop(pid)


def _engine(url: str) -> Engine:
    return Engine(open_port(url), salts=lambda: secrets.token_bytes(16), batch=BATCH)


def _serve(url: str, now: int) -> None:
    """A daemon's work without its bell: ring until killed."""
    engine = _engine(url)
    for _ in range(10_000):
        ran = engine.run_once(now)
        if not ran.decided:
            time.sleep(0.01)
            now += MINUTE


def _person(storm: Storm, now: int) -> None:
    """Reports progress on task after task; writes down each answer only after it was given.

    What was asked is written down first: after a kill the same request is made again with the same
    id, as a browser would that never saw the answer.
    """
    engine = _engine(storm.url)
    with engine.port.read() as tx:
        found = tx.all(_TASKS)
        held = organisation.holdings(tx, sorted({unit for _, unit in found}))
    asked, answered = storm.folder / "asked", storm.folder / "answered"
    done = len(answered.read_text().splitlines()) if answered.exists() else 0
    for n in range(done, done + 10_000):
        task, unit = found[n % len(found)]
        request = f"request-{n}"
        _note(asked, request)
        handler = held["handler", unit][0].person_id
        act = Act(name="report", person_id=handler, facts={"progress": n % 100})
        answer = engine.act(task, act, now, request_id=request)
        _note(answered, json.dumps([request, task, answer.seq]))


def _note(path: Path, line: str) -> None:
    """One line, on the disk before going on."""
    with path.open("a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _finish(storm: Storm) -> None:
    engine = _engine(storm.url)
    last = DUE + (storm.kills + 5) * MINUTE
    for _ in range(100):
        ran = engine.run_once(last)
        if not ran.decided:
            break
    engine.port.close()
