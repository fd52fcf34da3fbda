"""PROMISES P2: every fault point is safe.

A campaign in small is run once undisturbed, and the whole database kept as it was after each commit.
Then it is run again, and at every statement on the way (BEGIN and COMMIT included) the database fails:
before the statement or after it, once or from then on. After each failure the database must be in one of
the states that were kept: whatever was not committed never happened, whatever was happened whole. What
failed is asked for again, as a person or the daemon would, until it succeeds; then the next statement
fails. In the end the two ledgers are equal to the last byte: nothing was lost, nothing happened twice.

So that they can be equal, what is drawn is drawn again after a failure: the ids that PostgreSQL's
sequences gave away, and the salts.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import orjson
import psycopg
import pysqlite3
import pytest
from sqlalchemy import bindparam, select

from tests.packs import SUPERVISION, small_pack
from tests.storing import raw
from workflow import audit
from workflow.calendar import default_calendar
from workflow.decision import Act
from workflow.definition import Pack, pack_from_source
from workflow.engine import Engine, surroundings
from workflow.errors import DatabaseUnreachable
from workflow.models import TaskRow
from workflow.store import Port, checking, open_port, organisation, tasks
from workflow.store.ports import Moment
from workflow.store.sql import Statement

CALENDAR = default_calendar("Asia/Shanghai")
TABLES = tuple(table.name for table in TaskRow.metadata.sorted_tables if table.name != "counter")
EVIDENCE = "e" * 64
PEOPLE = """
people:
  li: {name: {zh: 李某, en: Li}, posts: supervisor at bureau}
  zhou: {name: {zh: 周某, en: Zhou}, posts: leader at bureau}
  wang: {name: {zh: 王某, en: Wang}, posts: handler at east}
  sun: {name: {zh: 孙某, en: Sun}, posts: leader at east}
"""


# --- the scenario, as data --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Load:
    """The pack is brought into force, and a file of evidence stored."""

    on: str


@dataclass(frozen=True, kw_only=True)
class Tick:
    """The daemon does everything that is due."""

    on: str


@dataclass(frozen=True, kw_only=True)
class Does:
    """A person acts on the nth task of a kind."""

    on: str
    who: str
    act: str
    kind: str = "self_check"
    nth: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()


When = Literal["before", "after"]
Spare = Callable[[str], str]
Step = Load | Tick | Does
PROBLEMS = [{"what": "台账不全", "due": "2026-04-20"}, {"what": "窗口“未”设\\", "due": "2026-05-06"}]
SCENARIO: tuple[Step, ...] = (
    Load(on="2026-03-02 08:00"),
    Tick(on="2026-03-02 09:00"),  # the round hands out: east and west
    Does(on="2026-03-03 09:00", who="wang", act="sign_for"),
    Does(on="2026-03-04 09:00", who="wang", act="report", facts={"progress": 20}),
    Does(on="2026-03-05 09:00", who="wang", act="extend", facts={"until": "2026-05-08", "reason": "汛期"}),
    Does(on="2026-03-06 09:00", who="li", act="confirm:extend"),
    Tick(on="2026-03-26 09:30"),  # silent and slow: two drafts of a dispatch, one for each unit
    Tick(on="2026-03-30 09:30"),  # the weekly round completes them
    Does(on="2026-03-31 09:00", who="li", act="sign", kind="dispatch"),
    Does(
        on="2026-04-01 09:00",
        who="wang",
        act="submit",
        facts={"own_score": 90},
        rows={"problems": PROBLEMS},
        evidence=(EVIDENCE,),
    ),
    Does(on="2026-04-02 09:00", who="li", act="review", facts={"verified_score": 70}, rows={"problems": []}),
    Does(on="2026-04-02 10:00", who="li", act="rectify"),  # a child for each row
    Does(
        on="2026-04-03 09:00",
        who="wang",
        act="submit",
        kind="rectification",
        facts={"result": "已补"},
        evidence=(EVIDENCE,),
    ),
    Does(on="2026-04-07 09:00", who="li", act="approve", kind="rectification"),
    Does(
        on="2026-04-07 10:00",
        who="wang",
        act="submit",
        kind="rectification",
        nth=1,
        facts={"result": "已设"},
        evidence=(EVIDENCE,),
    ),
    Does(on="2026-04-08 09:00", who="li", act="approve", kind="rectification", nth=1),
    Tick(on="2026-04-08 09:30"),  # both children have ended: the parent moves by itself
    Does(on="2026-04-09 09:00", who="li", act="review", facts={"verified_score": 90}, rows={"problems": []}),
    Does(on="2026-04-09 10:00", who="li", act="approve"),
    Tick(on="2026-05-12 09:30"),  # west is gravely late by now, and rounds were missed
)


OF_KIND = Statement(
    select(tasks.TASK.c.id).where(tasks.TASK.c.kind == bindparam("of_kind")).order_by(tasks.TASK.c.id)
)


# --- playing it -------------------------------------------------------------------------------------


class Salts:
    """Salts in the order of their drawing, which can be set back."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(16, "big")


