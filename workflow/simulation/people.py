"""Invented people: how quick they are, how good their work is, and what they do next.

Nothing here knows a campaign: an invented person reads the definition as anybody would. Whose turn it
is reports progress, assesses what was handed in, and moves the task on; who is slow stays slow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from ..calendar import Calendar
from ..definition.facts import BUILT_IN
from ..definition.model import Definition, Fact, State, Transition
from ..definition.terms import MICRO
from ..task import Row, Task
from .dice import Dice
from .scene import Scene

Crowd = Literal["diligent", "mixed", "lazy"]
CROWDS: tuple[Crowd, ...] = ("diligent", "mixed", "lazy")
WORKDAY = 8 * 60  # minutes of work a day, from 09:00
_OPENING = 9  # o'clock
_WEEKS = 18 * 86_400_000  # ms, after which even a figure that nobody presses for is told anew
# How many times slower than a diligent person, from the quick to the hopeless.
_PACES: Mapping[Crowd, tuple[float, ...]] = {
    "diligent": (0.6, 0.8, 1.0, 1.0),
    "mixed": (0.6, 0.8, 1.0, 1.0, 1.2, 1.6, 2.2, 3.2),
    "lazy": (1.6, 2.4, 3.2, 5.0),
}
PHRASES = (
    "按要求落实，已见成效",
    "已明确责任人和时间表，正按计划推进",
    "已开会研究，逐项落实到位",
    "材料已核对，情况属实",
    "部门之间正在协调，月内完成",
    "已现场核对，问题逐一解决",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Temper:
    """What a unit's people are like."""

    pace: float  # 1: diligent; 2: takes twice as long
    quality: float  # the score their work tends to get


def temper_of(dice: Dice, crowd: Crowd, unit: int) -> Temper:
    """The temper of the people at a unit."""
    pace = dice.choose(_PACES[crowd], "pace", unit)
    return Temper(pace=pace, quality=dice.between(92, 96, "quality", unit) - 5 * min(pace, 3.0))


