"""Invented people at work through an engine: whose turn it is plans when to look, and acts when it is time.

What they mean to do is kept here alone, not in the database: whoever goes on with a campaign that others
played begins by looking at every task, as if they had come to the office that morning.
"""

from __future__ import annotations

import hashlib
import heapq
import io
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, func, select

from ..calendar import Calendar
from ..decision import Act, NewTask, blank
from ..definition import Definition, Pack, Transition
from ..engine import Engine
from ..errors import Refused
from ..evidence import EvidenceStore, Stored, record
from ..people import resolve
from ..store import organisation, tasks
from ..store.applying import EVENT
from ..store.sql import Statement
from ..task import Task
from .dice import Dice
from .initiative import Beginning, Initiative
from .people import WORKDAY, Crowd, Mind, Wish, working_time
from .scene import Scene

DAY_MS = 86_400_000
_MOST_PATIENT = 5  # workdays; whoever was refused tries again the next day, then ever later
_CHANGED = Statement(select(EVENT.c.task_id).where(EVENT.c.id > bindparam("after")).distinct())
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
class Tally:
    """What people did."""

    acts: int = 0
    refused: int = 0


def keep_papers(pack: Pack, kept: EvidenceStore | None) -> tuple[Stored, ...]:
    """The files that invented people attach, as many as an act may need; nowhere kept, their hashes only."""
    acts = (act for definition in pack.definitions.values() for act in definition.transitions.values())
    most = max((act.evidence.most for act in acts), default=0)
    return tuple(_keep_paper(kept, _PAPER + b"#" * number) for number in range(max(1, most)))


def _keep_paper(kept: EvidenceStore | None, paper: bytes) -> Stored:
    if kept is None:
        return Stored(sha256=hashlib.sha256(paper).hexdigest(), size=len(paper))
    return kept.store(io.BytesIO(paper))


class Players:
    """The invented people of one campaign."""

    def __init__(
        self,
        pack: Pack,
        engine: Engine,
        dice: Dice,
        crowd: Crowd,
        calendar: Calendar,
        papers: Sequence[Stored],
    ) -> None:
        self._pack, self._engine, self._dice, self._papers = pack, engine, dice, papers
        self._port, self._calendar = engine.port, calendar
        self._mind = Mind(dice, crowd, calendar)
        self._plans: list[_Plan] = []
        self._able: list[int] = []
        self._beginnings: deque[Beginning] = deque()
        self._seen = 0
        self.tally = Tally()

    def meet(self, now: int) -> None:
        """Learn the units' ids, and which of them have people; make up what will be opened by hand."""
        with self._port.write("people") as tx:
            record(tx, self._papers, now)
        with self._port.read() as tx:
            ids = organisation.unit_ids(tx, self._pack.campaign.units)
        staffed = {post.unit for person in self._pack.people for post in person.posts}
        self._able = [ids[code] for code in self._pack.campaign.units if code in staffed]
        self._initiative = Initiative(self._dice, self._pack, self._calendar, ids)
        self._beginnings = deque(one for one in self._initiative.beginnings() if one.at >= now)

    def next_at(self) -> int | None:
        """The next instant at which somebody means to do something."""
        begins = self._beginnings[0].at if self._beginnings else None
        looked = self._plans[0].at if self._plans else None
        return min((one for one in (begins, looked) if one is not None), default=None)

    # --- planning ---------------------------------------------------------------------------------

    def plan(self, now: int) -> None:
        """Whoever's turn it is on a task that has changed makes up their mind when to look at it."""
        for task in self._changed():
            if task.ended_at is not None:
                continue
            definition = self._definition(task)
            state = definition.states[task.state]
            if state.waits_for is not None:
                self._intend(self._mind.next_look(task, state, now), task)
            for one in task.pending:
                at = max(self._mind.confirm_look(task, one.transition, one.asked_at), now + 1)
                self._intend(at, task, confirm=one.transition)
            if task.visit == 1 and task.revision == 1:
                for name in self._mind.asides(task, definition):
                    self._intend(now + 2 * DAY_MS, task, aside=name)

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

    def act(self, now: int) -> None:
        """Do what is planned for this instant or before."""
        while self._beginnings and self._beginnings[0].at <= now:
            self._open(self._beginnings.popleft(), now)
        while self._plans and self._plans[0].at <= now:
            plan = heapq.heappop(self._plans)
            scene = self._look(plan.task_id, now)
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

    def _look(self, task_id: int, now: int) -> Scene:
        with self._port.read() as tx:
            frame = self._engine.library.frame(tx, now)
            task = tasks.task_of(tasks.read_these(tx, [task_id])[0])
            (loaded,) = tasks.load(tx, [task], frame)
            frame.know([loaded])
            return Scene(
                now=now,
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
        evidence = [paper.sha256 for paper in self._papers[: wish.evidence]]
        act = Act(name=wish.name, person_id=person, facts=wish.facts, rows=wish.rows, evidence=evidence)
        try:
            self._engine.act(task.id, act, scene.now, revision=task.revision)
        except Refused:
            self.tally.refused += 1
            return False
        self.tally.acts += 1
        return True

    def _open(self, one: Beginning, now: int) -> None:
        """Somebody who may opens a task by hand; where nobody is there, nobody does."""
        parties = self._initiative.parties(one)
        person = None if parties is None else self._opener(one, parties, now)
        if parties is None or person is None:
            return
        try:
            self._engine.open(self._initiative.wanted(one, parties, person), now)
        except Refused:
            self.tally.refused += 1
        else:
            self.tally.acts += 1

    def _opener(self, one: Beginning, parties: dict[str, int], now: int) -> int | None:
        definition = self._pack.definitions[one.kind]
        with self._port.read() as tx:
            frame = self._engine.library.frame(tx, now)
            (campaign,) = frame.campaigns.values()
            new = NewTask(
                kind=one.kind,
                campaign_id=campaign.id,
                version_id=campaign.version_id,
                parties=parties,
                unit_id=parties[definition.first_party],
                track=None,
                parent_id=None,
                deadline=now,
            )
            frame.know([new])
            task = blank(new, definition, frame.around(campaign.version_id))
            directory = frame.around(campaign.version_id).directory
        for role in definition.opened_by:
            found = resolve(directory, definition, role, task, now)
            if found.actors:
                return self._dice.choose(found.actors, "opens", one.kind, one.number).person_id
        return None
