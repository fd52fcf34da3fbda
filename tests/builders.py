"""Plain data for the pure core: tasks, views, people, and one task's life without a database.

A `Life` does what store and engine do around `decide`: it keeps the task, its episodes, what it opened and
what concerns it, and hands them to the next decision. On each decision it checks what holds for all of them:
nothing that was handed in is changed, the same input gives the same output, the next wake lies ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import yaml as pyyaml

from tests.packs import SUPERVISION
from workflow import decision as decide
from workflow.calendar import Calendar, default_calendar
from workflow.condition import View
from workflow.decision import Act, Book, Decision, EventDraft, NewTask, Surroundings
from workflow.definition import Definition, pack_from_source
from workflow.people import Delegation, Directory, Holding
from workflow.task import Concern, Episode, Loaded, Nudge, Related, Row, Stop, Task

CALENDAR = default_calendar("Asia/Shanghai")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
EAST, WEST, BUREAU, GROUP = 10, 11, 1, 20
HANDLER, DEPUTY_HANDLER, LEADER, SUPERVISOR, DEPUTY_SUPERVISOR, BUREAU_LEADER = 101, 102, 103, 104, 105, 106
OPENED = "2026-03-02 09:00"


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    """`2026-03-02 09:00` as an instant; a date alone is its first millisecond."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def end_of(day: str) -> int:
    """The last millisecond of a day."""
    return CALENDAR.end_of(date.fromisoformat(day))


# --- definitions ----------------------------------------------------------------------------------


def books(**files: str) -> Mapping[str, Book]:
    """The kinds of `SUPERVISION`, some of them replaced or added; read, not proven."""
    texts = {name: text for name, text in {**SUPERVISION, **files}.items() if name != "people"}
    return _books(tuple(sorted(texts.items())))


@cache
def _books(texts: tuple[tuple[str, str], ...]) -> Mapping[str, Book]:
    source = {f"{name}.yaml": pyyaml.load(text, Loader=pyyaml.BaseLoader) for name, text in texts}
    pack = pack_from_source(source)
    return {kind: Book(definition=definition) for kind, definition in pack.definitions.items()}


ERRAND = """
task: errand
label: {zh: 任务, en: Errand}
parties: {unit: region}
deadline: given
plan: {progress: {start: 0, deadline: 100}}
roles:
  handler: {label: {zh: 承办人, en: Handler}, is: handler at unit, else: leader}
  leader: {label: {zh: 分管领导, en: Leader}, is: leader at unit, else: supervisor}
  supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau, else: bureau_leader}
  bureau_leader: {label: {zh: 局领导, en: Bureau leader}, is: leader at bureau}
facts:
  progress: {type: percent, label: {zh: 进度, en: Progress}}
  score: {type: number, label: {zh: 得分, en: Score}}
  other: {type: number, label: {zh: 另一得分, en: Other}}
  level: {type: choice, choices: [low, medium, high], label: {zh: 等级, en: Level}}
  promised: {type: date, label: {zh: 承诺日期, en: Promised}}
lists:
  problems: {label: {zh: 问题, en: Problems}, columns: {what: text, due: date}, closed_by: rectification}
states:
  working: {label: {zh: 办理中, en: Working}, waits_for: handler, within: 3 workdays}
  review: {label: {zh: 审核中, en: Review}, waits_for: supervisor, within: 2 workdays, deadline: stopped}
  paused: {label: {zh: 暂停, en: Paused}, waits_for: handler}
  correcting: {label: {zh: 整改, en: Correcting}, deadline: stopped,
    opens: {rectification: {each: problems, pass: {what: what, deadline: due}}}}
  closed: {label: {zh: 销号, en: Closed}, final: accepted}
  withdrawn: {label: {zh: 撤销, en: Withdrawn}, final: abandoned}
transitions:
  report: {label: {zh: 反馈, en: Report}, from: [working, paused], by: handler,
    optional: [progress, score, other, level, promised, problems]}
  note: {label: {zh: 备注, en: Note}, from: [working, review], by: supervisor, optional: [score, level]}
  submit: {label: {zh: 报送, en: Submit}, from: working, to: review, by: handler, optional: problems}
  correct: {label: {zh: 交办整改, en: Correct}, from: review, to: correcting, by: supervisor,
    when: open problems > 0, optional: problems}
  corrected: {from: correcting, to: review, after: all rectification ended}
  return: {label: {zh: 退回, en: Return}, from: review, to: working, by: supervisor,
    sets: {deadline: at least 5 workdays}}
  approve: {label: {zh: 销号, en: Approve}, from: review, to: closed, by: supervisor, not_by: submit,
    optional: score}
  pause: {label: {zh: 暂停, en: Pause}, from: [working, review], to: paused, by: supervisor}
  renew: {label: {zh: 再停, en: Renew}, from: paused, to: paused, by: supervisor}
  resume: {label: {zh: 恢复, en: Resume}, from: paused, to: back, by: supervisor}
  extend: {label: {zh: 延期, en: Extend}, from: working, by: handler, when: {not: overdue},
    asks: until, sets: {deadline: until},
    confirmed_by: {role: supervisor, within: 3 workdays, else: lapse, deadline: stopped}}
  withdraw: {label: {zh: 撤销, en: Withdraw}, from: any open, to: withdrawn, by: [handler, supervisor],
    confirmed_by: {role: supervisor, within: 2 workdays, else: lapse}}
escalations:
RULES
"""


