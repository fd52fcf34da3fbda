"""How many statements a batch costs, and that each finds its rows by the index that was made for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import literal_column, select

from tests.packs import CAMPAIGN, changed, small_pack
from tests.storing import Counting, a_task, ids, nudge, opened, put, raw
from workflow import rounds
from workflow.calendar import default_calendar
from workflow.calendar.duration import parse_duration
from workflow.definition import Pack
from workflow.engine import Engine
from workflow.store import Port, applying, checking, open_port, organisation, sources, tasks
from workflow.store.sql import Statement
from workflow.task import Task

# --- how many ---------------------------------------------------------------------------------------

REGIONS = 250
ERRANDS = Statement(select(tasks.TASK.c.id).where(tasks.TASK.c.kind == "errand"))
DAY = 86_400_000
ERRAND = """
task: errand
label: {zh: 任务, en: Errand}
parties: {unit: region}
deadline: 3 days after opened
roles:
  handler: {label: {zh: 承办人, en: Handler}, is: handler at unit, else: supervisor}
  supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau}
states:
  open: {label: {zh: 办理中, en: Open}, waits_for: handler}
  closed: {label: {zh: 已销号, en: Closed}, final: accepted}
transitions:
  close: {label: {zh: 销号, en: Close}, from: open, to: closed, by: handler}
escalations:
  late: {when: overdue, light: yellow, tells: [handler, supervisor], proposes: letter}
  very_late: {when: overdue by 1 day, light: red, tells: supervisor, opens: alarm}
"""
LETTER = """
task: letter
label: {zh: 函, en: Letter}
parties: {unit: any}
deadline: none
roles:
  supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau}
states:
  drafted: {label: {zh: 草稿, en: Draft}, waits_for: supervisor, draft: yes}
  to_sign: {label: {zh: 待签发, en: To sign}, waits_for: supervisor}
  closed: {label: {zh: 已办结, en: Closed}, final: accepted}
  withdrawn: {label: {zh: 已撤销, en: Withdrawn}, final: abandoned}
transitions:
  completed: {label: {zh: 送签, en: Complete}, from: drafted, to: to_sign, by: supervisor}
  sign: {label: {zh: 签发, en: Sign}, from: to_sign, to: closed, by: supervisor}
  withdraw: {label: {zh: 撤销, en: Withdraw}, from: drafted, to: withdrawn, by: supervisor}
