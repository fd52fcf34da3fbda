"""A virtual campaign: invented people act on a virtual clock through the real engine and database."""

from __future__ import annotations

import hashlib
import heapq
import io
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, func, select

from ..calendar import Calendar, default_calendar
from ..clock import VirtualClock
from ..decision import Act, Surroundings
from ..definition import Pack
from ..engine import Engine, Ran
from ..errors import NotNow, Refused
from ..evidence import Folder, Stored, record
from ..people import excluded, resolve
from ..store import life, migrate, open_port, organisation, tasks
from ..store.applying import EVENT
from ..store.ports import Port
from ..store.sql import Statement
from ..task import Loaded, Task
from .dice import Dice
from .people import Crowd, Mind, Wish, working_time
from .report import Report, make_report
from .shift import moved

DAY_MS = 86_400_000
Progress = Callable[[int, int], None]
_CHANGED = Statement(select(EVENT.c.task_id).where(EVENT.c.id > bindparam("after")).distinct())
_ANY_TASK = Statement(select(tasks.TASK.c.id).limit(1))
_PAPER = "模拟佐证材料 simulated evidence\n".encode()
_NEWEST = Statement(select(func.max(EVENT.c.id)))


@dataclass(kw_only=True, slots=True, order=True)
class _Plan:
    """Somebody means to look at a task at an instant; void once the task has moved on."""

    at: int
    task_id: int
    seq: int
    confirm: str = ""  # the transition whose confirmation is meant