def errand(*rules: str, **changes: str) -> Mapping[str, Book]:
    """The books with a kind `errand` under these rules, one `name: {…}` each, and with changed lines."""
    text = ERRAND.replace("RULES", "\n".join(f"  {rule}" for rule in rules))
    if not rules:
        text = text.replace("escalations:\n", "")
    for line, new in changes.items():
        (old,) = [one for one in text.splitlines() if one.strip().startswith(f"{line}:")]
        indent = old[: len(old) - len(old.lstrip())]
        text = text.replace(old, f"{indent}{line}: {new}")
    return books(errand=text)


# --- people ---------------------------------------------------------------------------------------


def holding(person: int, post: str, unit: int, *, deputy: bool = False, to: int | None = None) -> Holding:
    """A post that is held, from long ago."""
    return Holding(person_id=person, post=post, unit_id=unit, deputy=deputy, valid_from=0, valid_to=to)


def away(person: int, delegate: int | None = None, begin: int = 0, to: int | None = None) -> Delegation:
    """A person is away; somebody else may act for them."""
    return Delegation(principal_id=person, delegate_id=delegate, valid_from=begin, valid_to=to)


STAFF = (
    holding(HANDLER, "handler", EAST),
    holding(DEPUTY_HANDLER, "handler", EAST, deputy=True),
    holding(LEADER, "leader", EAST),
    holding(SUPERVISOR, "supervisor", BUREAU),
    holding(DEPUTY_SUPERVISOR, "supervisor", BUREAU, deputy=True),
    holding(BUREAU_LEADER, "leader", BUREAU),
)


def directory(*delegations: Delegation, staff: Sequence[Holding] = STAFF) -> Directory:
    """Who is there."""
    held: dict[tuple[str, int], list[Holding]] = {}
    for one in staff:
        held.setdefault((one.post, one.unit_id), []).append(one)
    absent: dict[int, list[Delegation]] = {}
    for two in delegations:
        absent.setdefault(two.principal_id, []).append(two)
    return Directory(
        units={"bureau": BUREAU, "east": EAST, "west": WEST},
        groups={("leading_group", EAST): GROUP},
        holdings=held,
        delegations=absent,
    )


# --- tasks and views ------------------------------------------------------------------------------


def task(definition: Definition, **given: Any) -> Task:
    """A task of that kind in its first state, opened on a Monday morning; anything given replaces that."""
    opened = given.pop("opened_at", at(OPENED))
    fields: dict[str, Any] = {
        "id": 7,
        "campaign_id": 1,
        "version_id": 1,
        "kind": definition.kind,
        "track": None,
        "unit_id": EAST,
        "parent_id": None,
        "row_id": None,
        "moment_id": None,
        "state": definition.first_state.name,
        "visit": 1,
        "came_from": None,
        "opened_at": opened,
        "state_since": opened,
        "reported_at": opened,
        "deadline": end_of("2026-04-30"),
        "deadline_set_at": opened,
        "deadline_anchor": opened,
        "deadline_basis": "given",
        "revision": 1,
        "seq": 1,
        "head": bytes(32),
        "parties": {definition.first_party: EAST},
    }
    facts = given.get("facts", {})
    fields["fact_times"] = dict.fromkeys(facts, opened)
    made = Task(**{**fields, **given})
    within = definition.states[made.state].within
    if "step_end" not in given and within is not None:
        made.step_end = CALENDAR.add(made.state_since, within)
    return made


