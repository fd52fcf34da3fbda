"""The daemon: a thin shell around `run_once(now)`.

APScheduler only rings, once a second; due times live in our tables, so that a missed ring loses
nothing. Between two rings the clock is judged: a jump holds all firing until a person agrees. On
SQLite one daemon works on a file; on PostgreSQL any number do, and none is special.

    ring ──► read both clocks ──► judge ──► held? say so, wait for `duban release`
                                    └─────► run_once(now): plans, nudges, due tasks, rounds

What works beside the engine is rung alike, each in a thread of its own: a slow one keeps nobody waiting.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import platform
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import IO, Any

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from .clock import (
    Clock,
    Reading,
    SystemClock,
    Verdict,
    judge_kernel,
    judge_start,
    judge_tick,
    kernel_synchronised,
)
from .engine import Engine, Ran
from .engine.memory import calm
from .errors import DatabaseLocked, StoreError
from .store import life, organisation
from .store.ports import Port

HEARTBEAT_MS = 30_000

log = structlog.get_logger("duban.daemon")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How the daemon runs."""

    interval: float = 1.0  # seconds between rings
    hold_unsynchronised: bool = False  # an undisciplined kernel clock holds, instead of a warning


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """Something that works beside the engine, on the same rings."""

    work: Callable[[int], object]  # at an instant; what it could not finish it does at the next ring
    stop: Callable[[], None] = lambda: None  # begin nothing further; may be called from another thread


class DatabaseClock:
    """On PostgreSQL the database's time decides; the boot clock stays the machine's."""

    def __init__(self, port: Port, machine: Clock) -> None:
        self._port, self._machine = port, machine

    def now(self) -> int:
        """Milliseconds since the epoch, as the database has it, else the machine."""
        told = self._port.now()
        return self._machine.now() if told is None else told

    def boot(self) -> int:
        """Milliseconds of the machine's boot clock."""
        return self._machine.boot()


class Daemon:
    """Rings, judges the clock, lets the engine run. `ring` is all it does; the rest is when."""

    def __init__(self, engine: Engine, clock: Clock, settings: Settings) -> None:
        self._engine, self._clock, self._settings = engine, clock, settings
        self._agreed: Reading | None = None
        self._before: Reading | None = None
        self._held = False
        self._beaten = 0
        self._node = f"{platform.node()}:{os.getpid()}"

    def start(self) -> Verdict:
        """Judge the pause since the last sign of life. Downtime is caught up; a doubtful clock holds."""
        reading = Reading.of(self._clock)
        with self._engine.port.read() as tx:
            verdict = judge_start(reading.now, life.last_sign(tx))
        kernel = judge_kernel(kernel_synchronised(), hold=self._settings.hold_unsynchronised)
        for one in (verdict, kernel):
            self._say(one)
        self._before = self._agreed = reading
        worst = verdict if verdict.holds else kernel
        if worst.holds:
            self._hold(worst, reading.now)
        return worst

    def ring(self) -> Ran | None:
        """One ring: judge the clock, then everything that is due. None while a hold stands."""
        reading = Reading.of(self._clock)
        verdict = judge_tick(self._before or reading, reading, self._agreed)
        self._before = reading
        if verdict.holds and not self._held:
            self._say(verdict)
            self._hold(verdict, reading.now)
        ran = self._engine.run_once(reading.now)
        if ran.held:
            self._held = True
            return None
        if self._held:  # a person has agreed: jumps are measured from here
            log.info("released")
            self._held, self._agreed = False, reading
        self._report(ran)
        self._beat(reading.now)
        return ran

    def _hold(self, verdict: Verdict, now: int) -> None:
        assert verdict.reason is not None  # noqa: S101  (a verdict that holds has its reason)
        self._held = True
        with self._engine.port.write("clock") as tx:
            organisation.add_hold(tx, verdict.reason, now)

    def _say(self, verdict: Verdict) -> None:
        if verdict.reason is not None:
            speak = log.error if verdict.holds else log.warning
            speak(
                "clock",
                outcome=verdict.outcome,
                gap_ms=verdict.gap,
                why=verdict.reason.en,
                zh=verdict.reason.zh,
            )

    def _report(self, ran: Ran) -> None:
        if ran.decided or ran.opened or ran.moments or ran.failed:
            log.info(
                "ran",
                decided=ran.decided,
                opened=ran.opened,
                events=ran.events,
                messages=ran.messages,
                moments=ran.moments,
                failed=ran.failed,
                set_aside=ran.set_aside,
            )

    def _beat(self, now: int) -> None:
        """A sign of life that `doctor` and a watchdog outside the process can read."""
        if now - self._beaten < HEARTBEAT_MS:
            return
        self._beaten = now
        with self._engine.port.write("clock") as tx:
            life.beat(tx, self._node, now)


