"""Lives of a campaign on a real database, what was foretold of its tasks, and whether it then happened."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import bindparam, select

from tests.stories.teller import Story
from workflow.decision import Act
from workflow.definition import Pack
from workflow.errors import Refused
from workflow.forecast import INVENTED, Branch, Forecast, Position, Step, forecast
from workflow.people import resolve
from workflow.reading import world_of
from workflow.store import tasks
from workflow.store.applying import EVENT
from workflow.store.sql import Statement
from workflow.task import Loaded, Task

TASKS = Statement(select(*tasks.TASK.columns).order_by(tasks.TASK.c.id))
_EVENTS = Statement(
    select(EVENT.c.task_id, EVENT.c.kind, EVENT.c.header)
    .where(EVENT.c.id > bindparam("mark"))
    .order_by(EVENT.c.id)
)
_LAST = Statement(select(EVENT.c.id).order_by(EVENT.c.id.desc()).limit(1))

# --- a life -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deed:
    """After a while, somebody does something to some task."""

    gap: int  # ms
    task: int  # which of the open ones
    act: int  # which of those that its state has
    number: int  # for whatever must be reported


class Campaign:
    """A campaign of random rules on a database of its own."""

    def __init__(self, folder: Path, pack: Pack) -> None:
        self.story = Story(f"sqlite:///{folder / 'duban.db'}", pack, at="2026-03-02 08:00")
        self.story.at("2026-03-02 09:00")
        self.papers = self.story.store_evidence(1)

    def tasks(self) -> list[Task]:
        with self.story.port.read() as tx:
            return [tasks.task_of(row) for row in tx.all(TASKS)]

    def do(self, deed: Deed) -> None:
        self.story._run_until(self.story.now + deed.gap)
        ready = [one for one in self.tasks() if one.ended_at is None]
        if not ready:
            return
        task = ready[deed.task % len(ready)]
        names = self._acts(task)
        if names:
            self._try(task, names[deed.act % len(names)], deed.number)

    def _acts(self, task: Task) -> list[str]:
        definition = self.story.pack.definitions[task.kind]
        names = [
            one.name
            for one in definition.transitions.values()
            if one.after is None and task.state in one.sources
        ]
        return [
            *names,
            *(f"{verb}:{one.transition}" for one in task.pending for verb in ("confirm", "refuse")),
        ]

    def _try(self, task: Task, name: str, number: int) -> None:
        transition = self.story.pack.definitions[task.kind].transitions[name.partition(":")[2] or name]
        given = self.given(task, number) if ":" not in name else {"reason": "核"}
        asked = {*transition.asks, *transition.optional} if ":" not in name else {"reason"}
        facts = {fact: given[fact] for fact in asked if fact in given}
        rows = {name: listed for name, listed in self.rows(number).items() if name in asked}
        roles = list(transition.by)
        if ":" in name and transition.confirmed_by is not None:
            roles.insert(0, transition.confirmed_by.role)
        for person in self._persons(task, roles):
            files = self.papers[: transition.evidence.most] if ":" not in name else ()
            wanted = Act(name=name, person_id=person, facts=facts, rows=rows, evidence=files)
            try:
                self.story.engine.act(task.id, wanted, self.story.now)
            except Refused:
                continue
            return

    def given(self, _task: Task, number: int) -> dict[str, Any]:
        """What is reported, by name; an act takes of it what it asks for."""
        return _given(number)

    def rows(self, number: int) -> dict[str, list[dict[str, Any]]]:
        """The rows that are reported, by list; an act takes of them what it asks for."""
        return {"problems": _rows(number)}

    def _persons(self, task: Task, roles: Sequence[str]) -> list[int]:
        with self.story.port.read() as tx:
            frame = self.story.engine.library.frame(tx, self.story.now)
            frame.know([Loaded(task=task)])
            directory, definition = (
                frame.around(task.version_id).directory,
                self.story.pack.definitions[task.kind],
            )
            found = [resolve(directory, definition, role, task, self.story.now) for role in roles]
        return list(dict.fromkeys(person for one in found for person in one.persons))

    # --- foretelling and what happens -----------------------------------------------------------

    def mark(self) -> int:
        with self.story.port.read() as tx:
            row = tx.one(_LAST)
            return int(row[0]) if row else 0

    def foretold(self, task: int, until: int) -> Forecast:
        with self.story.port.read() as tx:
            world = world_of(self.story.engine.library.frame(tx, self.story.now), task, until)
        return forecast(world, until=until, steps=10_000)

    def happened(self, mark: int) -> list[tuple[int, str, dict[str, Any]]]:
        with self.story.port.read() as tx:
            return [(task, kind, orjson.loads(header)) for task, kind, header in tx.all(_EVENTS, mark=mark)]


def _given(number: int) -> dict[str, Any]:
    day = f"2026-{4 + number % 3:02}-{1 + number % 28:02}"
    return {
        "progress": number,
        "own_score": number,
        "verified_score": number,
        "reason": "情况说明",
        "until": day,
        "promised": day,
        "actions": "措施",
        "result": "已改",
        "grade": ("低", "中", "高")[number % 3],
        "exit_met": ("yes", "no")[number % 2],
    }


def _rows(number: int) -> list[dict[str, Any]]:
    return [{"what": f"问题{n}", "due": f"2026-0{4 + n % 3}-1{n}"} for n in range(number % 3)]


# --- comparing --------------------------------------------------------------------------------------

Line = tuple[Any, ...]


def _line(kind: str, header: Mapping[str, Any], names: Mapping[int, str]) -> Line:
    """An event without the numbers that a forecast can't know; a new task is called by its kind and turn."""
    told, opened = header.get("told", []), [names.get(one, one) for one in header.get("tasks", [])]
    own = {}
    for key, value in header.items():
        if key in ("by", "episode_of", "proposed_by"):
            own[key] = names.get(value, value)
        elif key == "about":
            own[key] = sorted((names.get(one, one) for one in value), key=str)
        elif key not in ("task", "seq", "kind", "told", "tasks", "number"):
            own[key] = value
    return kind, tuple(sorted(own.items(), key=lambda pair: pair[0])), told, opened


