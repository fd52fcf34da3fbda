"""What a simulated campaign came to: tasks, lights, episodes, how long things took, who was told."""

from __future__ import annotations

import hashlib
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select

from ..calendar import Calendar
from ..definition import Pack
from ..definition.model import LIGHT_LABELS
from ..store import organisation
from ..store.applying import EVENT, OUTGOING
from ..store.ports import Transaction
from ..store.sql import Statement
from ..store.tasks import EPISODE, TASK
from ..text import Language, Text

DAY_MS = 86_400_000
TOP = 5  # persons named in the summary
_TASKS = Statement(
    select(
        TASK.c.id, TASK.c.kind, TASK.c.state, TASK.c.light, TASK.c.opened_at, TASK.c.ended_at, TASK.c.head
    ).order_by(TASK.c.id)
)
_EPISODES = Statement(
    select(
        TASK.c.kind,
        EPISODE.c.rule,
        func.count(),
        func.count(EPISODE.c.ended_at),
        func.sum(EPISODE.c.superseded),
    )
    .join(TASK, TASK.c.id == EPISODE.c.task_id)
    .group_by(TASK.c.kind, EPISODE.c.rule)
    .order_by(TASK.c.kind, EPISODE.c.rule)
)
_EVENTS = Statement(select(func.count()).select_from(EVENT))
_MESSAGES = Statement(
    select(OUTGOING.c.person_id, func.count()).group_by(OUTGOING.c.person_id).order_by(OUTGOING.c.person_id)
)
# Tasks that were red and ended accepted: they went up the ladder and came down again.
_STORIES = Statement(
    select(TASK.c.id, TASK.c.kind, func.count())
    .join(EPISODE, EPISODE.c.task_id == TASK.c.id)
    .where(TASK.c.outcome == "accepted", TASK.c.light == "green", TASK.c.parent_id.is_(None))
    .group_by(TASK.c.id, TASK.c.kind)
    .order_by(func.count().desc(), TASK.c.id)
)
_RED = Statement(select(EPISODE.c.task_id).where(EPISODE.c.light == "red").distinct())


@dataclass(frozen=True, kw_only=True, slots=True)
class EpisodeCount:
    """The episodes of one rule on one kind of task."""

    kind: str
    rule: str
    opened: int
    ended: int
    superseded: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The summary of a simulated campaign."""

    campaign: str
    version: str
    start: str  # local day
    days: int
    tasks: int
    by_state: dict[str, dict[str, int]]  # kind -> state -> tasks
    by_light: dict[str, int]
    episodes: tuple[EpisodeCount, ...]
    median_days: dict[str, float]  # kind -> days from opening to end
    events: int
    acts: int
    refused: int
    messages: int
    messages_by_person: dict[str, int]  # the most told, by their codes
    unaddressed: int
    ledger: str  # SHA-256 over the heads of all tasks: equal ledgers, equal digests
    story: int | None  # a task that went up the ladder and down again
    labels: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The summary as data."""
        own = asdict(self)
        own.pop("labels")
        return own

    def to_text(self) -> Text:
        """The summary to be read."""
        return Text("\n".join(self._lines("zh")), "\n".join(self._lines("en")))

    def _lines(self, language: Language) -> list[str]:
        return [
            self._headline().to(language),
            "",
            f"{Text('亮灯', 'Lights').to(language)}: {self._lights(language)}",
            "",
            Text("各类事项所处状态", "Tasks by state").to(language),
            *self._state_lines(language),
            "",
            Text("预警（规则：开启 / 已解除）", "Episodes (rule: opened / ended)").to(language),
            *self._episode_lines(language),
            "",
            Text("收到消息最多的人", "Most messages").to(language),
            *(f"  {self._person(code, language)}: {n}" for code, n in self.messages_by_person.items()),
            "",
            f"{Text('台账摘要', 'Ledger digest').to(language)}: {self.ledger}",
        ]

    def _person(self, code: str, language: Language) -> str:
        name: Text = self.labels["people"].get(code, Text(code, code))
        return name.to(language)

    def _headline(self) -> Text:
        label: Text = self.labels["campaign"]
        return Text(
            f"{label.zh}：{self.start} 起 {self.days} 天，督办事项 {self.tasks} 件，留痕 {self.events} 条，"
            f"人员办理 {self.acts} 次（另有 {self.refused} 次被拒），消息 {self.messages} 条",
            f"{label.en}: {self.days} days from {self.start}, {self.tasks} tasks, {self.events} events, "
            f"{self.acts} acts of people ({self.refused} more refused), {self.messages} messages",
        )

    def _state_lines(self, language: Language) -> Iterator[str]:
        for kind, states in self.by_state.items():
            inner = ", ".join(
                f"{self.labels['states'][kind, name].to(language)} {n}" for name, n in states.items()
            )
            took = self.median_days.get(kind)
            days = (
                Text(f"；办结中位 {took:g} 天", f"; median {took:g} days to the end")
                if took is not None
                else None
            )
            yield f"  {self.labels['kinds'][kind].to(language)}: {inner}{days.to(language) if days else ''}"

    def _lights(self, language: Language) -> str:
        return ", ".join(f"{LIGHT_LABELS[light].to(language)} {n}" for light, n in self.by_light.items())

    def _episode_lines(self, language: Language) -> list[str]:
        lines = []
        for one in self.episodes:
            kind = self.labels["kinds"][one.kind].to(language)
            rule = self.labels["rules"][one.kind, one.rule].to(language)
            lines.append(f"  {kind} · {rule} ({one.rule}): {one.opened} / {one.ended}")
        return lines


