"""One task with everything that belongs to it: where it stands, and with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from ..decision import Surroundings
from ..decision.authority import SUPERVISOR
from ..decision.case import Case
from ..decision.joint import lacking, still_to_sign
from ..decision.teams import split
from ..definition.model import Definition
from ..engine import Frame, unknown_task
from ..errors import Undecidable
from ..people import Actor, Resolved, resolve
from ..store import tasks
from ..store.sql import Statement
from ..store.tasks import CONCERN, EPISODE
from ..task import Loaded, Pending, Stop, Task
from ..text import Text, join
from .history import words_of
from .ledger import Line, lines_of
from .names import names, persons_of
from .words import Words, value_text

_ALL_EPISODES = Statement(
    select(*EPISODE.columns).where(EPISODE.c.task_id == bindparam("task")).order_by(EPISODE.c.id)
)
_LINKS = Statement(
    select(CONCERN.c.task_id, CONCERN.c.about_id, CONCERN.c.removed_at).where(
        (CONCERN.c.task_id == bindparam("task")) | (CONCERN.c.about_id == bindparam("task"))
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FactView:
    """A fact that was reported."""

    name: str
    label: Text
    value: Any
    text: Text
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RowView:
    """A row of a list."""

    id: int
    text: Text
    values: Mapping[str, Any]
    closed_at: int | None
    closed_by: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListView:
    """A list with its rows."""

    name: str
    label: Text
    rows: tuple[RowView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleView:
    """Who a role is now."""

    name: str
    label: Text
    people: tuple[Text, ...]
    vacant: tuple[Text, ...]  # roles on the way that nobody holds
    until: int | None  # of a team: the end of its term


@dataclass(frozen=True, kw_only=True, slots=True)
class EpisodeView:
    """A stretch of time in which a rule held, or holds."""

    id: int
    rule: str
    label: Text
    light: str
    opened_at: int
    superseded: bool
    inert_at: int | None
    inert_by: str | None
    ended_at: int | None
    ended_by: str | None

    @property
    def shines(self) -> bool:
        """Whether it gives the task its light."""
        return self.ended_at is None and self.inert_at is None


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingView:
    """An act that waits for a second person."""

    transition: str
    label: Text
    asked_by: Text
    asked_at: int
    expires_at: int | None
    confirmer: Text
    reported: tuple[Text, ...]
    signed: tuple[Text, ...]  # of a joint act: who has signed
    waits_for: tuple[Text, ...]  # and who still may
    lacking: int  # signatures that nobody is there to give
    paper: str | None  # of an entry on behalf: SHA-256 of the scan
    effective: str | None  # and the date on it


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A task as a person looks at it."""

    line: Line
    parties: Mapping[str, Text]
    numbers: tuple[tuple[Text, str], ...]  # transition, and the number that came with it
    roles: tuple[RoleView, ...]
    facts: tuple[FactView, ...]
    lists: tuple[ListView, ...]
    deadline: int | None  # before stops, ms
    deadline_basis: Text
    step_end: int | None  # of the state's `within`
    stops: tuple[Stop, ...]
    state_since: int
    wake_at: int | None
    pending: tuple[PendingView, ...]
    episodes: tuple[EpisodeView, ...]  # those that are over included
    parent: Line | None
    children: tuple[Line, ...]
    concerns: tuple[Line, ...]  # tasks that this one is about
    concerned_by: tuple[Line, ...]  # tasks that are about this one


def load_one(frame: Frame, task_id: int) -> tuple[Loaded, Surroundings]:
    """A task as a decision would see it now, without locking it.

    Raises:
        Unknown: there is no such task.
        Undecidable: its data can't be read.
    """
    rows = tasks.read_these(frame.tx, [task_id])
    if not rows:
        raise unknown_task(task_id)
    try:
        task = tasks.task_of(rows[0])
    except (ValueError, TypeError, KeyError) as error:
        raise Undecidable(
            f"事项 {task_id} 的数据无法读取（{error!r}）。请运行 duban doctor。",
            f"The data of task {task_id} can't be read ({error!r}). Run duban doctor.",
        ) from error
    (loaded,) = tasks.load(frame.tx, [task], frame)
    frame.know([loaded])
    return loaded, frame.around(task.version_id)