def _foretold_lines(found: Forecast) -> dict[int | str, list[Line]]:
    kinds = {one.task: one.kind for step in found.steps for one in step.opened}
    names = _called([ident for ident in kinds if ident >= INVENTED], kinds)
    lines: dict[int | str, list[Line]] = {}
    for step in found.steps:
        lines.setdefault(names.get(step.task, step.task), []).append(_line(step.kind, _header(step), names))
    return lines


def _header(step: Step) -> dict[str, Any]:
    header = {**step.header, "at": step.at, "recorded": step.recorded_at}
    if step.told:
        header["told"] = [one.person_id for one in step.told]
    return header | {"tasks": [one.task for one in step.opened]}


def _called(idents: Sequence[int], kinds: Mapping[int, str]) -> dict[int, str]:
    return {ident: f"{kinds[ident]} +{turn}" for turn, ident in enumerate(sorted(idents))}


def _happened_lines(
    focus: int, events: Sequence[tuple[int, str, dict[str, Any]]], kinds: Mapping[int, str], newest: int
) -> dict[int | str, list[Line]]:
    """What happened to a task and to everything that it set in motion."""
    followed = {focus}
    for task, _, header in events:
        if task in followed:
            followed.update(header.get("tasks", ()))
    names = _called([ident for ident in followed if ident > newest], kinds)
    lines: dict[int | str, list[Line]] = {}
    for task, kind, header in events:
        if task in followed and (task > newest or not _before(task, header, events, followed, focus)):
            lines.setdefault(names.get(task, task), []).append(_line(kind, header, names))
    return lines


def _before(
    task: int,
    header: Mapping[str, Any],
    events: Sequence[tuple[int, str, dict[str, Any]]],
    followed: set[int],
    focus: int,
) -> bool:
    """Whether it happened to a task that was there already, before the followed one joined it."""
    if task == focus:
        return False
    for other, _, earlier in events:
        if earlier is header:
            return True
        if other in followed and task in earlier.get("tasks", ()):
            return False
    return True


Event = tuple[int, str, dict[str, Any]]


def handed_out(events: Sequence[Event]) -> set[int]:
    """The tasks that rounds opened, and whatever came of them: nobody could know of these."""
    found: set[int] = set()
    opened = {task for task, kind, _ in events if kind == "opened"}
    for task, kind, header in events:
        if task in found or (kind == "opened" and "round" in header):
            found |= {task, *opened.intersection(header.get("tasks", ()))}
    return found


