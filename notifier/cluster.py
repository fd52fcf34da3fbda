"""Several nodes on one PostgreSQL share what has effects outside; PgQueuer hands it out (DESIGN §8).

The truth about a message stays in its `delivery` row. A job says only that somebody should look at that
row now: it carries the delivery's id, and the office, which guards every state, decides what is done.

    feed(now)     deliveries that are due ──► jobs, one for each try, in one transaction
    worker        jobs picked up together ──► hands.deliver(channel, ids, now, stale)
    a dead node   its jobs' heartbeat stops ──► another node picks them up: what the dead one had under
                  way is `sending` and claimed before `stale`, so its outcome is unknown

A job for a delivery that is no longer to be sent does nothing. A job that fails is forgotten: while its
delivery is due, the next feeding makes another. asyncio stays in this file, in one thread of each node.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import defaultdict, deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

import psycopg
import structlog
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver, SyncPsycopgDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries, SyncQueries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.models import Job
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel

from workflow.clock import Clock
from workflow.errors import DatabaseOutdated
from workflow.store.opening import libpq
from workflow.store.postgresql import PostgresPort, PostgresTransaction

from .store.due import due_of

log = structlog.get_logger("duban.cluster")

SCHEMA: Final = "pgqueuer"
ENTRYPOINT: Final = "deliver:"  # and the channel's name
_PLACE: Final = DBSettings(
    # All of it: what is left out would be read from variables such as CHANNEL and TRIGGER.
    prefix="",
    db_schema=SCHEMA,
    channel=Channel("duban_jobs"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=True,
)


class Hands(Protocol):
    """Who delivers: the office."""

    def deliver(self, channel: str, ids: Sequence[int], now: int, stale: int) -> None:
        """Send those of these deliveries that are to be sent now; returns when each has its outcome.

        One that another node has been sending since `stale` or before was left behind by it.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterSettings:
    """How nodes share the work."""

    heartbeat: float = 30.0  # seconds without a sign of life after which a job is somebody else's
    batch: int = 50  # jobs picked up at a time, and delivered together
    ahead: int = 1_000  # jobs of a channel that are laid out at a time
    idle: float = 5.0  # seconds after which a worker looks by itself, should it have heard nothing
    again: float = 2.0  # seconds before a worker that lost its database connects anew


def install(url: str) -> None:
    """Make PgQueuer's tables in a schema of their own, or bring them to its newest version."""
    asyncio.run(_install(url))


async def _install(url: str) -> None:
    async with await _connection(url) as connection:
        queries = _queries(connection)
        async with queries.schema_lock():
            if not await queries.schema_is_installed():
                await queries.install()
                return
        await queries.upgrade()


async def _connection(url: str) -> psycopg.AsyncConnection[Any]:
    options = "-c client_min_messages=warning"
    return await psycopg.AsyncConnection.connect(
        libpq(url), autocommit=True, options=options, connect_timeout=10
    )


def _queries(connection: psycopg.AsyncConnection[Any]) -> Queries:
    return Queries(
        PsycopgDriver(connection),
        qbe=QueryBuilderEnvironment(settings=_PLACE),
        qbq=QueryQueueBuilder(settings=_PLACE),
        qbs=QuerySchedulerBuilder(settings=_PLACE),
    )


