"""A virtual campaign: invented people act on a virtual clock through the real engine and database."""

from __future__ import annotations

import hashlib
import heapq
import io
import tempfile
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from sqlalchemy import bindparam, func, select

from ..calendar import Calendar, default_calendar
from ..clock import VirtualClock
from ..decision import Act, NewTask, blank
from ..definition import Definition, Pack, Transition
from ..engine import Engine, Ran
from ..errors import NotNow, Refused
from ..evidence import Folder, Stored, record
from ..people import resolve
from ..store import life, migrate, open_port, organisation, tasks
from ..store.applying import EVENT
from ..store.ports import Port
from ..store.sql import Statement
from ..task import Task
from .dice import Dice
from .initiative import Beginning, Initiative
from .people import WORKDAY, Crowd, Mind, Wish, working_time
from .report import Report, make_report
from .scene import Scene
from .shift import moved

DAY_MS = 86_400_000
_MOST_PATIENT = 5  # workdays; whoever was refused tries again the next day, then ever later
Progress = Callable[[int, int], None]
Beside = Callable[[Port, int], object]
"""What is rung after the engine, with the same database and instant: it sends what the engine left."""
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
    confirm: str = ""  # the transition that waits for an answer
    aside: str = ""  # the act that is done beside whatever the task waits for
    tries: int = 0  # in vain


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