def joined_by(strangers: set[int], focus: int, events: Sequence[Event]) -> int | None:
    """When one of them first joined something that the task has to do with, or the task what they opened."""
    followed = {focus} - strangers
    for task, kind, header in events:
        if task in followed:
            followed.update(header.get("tasks", ()))
            if strangers & {*header.get("tasks", ()), *(header["about"] if kind == "joined" else ())}:
                return int(header["recorded"])
    return None


def events_until(then: int | None, events: Sequence[Event]) -> list[Event]:
    return [one for one in events if then is None or one[2]["recorded"] < then]


def steps_until(then: int | None, steps: Sequence[Step]) -> list[Step]:
    return [one for one in steps if then is None or one.recorded_at < then]


def compare(campaign: Campaign, until: int) -> None:
    story, mark = campaign.story, campaign.mark()
    before = campaign.tasks()
    newest = max(one.id for one in before)
    foretold = {one.id: campaign.foretold(one.id, until) for one in before}
    story._run_until(until)
    events = campaign.happened(mark)
    after = {one.id: one for one in campaign.tasks()}
    kinds = {ident: one.kind for ident, one in after.items()}
    later = handed_out(events)
    for ident, found in foretold.items():
        joined = joined_by(later, ident, events)
        if joined is not None:  # what nobody can foresee, the forecast said that it can't
            assert any("列入" in note.zh for note in found.notes), f"{kinds[ident]} {ident}"
        seen = events_until(joined, events)
        if any(task == ident and "number" in header for task, _, header in seen):
            assert any("文号" in note.zh for note in found.notes), f"{kinds[ident]} {ident}"
        happened = _happened_lines(ident, seen, kinds, newest)
        foreseen = replace(found, steps=tuple(steps_until(joined, found.steps)))
        assert _foretold_lines(foreseen) == happened, f"{kinds[ident]} {ident}"
        last = [one for one in found.steps if one.task == ident]
        if last and joined is None:
            assert (last[-1].state, last[-1].light) == (after[ident].state, after[ident].light)


@contextmanager
def folder_of(template: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="duban-forecast-") as made:
        folder = Path(made) / "ledger"
        shutil.copytree(template, folder)
        yield folder


def own_lines(steps: Sequence[Step], focus: int, *begun: Position) -> list[Line]:
    stands = [*begun, *(one for step in steps for one in step.opened)]
    kinds = {one.task: one.kind for one in stands if one.task >= INVENTED}
    names = {ident: f"a new {kind}" for ident, kind in kinds.items()}
    return [_line(one.kind, _header(one), names) for one in steps if one.task == focus]


def happened_to(focus: int, events: Sequence[Event], after: Sequence[Task], newest: int) -> list[Line]:
    names = {one.id: f"a new {one.kind}" for one in after if one.id > newest}
    return [_line(kind, header, names) for task, kind, header in events if task == focus]


def take(campaign: Campaign, task: Task, way: Branch, until: int) -> None:
    """What a branch says is what follows when somebody takes it."""
    story, mark = campaign.story, campaign.mark()
    now, newest = story.now, max(one.id for one in campaign.tasks())
    reason = {"reason": "情况说明"} if way.asks else {}
    story.engine.act(task.id, Act(name=way.act, person_id=way.people[0], facts=reason), now)
    after = next(one for one in campaign.tasks() if one.id == task.id)
    assert (after.state, after.light) == (way.leads_to.state, way.leads_to.light)
    assert way.leads_to.until == (None if after.ended_at is not None else after.step_end or after.due_at)
    story._run_until(until)
    happened = happened_to(task.id, campaign.happened(mark), campaign.tasks(), newest)
    own = [line for line in happened if _is_own(line, way.act, now)]
    assert own
    assert sum(len(line[3]) for line in own) == len(way.opened)
    assert len(way.steps) < 1_000
    assert own_lines(way.steps, task.id, *way.opened) == [line for line in happened if line not in own]


def _is_own(line: Line, act: str, now: int) -> bool:
    """Whether it is the act itself, or the answer."""
    header, transition = dict(line[1]), act.partition(":")[2] or act
    answers = line[0] in ("act", "signed", "confirmed", "refused")
    return answers and header["transition"] == transition and header["recorded"] == now
