"""Engine and floor in turns, on two databases that are alike before and after every round."""

from __future__ import annotations

import cProfile
import gc
import io
import pstats
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from workflow.definition import Pack
from workflow.engine import Engine
from workflow.store import open_port
from workflow.store.ports import Port

from .floor import floor_of
from .places import Place, PostgresPlace, contents
from .population import Population, begin, grow, make_due, salt
from .recording import Meter, RecordingPort

IDLE_TICKS = 50
_MINUTE = 60_000
_TOP = 25  # lines of a profile
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One thing to measure, on one database."""

    workload: str  # W1, W2, W3
    what: str  # in words
    population: int  # open tasks
    size: int  # tasks that are acted on, or due, per round
    rounds: int
    due: bool  # whether they are due; else people act on them
    work: Callable[[Engine, Population, Sequence[int], int], None]
    idle: bool = False  # whether idle ticks are measured too
    compare: bool = True  # whether the databases are compared in the end


@dataclass(kw_only=True, slots=True)
class Figures:
    """What was measured. Times in seconds, one per round."""

    workload: str
    what: str
    database: str
    population: int
    size: int
    engine: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    engine_cpu: list[float] = field(default_factory=list)  # of this process alone
    floor_cpu: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    commits: int = 0  # transactions that wrote something, per round
    rows: int = 0  # written per round
    statements: int = 0  # of the engine, per round
    largest: int = 0  # the most statements of one transaction of the engine
    floor_statements: int = 0
    engine_bytes: int = 0  # written per round
    floor_bytes: int = 0
    peak_kib: int = 0  # resident, while the engine was at work
    alike: bool | None = None  # both databases hold the same rows in the end

    @property
    def ratios(self) -> list[float]:
        """Floor by engine, by round: 1 would be no cost beside the driver's."""
        return [floor / engine for floor, engine in zip(self.floor, self.engine, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.ratios)

    @property
    def cpu_ratio(self) -> float:
        """The same of this process's processor time, by the least of all rounds: others disturb it less."""
        return min(self.floor_cpu) / min(self.engine_cpu)

    @property
    def per_second(self) -> float:
        """Tasks per second of the engine, by the median round."""
        return self.size / statistics.median(self.engine)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **asdict(self),
            "ratio": self.ratio,
            "cpu_ratio": self.cpu_ratio,
            "ratios": self.ratios,
            "per_second": self.per_second,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Where, with which pack, and what to do beside measuring."""

    place: Place
    pack: Pack
    profile: bool
    say: Say

    def measure(self, job: Job) -> Figures:
        """Build the population, warm up, then engine and floor in turns."""
        name = f"{job.workload.lower()}_{job.population}"
        url, population = self._populate(name, job)
        figures = Figures(
            workload=job.workload,
            what=job.what,
            database=self.place.dialect,
            population=job.population,
            size=job.size,
        )
        try:
            self._warm_up(name, url, population, job, figures)
            if isinstance(self.place, PostgresPlace):
                self.place.settle(name)
            self.place.copy(name, f"{name}_floor")
            self._in_turns(name, url, population, job, figures)
        finally:
            self.place.drop(name)
            self.place.drop(f"{name}_floor")
        return figures

    def _populate(self, name: str, job: Job) -> tuple[str, Population]:
        self.say(f"building {job.population:,} tasks")
        url = self.place.create(name)
        population = begin(url, self.pack)
        connection = self.place.connect(name)
        try:
            grow(connection, self.place.dialect, population, job.population, self.say)
        finally:
            connection.close()
        return url, population

    def _warm_up(self, name: str, url: str, population: Population, job: Job, figures: Figures) -> None:
        """A round that isn't timed: for caches, the peak of memory, and the profile."""
        self.say("warming up")
        ids, at = self._prepare([name], population, job, 0)
        port = open_port(url)
        try:
            engine = Engine(port, salts=salt)
            forget_peak()
            if self.profile:
                self._profiled(partial(job.work, engine, population, ids, at), job)
            else:
                job.work(engine, population, ids, at)
            figures.peak_kib = peak_kib()
        finally:
            port.close()

    def _profiled(self, work: Callable[[], None], job: Job) -> None:
        profile = cProfile.Profile()
        profile.runcall(work)
        for order in ("tottime", "cumulative"):
            out = io.StringIO()
            pstats.Stats(profile, stream=out).strip_dirs().sort_stats(order).print_stats(_TOP)
            title = f"{job.workload} {self.place.dialect}, {job.population:,} open, by {order}"
            print(f"\n=== {title} ===\n{out.getvalue()}")

    def _in_turns(self, name: str, url: str, population: Population, job: Job, figures: Figures) -> None:
        meter = Meter()
        port = RecordingPort(open_port(url, probe=meter))
        connection = self.place.connect(f"{name}_floor")
        try:
            engine = Engine(cast(Port, port), salts=salt)
            for number in range(1, job.rounds + 2):
                timed = figures if number > 1 else _unused(figures)  # the first warms both up
                ids, at = self._prepare([name, f"{name}_floor"], population, job, number)
                meter.reset()
                self._engine_round(partial(job.work, engine, population, ids, at), timed)
                timed.statements, timed.largest = meter.statements, meter.largest
                self.place.rest(name)
                self._floor_round(port, connection, timed)
                self.place.rest(f"{name}_floor")
                self._say_round(number - 1, job, timed)
            if job.idle:
                last = population.begun_at + (job.rounds + 1) * _MINUTE
                figures.idle = [_idle(engine, last) for _ in range(IDLE_TICKS)]
            if job.compare:
                figures.alike = self._alike(name, connection)
        finally:
            port.close()
            connection.close()

    def _prepare(self, names: list[str], population: Population, job: Job, number: int) -> tuple[range, int]:
        """The tasks of a round, spread over all of them; what was due before isn't among them."""
        ids = range(1 + number, job.population + 1, job.population // job.size)
        at = population.begun_at + number * _MINUTE
        for name in names if job.due else ():
            connection = self.place.connect(name)
            make_due(connection, ids, at)
            connection.close()
            self.place.rest(name)
        return ids, at

    def _engine_round(self, work: Callable[[], None], figures: Figures) -> None:
        gc.collect()
        before, cpu, start = self.place.written(), time.process_time(), time.perf_counter()
        work()
        figures.engine.append(time.perf_counter() - start)
        figures.engine_cpu.append(time.process_time() - cpu)
        figures.engine_bytes = self.place.written() - before

    def _floor_round(self, port: RecordingPort, connection: Any, figures: Figures) -> None:
        record = port.take()
        floor = floor_of(record, connection)
        figures.commits = len(record.transactions)
        figures.rows = sum(len(write.rows) for writes in record.transactions for write in writes)
        figures.floor_statements = sum(map(len, floor.transactions))
        gc.collect()
        before, cpu, start = self.place.written(), time.process_time(), time.perf_counter()
        floor.run()
        figures.floor.append(time.perf_counter() - start)
        figures.floor_cpu.append(time.process_time() - cpu)
        figures.floor_bytes = self.place.written() - before

    def _say_round(self, number: int, job: Job, timed: Figures) -> None:
        name = f"round {number} of {job.rounds}" if number else "warming up again"
        self.say(f"{name}: engine {timed.engine[-1]:.3f} s, floor {timed.floor[-1]:.3f} s")

    def _alike(self, name: str, floor: Any) -> bool:
        self.say("comparing")
        connection = self.place.connect(name)
        try:
            return contents(connection) == contents(floor)
        finally:
            connection.close()


def _unused(figures: Figures) -> Figures:
    return replace(figures, engine=[], floor=[], engine_cpu=[], floor_cpu=[])


def _idle(engine: Engine, at: int) -> float:
    start = time.perf_counter()
    engine.run_once(at)
    return time.perf_counter() - start


def forget_peak() -> None:
    """Let the peak of memory begin anew, where the system can (Linux)."""
    gc.collect()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_kib() -> int:
    try:
        fields = Path("/proc/self/status").read_text().split()
        return int(fields[fields.index("VmHWM:") + 1])
    except (OSError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