def working_time(calendar: Calendar, start: int, minutes: float) -> int:
    """The instant at which so many minutes of work have passed, at a desk and on working days."""
    local = calendar.local(start)
    day, left = local.date(), minutes
    used = max(0, (local.hour - _OPENING) * 60 + local.minute)
    while True:
        free = WORKDAY - used if calendar.is_workday(day) else 0
        if left < free:
            return max(start, calendar.instant(day, _OPENING, 0) + int((used + left) * 60_000))
        left -= max(0, free)
        day, used = day + timedelta(days=1), 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody would like to do, in the order in which they try."""

    name: str
    role: str
    facts: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]
    evidence: int


class Mind:
    """Decides what invented people do on a task, and when."""

    def __init__(self, dice: Dice, crowd: Crowd, calendar: Calendar) -> None:
        self._dice, self._crowd, self._calendar = dice, crowd, calendar

    def temper(self, unit: int) -> Temper:
        """What the people at a unit are like."""
        return temper_of(self._dice, self._crowd, unit)

    def next_look(self, task: Task, state: State, now: int) -> int:
        """When whoever's turn it is will turn to this task."""
        temper = self.temper(task.waits_unit or task.unit_id)
        open_ended = 3.0 if state.within is None else 1.2  # nobody presses: a report now and then
        base = 6.0 if state.draft else 0.5 if task.visit == 1 else open_ended
        spread = self._dice.between(0.3, 1.7, "delay", task.id, task.seq)
        return working_time(self._calendar, now, base * spread * temper.pace * WORKDAY)

    def confirm_look(self, task: Task, transition: str, asked_at: int) -> int:
        """When the one who must confirm gets to it."""
        spread = self._dice.between(0.1, 2.4, "confirm", task.id, transition, asked_at)
        return working_time(self._calendar, asked_at, spread * WORKDAY)

    def confirms(self, task: Task, transition: str, asked_at: int) -> str:
        """The answer to a waiting confirmation."""
        return "confirm" if self._dice.roll("answer", task.id, transition, asked_at) < 0.75 else "refuse"

    def wishes(self, scene: Scene) -> Iterator[Wish]:
        """What whoever's turn it is tries, the likeliest first."""
        task, definition = scene.task, scene.definition
        waits = definition.states[task.state].waits_for
        if waits is None:
            return
        own = [one for one in definition.transitions.values() if _may(one, task.state, waits)]
        for transition in self._ordered(scene, own):
            yield self._wish(transition, waits, scene)

    def asides(self, task: Task, definition: Definition) -> Iterator[str]:
        """What may be said of a task at any time, such as that it matters most: now and then it is."""
        for one in definition.transitions.values():
            at_any_time = one.by and one.target is None and one.confirmed_by is None and len(one.sources) > 2
            if at_any_time and self._dice.roll("aside", task.id, one.name) < 0.15:
                yield one.name

    def aside(self, scene: Scene, name: str) -> Wish:
        """How it is said."""
        transition = scene.definition.transitions[name]
        return self._wish(transition, transition.by[0], scene)

    def _ordered(self, scene: Scene, own: list[Transition]) -> Iterator[Transition]:
        """More time first if they need it; then reports and assessments, then on, then back."""
        task, definition = scene.task, scene.definition
        order = list(definition.states)
        stays = [one for one in own if _stays(one)]
        onwards = [one for one in own if _is_plain(one) and _leads(one, definition, order, task.state) > 0]
        back = [one for one in own if _is_plain(one) and _leads(one, definition, order, task.state) < 0]
        if self._wants_time(task, scene.now):
            yield from (one for one in own if "until" in one.asks)
        yield from (one for one in stays if one.opens and self._begins(one, task))
        progress = [one for one in stays if any(_percent(definition, name) for name in one.asks)]
        if progress and self._progress(task, scene.now) < 100:
            yield from progress
            return
        yield from (
            one for one in stays if one not in progress and not one.opens and self._says(one, task, scene.now)
        )
        if back and self._dice.roll("sent back", task.id, task.visit) < 0.12:
            yield from back
        yield from onwards
        yield from back

    def _begins(self, one: Transition, task: Task) -> bool:
        """Whether they open something beside their own work: some do, once."""
        return one.name not in task.acts and self._dice.roll("begins", task.id, one.name) < 0.25

    def _says(self, one: Transition, task: Task, now: int) -> bool:
        """Assessed anew each time it comes to this desk; told anew every few weeks; seldom objected to."""
        if "reason" in one.asks and self._dice.roll("objects", task.id, one.name) > 0.2:
            return False
        return task.acts.get(one.name, 0) <= self._turns(task) or now - task.reported_at > _WEEKS

    def _turns(self, task: Task) -> int:
        """How often the task has come to this desk before."""
        return (task.visit - 1) // 2 - 1

    def _wants_time(self, task: Task, now: int) -> bool:
        if task.deadline is None or not 0 < task.deadline - now < 6 * 86_400_000:
            return False
        late = self._progress(task, now) < 90
        return late and not task.pending and self._dice.roll("asks for time", task.id, task.visit) < 0.4

    def _progress(self, task: Task, now: int) -> int:
        """How far the work has come: a diligent unit is through at four fifths of the time."""
        due = task.deadline if task.deadline is not None else task.opened_at + 10 * 86_400_000
        span = max(due - task.opened_at, 86_400_000) * 0.8 * self.temper(task.unit_id).pace
        return min(100, int(100 * (now - task.opened_at) / span))

    def _wish(self, one: Transition, role: str, scene: Scene) -> Wish:
        facts: dict[str, Any] = {}
        rows: dict[str, list[dict[str, Any]]] = {}
        for name in one.asks:
            if name in scene.definition.lists:
                rows[name] = self._rows(name, scene)
            elif name in scene.definition.roles:
                facts[name] = self._team(name, scene)
            else:
                facts[name] = self._value(_fact(scene.definition, name), scene)
        files = one.evidence.needed({**scene.task.facts, **facts})
        return Wish(name=one.name, role=role, facts=facts, rows=rows, evidence=files)

    def _team(self, name: str, scene: Scene) -> list[int]:
        """As many as are needed, and one more where there is one."""
        role = scene.definition.roles[name]
        staff = sorted(scene.free_staff(role), key=lambda one: self._dice.roll("team", scene.task.id, one))
        least = role.team.least if role.team is not None else 1
        return staff[: least + 1]

    def _value(self, fact: Fact, scene: Scene) -> Any:
        task = scene.task
        key = (fact.name, task.id, task.seq)
        temper = self.temper(task.unit_id)
        if fact.type == "percent":
            return max(self._progress(task, scene.now), int(task.facts.get(fact.name, 0)))
        if fact.type == "number":
            # Work that was sent back comes back better.
            value = round(temper.quality + 3 * max(0, task.visit - 3) + self._dice.between(-9, 6, *key))
            return min(max(value, (fact.min or 0) // MICRO), (fact.max or 100 * MICRO) // MICRO)
        if fact.type == "count":  # figures of one report agree with each other, mostly
            value = int(self._dice.between(12, 90, "count", task.id, task.visit))
            return value if self._dice.roll(*key) < 0.93 else value // 2
        if fact.type == "yes/no":
            return "yes" if self._dice.roll(*key) < 0.88 else "no"
        if fact.type == "date":
            later = working_time(self._calendar, scene.now, self._dice.between(4, 12, *key) * WORKDAY)
            return self._calendar.day_of(max(later, (task.deadline or later) + 4 * 86_400_000)).isoformat()
        return self._named(fact, scene, key)

    def _named(self, fact: Fact, scene: Scene, key: tuple[object, ...]) -> Any:
        if fact.type == "choice":
            return self._dice.choose(fact.choices, *key)
        if fact.type == "unit":
            return self._dice.choose(scene.others() or [scene.task.unit_id], *key)
        if fact.type == "person":
            return self._dice.choose(
                sorted(scene.directory.staff(scene.task.unit_id, scene.now)) or [0], *key
            )
        return f"{self._dice.choose(PHRASES, *key)}。"

    def _rows(self, name: str, scene: Scene) -> list[dict[str, Any]]:
        """What is found the first time somebody looks, more where work is poor; later it is settled."""
        indicators = scene.definition.lists[name].indicators
        if indicators:
            return [self._scored(one, scene) for one in indicators]
        standing = scene.rows(name)
        if standing:
            return [
                {"id": row.id, **self._settled(name, row, scene)} for row in standing if not row.closed_at
            ]
        task = scene.task
        poor = 4.4 - self.temper(task.unit_id).quality / 30
        count = int(self._dice.between(0, poor, "rows", task.id, task.visit, name))
        columns = scene.definition.lists[name].columns.values()
        return [{fact.name: self._cell(fact, scene, n) for fact in columns} for n in range(count)]

    def _scored(self, indicator: str, scene: Scene) -> dict[str, Any]:
        task = scene.task
        value = self.temper(task.unit_id).quality + self._dice.between(-9, 8, indicator, task.id, task.visit)
        return {"indicator": indicator, "points": min(100, max(0, round(value)))}

    def _settled(self, name: str, row: Row, scene: Scene) -> dict[str, Any]:
        """The row as it was, with what was left open decided."""
        decided = {
            fact.name: fact.choices[-1]
            for fact in scene.definition.lists[name].columns.values()
            if fact.type == "choice" and self._dice.roll("settled", row.id, fact.name) < 0.7
        }
        return {**row.values, **decided}

    def _cell(self, fact: Fact, scene: Scene, n: int) -> Any:
        task = scene.task
        if fact.type == "date":
            minutes = self._dice.between(9, 18, "row", task.id, n) * WORKDAY
            return self._calendar.day_of(working_time(self._calendar, scene.now, minutes)).isoformat()
        if fact.type == "text":
            return self._dice.choose(_PROBLEMS, "row", task.id, task.visit, n)
        if fact.type == "choice":
            return fact.choices[0]  # decided later
        if fact.type == "unit":
            return self._dice.choose(scene.others() or [task.unit_id], "row", task.id, fact.name, n)
        return self._value(fact, scene)


_PROBLEMS = (
    "登记信息更新不及时",
    "现场无专人负责",
    "台账缺项",
    "结果未核实",
    "公示内容陈旧",
    "档案不全",
)


def _is_plain(one: Transition) -> bool:
    """An act of everyday: withdrawing at any time, for which a superior is asked, is none."""
    return one.confirmed_by is None or len(one.sources) == 1


def _stays(one: Transition) -> bool:
    return one.target is None and one.confirmed_by is None and len(one.sources) == 1


def _may(one: Transition, state: str, role: str) -> bool:
    return state in one.sources and role in one.by


def _leads(one: Transition, definition: Definition, order: list[str], state: str) -> int:
    """1 for a move onwards, -1 for one back, 0 for staying or giving up."""
    if one.target is None or one.target not in definition.states:
        return 0
    if definition.states[one.target].final == "abandoned":
        return 0
    return 1 if order.index(one.target) > order.index(state) else -1


def _percent(definition: Definition, name: str) -> bool:
    return name in definition.facts and definition.facts[name].type == "percent"


def _fact(definition: Definition, name: str) -> Fact:
    return definition.facts.get(name) or BUILT_IN[name]