def instant(on: str) -> int:
    day, time = on.split(" ")
    hour, minute = time.split(":")
    return CALENDAR.instant(date.fromisoformat(day), int(hour), int(minute))


def play(engine: Engine, pack: Pack, number: int, step: Step) -> Any:
    """Do one step; what a person was told."""
    now = instant(step.on)
    match step:
        case Load():
            engine.load(pack, now)
            return _store_evidence(engine.port, now)
        case Tick():
            engine.run_once(now)
            return None
        case Does():
            return _act(engine, step, now, f"request {number}")


def _store_evidence(port: Port, now: int) -> None:
    with port.write("people") as tx:
        if not organisation.stored_evidence(tx, [EVIDENCE]):
            tx.insert(organisation.EVIDENCE, [(EVIDENCE, 1, now)])


def _act(engine: Engine, step: Does, now: int, request_id: str) -> tuple[Any, ...]:
    with engine.port.read() as tx:
        person = organisation.person_id(tx, step.who)
        task = [row[0] for row in tx.all(OF_KIND, of_kind=step.kind)]
    wanted = Act(name=step.act, person_id=person, facts=step.facts, rows=step.rows, evidence=step.evidence)
    told = engine.act(task[step.nth], wanted, now, request_id=request_id)
    return told.task_id, told.act, told.seq, told.revision, told.state, told.at


# --- what the database looks like -------------------------------------------------------------------


class Observer:
    """Looks at the database from outside of the port, and sets back what a failure has drawn."""

    def __init__(self, url: str, connection: Any) -> None:
        self._connection = connection
        self._server = url.startswith("postgres")
        keys = {name: ", ".join(c.name for c in TaskRow.metadata.tables[name].primary_key) for name in TABLES}
        self._reads = {name: f"SELECT * FROM {name} ORDER BY {key}" for name, key in keys.items()}
        # One statement where the way to the server is what costs.
        each = " UNION ALL ".join(
            f"SELECT '{name}' AS name, md5(string_agg(t::text, '' ORDER BY {key})) AS rows FROM {name} t"
            for name, key in keys.items()
        )
        self._all_at_once = f"SELECT name, rows FROM ({each}) AS every ORDER BY name"

    def state(self) -> str:
        """A fingerprint of every row of every table."""
        if self._server:
            return str(self._connection.execute(self._all_at_once).fetchall())
        rows = [self._connection.execute(text).fetchall() for text in self._reads.values()]
        return hashlib.sha256(orjson.dumps(rows, default=bytes.hex)).hexdigest()

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """Every row of a table, by its key."""
        found: list[tuple[Any, ...]] = self._connection.execute(self._reads[name]).fetchall()
        return found

    def drawn(self) -> list[tuple[str, int]]:
        """How far the sequences are."""
        if not self._server:
            return []  # SQLite's counters are rolled back with everything else
        text = "SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences ORDER BY 1"
        return list(self._connection.execute(text).fetchall())

    def draw_again(self, drawn: list[tuple[str, int]]) -> None:
        """Set the sequences back."""
        if drawn:
            text = (
                "SELECT setval(name, greatest(value, 1), value > 0) "
                "FROM unnest(%s::text[], %s::bigint[]) AS v(name, value)"
            )
            self._connection.execute(text, [list(column) for column in zip(*drawn, strict=True)])


@contextmanager
def observing(url: str) -> Iterator[Observer]:
    with raw(url) as connection:
        yield Observer(url, connection)


WRITES = {"BEGIN", "BEGIN IMMEDIATE"}  # SQLite reads with BEGIN too: looked at once more, no harm


# --- faults -----------------------------------------------------------------------------------------


