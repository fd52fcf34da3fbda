"""Telling a story: people act, time passes, and what follows is expected in the words of the design.

    story.at("2026-03-02 09:00")                              the daemon runs whenever something is due
    story.does("handler of chenguang", "sign_for", task)
    story.fast_forward("10 workdays")
    story.expect_told("leader of chenguang", task, "silent")

Times are local, in Asia/Shanghai. `verify` holds at the end of every story: the chains fit, what is
kept beside the facts equals a fresh derivation, and nothing sleeps past its wake.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import orjson
import pytest
from sqlalchemy import bindparam, select

from tests.stories.salts import counted_salts
from workflow.audit import GENESIS, Line, Value, verify_chain
from workflow.calendar import Calendar, CalendarYear, default_calendar, parse_duration
from workflow.decision import Act, OpenTask, wake
from workflow.definition import Pack
from workflow.engine import Answer, Engine, Ran
from workflow.errors import DubanError
from workflow.models import MomentRow
from workflow.store import Port, Transaction, interests, open_port, organisation, tasks
from workflow.store.applying import EVENT, OUTGOING, VALUE
from workflow.store.sql import Statement
from workflow.task import Task
from workflow.text import Text

ZONE = ZoneInfo("Asia/Shanghai")
MOMENT = MomentRow.__table__  # type: ignore[attr-defined]
_MOST_TRIES = 500  # at one instant: another daemon, or a person, may have what is due for a while
_MOST_INSTANTS = 5_000  # of one fast-forward; more means that the engine doesn't get past one

_TASKS = Statement(select(*tasks.TASK.columns).order_by(tasks.TASK.c.id))
_EPISODES = Statement(select(tasks.EPISODE).order_by(tasks.EPISODE.c.id))
_EVENTS = Statement(select(EVENT).order_by(EVENT.c.task_id, EVENT.c.seq))
_VALUES = Statement(select(VALUE))
_OUTGOING = Statement(select(OUTGOING).order_by(OUTGOING.c.id))
_ROWS = Statement(select(tasks.LIST_ROW).order_by(tasks.LIST_ROW.c.id))
_NUDGES = Statement(select(tasks.NUDGE).order_by(tasks.NUDGE.c.id))
_MOMENTS = Statement(select(MOMENT).order_by(MOMENT.c.at, MOMENT.c.round, MOMENT.c.nominal))
_CONCERNS = Statement(
    select(tasks.CONCERN.c.task_id, tasks.CONCERN.c.about_id, tasks.CONCERN.c.removed_at).order_by(
        tasks.CONCERN.c.about_id
    )
)
_HOLDER = Statement(
    select(organisation.POST.c.person_id)
    .join(organisation.UNIT, organisation.UNIT.c.id == organisation.POST.c.unit_id)
    .where(
        organisation.POST.c.name == bindparam("post"),
        organisation.UNIT.c.code == bindparam("unit"),
        organisation.POST.c.deputy == bindparam("deputy"),
    )
    .order_by(organisation.POST.c.id)
)


def instant(local: str) -> int:
    """ms since the epoch of a local time: `2026-03-02 09:00`, with seconds and milliseconds if wanted."""
    return round(datetime.fromisoformat(local).replace(tzinfo=ZONE).timestamp() * 1000)


def local(at: int | None) -> str:
    """The local time of an instant, to the minute or as exactly as it needs."""
    if at is None:
        return "never"
    moment = datetime.fromtimestamp(0, ZONE) + timedelta(milliseconds=at)
    exact = moment.second or moment.microsecond
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] if exact else moment.strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A message that left the engine."""

    id: int
    task_id: int
    seq: int
    person_id: int | None
    role: str
    reason: str
    rule: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """A line of a task's history."""

    id: int
    task_id: int
    seq: int
    at: int
    recorded_at: int
    kind: str
    header: Mapping[str, Any]
    commitments: Mapping[str, str]
    hash: bytes
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spell:
    """An episode as it is stored."""

    rule: str
    light: str
    opened_at: int
    superseded: bool
    inert_by: str | None
    ended_at: int | None
    ended_by: str | None

    @property
    def open(self) -> bool:
        """Whether it still lasts, be it without light."""
        return self.ended_at is None


