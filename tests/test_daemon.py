"""The daemon: one per file, rings, judges the clock, stops cleanly, goes on where it was."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.packs import small_pack
from workflow import daemon
from workflow.calendar import default_calendar
from workflow.clock import VirtualClock
from workflow.engine import Engine, Ran
from workflow.errors import DatabaseFull, DatabaseLocked
from workflow.simulation.dice import Dice
from workflow.store import open_port, organisation
from workflow.store.ports import Port

CALENDAR = default_calendar()
START = CALENDAR.instant(date(2026, 3, 2), 8)
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def port(database_url: str) -> Iterator[Port]:
    opened = open_port(database_url)
    yield opened
    opened.close()


@pytest.fixture
def engine(port: Port, tmp_path: Path) -> Engine:
    made = Engine(port, salts=Dice(1).salt)
    made.load(small_pack(tmp_path / "pack"), START)
    return made


def _daemon(engine: Engine, clock: VirtualClock) -> daemon.Daemon:
    made = daemon.Daemon(engine, clock, daemon.Settings())
    made.start()
    return made


def _hold(engine: Engine) -> str | None:
    with engine.port.read() as tx:
        found = organisation.standing_hold(tx)
    return found[0].en if found else None


def _release(engine: Engine, clock: VirtualClock) -> None:
    with engine.port.write("people") as tx:
        organisation.release_hold(tx, "an administrator", clock.now())


def test_a_ring_does_what_is_due(engine: Engine) -> None:
    clock = VirtualClock(START)
    at_work = _daemon(engine, clock)
    clock.advance(2 * DAY)  # the hand-out of the pack is at the start of 2 March
    ran = at_work.ring()
    assert ran is not None
    assert ran.opened == 2


def test_downtime_is_caught_up(engine: Engine) -> None:
    clock = VirtualClock(START)
    assert _daemon(engine, clock).ring() is not None
    later = VirtualClock(START + 5 * DAY)
    again = daemon.Daemon(engine, later, daemon.Settings())
    assert again.start().outcome in ("downtime", "warned", "fine")
    assert again.ring() is not None
    assert _hold(engine) is None


def test_more_than_thirty_days_after_the_last_event_hold_until_a_person_agrees(engine: Engine) -> None:
    _daemon(engine, VirtualClock(START)).ring()
    clock = VirtualClock(START + 31 * DAY)
    at_work = _daemon(engine, clock)
    assert at_work.ring() is None
    assert "30 days" in (_hold(engine) or "")
    _release(engine, clock)
    clock.advance(MINUTE)
    assert at_work.ring() is not None


def test_a_clock_earlier_than_the_last_event_holds(engine: Engine) -> None:
    _daemon(engine, VirtualClock(START)).ring()
    at_work = _daemon(engine, VirtualClock(START - MINUTE))
    assert at_work.ring() is None
    assert "before the last event" in (_hold(engine) or "")


def test_a_jump_of_more_than_ten_minutes_holds_and_fires_nothing(engine: Engine) -> None:
    clock = VirtualClock(START)
    at_work = _daemon(engine, clock)
    at_work.ring()
    clock.jump(11 * MINUTE)
    assert at_work.ring() is None
    assert "jumped ahead" in (_hold(engine) or "")


def test_many_small_jumps_are_one_large_one(engine: Engine) -> None:
    clock = VirtualClock(START)
    at_work = _daemon(engine, clock)
    answers = []
    for _ in range(3):
        clock.jump(5 * MINUTE)
        answers.append(at_work.ring())
    assert answers[0] is not None
    assert answers[-1] is None


def test_a_step_back_holds_and_repeats_nothing(engine: Engine) -> None:
    clock = VirtualClock(START)
    at_work = _daemon(engine, clock)
    at_work.ring()
    clock.set(START - MINUTE, step_back=True)
    assert at_work.ring() is None
    assert "set back" in (_hold(engine) or "")


def test_after_a_release_jumps_are_measured_from_there(engine: Engine) -> None:
    clock = VirtualClock(START)
    at_work = _daemon(engine, clock)
    at_work.ring()
    clock.jump(11 * MINUTE)
    assert at_work.ring() is None
    _release(engine, clock)
    clock.advance(MINUTE)
    assert at_work.ring() is not None
    clock.advance(MINUTE)
    assert at_work.ring() is not None


def test_it_leaves_a_heartbeat(engine: Engine) -> None:
    clock = VirtualClock(START)
    _daemon(engine, clock).ring()
    with engine.port.read() as tx:
        beats = organisation.remembered_like(tx, organisation.HEARTBEAT)
    assert [int(value) for value in beats.values()] == [START]


def test_a_second_daemon_on_a_file_refuses_and_names_who_holds_it(sqlite_url: str) -> None:
    port = open_port(sqlite_url)
    engine = Engine(port, salts=Dice(1).salt)
    rung, stop = threading.Event(), threading.Event()
    first = threading.Thread(
        target=daemon.run,
        args=(engine,),
        kwargs={"database": daemon.sqlite_file(port), "stop": stop, "on_ring": lambda _ran: rung.set()},
    )
    first.start()
    try:
        assert rung.wait(20)
        with pytest.raises(DatabaseLocked, match=r"pid \d+"):
            daemon.run(engine, database=daemon.sqlite_file(port), stop=stop)
    finally:
        stop.set()
        first.join(20)
        port.close()


def test_a_ring_that_meets_a_full_disk_goes_on_at_the_next_one(sqlite_url: str) -> None:
    port = open_port(sqlite_url)
    rings: list[Ran | None] = []
    stop = threading.Event()

    class Failing(Engine):
        def run_once(self, now: int) -> Ran:
            if not rings:
                raise DatabaseFull("磁盘已满。", "The disk is full.")
            return super().run_once(now)

    def count(ran: Ran | None) -> None:
        rings.append(ran)
        if len(rings) == 2:
            stop.set()

    daemon.run(
        Failing(port, salts=Dice(1).salt), settings=daemon.Settings(interval=0.05), stop=stop, on_ring=count
    )
    port.close()
    assert rings[0] is None
    assert rings[1] is not None


_SCRIPT = """
import secrets, sys
from workflow import daemon
from workflow.engine import Engine
from workflow.store import open_port
port = open_port(sys.argv[1])
engine = Engine(port, salts=lambda: secrets.token_bytes(16))
daemon.run(engine, database=daemon.sqlite_file(port), on_ring=lambda ran: print("rung", flush=True))
port.close()
print("closed", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_and_its_place_is_free_again(
    sqlite_url: str, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", _SCRIPT, sqlite_url]
    for _ in range(2):  # the second run finds the place free
        child = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert child.stdout is not None
        lines = iter(child.stdout.readline, "")
        assert any(line.startswith("rung") for line in lines)
        child.send_signal(number)
        rest = child.communicate(timeout=5)[0]
        assert "closed" in rest
        assert child.returncode == 0