class Fault:
    """Fails at one statement, before or after it, once or from then on."""

    def __init__(
        self, error: Callable[[], Exception], when: Moment, *, lasting: bool, most: int | None = None
    ) -> None:
        """At most so many failures of one text, None for no end: of one statement all are alike."""
        self._error, self._when, self.lasting, self._most = error, when, lasting, most
        self._first: int | None = None
        self._number = 0
        self._writing = False
        self.fired_at = 0  # the number of the statement; 0 while nothing has failed
        self.texts: Counter[str] = Counter()  # what has failed
        self.committed: Callable[[], None] = lambda: None

    def arm(self, first: int) -> None:
        """Fail at the statement with this number, counted from now, or at the next that is still wanted."""
        self._first, self._number, self.fired_at = first, 0, 0

    def disarm(self) -> None:
        """Let everything through."""
        self._first = None

    def __call__(self, moment: Moment, text: str) -> None:
        self._note(moment, text)
        if self._first is None or moment != self._when:
            return
        self._number += 1
        if self.fired_at:
            if self.lasting:
                raise self._error()
        elif self._number >= self._first and (self._most is None or self.texts[text] < self._most):
            self.fired_at = self._number
            self.texts[text] += 1
            raise self._error()

    def _note(self, moment: Moment, text: str) -> None:
        if text in WRITES:
            self._writing = True
        elif moment == "after" and text == "COMMIT" and self._writing:
            self._writing = False
            self.committed()


def broken_disk(url: str) -> Exception:
    """What the driver says when it can't go on."""
    if url.startswith("postgres"):
        return psycopg.OperationalError("consuming input failed: server closed the connection")
    error: Exception = pysqlite3.OperationalError("disk I/O error")
    return error


@dataclass(kw_only=True)
class Run:
    """One play of the scenario, on one database, with or without faults."""

    url: str
    pack: Pack
    observer: Observer
    fault: Fault
    disturbed: bool = True
    states: list[str] = field(default_factory=list)  # after each commit that changed anything

    def __post_init__(self) -> None:
        self.salts = Salts()
        self._told: list[Any] = []
        self._open()
        self._keep()

    def _open(self) -> None:
        self.fault.committed = self._keep
        self._port = open_port(self.url, probe=self.fault)
        self._engine = Engine(self._port, salts=self.salts)

    def _keep(self) -> None:
        """What was committed stays: from here on is drawn anew after a failure."""
        self._kept = (self.salts.drawn, self.observer.drawn())
        state = self.observer.state()
        if not self.states or self.states[-1] != state:
            self.states.append(state)

    def play(self) -> list[Any]:
        """The whole scenario; what people were told."""
        try:
            return [self._step(number, step) for number, step in enumerate(SCENARIO)]
        finally:
            self._port.close()

    def _step(self, number: int, step: Step) -> Any:
        if not self.disturbed:
            return play(self._engine, self.pack, number, step)
        at = 1
        while True:
            kept = len(self.states)
            self.fault.arm(at)
            try:
                told = play(self._engine, self.pack, number, step)
            except DatabaseUnreachable:
                self._recover()
                # What has been committed on the way is done: the faults begin again behind it.
                at = 1 if len(self.states) > kept else self.fault.fired_at + 1
            else:
                assert not self.fault.fired_at, f"a failure was swallowed in {step}"
                self.fault.disarm()
                return told

    def _recover(self) -> None:
        """As it is found afterwards; by the same process, or by a new one."""
        self.fault.disarm()
        assert self.observer.state() == self.states[-1], "half of a transaction was left"
        self.salts.drawn, drawn = self._kept
        self.observer.draw_again(drawn)
        if self.fault.lasting:
            self._port.close()
            self._open()


# --- what is shown ----------------------------------------------------------------------------------

_undisturbed: dict[str, tuple[list[Any], list[str]]] = {}


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """The pack; each of the thousand processes that come up again would compile it once more."""
    compiled: dict[bytes, Pack] = {}

    def remembered(source: Mapping[str, Any]) -> Pack:
        key = orjson.dumps(source)
        return compiled.get(key) or compiled.setdefault(key, pack_from_source(source))

    monkeypatch.setattr(surroundings, "pack_from_source", remembered)
    return small_pack(tmp_path, **{**SUPERVISION, "people": PEOPLE})


def test_the_scenario_goes_through_everything(database_url: str, pack: Pack) -> None:
    """A sweep of faults shows little if the scenario does little."""
    with observing(database_url) as observer:
        calm(database_url, pack, observer).play()
        kinds = {row[5] for row in observer.rows("event")}
        found = [(row[3], row[9]) for row in observer.rows("task")]
        assert kinds >= {"opened", "act", "asked", "confirmed", "machine", "row_closed"}
        assert kinds >= {"episode_opened", "episode_ended"}
        assert {kind for kind, _ in found} >= {
            "self_check",
            "dispatch",
            "rectification",
            "special_supervision",
        }
        assert ("self_check", "closed") in found
        for name in ("episode", "concern", "list_row", "outgoing", "request", "moment"):
            assert observer.rows(name), name
        sound(database_url, observer)