def make_report(
    tx: Transaction, pack: Pack, calendar: Calendar, begin: int, end: int, acts: int, refused: int
) -> Report:
    """Read the summary from the database."""
    rows = tx.all(_TASKS)
    told: dict[int | None, int] = dict(tx.all(_MESSAGES))
    names = {row[0]: row[1] for row in organisation.persons(tx)}
    ranked = sorted(((n, person) for person, n in told.items() if person is not None), reverse=True)[:TOP]
    events = tx.one(_EVENTS)
    return Report(
        campaign=pack.campaign.name,
        version=pack.version,
        start=calendar.day_of(begin).isoformat(),
        days=(end - begin) // DAY_MS,
        tasks=len(rows),
        by_state=_by_state(rows, pack),
        by_light=_ordered_lights(Counter(row[3] for row in rows)),
        episodes=tuple(
            EpisodeCount(kind=kind, rule=rule, opened=opened, ended=ended, superseded=int(over or 0))
            for kind, rule, opened, ended, over in tx.all(_EPISODES)
        ),
        median_days=_durations(rows),
        events=int(events[0]) if events else 0,
        acts=acts,
        refused=refused,
        messages=sum(told.values()),
        messages_by_person={names[person]: n for n, person in ranked},
        unaddressed=told.get(None, 0),
        ledger=_digest(rows),
        story=story_task(tx),
        labels=_labels(pack),
    )


def _by_state(rows: list[tuple[Any, ...]], pack: Pack) -> dict[str, dict[str, int]]:
    counted = Counter((row[1], row[2]) for row in rows)
    return {
        kind: {state: counted[kind, state] for state in definition.states if counted[kind, state]}
        for kind, definition in pack.definitions.items()
        if any(key[0] == kind for key in counted)
    }


def _ordered_lights(counted: Counter[str]) -> dict[str, int]:
    return {light: counted[light] for light in LIGHT_LABELS if counted[light]}


def _durations(rows: list[tuple[Any, ...]]) -> dict[str, float]:
    spans: dict[str, list[int]] = {}
    for _, kind, _, _, opened, ended, _ in rows:
        if ended is not None:
            spans.setdefault(kind, []).append(ended - opened)
    return {kind: round(statistics.median(values) / DAY_MS, 1) for kind, values in sorted(spans.items())}


def _digest(rows: list[tuple[Any, ...]]) -> str:
    sha = hashlib.sha256()
    for row in rows:
        sha.update(bytes(row[6]))
    return sha.hexdigest()


def _labels(pack: Pack) -> dict[str, Any]:
    definitions = pack.definitions.items()
    return {
        "campaign": pack.campaign.label,
        "people": {person.code: person.name for person in pack.people},
        "kinds": {kind: definition.label for kind, definition in definitions},
        "states": {
            (kind, state.name): state.label for kind, one in definitions for state in one.states.values()
        },
        "rules": {(kind, rule.name): rule.label for kind, one in definitions for rule in one.rules.values()},
    }


def story_task(tx: Transaction) -> int | None:
    """A task whose history is worth telling: it was red, it was struck off, its light is green again."""
    red = {row[0] for row in tx.all(_RED)}
    for task, _, _ in tx.all(_STORIES):
        if task in red:
            return int(task)
    return None