class Story:
    """A campaign on a database, a clock that the story moves, and a daemon that never oversleeps."""

    def __init__(self, url: str, pack: Pack, *, at: str, batch: int = 250) -> None:
        self.port: Port = open_port(url)
        self.engine = Engine(self.port, salts=counted_salts(), batch=batch)
        self.pack = pack
        self.now = instant(at)
        self.engine.load(pack, self.now)
        self._read = 0  # id of the last message that isn't part of the story
        self._met: set[int] = set()  # messages that an expectation has met

    def close(self) -> None:
        """Let the database go."""
        self.port.close()

    # --- time -------------------------------------------------------------------------------------

    @property
    def calendar(self) -> Calendar:
        """The calendar in force."""
        with self.port.read() as tx:
            stamp, years = organisation.stamp(tx), organisation.calendar_years(tx)
        return default_calendar(self.pack.campaign.zone, imported=years, version=stamp.epoch)

    def at(self, local_time: str) -> Story:
        """Time passes until then; the daemon runs at every instant at which something is due."""
        return self.fast_forward_to(local_time)

    def fast_forward(self, duration: str) -> Story:
        """So long; of workdays and days the time of day stays the same."""
        return self._run_until(self._later(duration))

    def fast_forward_to(self, local_time: str) -> Story:
        """Until then."""
        return self._run_until(instant(local_time))

    def sleep_through(self, duration: str = "", *, until: str = "") -> Ran:
        """The daemon is down so long; then it runs once."""
        self.now = instant(until) if until else self._later(duration)
        return self.engine.run_once(self.now)

    def doze_until(self, local_time: str) -> Story:
        """Time passes and nothing runs: the daemon's next ring is still to come."""
        self.now = instant(local_time)
        return self

    def run(self) -> Ran:
        """The daemon runs now."""
        return self.engine.run_once(self.now)

    def _later(self, duration: str) -> int:
        span, calendar = parse_duration(duration), self.calendar
        if span.unit in ("hours", "minutes"):
            return calendar.add(self.now, span)
        today = calendar.day_of(self.now)
        return calendar.start_of(calendar.day_of(calendar.add(self.now, span))) + (
            self.now - calendar.start_of(today)
        )

    def _run_until(self, target: int) -> Story:
        assert target >= self.now, f"it is already {local(self.now)}"
        stuck = 0
        for _ in range(_MOST_INSTANTS):
            due = self.engine.next_due(self.now)
            if due is None or due > target:
                self.now = target
                return self
            stuck = stuck + 1 if due <= self.now else 0
            assert stuck <= _MOST_TRIES, f"at {local(self.now)} the engine doesn't get past {local(due)}"
            self.now = max(self.now, due)
            self.engine.run_once(self.now)
        raise AssertionError(f"more than {_MOST_INSTANTS} instants until {local(target)}")

    # --- people -----------------------------------------------------------------------------------

    def person(self, who: str) -> int:
        """A person by code, or as `POST of UNIT` (the first holder), `deputy POST of UNIT`."""
        with self.port.read() as tx:
            post, mark, unit = who.partition(" of ")
            if not mark:
                found = organisation.person_id(tx, who)
            else:
                deputy, name = post.startswith("deputy "), post.removeprefix("deputy ")
                row = tx.one(_HOLDER, post=name, unit=unit, deputy=int(deputy))
                found = None if row is None else int(row[0])
        assert found is not None, f"nobody is {who}"
        return found

    def does(
        self,
        who: str,
        act: str,
        task: int,
        *,
        rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        evidence: int = 0,
        revision: int | None = None,
        request_id: str | None = None,
        **facts: Any,
    ) -> Answer:
        """A person acts, with what they report; then the daemon does what follows at once."""
        wanted = Act(
            name=act,
            person_id=self.person(who),
            facts=facts,
            rows=rows or {},
            evidence=self.store_evidence(evidence),
        )
        answer = self.engine.act(task, wanted, self.now, revision=revision, request_id=request_id)
        self._run_until(self.now)
        return answer

    def opens(
        self,
        who: str,
        kind: str,
        *,
        track: str | None = None,
        deadline: str | None = None,
        facts: Mapping[str, Any] | None = None,
        rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        request_id: str | None = None,
        **parties: str,
    ) -> int:
        """A person opens a task by hand, its parties by the codes of their units; then the daemon runs."""
        with self.port.read() as tx:
            ids = organisation.unit_ids(tx, parties.values())
        wanted = OpenTask(
            kind=kind,
            campaign=self.pack.campaign.name,
            person_id=self.person(who),
            parties={name: ids[unit] for name, unit in parties.items()},
            track=track,
            deadline=deadline,
            facts=facts or {},
            rows=rows or {},
        )
        answer = self.engine.open(wanted, self.now, request_id=request_id)
        self._run_until(self.now)
        return answer.task_id

    def enters(
        self, who: str, act: str, task: int, *, for_whom: str, effective: str, evidence: int = 0, **facts: Any
    ) -> Answer:
        """A supervisor enters an act from a paper, for somebody who is off the network."""
        (paper,) = self.store_evidence(1)
        wanted = Act(
            name=act,
            person_id=self.person(who),
            facts=facts,
            evidence=self.store_evidence(evidence),
            entered_for=self.person(for_whom),
            paper=paper,
            effective=effective,
        )
        answer = self.engine.act(task, wanted, self.now)
        self._run_until(self.now)
        return answer

    def people(self, *codes: str) -> list[int]:
        """Several people, by code."""
        return [self.person(code) for code in codes]

    def declares_interest(self, who: str, unit: str, reason: str = "亲属任职") -> None:
        """From now on somebody has an interest in a unit."""
        person = self.person(who)
        with self.port.write("people") as tx:
            before = organisation.stamp(tx)
            at = organisation.unit_ids(tx, [unit])[unit]
            interests.declare(tx, person, at, self.now, None, reason, self.now)
            organisation.move_organisation(tx, before)

    def acting(self, who: str, act: str, facts: Mapping[str, Any]) -> Act:
        """What a person would do, to be done whenever the story wants it."""
        return Act(name=act, person_id=self.person(who), facts=facts)

    def expect_refused(
        self, error: type[DubanError], who: str, act: str, task: int, **reported: Any
    ) -> DubanError:
        """The act is refused with that error, and everything stays as it was."""
        before = self.everything()
        with pytest.raises(error) as refusal:
            self.does(who, act, task, **reported)
        assert self.everything() == before, "a refusal left something behind"
        return refusal.value

    def store_evidence(self, count: int) -> tuple[str, ...]:
        """So many files are stored; their hashes."""
        hashes = tuple(f"{number:064x}" for number in range(1, count + 1))
        with self.port.write("people") as tx:
            known = organisation.stored_evidence(tx, list(hashes))
            new = [(one, 1, self.now) for one in hashes if one not in known]
            tx.insert(organisation.EVIDENCE, new)
        return hashes

    def goes_on_leave(self, who: str, until: str, *, delegate: str | None = None) -> None:
        """From now on somebody is away; a delegate, if named, acts for them."""
        principal, other = self.person(who), None if delegate is None else self.person(delegate)
        with self.port.write("people") as tx:
            before = organisation.stamp(tx)
            organisation.add_delegation(tx, principal, other, self.now, instant(until), "leave", self.now)
            organisation.move_organisation(tx, before)

    def leaves_post(self, who: str, post: str, unit: str) -> None:
        """A person holds a post no longer."""
        person = self.person(who)
        with self.port.write("people") as tx:
            before = organisation.stamp(tx)
            at = organisation.unit_ids(tx, [unit])[unit]
            assert organisation.end_post(tx, person, post, at, self.now)
            organisation.move_organisation(tx, before)

    def imports_calendar(self, year: CalendarYear) -> None:
        """A holiday notice comes into force."""
        with self.port.write("people") as tx:
            organisation.add_calendar_year(tx, year, self.now)
            organisation.new_epoch(tx, year.source, self.now)

    def puts_on_hold(self) -> None:
        """The clock is in doubt."""
        with self.port.write("people") as tx:
            organisation.add_hold(tx, Text("时钟跳变", "the clock jumped"), self.now)

    def releases_hold(self, by: str) -> None:
        """Somebody has looked at the clock."""
        with self.port.write("people") as tx:
            assert organisation.release_hold(tx, by, self.now)

    @staticmethod
    def together(*what: Callable[[], Any]) -> list[Any]:
        """Several at the same moment, each in a thread of its own; results or errors in their order."""
        barrier, results = threading.Barrier(len(what)), [None] * len(what)

        def one(number: int, call: Callable[[], Any]) -> None:
            barrier.wait()
            try:
                results[number] = call()
            except Exception as error:
                results[number] = cast(Any, error)

        threads = [threading.Thread(target=one, args=pair) for pair in enumerate(what)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    # --- what is there ----------------------------------------------------------------------------

    def find(self, kind: str, unit: str | None = None, *, track: str | None = None) -> list[int]:
        """The tasks of a kind, the oldest first."""
        with self.port.read() as tx:
            wanted = None if unit is None else organisation.unit_ids(tx, [unit])[unit]
        return [
            one.id
            for one in self.all_tasks()
            if one.kind == kind and wanted in (None, one.unit_id) and track in (None, one.track)
        ]

    def the(self, kind: str, unit: str | None = None, *, track: str | None = None) -> int:
        """The only task of a kind."""
        found = self.find(kind, unit, track=track)
        assert len(found) == 1, f"{len(found)} {kind} of {unit or 'all units'}, not one"
        return found[0]

    def task(self, task: int) -> Task:
        """A task as it is stored."""
        with self.port.read() as tx:
            (row,) = tasks.read_these(tx, [task])
        return tasks.task_of(row)

    def all_tasks(self) -> list[Task]:
        """Every task that can be read."""
        return [tasks.task_of(row) for row in self._all(_TASKS) if row[_SET_ASIDE_AT] is None]

    def history(self, task: int | None = None) -> list[Happened]:
        """What happened to a task, or to all, line by line."""
        values: dict[int, dict[str, Any]] = {}
        for event, name, _, value in self._all(_VALUES):
            values.setdefault(event, {})[name] = orjson.loads(value)
        return [
            Happened(
                id=ident,
                task_id=about,
                seq=seq,
                at=at,
                recorded_at=recorded,
                kind=kind,
                header=orjson.loads(header),
                commitments=orjson.loads(commitments),
                hash=bytes(digest),
                values=values.get(ident, {}),
            )
            for ident, about, seq, at, recorded, kind, header, commitments, digest in self._all(_EVENTS)
            if task in (None, about)
        ]

    def happened(self, task: int, kind: str, **header: Any) -> list[Happened]:
        """Those lines of a task's history that are of a kind and say that."""
        return [
            one
            for one in self.history(task)
            if one.kind == kind and all(one.header.get(key) == value for key, value in header.items())
        ]

    def episodes(self, task: int, rule: str | None = None) -> list[Spell]:
        """The episodes of a task, the oldest first."""
        return [
            Spell(
                rule=row[2],
                light=row[3],
                opened_at=row[4],
                superseded=bool(row[7]),
                inert_by=row[9],
                ended_at=row[10],
                ended_by=row[11],
            )
            for row in self._all(_EPISODES)
            if row[1] == task and rule in (None, row[2])
        ]

    def rows(self, task: int, name: str) -> list[dict[str, Any]]:
        """The rows of a list, with whether each is closed."""
        return [
            {"id": row[0], **orjson.loads(row[3]), "closed": row[4] is not None}
            for row in self._all(_ROWS)
            if row[1] == task and row[2] == name
        ]

    def concerns(self, task: int) -> list[int]:
        """The tasks that a task concerns now."""
        return sorted({about for one, about, gone in self._all(_CONCERNS) if one == task and gone is None})

    def moments(self, round_: str | None = None) -> list[dict[str, Any]]:
        """The moments on record."""
        names = [column.name for column in MOMENT.columns]
        found = [dict(zip(names, row, strict=True)) for row in self._all(_MOMENTS)]
        return [one for one in found if round_ in (None, one["round"])]

    def everything(self) -> list[list[tuple[Any, ...]]]:
        """All that acts and the clock have written."""
        return [self._all(one) for one in (_TASKS, _EVENTS, _EPISODES, _ROWS, _OUTGOING, _CONCERNS, _NUDGES)]

    def _all(self, statement: Statement) -> list[tuple[Any, ...]]:
        with self.port.read() as tx:
            return tx.all(statement)

    # --- what is expected -------------------------------------------------------------------------

    def expect_state(self, task: int, state: str) -> None:
        """The task stands there."""
        assert self.task(task).state == state

    def expect_light(self, task: int, light: str) -> None:
        """The task shows that light."""
        lit = [one.rule for one in self.episodes(task) if one.open]
        assert self.task(task).light == light, f"{local(self.now)}: its open episodes are {lit}"

    def expect_due(self, task: int, local_time: str) -> None:
        """The last millisecond of that minute is the task's deadline, stops included."""
        assert local(self.task(task).due_at) == f"{local_time}:59.999"

    def expect_episode(
        self,
        task: int,
        rule: str,
        *,
        open: bool = True,
        superseded: bool = False,
        opened_at: str | None = None,
        ended_by: str | None = None,
    ) -> Spell:
        """The newest episode of a rule."""
        found = self.episodes(task, rule)
        assert found, f"{rule} never opened on task {task}"
        last = found[-1]
        assert (last.open, last.superseded) == (open, superseded), last
        assert opened_at is None or local(last.opened_at) == opened_at
        assert ended_by is None or last.ended_by == ended_by, last
        return last

    def expect_no_episode(self, task: int, rule: str) -> None:
        """A rule never came true on a task."""
        assert self.episodes(task, rule) == []

    def unread(self, about: int | None = None) -> list[Told]:
        """The messages that no expectation has met yet."""
        found = [
            Told(
                id=row[0],
                task_id=row[1],
                seq=row[2],
                person_id=row[3],
                role=row[4],
                reason=row[5],
                rule=row[6],
            )
            for row in self._all(_OUTGOING)
        ]
        waiting = [one for one in found if one.id > self._read and one.id not in self._met]
        return [one for one in waiting if about in (None, one.task_id)]

    def expect_told(self, who: str, task: int, reason: str) -> Told:
        """Somebody hears of a task, by the name of the rule or by the reason; the oldest such message."""
        person = self.person(who)
        for one in self.unread(task):
            if one.person_id == person and reason in (one.rule, one.reason):
                self._met.add(one.id)
                return one
        raise AssertionError(f"{who} didn't hear of {task} because of {reason}; unread: {self.unread(task)}")

    def expect_no_more_messages(self, about: int | None = None) -> None:
        """Nobody hears anything else."""
        assert self.unread(about) == []

    def everybody_has_read(self) -> None:
        """What was told so far isn't part of what the story is about."""
        self._read = max((row[0] for row in self._all(_OUTGOING)), default=0)

    # --- what holds at the end of every story -----------------------------------------------------

    def verify(self) -> None:
        """The chains fit, what is derived is fresh, and nothing sleeps past its wake."""
        with self.port.read() as tx:
            held = organisation.stamp(tx).held
        if not held:
            self.engine.run_once(self.now)
            self._check_nothing_waits()
            self._check_projections()
        self._check_chains()
        self._check_episodes()
        self._check_messages()

    def _check_nothing_waits(self) -> None:
        late = [
            (row[0], local(row[_WAKE_AT]))
            for row in self._all(_TASKS)
            if row[_SET_ASIDE_AT] is None and row[_WAKE_AT] is not None and row[_WAKE_AT] <= self.now
        ]
        assert late == [], f"at {local(self.now)} these sleep past their wake"
        asleep = {row[0] for row in self._all(_TASKS) if row[_SET_ASIDE_AT] is not None}
        assert [row for row in self._all(_NUDGES) if row[1] not in asleep] == []
        assert [one for one in self.moments() if one["status"] == "open"] == []

    def _check_projections(self) -> None:
        with self.port.read() as tx:
            frame = self.engine.library.frame(tx, self.now)
            stored = [tasks.task_of(row) for row in tx.all(_TASKS) if row[_SET_ASIDE_AT] is None]
            loaded = tasks.load(tx, stored, frame)
            frame.know(loaded)
            for one in loaded:
                fresh = wake(one, frame.around(one.task.version_id))
                assert fresh.events == [], f"task {one.task.id} owes {fresh.events}"
                assert _projection(one.task) == _projection(fresh.task)
                assert _not_later(one.task.wake_at, fresh.task.wake_at), f"task {one.task.id} wakes too late"

    def _check_chains(self) -> None:
        lines, values = self._lines()
        rows = self._all(_TASKS)
        assert set(lines) <= {row[0] for row in rows}, "lines of a task that isn't there"
        for row in rows:
            fault = verify_chain(lines.get(row[0], []), bytes(row[_HEAD]), values.get(row[0], {}))
            assert fault is None, fault.text.en

    def _lines(self) -> tuple[dict[int, list[Line]], dict[int, dict[int, dict[str, Value]]]]:
        salted: dict[int, dict[str, Value]] = {}
        for event, name, salt, value in self._all(_VALUES):
            salted.setdefault(event, {})[name] = Value(bytes(salt), orjson.loads(value))
        lines: dict[int, list[Line]] = {}
        values: dict[int, dict[int, dict[str, Value]]] = {}
        for one in self.history():
            chain = lines.setdefault(one.task_id, [])
            chain.append(_line(one, chain[-1].hash if chain else GENESIS))
            if one.id in salted:
                values.setdefault(one.task_id, {})[one.seq] = salted[one.id]
        return lines, values

    def _check_episodes(self) -> None:
        """Each episode has one line that opens it, and one that ends it when it is over."""
        opened = Counter((one.task_id, one.header["rule"]) for one in self._of_kind("episode_opened"))
        ended = Counter((one.task_id, one.header["rule"]) for one in self._of_kind("episode_ended"))
        rows = self._all(_EPISODES)
        assert opened == Counter((row[1], row[2]) for row in rows)
        assert ended == Counter((row[1], row[2]) for row in rows if row[10] is not None)

    def _of_kind(self, kind: str) -> Iterator[Happened]:
        return (one for one in self.history() if one.kind == kind)

    def _check_messages(self) -> None:
        """Each message names the line of history because of which it was sent, and that line names it."""
        sent: dict[tuple[int, int], list[int | None]] = {}
        for row in self._all(_OUTGOING):
            sent.setdefault((row[1], row[2]), []).append(row[3])
        told = {(one.task_id, one.seq): one.header["told"] for one in self.history() if "told" in one.header}
        assert sent == told


_SET_ASIDE_AT = tasks.COLUMNS.index("set_aside_at")
_WAKE_AT = tasks.COLUMNS.index("wake_at")
_HEAD = tasks.COLUMNS.index("head")


def _projection(task: Task) -> dict[str, Any]:
    names = ("light", "due_at", "waits_for", "waits_post", "waits_unit", "planned_under", "state", "seq")
    kept = {name: getattr(task, name) for name in names if task.ended_at is None or name != "planned_under"}
    return {"task": task.id, **kept}


def _not_later(stored: int | None, fresh: int | None) -> bool:
    """Early is allowed, late never."""
    return fresh is None or (stored is not None and stored <= fresh)


def _line(one: Happened, previous: bytes) -> Line:
    return Line(
        task_id=one.task_id,
        seq=one.seq,
        header=one.header,
        commitments={name: bytes.fromhex(told) for name, told in one.commitments.items()},
        previous=previous,
        hash=one.hash,
    )


@contextmanager
def told(url: str, pack: Pack, *, at: str, batch: int = 250) -> Iterator[Story]:
    """A story that is verified when it has been told."""
    story = Story(url, pack, at=at, batch=batch)
    try:
        yield story
        story.verify()
    finally:
        story.close()


__all__ = ["ZONE", "Happened", "Spell", "Story", "Told", "Transaction", "instant", "local", "told"]