"""
ALARM = LETTER.replace("task: letter", "task: alarm").replace(", draft: yes", "")


def pack_of(regions: int, folder: Path) -> Pack:
    members = "\n      ".join(f"r{n}: {{zh: 地区{n}, en: Region {n}}}" for n in range(regions))
    campaign = changed(CAMPAIGN, "east: {zh: 东区, en: East}\n      west: {zh: 西区, en: West}", members)
    people = "people:\n  li: {name: {zh: 李某, en: Li}, posts: supervisor at bureau}\n"
    return small_pack(folder, campaign=campaign, errand=ERRAND, letter=LETTER, alarm=ALARM, people=people)


def statements_of_a_sweep(url: str, regions: int, folder: Path) -> tuple[int, int, int]:
    """For the sweep in which every task proposes, for one of mere nudges, for the one in which it opens."""
    probe = Counting()
    calendar = default_calendar("Asia/Shanghai")
    pack = pack_of(regions, folder)
    start = calendar.start_of(pack.campaign.milestones["start"])
    with opened(url, probe) as port:
        engine = Engine(port, salts=lambda: bytes(16), batch=regions)
        engine.load(pack, start)
        engine.run_once(start)
        engine.run_once(start + 1)  # now every cache is warm
        late = calendar.add(start, parse_duration("3 days"))
        with port.read() as tx:
            errands = ids(tx.all(ERRANDS))
        counts: list[int] = []
        for now in (late + 1, late + 1, late + 1 + DAY):
            if counts:
                nudge(port, *errands, start=1_000_000 * len(counts), at=now)
            probe.clear()
            assert engine.wake(now) == regions
            counts.append(probe.total)
        return counts[0], counts[1], counts[2]


def test_a_sweep_costs_as_many_statements_however_many_are_due(database_url: str, tmp_path: Path) -> None:
    counts = {}
    for regions in (1, 10, REGIONS):
        counts[regions] = statements_of_a_sweep(database_url, regions, tmp_path / str(regions))
        empty(database_url)
    # On PostgreSQL up to three rows go as prepared statements, more of them as one COPY.
    assert counts[10] == counts[REGIONS]
    assert all(few <= many + 3 for few, many in zip(counts[1], counts[10], strict=True)), counts
    assert max(counts[REGIONS]) <= 36, counts


def empty(url: str) -> None:
    """Take away what one count has left, for the next."""
    with raw(url) as connection:
        for table in reversed(applying.EVENT.metadata.sorted_tables):
            if table.name != "counter":
                connection.execute(f"DELETE FROM {table.name}")
        connection.execute("INSERT INTO epoch (why, begun_at) VALUES ('init', 0)")
        connection.execute("INSERT INTO meta (key, value) VALUES ('organisation', '0')")


def test_an_idle_tick_costs_little(database_url: str, tmp_path: Path) -> None:
    probe = Counting()
    pack = pack_of(10, tmp_path)
    start = default_calendar("Asia/Shanghai").start_of(pack.campaign.milestones["start"])
    with opened(database_url, probe) as port:
        engine = Engine(port, salts=lambda: bytes(16))
        engine.load(pack, start)
        engine.run_once(start)
        engine.run_once(start + 1)
        probe.clear()
        engine.run_once(start + 2)
        assert probe.total <= 32, probe.texts
        probe.clear()
        engine.next_due(start + 2)
        assert probe.total <= 10, probe.texts


# --- by which index ---------------------------------------------------------------------------------

MANY = 4_000
THREE = {"ids": [1, 2, 3]}
# What is asked -> (statement, its parameters, the index it must go by; "" for a primary key).
PLANS: dict[str, tuple[Statement, dict[str, Any], str]] = {
    "due tasks": (tasks._CLAIM_DUE, {"now": 20, "most": 250}, "task_wake"),
    "the next wake": (tasks._NEXT_WAKE, {}, "task_wake"),
    "older plans": (tasks._CLAIM_PLANNED, {"epoch": 1, "most": 250, "now": 0}, "task_planned"),
    "nudged tasks": (tasks._CLAIM_NUDGED, {"most": 250, "now": 0}, ""),
    "any nudge": (tasks._ANY_NUDGE, {"now": 0}, ""),
    "nudges of tasks": (tasks._NUDGES, THREE, "nudge_task"),
    "children": (tasks._CHILDREN, THREE, "task_parent"),
    "open episodes": (tasks._EPISODES, THREE, "episode_open"),
    "rows of lists": (tasks._ROWS, THREE, "list_row_task"),
    "what tasks concern": (tasks._CONCERNED, THREE, ""),
    "what concerns tasks": (tasks._CONCERNING, THREE, "concern_about"),
    "concerns to remove": (applying._STANDING_CONCERNS, {"tasks": [1, 2, 3]}, ""),
    "drafts of a kind": (tasks._OPEN_OF_KIND, {"campaign": 1, "of_kind": "dispatch"}, "task_open_kind"),
    "open tasks of units": (sources._OPEN_OF_UNITS, {"units": [1, 2, 3]}, "task_ledger_unit"),
    "shared drafts": (tasks._SHARED_DRAFTS, {"units": [1, 2, 3]}, "task_shared_draft"),
    "the open moment": (rounds._CLAIM_OPEN, {}, "moment_open"),
    "the last moments": (rounds._LAST, {"campaign": 1}, "moment_once"),
    "these tasks": (tasks._CLAIM_THESE, THREE, ""),
    "the first answer": (organisation._REQUEST, {"request": "r"}, ""),
    "messages to nobody": (checking._UNHEARD, {}, "outgoing_waiting"),
    "due entries": (checking._DUE_ENTRIES, {"before": 20, "most": 250}, "task_wake"),
}
# A queue in the order of its key, and what a query made itself: reading these from the start is the point.
MAY_BE_SCANNED = {"nudge", "json_each"}
# Where the planner is right to read all of a small table: shown is that it need not.
IF_MADE_TO = {"nudged tasks", "nudges of tasks"}


def test_what_is_asked_often_goes_by_its_index(database_url: str) -> None:
    with opened(database_url) as port:
        fill(port)
    with raw(database_url) as connection:
        # SQLite as it is mostly met, without statistics; and both with them.
        if database_url.startswith("sqlite"):
            assert wrong_plans(connection, database_url) == {}
        connection.execute("ANALYZE")
        assert wrong_plans(connection, database_url) == {}


def wrong_plans(connection: Any, url: str) -> dict[str, list[str]]:
    """Those that read a table from end to end, or go by another index."""
    wrong = {}
    for name, (statement, params, index) in PLANS.items():
        if url.startswith("postgres"):
            for kind in ("seqscan", "hashjoin"):
                connection.execute(f"SET enable_{kind} = {'off' if name in IF_MADE_TO else 'on'}")
        plan = explain(connection, url, statement, params)
        scanned = {step.split()[1] for step in plan if step.startswith("SCAN") and "USING" not in step}
        if scanned - MAY_BE_SCANNED or not any(index in step for step in plan):
            wrong[name] = plan
    return wrong


def test_due_tasks_are_not_sorted(database_url: str) -> None:
    """An order that the index gives: with 20,000 due in one second a sort would read all for each batch."""
    with opened(database_url) as port:
        fill(port)
    with raw(database_url) as connection:
        connection.execute("ANALYZE")
        for name in ("due tasks", "older plans"):
            statement, params, _ = PLANS[name]
            plan = explain(connection, database_url, statement, params)
            assert not [step for step in plan if "Sort" in step or "B-TREE" in step], (name, plan)


def test_the_auditor_does_not_ask_the_index_it_audits(database_url: str) -> None:
    with opened(database_url) as port:
        fill(port)
    params = {"first": 1, "beyond": 100, "before": 20}
    with raw(database_url) as connection:
        connection.execute("ANALYZE")
        plan = explain(connection, database_url, checking._DUE_ROWS, params)
    assert not any("task_wake" in step for step in plan), plan


def fill(port: Port) -> None:
    """A ledger in which what is looked for is rare."""
    put(port, *map(_one_of_many, range(1, MANY)))
    nudge(port, *range(1, MANY, 8))
    everyone = range(1, MANY)
    with port.write("clock") as tx:
        tx.insert(
            tasks.EPISODE,
            [(n, n, "late", "red", 1, 1, 1, 0, None, None, 5 if n % 20 else None, None) for n in everyone],
        )
        tx.insert(tasks.CONCERN, [(n, n // 2, n, 1, None) for n in everyone])
        tx.insert(tasks.LIST_ROW, [(n, n, "problems", "{}", None, None) for n in everyone])
        tx.insert(
            applying.OUTGOING,
            [
                (n, n, 1, None, "handler", "assigned", None, 1, "sent" if n % 100 else "waiting")
                for n in everyone
            ],
        )
        tx.insert(organisation.REQUEST, [(f"r{n}", n, 1, "report", 1, 1, "working", 1) for n in everyone])
        tx.insert(
            rounds.MOMENT,
            [
                (n, n % 9, f"round {n % 7}", f"{n:08}", n, n, 1, "[]", 0, 0, "done" if n > 1 else "open", "")
                for n in everyone
            ],
        )


def _one_of_many(n: int) -> Task:
    return a_task(
        n,
        wake_at=None if n % 4 else n,
        ended_at=5 if n % 2 else None,
        planned_under=1,
        parent_id=None if n % 10 else n // 10,
        kind="self_check" if n % 50 else "dispatch",
        unit_id=n,
        shared=0 if n % 100 else 1,
    )


def explain(connection: Any, url: str, statement: Statement, params: dict[str, Any]) -> list[str]:
    """The steps of its plan, in the words of SQLite: SCAN table, SEARCH … USING INDEX …, sorts."""
    if url.startswith("postgres"):
        text, values = statement.bind("postgresql", params)
        # As a prepared statement runs after a while: planned without its parameters.
        connection.execute("SET plan_cache_mode = force_generic_plan")
        ((plan,),) = connection.execute(f"EXPLAIN (FORMAT JSON) {text}", values).fetchall()
        return [_step(node) for node in _nodes(plan[0]["Plan"])]
    text, values = statement.bind("sqlite", params)
    bound = [json.dumps(one) if isinstance(one, list) else one for one in values]
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", bound).fetchall()]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _step(node: dict[str, Any]) -> str:
    if "Index Name" in node:
        return f"SEARCH USING INDEX {node['Index Name']}"
    if node["Node Type"] == "Seq Scan":
        return f"SCAN {node['Relation Name']}"
    return str(node["Node Type"])


def test_only_what_can_be_made_again_may_do_without_waiting_for_the_disk(database_url: str) -> None:
    def setting(*, durable: bool) -> str:
        with closing(open_port(database_url, durable=durable)) as port, port.write("clock") as tx:
            row = tx.one(Statement(select(_WAITS[port.dialect])))
            assert row is not None
            return str(row[0])

    assert setting(durable=False) in ("0", "off")
    if not database_url.startswith(
        "postgres"
    ):  # there it is the server's to say, and that of the tests doesn't
        assert setting(durable=True) == "2"


_WAITS: dict[str, Any] = {
    "sqlite": literal_column("(SELECT synchronous FROM pragma_synchronous)"),
    "postgresql": literal_column("current_setting('synchronous_commit')"),
}