class Cluster:
    """One node. `feed` lays out what is due; between `start` and `close` a thread works on what is there."""

    def __init__(
        self,
        port: PostgresPort,
        url: str,
        hands: Hands,
        channels: Sequence[str],
        clock: Clock,
        settings: ClusterSettings | None = None,
    ) -> None:
        self._port, self._url, self._hands = port, url, hands
        self._channels, self._clock = tuple(channels), clock
        self._settings = settings or ClusterSettings()
        self._worker: _Worker | None = None

    def feed(self, now: int, *, paused: Sequence[str] = ()) -> int:
        """Lay out jobs for what is due on channels that don't pause; how many are new.

        A try has one job at most, whoever lays it out: its key is the delivery and how often it was tried.
        """
        new = 0
        for channel in self._channels:
            if channel not in paused:
                with self._port.write("clock") as tx:
                    new += self._laid_out(tx, channel, now)
        return new

    def _laid_out(self, tx: PostgresTransaction, channel: str, now: int) -> int:
        due = due_of(tx, channel, now, self._settings.ahead)
        if not due:
            return 0
        queries = SyncQueries(SyncPsycopgDriver(tx.connection), qbq=QueryQueueBuilder(settings=_PLACE))
        laid = queries.enqueue(
            [f"{ENTRYPOINT}{channel}"] * len(due),
            [str(one.id).encode() for one in due],
            [0] * len(due),
            dedupe_key=[f"{one.id}.{one.number}" for one in due],
            on_conflict="skip",
        )
        return sum(one is not None for one in laid)

    def start(self) -> None:
        """Begin to work on jobs.

        Raises:
            DatabaseOutdated: PgQueuer's tables are not there, or of another version.
        """
        asyncio.run(_check(self._url))
        self._worker = _Worker(self._url, self._hands, self._channels, self._clock, self._settings)
        self._worker.start()

    def close(self) -> None:
        """Take no further job; returns when those at hand have their outcome."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


async def _check(url: str) -> None:
    async with await _connection(url) as connection:
        queries = _queries(connection)
        if not await queries.schema_is_installed() or (await queries.plan_upgrade()).statements:
            raise DatabaseOutdated(
                f"数据库中用于分发任务的表（模式 {SCHEMA}）尚未建立或版本不符。请先运行 duban init。",
                f"The tables that hand out the work (schema {SCHEMA}) are missing or of another version. "
                "Run duban init first.",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class _AtHand:
    """A job that was picked up and waits to be delivered."""

    delivery_id: int
    done: asyncio.Future[None]


class _Worker:
    """The thread in which asyncio lives."""

    def __init__(
        self, url: str, hands: Hands, channels: Sequence[str], clock: Clock, settings: ClusterSettings
    ) -> None:
        self._url, self._hands, self._channels = url, hands, channels
        self._clock, self._settings = clock, settings
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._manager: QueueManager | None = None
        self._at_hand: dict[str, deque[_AtHand]] = defaultdict(deque)
        self._at_work: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is at hand is finished first."""
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join()

    def _end(self) -> None:
        self._stop.set()
        if self._manager is not None:
            self._manager.shutdown.set()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._work())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _work(self) -> None:
        """Work until told to stop; a lost database is a pause, because jobs of before lie there still."""
        while not self._stop.is_set():
            try:
                await self._session()
            except Exception:
                log.exception("cluster lost its database")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), self._settings.again)

    async def _session(self) -> None:
        async with await _connection(self._url) as connection:
            manager = QueueManager(_queries(connection), channel=_PLACE.channel)
            for channel in self._channels:
                manager.entrypoint(f"{ENTRYPOINT}{channel}")(self._job_of(channel))
            self._manager = manager
            if not self._stop.is_set():
                await manager.run(
                    dequeue_timeout=timedelta(seconds=self._settings.idle),
                    batch_size=self._settings.batch,
                    max_concurrent_tasks=2 * self._settings.batch,
                    heartbeat_timeout=timedelta(seconds=self._settings.heartbeat),
                    log_aggregation_interval=timedelta(0),
                )

    def _job_of(self, channel: str) -> Any:
        async def job(one: Job) -> None:
            await self._delivered(channel, int(one.payload or b"0"))

        return job

    def _delivered(self, channel: str, delivery_id: int) -> Coroutine[Any, Any, None]:
        """Put it to what is at hand; done when its delivery has an outcome."""
        one = _AtHand(delivery_id=delivery_id, done=self._loop.create_future())
        self._at_hand[channel].append(one)
        if channel not in self._at_work:
            self._at_work[channel] = self._loop.create_task(self._deliver_all(channel))
        return _outcome(one.done)

    async def _deliver_all(self, channel: str) -> None:
        """While one batch is being delivered the next one gathers."""
        waiting = self._at_hand[channel]
        try:
            while waiting:
                batch = [waiting.popleft() for _ in range(min(len(waiting), self._settings.batch))]
                await self._deliver(channel, batch)
        finally:
            del self._at_work[channel]

    async def _deliver(self, channel: str, batch: Sequence[_AtHand]) -> None:
        now, ids = self._clock.now(), [one.delivery_id for one in batch]
        # Its last sign of life came half a heartbeat before its claim at most, its job is ours a whole one
        # after that: what is younger than a quarter was claimed by somebody who lives.
        stale = now - round(self._settings.heartbeat * 1000 / 4)
        try:
            await asyncio.to_thread(self._hands.deliver, channel, ids, now, stale)
        except Exception as error:
            log.exception("deliveries failed", channel=channel, count=len(ids))
            _settle(batch, error)
        else:
            _settle(batch, None)


async def _outcome(done: asyncio.Future[None]) -> None:
    await done


def _settle(batch: Sequence[_AtHand], error: Exception | None) -> None:
    for one in batch:
        if not one.done.done():
            one.done.set_result(None) if error is None else one.done.set_exception(error)
