"""A virtual campaign: invented people act on a virtual clock through the real engine and database."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from sqlalchemy import select

from ..calendar import Calendar, default_calendar
from ..clock import VirtualClock
from ..definition import Pack
from ..engine import Engine
from ..errors import NotNow
from ..evidence import Folder
from ..store import life, migrate, open_port, organisation, tasks
from ..store.ports import Port
from ..store.sql import Statement
from .dice import Dice
from .people import Crowd
from .players import DAY_MS, Players, keep_papers
from .report import Report, make_report
from .shift import moved

Progress = Callable[[int, int], None]
Beside = Callable[[Port, int], object]
"""What is rung after the engine, with the same database and instant: it sends what the engine left."""
_ANY_TASK = Statement(select(tasks.TASK.c.id).limit(1))


def simulate(
    pack: Pack,
    *,
    days: int,
    seed: int,
    start: date | None = None,
    people: Crowd = "mixed",
    url: str | None = None,
    evidence: Path | None = None,
    progress: Progress = lambda _done, _total: None,
    until: int | None = None,
    beside: Beside = lambda _port, _now: None,
) -> Report:
    """Play a campaign from its start.

    Args:
        days: virtual days from the campaign's start.
        seed: the same seed and start give the same ledger, byte for byte.
        start: moves the campaign to this month; None leaves it where the pack puts it.
        url: an empty or new database; None for one that is thrown away.
        evidence: the folder for the file that invented people attach; None keeps its hash only.
        progress: called with (days done, days in all).
        until: play to this instant instead of for `days`.
        beside: rung whenever the engine is.

    Raises:
        NotNow: the database holds tasks already.
    """
    shifted = pack if start is None else moved(pack, start)
    with ExitStack() as stack:
        if url is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="duban-"))
            url = f"sqlite:///{Path(folder) / 'simulated.db'}"
        migrate(url)
        port = open_port(url, durable=False)  # the same seed plays it again
        stack.callback(port.close)
        _must_be_empty(port)
        return Simulation(shifted, port, seed, people, evidence, beside).play(days, progress, until)


def _must_be_empty(port: Port) -> None:
    with port.read() as tx:
        if tx.one(_ANY_TASK) is not None or organisation.campaigns(tx):
            raise NotNow(
                "未模拟：该数据库已在使用，虚拟事项会与真实事项混在一起。请另给一个空数据库（--database）。",
                "Not simulated: this database is in use already, and invented tasks would mix with real "
                "ones. Name an empty database (--database).",
            )


class Simulation:
    """One campaign being played."""

    def __init__(
        self,
        pack: Pack,
        port: Port,
        seed: int,
        crowd: Crowd,
        evidence: Path | None = None,
        beside: Beside = lambda _port, _now: None,
        engine: Engine | None = None,
    ) -> None:
        self._pack, self._port, self._beside = pack, port, beside
        dice = Dice(seed)
        self._engine = engine or Engine(port, salts=dice.salt)
        self._calendar: Calendar = default_calendar(pack.campaign.zone)
        self._begin = self._calendar.instant(pack.campaign.milestones["start"], 8)
        self._clock = VirtualClock(self._begin)
        papers = keep_papers(pack, None if evidence is None else Folder(evidence))
        self._players = Players(pack, self._engine, dice, crowd, self._calendar, papers)

    def play(self, days: int, progress: Progress, until: int | None) -> Report:
        """Run the virtual days and give the summary."""
        end = until if until is not None else self._begin + days * DAY_MS
        self._engine.load(self._pack, self._begin)
        self._players.meet(self._begin)
        total = max(1, (end - self._begin) // DAY_MS)
        while self._clock.now() < end:
            self._ring()
            self._players.plan(self._clock.now())
            upto = min(self._next(), end)
            self._clock.set(max(upto, self._clock.now()))
            self._players.act(self._clock.now())
            progress((self._clock.now() - self._begin) // DAY_MS, total)
        self._ring()
        with self._port.write("clock") as tx:  # a daemon that goes on from here was not away
            life.beat(tx, life.SIMULATION, end)
        tally = self._players.tally
        with self._port.read() as tx:
            return make_report(tx, self._pack, self._calendar, self._begin, end, tally.acts, tally.refused)

    def _ring(self) -> None:
        self._engine.run_once(self._clock.now())
        self._beside(self._port, self._clock.now())

    def _next(self) -> int:
        """The next instant at which the clock or a person has something to do."""
        now = self._clock.now()
        instants = [one for one in (self._engine.next_due(now), self._players.next_at()) if one is not None]
        return max(min(instants), now + 1) if instants else now + DAY_MS