@dataclass(kw_only=True, slots=True)
class _Tally:
    """What people did."""

    acts: int = 0
    refused: int = 0
    ran: Ran = field(default_factory=Ran)


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

    Raises:
        NotNow: the database holds tasks already.
    """
    shifted = pack if start is None else moved(pack, start)
    with ExitStack() as stack:
        if url is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="duban-"))
            url = f"sqlite:///{Path(folder) / 'simulated.db'}"
        migrate(url)
        port = open_port(url)
        stack.callback(port.close)
        _must_be_empty(port)
        return Simulation(shifted, port, seed, people, evidence).play(days, progress, until)


def _must_be_empty(port: Port) -> None:
    with port.read() as tx:
        if tx.one(_ANY_TASK) is not None or organisation.campaigns(tx):
            raise NotNow(
                "未模拟：该数据库已在使用，虚拟事项会与真实事项混在一起。请另给一个空数据库（--database）。",
                "Not simulated: this database is in use already, and invented tasks would mix with real "
                "ones. Name an empty database (--database).",
            )


def _keep_evidence(folder: Path | None) -> Stored:
    if folder is None:
        return Stored(sha256=hashlib.sha256(_PAPER).hexdigest(), size=len(_PAPER))
    return Folder(folder).store(io.BytesIO(_PAPER))


class Simulation:
    """One campaign being played."""

    def __init__(self, pack: Pack, port: Port, seed: int, crowd: Crowd, evidence: Path | None = None) -> None:
        self._pack, self._port = pack, port
        self._dice = Dice(seed)
        self._engine = Engine(port, salts=self._dice.salt)
        self._calendar: Calendar = default_calendar(pack.campaign.zone)
        self._mind = Mind(self._dice, crowd, self._calendar)
        self._begin = self._calendar.instant(pack.campaign.milestones["start"], 8)
        self._clock = VirtualClock(self._begin)
        self._plans: list[_Plan] = []
        self._seen = 0
        self._tally = _Tally()
        self._evidence = _keep_evidence(evidence)

    def play(self, days: int, progress: Progress, until: int | None) -> Report:
        """Run the virtual days and give the summary."""
        end = until if until is not None else self._begin + days * DAY_MS
        self._engine.load(self._pack, self._begin)
        self._store_evidence()
        total = max(1, (end - self._begin) // DAY_MS)
        while self._clock.now() < end:
            self._ring()
            self._plan()
            upto = min(self._next(), end)
            self._clock.set(max(upto, self._clock.now()))
            self._act()
            progress((self._clock.now() - self._begin) // DAY_MS, total)
        self._ring()
        with self._port.write("clock") as tx:  # a daemon that goes on from here was not away
            life.beat(tx, life.SIMULATION, end)
        with self._port.read() as tx:
            return make_report(
                tx, self._pack, self._calendar, self._begin, end, self._tally.acts, self._tally.refused
            )

    def _store_evidence(self) -> None:
        with self._port.write("people") as tx:
            record(tx, [self._evidence], self._begin)

    def _ring(self) -> None:
        self._engine.run_once(self._clock.now())

    def _next(self) -> int:
        """The next instant at which the clock or a person has something to do."""
        due = self._engine.next_due(self._clock.now())
        instants = [one for one in (due, self._plans[0].at if self._plans else None) if one is not None]
        return max(min(instants), self._clock.now() + 1) if instants else self._clock.now() + DAY_MS

    # --- planning ---------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Whoever's turn it is on a task that has changed makes up their mind when to look at it."""
        for task in self._changed():
            if task.ended_at is not None:
                continue
            definition = self._definition(task)
            state = definition.states[task.state]
            if state.waits_for is not None:
                at = self._mind.next_look(task, state, self._clock.now())
                heapq.heappush(self._plans, _Plan(at=at, task_id=task.id, seq=task.seq))
            for one in task.pending:
                at = max(self._mind.confirm_look(task, one.transition, one.asked_at), self._clock.now() + 1)
                plan = _Plan(at=at, task_id=task.id, seq=task.seq, confirm=one.transition)
                heapq.heappush(self._plans, plan)

    def _changed(self) -> list[Task]:
        with self._port.read() as tx:
            newest = tx.one(_NEWEST)
            ids = sorted(row[0] for row in tx.all(_CHANGED, after=self._seen))
            self._seen = (newest[0] if newest else None) or self._seen
            return [tasks.task_of(row) for row in tasks.read_these(tx, ids)] if ids else []

    def _definition(self, task: Task) -> Any:
        return self._pack.definitions[task.kind]

    # --- acting -----------------------------------------------------------------------------------

    def _act(self) -> None:
        now = self._clock.now()
        while self._plans and self._plans[0].at <= now:
            plan = heapq.heappop(self._plans)
            task = self._read(plan.task_id)
            if task.seq != plan.seq or task.ended_at is not None:
                continue  # somebody or the clock was faster; a new plan was made then
            done = self._answer(task, plan.confirm) if plan.confirm else self._turn(task)
            if not done:
                later = working_time(self._calendar, now, 480)
                again = _Plan(at=later, task_id=plan.task_id, seq=plan.seq, confirm=plan.confirm)
                heapq.heappush(self._plans, again)

    def _read(self, task_id: int) -> Task:
        with self._port.read() as tx:
            return tasks.task_of(tasks.read_these(tx, [task_id])[0])

    def _turn(self, task: Task) -> bool:
        definition = self._definition(task)
        return any(self._try(task, wish) for wish in self._mind.wishes(task, definition, self._clock.now()))

    def _answer(self, task: Task, transition: str) -> bool:
        pending = next((one for one in task.pending if one.transition == transition), None)
        one = self._definition(task).transitions[transition]
        if pending is not None and pending.stage == "quorum":
            wishes = [
                Wish(name=f"confirm:{transition}", role=role, facts={}, rows={}, evidence=0)
                for role in one.by
            ]
            out = pending.asker | excluded(task, one.not_by)
            return any(self._try(task, wish, out) for wish in wishes)
        confirmation = one.confirmed_by
        if pending is None or confirmation is None:
            return True
        verb = self._mind.confirms(task, transition, pending.asked_at)
        facts = {"reason": "情况已核，暂不同意。"} if verb == "refuse" else {}
        wish = Wish(name=f"{verb}:{transition}", role=confirmation.role, facts=facts, rows={}, evidence=0)
        return self._try(task, wish, pending.asker)

    def _try(self, task: Task, wish: Wish, without: frozenset[int] = frozenset()) -> bool:
        loaded, around = self._load(task)
        person = self._who(loaded, around, wish, without)
        if person is None:
            return False
        evidence = [self._evidence.sha256] if wish.evidence else []
        facts = wish.facts | self._teams(loaded, around, wish)
        act = Act(name=wish.name, person_id=person, facts=facts, rows=wish.rows, evidence=evidence)
        try:
            self._engine.act(task.id, act, self._clock.now(), revision=task.revision)
        except Refused:
            self._tally.refused += 1
            return False
        self._tally.acts += 1
        return True

    def _load(self, task: Task) -> tuple[Loaded, Surroundings]:
        with self._port.read() as tx:
            frame = self._engine.library.frame(tx, self._clock.now())
            asks = frame.parent_actors(task.version_id, task.kind)
            (loaded,) = tasks.load(tx, [task], frame) if asks else (Loaded(task=task),)
            frame.know([loaded])
            return loaded, frame.around(task.version_id)

    def _who(self, loaded: Loaded, around: Surroundings, wish: Wish, without: frozenset[int]) -> int | None:
        """Somebody who holds the role now, and may."""
        task = loaded.task
        definition = self._definition(task)
        transition = definition.transitions.get(wish.name)
        not_by = transition.not_by if transition else ()
        kept_out = without | excluded(task, not_by, loaded.parent_actors)
        found = resolve(around.directory, definition, wish.role, task, self._clock.now(), kept_out)
        if not found.actors:
            return None
        return self._dice.choose(found.actors, "who", task.id, task.seq, wish.name).person_id

    def _teams(self, loaded: Loaded, around: Surroundings, wish: Wish) -> dict[str, list[int]]:
        """Whoever is free at the unit, as few as will do."""
        task, now, found = loaded.task, self._clock.now(), {}
        for name, role in self._definition(task).roles.items():
            if name in wish.facts and role.team is not None:
                unit = around.directory.seat(role.seat, task) or 0
                free = around.directory.staff(unit, now) - around.directory.recused(role, task, now)
                found[name] = sorted(free)[: role.team.least]
        return found
