"""What the readers of a page are shown: a fixed number of statements for any number of them.

A section that is about a scope is read once for every reader who sees that scope, on this page and on
those that follow; what waits for a person is read by their posts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from workflow.calendar import Calendar
from workflow.definition.model import Campaign, Definition, Digest
from workflow.engine import Frame
from workflow.people import resolve
from workflow.reading import number_of
from workflow.reading.dates import Dates
from workflow.reading.waited import definition_of, task_or_none, waited_for
from workflow.store.organisation import CampaignInForce
from workflow.task import Loaded, Task
from workflow.text import Text, same

from ..store import digests
from ..store.digests import COLUMNS, LIGHTS_FROM_GRAVE, Run
from .foreseeing import foresee
from .tree import Lights, Tree, overview, read_tree, rolled_up
from .view import Item, Section, Trend

SHOWN: Final = 8  # tasks of a section; the others are counted
WORST: Final = 3
SCREEN: Final = 24  # lines of an overview
SOON: Final = 7 * 86_400_000  # ms ahead that count as due
POINTS: Final = 12  # digests on the picture of the trend
_ODD_PAGE: Final = 500
_MOST_KEPT: Final = 1_500  # sections of scopes that are remembered between pages

TaskRow = tuple[Any, ...]
_AT: Final = {name: position for position, name in enumerate(COLUMNS)}
Found = tuple[int, Sequence[TaskRow]]
"""How many, and the first few."""
_NONE: Final[Found] = (0, ())


@dataclass(kw_only=True)
class Scene:
    """What all pages of a run look at."""

    run: Run
    digest: Digest
    in_force: CampaignInForce
    campaign: Campaign
    calendar: Calendar
    tree: Tree
    lights: Lights
    before: Lights | None
    trend: Sequence[tuple[str, Lights]]  # the oldest first, this one last
    odd: Mapping[int, Sequence[TaskRow]]  # person -> what waits for them, though their posts don't say so
    scopes: dict[tuple[str, int], Found] = field(default_factory=dict)
    whole: dict[tuple[str, tuple[int, ...]], Section] = field(default_factory=dict)

    def forget(self) -> None:
        """Sections are remembered only so far: the memory of a run has an end."""
        if len(self.scopes) > _MOST_KEPT:
            self.scopes.clear()
        if len(self.whole) > _MOST_KEPT:
            self.whole.clear()


def read_scene(frame: Frame, run: Run) -> Scene | None:
    """What a run looks at; None where the campaign says nothing of this digest any more."""
    in_force = frame.campaigns.get(run.campaign_id)
    campaign = frame.campaign(in_force.version_id) if in_force is not None else None
    if in_force is None or campaign is None or run.name not in campaign.digests:
        return None
    digest = campaign.digests[run.name]
    calendar = frame.calendar(campaign.zone)
    tree = read_tree(frame.tx, frame.version(in_force.version_id).pack)
    shows_lights = "overview" in digest.shows
    past = digests.earlier(frame.tx, run, POINTS - 1 if shows_lights else 0)
    lights = rolled_up(run.counts, tree) if shows_lights else Lights()
    trend = [(_day(calendar, one.at), rolled_up(one.counts, tree, tracks=False)) for one in reversed(past)]
    return Scene(
        run=run,
        digest=digest,
        in_force=in_force,
        campaign=campaign,
        calendar=calendar,
        tree=tree,
        lights=lights,
        before=rolled_up(past[0].counts, tree) if past else None,
        trend=[*trend, (_day(calendar, run.at), lights)],
        odd=_odd(frame, run.campaign_id) if "waiting" in digest.shows else {},
    )


def _day(calendar: Calendar, at: int) -> str:
    return f"{calendar.day_of(at):%m-%d}"


# --- for whom a task waits, where its post doesn't say so -------------------------------------------


def _odd(frame: Frame, campaign: int) -> dict[int, list[TaskRow]]:
    found: dict[int, list[TaskRow]] = defaultdict(list)
    last = 0
    while rows := digests.odd_ones(frame.tx, campaign, last, _ODD_PAGE, frame.now):
        last = rows[-1][0]
        tasks = {row[0]: task for row in rows if (task := task_or_none(row)) is not None}
        frame.know([Loaded(task=task) for task in tasks.values()])
        for task in tasks.values():
            for person in _who(frame, task):
                found[person].append(tuple(getattr(task, name) for name in COLUMNS))
    return found


def _who(frame: Frame, task: Task) -> set[int]:
    """Those whom the state waits for, and those who are asked to confirm."""
    definition = definition_of(frame, task.version_id, task.kind)
    if definition is None:
        return set()
    waited = waited_for(frame, task)
    people = set(waited.persons) if waited is not None else set()
    return people | {person for role in _confirming(definition, task) for person in _holds(frame, role, task)}


def _confirming(definition: Definition, task: Task) -> Iterable[str]:
    for one in task.pending:
        transition = definition.transitions.get(one.transition)
        if one.stage == "confirmation" and transition is not None and transition.confirmed_by is not None:
            yield transition.confirmed_by.role


def _holds(frame: Frame, role: str, task: Task) -> tuple[int, ...]:
    definition = definition_of(frame, task.version_id, task.kind)
    if definition is None:
        return ()
    asked = frozenset(person for one in task.pending for person in one.asker)
    directory = frame.around(task.version_id).directory
    return resolve(directory, definition, role, task, frame.now, asked).persons


# --- a page -----------------------------------------------------------------------------------------


class Page:
    """The sections of so many readers."""

    def __init__(self, frame: Frame, scene: Scene) -> None:
        self._frame, self._scene = frame, scene
        self._dates = Dates(calendar=scene.calendar, now=frame.now)
        self._why: dict[int, tuple[Text, ...]] = {}
        self._next: Mapping[int, tuple[Text, ...]] = {}
        self._waiting: dict[int, Section] = {}
        self._due: dict[int, Text] = {}

    def read(self, readers: Mapping[int, tuple[int, ...]]) -> None:
        """Read all that these people (person -> scope) are shown."""
        scene = self._scene
        scene.forget()
        if "waiting" in scene.digest.shows:
            self._waiting = self._read_waiting(sorted(readers))
        scopes = {one for scope in readers.values() for one in scope}
        for section in scene.digest.shows:
            if section not in ("waiting", "overview"):
                self._read_scopes("worst" if section == "next" else section, scopes)
        self._explain(scopes)

    def _read_waiting(self, people: Sequence[int]) -> dict[int, Section]:
        """By person: each task once, the gravest first. Whoever holds the same posts shares a section."""
        scene, frame = self._scene, self._frame
        seats: dict[int, set[tuple[int, str]]] = defaultdict(set)
        for person, unit, post in digests.seats_of(frame.tx, people, frame.now):
            seats[person].add((unit, post))
        every = {seat for held in seats.values() for seat in held}
        there = digests.waiting_at(frame.tx, scene.run.campaign_id, every, SHOWN)
        shared: dict[frozenset[tuple[int, str]], Section] = {}
        found = {}
        for person in people:
            held, odd = frozenset(seats[person]), scene.odd.get(person, ())
            section = None if odd else shared.get(held)
            if section is None:
                parts = [there.get(seat, _NONE) for seat in sorted(held)]
                section = self._section("waiting", _merged([*parts, (len(odd), odd)], SHOWN))
                if not odd:
                    shared[held] = section
            found[person] = section
        return found

    def _read_scopes(self, section: str, scopes: Collection[int]) -> None:
        known = self._scene.scopes
        new = [one for one in sorted(scopes) if (section, one) not in known]
        if not new:
            return
        run = self._scene.run
        named = section if section in digests.SECTIONS else "kind"
        params: dict[str, Any] = {"campaign": run.campaign_id, "most": WORST if named == "worst" else SHOWN}
        if named in ("late", "due"):
            params["now"] = self._frame.now
        if named == "due":
            params["soon"] = self._frame.now + SOON
        if named in ("lights", "moved"):
            params |= {"since": run.since_event, "upto": run.upto_event}
        if named == "kind":
            params["of_kind"] = section
        found = digests.by_scope(self._frame.tx, named, new, **params)
        known.update({(section, one): found.get(one, _NONE) for one in new})

    def _explain(self, scopes: Collection[int]) -> None:
        """Which warnings stand on what is worst or newly lit, and what happens if nobody acts."""
        explained = [name for name in ("worst", "lights") if name in self._scene.digest.shows]
        rows = {row[0]: row for name in explained for row in self._rows(name, scopes)}
        for task, rule, *_ in digests.standing_episodes(self._frame.tx, sorted(rows)) if rows else ():
            label = self._label(rows[task], "rules", rule)
            self._why[task] = (*self._why.get(task, ()), label)
        if "next" in self._scene.digest.shows:
            worst = sorted({row[0] for row in self._rows("worst", scopes)})
            self._next = foresee(self._frame, worst) if worst else {}

    def _rows(self, section: str, scopes: Collection[int]) -> Iterable[TaskRow]:
        for scope in scopes:
            yield from self._scene.scopes.get((section, scope), _NONE)[1]

    # --- sections -------------------------------------------------------------------------------------

    def sections(self, person: int, scope: tuple[int, ...]) -> tuple[Section, ...]:
        """What a reader is shown."""
        shows = self._scene.digest.shows
        return tuple(
            self._waiting[person] if name == "waiting" else self._of_scope(name, scope) for name in shows
        )

    def _of_scope(self, name: str, scope: tuple[int, ...]) -> Section:
        whole = self._scene.whole
        found = whole.get((name, scope))
        if found is None:
            found = whole[name, scope] = self._made(name, scope)
        return found

    def _made(self, name: str, scope: tuple[int, ...]) -> Section:
        if name == "overview":
            return self._overview(scope)
        read = "worst" if name == "next" else name
        most = WORST if read == "worst" else SHOWN
        found = [self._scene.scopes.get((read, one), _NONE) for one in scope]
        many, rows = found[0] if len(found) == 1 else _merged(found, most)
        if name == "next":
            rows = [row for row in rows if self._next.get(row[0])]
            many = len(rows)
        return self._section(name, (many, rows))

    def _section(self, name: str, found: Found) -> Section:
        many, rows = found
        why = self._next if name == "next" else self._why if name in ("worst", "lights") else {}
        items = tuple(self._item(row, why.get(row[0], ())) for row in rows)
        label = None
        if name not in digests.SECTIONS and name not in ("waiting", "next"):
            books = self._frame.version(self._scene.in_force.version_id).books
            label = books[name].definition.label
        return Section(name=name, label=label, total=many, items=items)

    def _overview(self, scope: tuple[int, ...]) -> Section:
        scene = self._scene
        rows = overview(scope, scene.tree, scene.lights, scene.before)
        tally = scene.lights.of(scope)
        points = tuple((day, lights.of(scope)) for day, lights in scene.trend)
        return Section(
            name="overview",
            total=sum(tally[1:]) or (1 if any(tally) else 0),
            rows=tuple(rows[:SCREEN]),
            hidden=max(0, len(rows) - SCREEN),
            tally=tally,
            before=scene.before.of(scope) if scene.before is not None else None,
            trend=Trend(points=points) if len(points) > 1 else None,
        )

    def _item(self, row: TaskRow, why: tuple[Text, ...]) -> Item:
        kind, due = row[_AT["kind"]], row[_AT["due_at"]]
        definition = definition_of(self._frame, row[_AT["version_id"]], kind)
        return Item(
            id=row[0],
            number=number_of(self._frame, row[0], row[_AT["campaign_id"]]),
            light=row[_AT["light"]],
            kind=definition.label if definition is not None else same(kind),
            unit=self._scene.tree.names.get(row[_AT["unit_id"]], same("?")),
            state=self._label(row, "states", row[_AT["state"]]),
            due=None if due is None else self._by(due, provisional=bool(row[_AT["provisional"]])),
            why=why,
        )

    def _by(self, due: int, *, provisional: bool) -> Text:
        if provisional:
            return self._dates.by(due, provisional=True)
        found = self._due.get(due)
        if found is None:
            found = self._due[due] = self._dates.by(due)
        return found

    def _label(self, row: TaskRow, group: str, name: str) -> Text:
        definition = definition_of(self._frame, row[_AT["version_id"]], row[_AT["kind"]])
        found = getattr(definition, group).get(name) if definition is not None else None
        return found.label if found is not None else same(name)


def _merged(parts: Iterable[Found], most: int) -> Found:
    """Several places taken together; a task that is at two of them counts once where it is seen."""
    rows: dict[int, TaskRow] = {}
    many = 0
    for total, found in parts:
        many += total
        for row in found:
            many -= row[0] in rows
            rows[row[0]] = row
    return many, sorted(rows.values(), key=_gravity)[:most]


def _gravity(row: TaskRow) -> tuple[int, int, int]:
    due = row[_AT["due_at"]]
    return LIGHTS_FROM_GRAVE[row[_AT["light"]]], 2**62 if due is None else due, row[0]