def _keep_evidence(folder: Path | None) -> Stored:
    if folder is None:
        return Stored(sha256=hashlib.sha256(_PAPER).hexdigest(), size=len(_PAPER))
    return Folder(folder).store(io.BytesIO(_PAPER))


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
    ) -> None:
        self._pack, self._port, self._beside = pack, port, beside
        self._dice = Dice(seed)
        self._engine = Engine(port, salts=self._dice.salt)
        self._calendar: Calendar = default_calendar(pack.campaign.zone)
        self._mind = Mind(self._dice, crowd, self._calendar)
        self._begin = self._calendar.instant(pack.campaign.milestones["start"], 8)
        self._clock = VirtualClock(self._begin)
        self._plans: list[_Plan] = []
        self._able: list[int] = []
        self._beginnings: deque[Beginning] = deque()
        self._seen = 0
        self._tally = _Tally()
        self._evidence = _keep_evidence(evidence)

    def play(self, days: int, progress: Progress, until: int | None) -> Report:
        """Run the virtual days and give the summary."""
        end = until if until is not None else self._begin + days * DAY_MS
        self._engine.load(self._pack, self._begin)
        self._store_evidence()
        self._meet()
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

    def _meet(self) -> None:
        """Learn the units' ids, and which of them have people; make up what will be opened by hand."""
        with self._port.read() as tx:
            ids = organisation.unit_ids(tx, self._pack.campaign.units)
        staffed = {post.unit for person in self._pack.people for post in person.posts}
        self._able = [ids[code] for code in self._pack.campaign.units if code in staffed]
        self._initiative = Initiative(self._dice, self._pack, self._calendar, ids)
        self._beginnings = deque(self._initiative.beginnings())

    def _ring(self) -> None:
        self._engine.run_once(self._clock.now())
        self._beside(self._port, self._clock.now())

    def _next(self) -> int:
        """The next instant at which the clock or a person has something to do."""
        due = self._engine.next_due(self._clock.now())
        begins = self._beginnings[0].at if self._beginnings else None
        looked = self._plans[0].at if self._plans else None
        instants = [one for one in (due, begins, looked) if one is not None]
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
                self._intend(self._mind.next_look(task, state, self._clock.now()), task)
            for one in task.pending:
                at = max(self._mind.confirm_look(task, one.transition, one.asked_at), self._clock.now() + 1)
                self._intend(at, task, confirm=one.transition)
            if task.visit == 1 and task.revision == 1:
                for name in self._mind.asides(task, definition):
                    self._intend(self._clock.now() + 2 * DAY_MS, task, aside=name)

    def _intend(self, at: int, task: Task, *, confirm: str = "", aside: str = "") -> None:
        plan = _Plan(at=at, task_id=task.id, seq=task.seq, confirm=confirm, aside=aside)
        heapq.heappush(self._plans, plan)

    def _changed(self) -> list[Task]:
        with self._port.read() as tx:
            newest = tx.one(_NEWEST)
            ids = sorted(row[0] for row in tx.all(_CHANGED, after=self._seen))
            self._seen = (newest[0] if newest else None) or self._seen
            return [tasks.task_of(row) for row in tasks.read_these(tx, ids)] if ids else []

    def _definition(self, task: Task) -> Definition:
        return self._pack.definitions[task.kind]

    # --- acting -----------------------------------------------------------------------------------

    def _act(self) -> None:
        now = self._clock.now()
        while self._beginnings and self._beginnings[0].at <= now:
            self._open(self._beginnings.popleft())
        while self._plans and self._plans[0].at <= now:
            plan = heapq.heappop(self._plans)
            scene = self._look(plan.task_id)
            moved_on = scene.task.seq != plan.seq and not plan.aside
            if moved_on or scene.task.ended_at is not None:
                continue  # somebody or the clock was faster; a new plan was made then
            if not self._carry_out(plan, scene) and not plan.aside:
                days = min(plan.tries + 1, _MOST_PATIENT)
                later = working_time(self._calendar, now, days * WORKDAY)
                heapq.heappush(self._plans, replace(plan, at=later, tries=plan.tries + 1))

    def _carry_out(self, plan: _Plan, scene: Scene) -> bool:
        if plan.confirm:
            return self._answer(scene, plan.confirm)
        if plan.aside:
            return self._try(scene, self._mind.aside(scene, plan.aside))
        return any(self._try(scene, wish) for wish in self._mind.wishes(scene))

    def _look(self, task_id: int) -> Scene:
        with self._port.read() as tx:
            frame = self._engine.library.frame(tx, self._clock.now())
            task = tasks.task_of(tasks.read_these(tx, [task_id])[0])
            (loaded,) = tasks.load(tx, [task], frame)
            frame.know([loaded])
            return Scene(
                now=self._clock.now(),
                loaded=loaded,
                definition=self._definition(task),
                directory=frame.around(task.version_id).directory,
                units=self._able,
            )

    def _answer(self, scene: Scene, transition: str) -> bool:
        """Whoever must co-sign, sign with others or confirm does, or says no."""
        pending = next((one for one in scene.task.pending if one.transition == transition), None)
        if pending is None:
            return True
        own = scene.definition.transitions[transition]
        joint = pending.stage == "quorum"
        roles = own.by if joint else (own.confirmed_by.role,) if own.confirmed_by is not None else ()
        verb = "confirm" if joint else self._mind.confirms(scene.task, transition, pending.asked_at)
        facts = {"reason": "情况已核，暂不同意。"} if verb == "refuse" else {}
        name = f"{verb}:{transition}"
        wishes = [Wish(name=name, role=role, facts=facts, rows={}, evidence=0) for role in roles]
        return any(self._try(scene, wish, pending.asker, own if joint else None) for wish in wishes)

    def _try(
        self,
        scene: Scene,
        wish: Wish,
        without: frozenset[int] = frozenset(),
        signs: Transition | None = None,
    ) -> bool:
        task = scene.task
        transition = signs or scene.definition.transitions.get(wish.name)
        found = scene.who(wish.role, transition, without)
        if not found.actors:
            return False
        person = self._dice.choose(found.actors, "who", task.id, task.seq, wish.name).person_id
        evidence = [self._evidence.sha256] if wish.evidence else []
        act = Act(name=wish.name, person_id=person, facts=wish.facts, rows=wish.rows, evidence=evidence)
        try:
            self._engine.act(task.id, act, self._clock.now(), revision=task.revision)
        except Refused:
            self._tally.refused += 1
            return False
        self._tally.acts += 1
        return True

    def _open(self, one: Beginning) -> None:
        """Somebody who may opens a task by hand; where nobody is there, nobody does."""
        parties = self._initiative.parties(one)
        person = None if parties is None else self._opener(one, parties)
        if parties is None or person is None:
            return
        try:
            self._engine.open(self._initiative.wanted(one, parties, person), self._clock.now())
        except Refused:
            self._tally.refused += 1
        else:
            self._tally.acts += 1

    def _opener(self, one: Beginning, parties: dict[str, int]) -> int | None:
        definition = self._pack.definitions[one.kind]
        with self._port.read() as tx:
            frame = self._engine.library.frame(tx, self._clock.now())
            (campaign,) = frame.campaigns.values()
            new = NewTask(
                kind=one.kind,
                campaign_id=campaign.id,
                version_id=campaign.version_id,
                parties=parties,
                unit_id=parties[definition.first_party],
                track=None,
                parent_id=None,
                deadline=self._clock.now(),
            )
            frame.know([new])
            task = blank(new, definition, frame.around(campaign.version_id))
            directory = frame.around(campaign.version_id).directory
        for role in definition.opened_by:
            found = resolve(directory, definition, role, task, self._clock.now())
            if found.actors:
                return self._dice.choose(found.actors, "opens", one.kind, one.number).person_id
        return None
