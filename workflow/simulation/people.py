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
from ..definition.model import Definition, Fact, State, Transition
from ..definition.task import BUILT_IN
from ..definition.terms import MICRO
from ..task import Task
from .dice import Dice

Crowd = Literal["diligent", "mixed", "lazy"]
CROWDS: tuple[Crowd, ...] = ("diligent", "mixed", "lazy")
WORKDAY = 8 * 60  # minutes of work a day, from 09:00
_OPENING = 9  # o'clock
# How many times slower than a diligent person, from the quick to the hopeless.
_PACES: Mapping[Crowd, tuple[float, ...]] = {
    "diligent": (0.6, 0.8, 1.0, 1.0),
    "mixed": (0.6, 0.8, 1.0, 1.0, 1.2, 1.6, 2.2, 3.2),
    "lazy": (1.6, 2.4, 3.2, 5.0),
}
_PHRASES = (
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

    def wishes(self, task: Task, definition: Definition, now: int) -> Iterator[Wish]:
        """What whoever's turn it is tries, the likeliest first."""
        state = definition.states[task.state]
        if state.waits_for is None:
            return
        own = [one for one in definition.transitions.values() if _may(one, task.state, state.waits_for)]
        for transition in self._ordered(task, definition, own, now):
            yield self._wish(transition, state.waits_for, task, definition, now)

    def _ordered(
        self, task: Task, definition: Definition, own: list[Transition], now: int
    ) -> Iterator[Transition]:
        """More time first if they need it; then reports and assessments, then on, then back."""
        order = list(definition.states)
        stays = [
            one for one in own if one.target is None and one.confirmed_by is None and len(one.sources) == 1
        ]
        onwards = [
            one for one in own if one.confirmed_by is None and _leads(one, definition, order, task.state) > 0
        ]
        back = [
            one for one in own if one.confirmed_by is None and _leads(one, definition, order, task.state) < 0
        ]
        if self._wants_time(task, now):
            yield from (one for one in own if "until" in one.asks)
        progress = [one for one in stays if any(_percent(definition, name) for name in one.asks)]
        done = self._progress(task, now)
        if progress and done < 100:
            yield from progress
            return
        yield from (
            one for one in stays if one not in progress and task.acts.get(one.name, 0) <= self._turns(task)
        )
        if back and self._dice.roll("sent back", task.id, task.visit) < 0.12:
            yield from back
        yield from onwards
        yield from back

    def _turns(self, task: Task) -> int:
        """How often the task has come to this desk before: each time it is assessed anew."""
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

    def _wish(self, one: Transition, role: str, task: Task, definition: Definition, now: int) -> Wish:
        facts, rows = {}, {}
        for name in one.asks:
            if name in definition.roles:
                facts[name] = ()  # a team: whoever knows the people chooses it
            elif name in definition.lists:
                rows[name] = self._rows(name, task, definition, now)
            else:
                facts[name] = self._value(_fact(definition, name), task, now)
        return Wish(name=one.name, role=role, facts=facts, rows=rows, evidence=one.evidence)

    def _value(self, fact: Fact, task: Task, now: int) -> Any:
        key = (fact.name, task.id, task.seq)
        temper = self.temper(task.unit_id)
        if fact.type == "percent":
            return max(self._progress(task, now), int(task.facts.get(fact.name, 0)))
        if fact.type in ("number", "count"):
            # Work that was sent back comes back better.
            value = round(temper.quality + 3 * (task.visit - 3) + self._dice.between(-9, 6, *key))
            return min(max(value, (fact.min or 0) // MICRO), (fact.max or 100 * MICRO) // MICRO)
        if fact.type == "yes/no":
            return "yes" if self._dice.roll(*key) < 0.88 else "no"
        if fact.type == "date":
            later = working_time(self._calendar, now, self._dice.between(4, 12, *key) * WORKDAY)
            return self._calendar.day_of(max(later, (task.deadline or now) + 4 * 86_400_000)).isoformat()
        if fact.type == "choice":
            return self._dice.choose(fact.choices, *key)
        if fact.type in ("unit", "person"):
            return task.unit_id
        return f"{self._dice.choose(_PHRASES, *key)}。"

    def _rows(self, name: str, task: Task, definition: Definition, now: int) -> list[dict[str, Any]]:
        """Problems are found where work is poor, and only the first time somebody looks."""
        if any(task.acts.get(one.name) and _looked(one, name) for one in definition.transitions.values()):
            return []
        count = int(
            self._dice.between(0, 4.4 - self.temper(task.unit_id).quality / 30, "rows", task.id, task.visit)
        )
        columns = definition.lists[name].columns
        return [
            {column: self._cell(fact, task, n, now) for column, fact in columns.items()} for n in range(count)
        ]

    def _cell(self, fact: Fact, task: Task, n: int, now: int) -> Any:
        if fact.type == "date":
            minutes = self._dice.between(9, 18, "row", task.id, n) * WORKDAY
            return self._calendar.day_of(working_time(self._calendar, now, minutes)).isoformat()
        if fact.type == "text":
            return self._dice.choose(_PROBLEMS, "row", task.id, task.visit, n)
        return self._value(fact, task, now)


_PROBLEMS = (
    "登记信息更新不及时",
    "现场无专人负责",
    "台账缺项",
    "结果未核实",
    "公示内容陈旧",
    "档案不全",
)


def _looked(one: Transition, name: str) -> bool:
    """Whether somebody looks through a list by that act, or the machine goes on because it was worked off."""
    return one.after is not None or (one.target is None and name in one.asks)


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