def view(of: Task, now: int, *, calendar: Calendar = CALENDAR, **given: Any) -> View:
    """The task at an instant."""
    return View(now=now, task=of, calendar=calendar, open_rows=given.pop("open_rows", {}), **given)


def around(now: int, kinds: Mapping[str, Book], **given: Any) -> Surroundings:
    """What a decision looks at."""
    fields: dict[str, Any] = {
        "calendar": CALENDAR,
        "directory": directory(),
        "milestones": {"start": date(2026, 3, 2), "self_check": date(2026, 4, 30), "end": date(2026, 6, 30)},
        "epoch": 1,
    }
    return Surroundings(now=now, books=kinds, **{**fields, **given})


# --- a life ---------------------------------------------------------------------------------------


@dataclass
class Life:
    """One task from its opening on, decided again and again."""

    kinds: Mapping[str, Book]
    loaded: Loaded
    around: dict[str, Any] = field(default_factory=dict)  # instead of what `around` gives
    events: list[EventDraft] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)  # those that are over included
    opened: list[NewTask] = field(default_factory=list)
    nudged: list[tuple[int, str]] = field(default_factory=list)
    last: Decision | None = None
    _ids: int = 1000

    @classmethod
    def begin(
        cls,
        kinds: Mapping[str, Book],
        opened: str | int = OPENED,
        *,
        kind: str = "errand",
        deadline: str | int | None = "2026-04-30",
        others: Mapping[str, Any] | None = None,
        **given: Any,
    ) -> Life:
        """A task of that kind is opened."""
        new = NewTask(
            id=7,
            kind=kind,
            campaign_id=1,
            version_id=1,
            parties={kinds[kind].definition.first_party: EAST},
            unit_id=EAST,
            track=None,
            parent_id=None,
            deadline=end_of(deadline) if isinstance(deadline, str) else deadline,
            **given,
        )
        life = cls(kinds, Loaded(task=task(kinds[kind].definition)), dict(others or {}))
        now = opened if isinstance(opened, int) else at(opened)
        life._take(decide.begin(new, around(now, kinds, **life.around)), now)
        return life

    @property
    def task(self) -> Task:
        """The task as it stands."""
        return self.loaded.task

    @property
    def light(self) -> str:
        """The light of the task."""
        return self.loaded.task.light

    @property
    def stops(self) -> list[Stop]:
        """When the clocks of the task stood still."""
        return list(self.loaded.task.stops)

    def wake(self, now: str | int) -> Decision:
        """The clock looks at the task."""
        return self._decide(decide.wake, now)

    def replan(self, now: str | int) -> Decision:
        """Another calendar is in force."""
        return self._decide(decide.replan, now)

    def act(self, now: str | int, name: str, person: int | None = None, **given: Any) -> Decision:
        """A person acts: as the handler, unless somebody else is named."""
        round_ = given.pop("round", None)
        who = None if round_ else person or HANDLER
        rows = given.pop("rows", {})
        evidence = given.pop("evidence", ())
        wanted = Act(name=name, person_id=who, facts=given, rows=rows, evidence=evidence, round=round_)
        return self._decide(lambda loaded, about: decide.act(loaded, about, wanted), now)

    def live_until(self, now: str | int) -> None:
        """Let the clock look at the task at each instant at which it wants to be looked at."""
        until = now if isinstance(now, int) else at(now)
        while self.task.wake_at is not None and self.task.wake_at <= until:
            self.wake(self.task.wake_at)

    def other_ends(self, ident: int, now: str | int, outcome: Any = "accepted") -> None:
        """A child, or a task that concerns this one, ends; this one is nudged."""
        instant = now if isinstance(now, int) else at(now)
        end = {"ended_at": instant, "outcome": outcome}
        self.loaded = replace(
            self.loaded,
            children=tuple(replace(one, **end) if one.id == ident else one for one in self.loaded.children),
            concerning=tuple(
                replace(one, **end) if one.task_id == ident else one for one in self.loaded.concerning
            ),
        )
        self.nudge("child", ident, instant)

    def nudge(self, cause: Any, other: int, now: int) -> None:
        """Another task lets this one know."""
        nudge = Nudge(id=self._next(), cause=cause, other_id=other, at=now)
        self.loaded = replace(self.loaded, nudges=(*self.loaded.nudges, nudge))

    # --- what happened ------------------------------------------------------------------------

    def told(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        """The lines of history of that kind: when, and what."""
        return [(event.at, event.header) for event in self.events if event.kind == kind]

    def record(self) -> list[tuple[str, int, int | None, str | None]]:
        """Every episode: rule, from, to, why it ended."""
        found = [(one.rule, one.opened_at, one.ended_at, one.ended_by) for one in self.episodes]
        return sorted(found, key=lambda one: (one[1], one[0]))

    def of(self, rule: str) -> list[Episode]:
        """The episodes of a rule."""
        return [one for one in self.episodes if one.rule == rule]

    def messages(self, reason: str) -> list[int | None]:
        """Who was told for that reason in the last decision."""
        assert self.last is not None
        return [
            message.person_id
            for event in self.last.events
            for message in event.messages
            if message.reason == reason
        ]

    # --- the store in small -------------------------------------------------------------------

    def _decide(self, how: Callable[[Loaded, Surroundings], Decision], now: str | int) -> Decision:
        instant = now if isinstance(now, int) else at(now)
        about = around(instant, self.kinds, **self.around)
        given = deepcopy(self.loaded)
        found = how(self.loaded, about)
        assert self.loaded == given, "a decision changed what it was given"
        assert how(given, about) == found, "the same input gave another output"
        self._take(found, instant)
        return found

    def _take(self, found: Decision, now: int) -> None:
        wake = found.task.wake_at
        assert wake is None or wake > now, f"the next wake {wake} is not after {now}"
        self.last = found
        self.events.extend(found.events)
        found.task.seq += len(found.events)
        for episode in found.new_episodes:
            episode.id = self._next()
        self._keep_episodes(found)
        self._keep_opened(found)
        changed = {row.id: row for row in found.changed_rows}
        rows = [changed.get(row.id, row) for row in self.loaded.rows]
        self.nudged.extend(found.nudges)
        self.loaded = replace(
            self.loaded,
            task=found.task,
            episodes=tuple(one for one in self.episodes if one.ended_at is None),
            rows=(*rows, *(replace(one.row, id=one.id) for one in found.added_rows)),
            nudges=(),
        )

    def _keep_episodes(self, found: Decision) -> None:
        changed = {one.id: one for one in found.changed_episodes}
        self.episodes = [*(changed.get(one.id, one) for one in self.episodes), *found.new_episodes]
        live = [one.rule for one in self.episodes if one.ended_at is None]
        assert len(live) == len(set(live)), "one open episode at most per rule"
        for one in self.episodes:
            assert one.ended_at is None or one.ended_at >= one.opened_at

    def _keep_opened(self, found: Decision) -> None:
        for change in found.added_rows:
            change.id = self._next()
        for new in found.opens:
            new.id = self._next()
        self.opened.extend(found.opens)
        row_of = {id(new): new.row.id if new.row else new.row_id for new in found.opens}
        children = [
            Related(id=new.id, kind=new.kind, row_id=row_of[id(new)]) for new in found.opens if not new.shared
        ]
        links = [
            Concern(
                task_id=link.target.id if isinstance(link.target, NewTask) else link.target,
                about_id=found.task.id,
                episode_id=link.episode.id,
                kind=self._kind(link.target),
                draft=True,
                ended_at=None,
                outcome=None,
            )
            for link in found.links
        ]
        self.loaded = replace(
            self.loaded,
            children=(*self.loaded.children, *children),
            concerning=(*self.loaded.concerning, *links),
        )

    def _kind(self, target: NewTask | int) -> str:
        if isinstance(target, NewTask):
            return target.kind
        return next(one.kind for one in self.loaded.concerning if one.task_id == target)

    def _next(self) -> int:
        self._ids += 1
        return self._ids


def with_stops(of: Task, *stops: Stop) -> Task:
    """The task with its clocks stopped at these times."""
    return replace(of, stops=stops)


def row(ident: int, what: str = "一处问题", due: str = "2026-04-10", closed_at: int | None = None) -> Row:
    """A row of the list of problems."""
    return Row(id=ident, list="problems", values={"what": what, "due": due}, closed_at=closed_at)