def run(
    engine: Engine,
    *,
    settings: Settings | None = None,
    clock: Clock | None = None,
    database: Path | None = None,
    stop: threading.Event | None = None,
    on_ring: Callable[[Ran | None], None] = lambda _ran: None,
    beside: Mapping[str, Beside] = MappingProxyType({}),
) -> None:
    """Work until SIGTERM, SIGINT or `stop`; what was begun is finished or rolled back.

    Args:
        database: the SQLite file, which only one daemon may work on; None on PostgreSQL.
        on_ring: called after each ring, for whoever shows progress.
        beside: what else is rung, by a name for the log; it rests while the clock is held.

    Raises:
        DatabaseLocked: another daemon works on this file; says which.
    """
    chosen = settings or Settings()
    ended = stop or threading.Event()
    with only_one(database), _signals(ended, engine):
        told = clock or DatabaseClock(engine.port, SystemClock())
        daemon = Daemon(engine, told, chosen)
        calm()
        log.info("started", pid=os.getpid(), interval=chosen.interval)
        daemon.start()
        rings = {"default": lambda: on_ring(_ring(daemon))}
        rings |= {name: partial(_work, engine, told, name, one) for name, one in beside.items()}
        scheduler = _scheduler(rings, chosen.interval)
        scheduler.start()
        try:
            ended.wait()
        finally:
            for one in beside.values():
                one.stop()
            scheduler.shutdown(wait=True)
            log.info("stopped", pid=os.getpid())


# It says on every ring that the one before is still at work: what is due is in our tables anyway.
logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _scheduler(rings: Mapping[str, Callable[[], None]], interval: float) -> Any:
    """Each in one thread of its own: rings that come while one is at work are folded into the next."""
    executors = {name: ThreadPoolExecutor(1) for name in rings}
    scheduler = BackgroundScheduler(timezone="UTC", executors=executors)
    for name, ring in rings.items():
        scheduler.add_job(
            ring,
            IntervalTrigger(seconds=interval, timezone="UTC"),
            executor=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,  # however late a ring is, it rings: nothing is dropped
            next_run_time=_at_once(),
        )
    return scheduler


def _work(engine: Engine, clock: Clock, name: str, beside: Beside) -> None:
    """Work beside the engine. What fails is said and tried again; a clock in doubt holds it as well."""
    try:
        with engine.port.read() as tx:
            held = organisation.stamp(tx).held
        if not held:
            beside.work(clock.now())
    except StoreError as error:
        log.error("database", beside=name, why=str(error), zh=error.text.zh)
    except Exception:
        log.exception("beside failed", beside=name)


def _at_once() -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(SystemClock().now() / 1000, UTC)


def _ring(daemon: Daemon) -> Ran | None:
    """A ring that fails is said and tried again at the next one: nothing was half done."""
    try:
        return daemon.ring()
    except StoreError as error:
        log.error("database", why=str(error), zh=error.text.zh)
    except Exception:
        log.exception("ring failed")
    return None


@contextmanager
def _signals(ended: threading.Event, engine: Engine) -> Iterator[None]:
    """SIGTERM and SIGINT ask for a clean stop: the batch at work is finished, no further one begun."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        engine.stop()
        ended.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def only_one(database: Path | None) -> Iterator[None]:
    """Hold the daemon's place at a SQLite file. The lock goes with the process, however it ends."""
    if database is None:
        yield
        return
    path = database.with_name(database.name + ".daemon")
    with path.open("a+", encoding="utf-8") as file:
        _take_place(file, path, database)
        try:
            yield
        finally:
            with suppress(OSError):
                file.truncate(0)


def _take_place(file: IO[str], path: Path, database: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = holder_of(path) or {}
        who = f"pid {holder.get('pid', '?')} @ {holder.get('node', '?')}"
        raise DatabaseLocked(
            f"未启动：数据库 {database} 已有一个守护进程在运行（{who}）。请先停止它，或直接使用它。",
            f"Not started: a daemon already works on {database} ({who}). Stop it first, or let it work.",
        ) from None
    file.truncate(0)
    json.dump({"pid": os.getpid(), "node": platform.node(), "since": SystemClock().now()}, file)
    file.flush()


def holder_of(path: Path) -> dict[str, Any] | None:
    """Who holds the daemon's place, as the lock file says; None when it says nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def sqlite_file(port: Port) -> Path | None:
    """The file of a port to SQLite, None for PostgreSQL."""
    return getattr(port, "path", None)