# A server is asked over a socket: the same faults take it far longer.
@pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_every_statement_may_fail_once(database_url: str, pack: Pack, when: When, spare_url: Spare) -> None:
    """The same process goes on, with all that it remembers."""
    fault = Fault(lambda: broken_disk(database_url), when, lasting=False)
    play_and_compare(database_url, pack, fault, spare_url)
    assert fault.texts.total() > 1_000


@pytest.mark.parametrize("when", ["before", "after"])
def test_every_statement_may_fail_for_good(sqlite_url: str, pack: Pack, when: When, spare_url: Spare) -> None:
    """A new process goes on."""
    fault = Fault(lambda: broken_disk(sqlite_url), when, lasting=True)
    play_and_compare(sqlite_url, pack, fault, spare_url)
    assert fault.texts.total() > 1_000


@pytest.mark.parametrize("most", [4, pytest.param(None, marks=pytest.mark.long)])
@pytest.mark.parametrize("when", ["before", "after"])
def test_every_statement_may_fail_for_good_on_a_server(
    postgresql_url: str, pack: Pack, when: When, most: int | None, spare_url: Spare
) -> None:
    """A new process goes on; of each text the first four, since each of them costs a connection."""
    fault = Fault(lambda: broken_disk(postgresql_url), when, lasting=True, most=most)
    play_and_compare(postgresql_url, pack, fault, spare_url)
    assert len(fault.texts) > 50


def play_and_compare(url: str, pack: Pack, fault: Fault, spare_url: Spare) -> None:
    """With faults all the way, the same is told and the same is stored as without."""
    calm_told, calm_states = undisturbed(url, pack, spare_url)
    with observing(url) as observer:
        run = Run(url=url, pack=pack, observer=observer, fault=fault)
        told = run.play()
        assert told == calm_told
        assert run.states == calm_states
        sound(url, observer)
    assert {"COMMIT", *WRITES & set(fault.texts)} < set(fault.texts)


def undisturbed(url: str, pack: Pack, spare_url: Spare) -> tuple[list[Any], list[str]]:
    """What people are told, and every state of the database, when nothing fails: once for each kind."""
    kind = url.partition(":")[0]
    if kind not in _undisturbed:
        other = spare_url(kind)
        with observing(other) as observer:
            run = calm(other, pack, observer)
            _undisturbed[kind] = (run.play(), run.states)
    return _undisturbed[kind]


def calm(url: str, pack: Pack, observer: Observer) -> Run:
    """A run in which nothing fails."""
    fault = Fault(lambda: broken_disk(url), "before", lasting=False)
    return Run(url=url, pack=pack, observer=observer, fault=fault, disturbed=False)


def sound(url: str, observer: Observer) -> None:
    """Every chain fits its rows and its head, and every row has its owner."""
    values: dict[int, dict[str, audit.Value]] = {}
    for event, name, salt, value in observer.rows("event_value"):
        values.setdefault(event, {})[name] = audit.Value(bytes(salt), orjson.loads(value))
    events = sorted(observer.rows("event"), key=lambda row: (row[1], row[2]))
    heads = {row[0]: bytes(row[21]) for row in observer.rows("task")}
    assert {row[1] for row in events} == set(heads)
    for task, lines in itertools.groupby(events, key=lambda row: row[1]):
        chain, beside, previous = [], {}, audit.GENESIS
        for ident, _, seq, _, _, _, header, commitments, digest in lines:
            committed = {name: bytes.fromhex(one) for name, one in orjson.loads(commitments).items()}
            chain.append(
                audit.Line(
                    task_id=task,
                    seq=seq,
                    header=orjson.loads(header),
                    commitments=committed,
                    previous=previous,
                    hash=bytes(digest),
                )
            )
            beside[seq] = values.pop(ident, {})
            previous = bytes(digest)
        assert audit.verify_chain(chain, heads[task], beside) is None
    assert not values
    port = open_port(url)
    with port.read() as tx:
        assert [one.text.en for one in checking.orphans(tx)] == []
    port.close()


@pytest.fixture
def spare_url(request: pytest.FixtureRequest) -> Iterator[Spare]:
    """Another database of either kind, for what is compared with."""
    made: list[Any] = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            folder = request.getfixturevalue("tmp_path") / "spare"
            shutil.copytree(request.getfixturevalue("sqlite_template"), folder)
            return f"sqlite:///{folder / 'duban.db'}"
        server = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("postgres_template")
        database = server.create(f"spare_{os.getpid()}", template=template)
        made.append((server, database))
        return str(database.url)

    yield make
    for server, database in made:
        server.drop(database.name)