def standing(frame: Frame, task_id: int) -> Standing:
    """Where a task stands, with all that belongs to it.

    Raises:
        Unknown: there is no such task.
        Undecidable: its data can't be read.
    """
    loaded, around = load_one(frame, task_id)
    task, definition = loaded.task, around.books[loaded.task.kind].definition
    episodes = frame.tx.all(_ALL_EPISODES, task=task_id)
    related = _related(frame, loaded)
    found = {name: resolve(around.directory, definition, name, task, frame.now) for name in definition.roles}
    called = names(frame.tx, _persons(task, found.values()), {*task.parties.values(), *_ids(task)})
    words = words_of(frame, task, called)
    lines = {line.id: line for line in lines_of(frame, tasks.read_these(frame.tx, [task_id, *related.all]))}
    return Standing(
        line=lines[task_id],
        parties={name: called.unit(unit) for name, unit in task.parties.items()},
        numbers=tuple((words.transition(name), told) for name, told in task.numbers.items()),
        roles=tuple(_role(one, task, words) for one in found.items()),
        facts=_facts(task, definition, words),
        lists=_lists(loaded, definition, words),
        deadline=task.deadline,
        deadline_basis=words.basis(task.deadline_basis),
        step_end=task.step_end if task.ended_at is None else None,
        stops=task.stops,
        state_since=task.state_since,
        wake_at=task.wake_at,
        pending=tuple(_pending(one, Case(loaded, around), words) for one in task.pending),
        episodes=tuple(_episode(row, words) for row in episodes),
        parent=lines.get(task.parent_id or 0),
        children=_pick(lines, related.children),
        concerns=_pick(lines, related.concerns),
        concerned_by=_pick(lines, related.concerned_by),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Related:
    children: list[int]
    concerns: list[int]
    concerned_by: list[int]
    all: list[int]


def _related(frame: Frame, loaded: Loaded) -> _Related:
    own = loaded.task.id
    links = [row for row in frame.tx.all(_LINKS, task=own) if row[2] is None]
    children = [child.id for child in loaded.children]
    concerns = sorted({about for task, about, _ in links if task == own})
    concerned_by = sorted({task for task, about, _ in links if about == own})
    parent = [] if loaded.task.parent_id is None else [loaded.task.parent_id]
    everybody = sorted({*children, *concerns, *concerned_by, *parent} - {own})
    return _Related(children=children, concerns=concerns, concerned_by=concerned_by, all=everybody)


def _pick(lines: Mapping[int, Line], ids: Iterable[int]) -> tuple[Line, ...]:
    return tuple(lines[ident] for ident in ids if ident in lines)


def _persons(task: Task, roles: Iterable[Resolved]) -> set[int]:
    found = {person for one in roles for person in persons_of(one)}
    found.update(person for one in task.pending for person in one.asker)
    return found | _ids(task)


def _ids(task: Task) -> set[int]:
    """Numbers among the facts: those of people and units are looked up with the others."""
    return {value for value in task.facts.values() if isinstance(value, int)}


def _role(found: tuple[str, Resolved], task: Task, words: Words) -> RoleView:
    name, who = found
    return RoleView(
        name=name,
        label=words.role(name),
        people=tuple(words.names.actor(one) for one in who.actors),
        vacant=tuple(words.role(one) for one in who.vacant),
        until=task.teams[name].until if name in task.teams else None,
    )


def _facts(task: Task, definition: Definition, words: Words) -> tuple[FactView, ...]:
    return tuple(
        FactView(
            name=name,
            label=fact.label,
            value=task.facts[name],
            text=value_text(fact, task.facts[name], words.names),
            at=task.fact_times.get(name, task.opened_at),
        )
        for name, fact in definition.facts.items()
        if name in task.facts
    )


def _lists(loaded: Loaded, definition: Definition, words: Words) -> tuple[ListView, ...]:
    found = []
    for name, listed in definition.lists.items():
        rows = tuple(
            RowView(
                id=row.id,
                text=_row_text(listed.columns, row.values, words),
                values=row.values,
                closed_at=row.closed_at,
                closed_by=row.closed_by,
            )
            for row in loaded.rows
            if row.list == name
        )
        if rows:
            found.append(ListView(name=name, label=listed.label, rows=rows))
    return tuple(found)


def _row_text(columns: Mapping[str, Any], values: Mapping[str, Any], words: Words) -> Text:
    return join(
        [value_text(columns.get(name), value, words.names) for name, value in values.items()], "，", "; "
    )


def _pending(one: Pending, case: Case, words: Words) -> PendingView:
    transition = case.book.definition.transitions[one.transition]
    joint = one.stage == "quorum"
    waiting = still_to_sign(case, transition, one.signed) if joint else ()
    return PendingView(
        transition=one.transition,
        label=words.transition(one.transition),
        asked_by=words.names.person(one.asked_by),
        asked_at=one.asked_at,
        expires_at=one.expires_at,
        confirmer=_confirmer(one, case.book.definition, words),
        reported=tuple(words.values(split(case.book.definition, one.facts)[0])),
        signed=tuple(words.names.actor(Actor(sign.person_id, sign.on_behalf)) for sign in one.signed),
        waits_for=tuple(
            dict.fromkeys(words.names.actor(actor) for _, found in waiting for actor in found.actors)
        ),
        lacking=lacking(case, transition, one.signed) if joint else 0,
        paper=one.entry.paper if one.entry else None,
        effective=one.entry.effective if one.entry else None,
    )


def _confirmer(one: Pending, definition: Definition, words: Words) -> Text:
    transition = definition.transitions[one.transition]
    if one.stage == "entry":
        return words.role(SUPERVISOR)
    if one.stage == "quorum":
        return join([words.role(role) for role in transition.by])
    return words.role(transition.confirmed_by.role) if transition.confirmed_by else Text("—", "—")


def _episode(row: Sequence[Any], words: Words) -> EpisodeView:
    ident, _, rule, light, opened, _, _, superseded, inert, inert_by, ended, ended_by = row
    return EpisodeView(
        id=ident,
        rule=rule,
        label=words.rule(rule),
        light=light,
        opened_at=opened,
        superseded=bool(superseded),
        inert_at=inert,
        inert_by=inert_by,
        ended_at=ended,
        ended_by=ended_by,
    )
