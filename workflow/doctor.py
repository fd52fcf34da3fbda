"""What is wrong or odd: with the machine, the database, the tasks, the people.

`workflow.store.checking` asks the rows whether they fit together; here the tasks are decided once more
and compared with what stands beside them, and machine, calendar, posts and daemons are looked at. Only
reads. Each finding says what to do.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import bindparam, func, literal_column, or_, select

from .calendar import USUAL_ZONE, Calendar
from .clock import judge_kernel, judge_start, span
from .decision import Loaded, wake
from .decision.case import Case
from .engine import Frame, Library
from .errors import DubanError, Undecidable
from .evidence import EvidenceStore, all_recorded
from .reading.ledger import seats
from .reading.names import names
from .reading.numbers import number_of
from .reading.waited import definition_of, task_or_none
from .rounds import MOMENT, SKIPPED
from .store import checking, importing, life, revisions, tasks
from .store.ports import Port, Transaction
from .store.sql import OneOf, Statement
from .store.tasks import TASK
from .task import Task
from .text import Text, join, same

Level = Literal["wrong", "waits", "note", "fine"]
LEVELS: tuple[Level, ...] = ("wrong", "waits", "note", "fine")  # from grave to harmless
BLOCK = 250  # tasks per transaction
SHOWN = 5  # tasks that a finding names
SILENT_MS = 5 * 60_000  # a daemon not heard of for longer is not at work
RECENT_MS = 31 * 86_400_000  # what rounds left out is told so long
Progress = Callable[[int, int], None]

# What is derived and kept beside a task to find it by. `wake_at` is compared apart: early is allowed.
_PROJECTED = ("light", "due_at", "waits_for", "waits_post", "waits_unit", "provisional")
# Ended tasks with nothing left to derive are not decided again: there may be millions.
_alive = or_(
    TASK.c.ended_at.is_(None),
    TASK.c.wake_at.is_not(None),
    TASK.c.waits_for.is_not(None),
    TASK.c.light != literal_column("'green'"),
)
_NEXT = Statement(
    select(*TASK.columns)
    .where(TASK.c.id > bindparam("after"), TASK.c.set_aside_at.is_(None), _alive)
    .order_by(TASK.c.id)
    .limit(bindparam("most"))
)
_HOW_MANY = Statement(select(func.count()).select_from(TASK).where(TASK.c.set_aside_at.is_(None), _alive))
_SKIPPED = Statement(
    select(MOMENT.c.round, MOMENT.c.nominal, MOMENT.c.note)
    .where(MOMENT.c.fired_at >= bindparam("since"), MOMENT.c.note.contains(SKIPPED))
    .order_by(MOMENT.c.id)
)
_PROVISIONAL = Statement(
    select(func.count(), func.max(TASK.c.due_at)).where(
        TASK.c.ended_at.is_(None), TASK.c.provisional == literal_column("1")
    )
)
_OLD_PLANS = Statement(
    select(func.count())
    .select_from(TASK)
    .where(TASK.c.ended_at.is_(None), TASK.c.planned_under < bindparam("epoch"))
)


_AT_CLOSED = Statement(
    select(TASK.c.id).where(TASK.c.ended_at.is_(None), OneOf(TASK.c.unit_id, "units")).order_by(TASK.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that a person should know of."""

    level: Level
    about: str  # a word for programs
    text: Text
    tasks: tuple[str, ...] = ()  # numbers of some of the tasks concerned

    def to_text(self) -> Text:
        """The finding with the tasks that it names."""
        if not self.tasks:
            return self.text
        listed = join([same(number) for number in self.tasks])
        return Text(f"{self.text.zh}（如 {listed.zh}）", f"{self.text.en} (such as {listed.en})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """What is looked at."""

    port: Port
    library: Library
    now: int
    folder: EvidenceStore | None = None  # where evidence lies
    synchronised: bool | None = None  # what the kernel says of its clock
    beside: Callable[[Frame], Iterator[Finding]] = lambda _frame: iter(())  # of what works beside the engine


def examine(patient: Patient, progress: Progress = lambda _done, _total: None) -> list[Finding]:
    """Everything that is wrong, waits for a person, or is worth a note; the gravest first.

    Raises:
        StoreError: the database can't be read.
    """
    found = [*_machine(patient)]
    with patient.port.read() as tx:
        frame = patient.library.frame(tx, patient.now)
        found += [*_rows(frame), *_clock(tx, patient), *_daemons(tx, patient), *_packs(frame)]
        found += [
            *_imports(frame),
            *_skips(tx, patient.now),
            *_vacancies(frame),
            *_mergers(frame),
            *_calendar(frame),
            *_evidence(tx, patient.folder),
            *patient.beside(frame),
        ]
    found += _projection(patient, progress)
    return sorted(found, key=lambda one: LEVELS.index(one.level))


def glance(patient: Patient, frame: Frame) -> list[Finding]:
    """What can be said of the installation at once, without a look at each task; the gravest first."""
    found = [*_machine(patient), *_clock(frame.tx, patient), *_daemons(frame.tx, patient)]
    found += [*_packs(frame), *_imports(frame), *_skips(frame.tx, patient.now), *patient.beside(frame)]
    return sorted(found, key=lambda one: LEVELS.index(one.level))


# --- the machine ------------------------------------------------------------------------------------


def _machine(patient: Patient) -> Iterator[Finding]:
    revision, newest = patient.port.revision(), revisions()[-1]
    told = Text(
        f"数据库版本 {revision}，程序需要 {newest}",
        f"The tables are at {revision}, the program needs {newest}",
    )
    yield Finding(level="fine" if revision == newest else "wrong", about="schema", text=told)
    if patient.port.dialect == "sqlite":
        import pysqlite3

        version = pysqlite3.sqlite_version
        yield Finding(level="fine", about="sqlite", text=same(f"SQLite {version}"))


def _clock(tx: Transaction, patient: Patient) -> Iterator[Finding]:
    kernel = judge_kernel(patient.synchronised, hold=False)
    if kernel.reason is not None:
        yield Finding(level="note", about="clock", text=kernel.reason)
    sign = life.last_sign(tx)
    verdict = judge_start(patient.now, sign)
    if verdict.reason is not None and verdict.holds:
        told = Text(f"守护进程启动时会：{verdict.reason.zh}", f"When a daemon starts: {verdict.reason.en}")
        yield Finding(level="waits", about="clock", text=told)
    elif sign is not None:
        zh, en = span(verdict.gap)
        told = Text(f"最近一次活动在 {zh}前", f"The last sign of life was {en} ago")
        yield Finding(level="fine", about="clock", text=told)


def _daemons(tx: Transaction, patient: Patient) -> Iterator[Finding]:
    """Who runs as daemon: who holds the place of a SQLite file, or who was heard of on PostgreSQL."""
    path = getattr(patient.port, "path", None)
    at_work = list(_heard(tx, patient.now)) if path is None else list(_holder(path))
    for who in at_work:
        told = Text(f"守护进程 {who} 在运行", f"The daemon {who} is at work")
        yield Finding(level="fine", about="daemon", text=told)
    if not at_work:
        told = Text(
            "没有守护进程在运行，到时的事项无人处理。请运行 duban daemon",
            "No daemon is at work: nothing fires. Run duban daemon",
        )
        yield Finding(level="waits", about="daemon", text=told)


def _heard(tx: Transaction, now: int) -> Iterator[str]:
    for node, beat in sorted(life.beats(tx).items()):
        if now - beat <= SILENT_MS and node != life.SIMULATION:
            yield node


def _holder(database: Path) -> Iterator[str]:
    """The daemon that holds the place, as it wrote it down, if it is still alive."""
    place = database.with_name(database.name + ".daemon")
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        node, pid = found["node"], int(found["pid"])
        if node == platform.node():  # taking the lock to find out could turn away a daemon that starts now
            os.kill(pid, 0)
    except (OSError, ValueError, TypeError, KeyError):
        return
    yield f"{node}:{pid}"


# --- rows -------------------------------------------------------------------------------------------


def _rows(frame: Frame) -> Iterator[Finding]:
    for one in checking.check(frame.tx, frame.now):
        about_tasks = one.kind in ("unqueued", "behind", "old nudge", "unheard")
        yield Finding(
            level="wrong" if one.broken else "waits",
            about=one.kind,
            text=one.text,
            tasks=_numbers(frame, one.examples) if about_tasks else (),
        )


def _skips(tx: Transaction, now: int) -> Iterator[Finding]:
    """What rounds of the last weeks left out for good, with the reason."""
    for name, nominal, note in tx.all(_SKIPPED, since=now - RECENT_MS):
        told = Text(f"轮次 {name}（{nominal}）：{note}", f"The round {name} ({nominal}): {note}")
        yield Finding(level="note", about="round", text=told)


def _numbers(frame: Frame, ids: Sequence[int]) -> tuple[str, ...]:
    campaigns = {row[0]: row[1] for row in tasks.read_these(frame.tx, list(ids[:SHOWN]))}
    return tuple(number_of(frame, ident, campaigns.get(ident, 0)) for ident in ids[:SHOWN])


def _packs(frame: Frame) -> Iterator[Finding]:
    """Campaigns whose pack can't be read any more: nothing of theirs can be decided."""
    if not frame.campaigns:
        told = Text("还没有载入任何方案包。请运行 duban load", "No pack has been loaded yet. Run duban load")
        yield Finding(level="note", about="pack", text=told)
    for campaign in frame.campaigns.values():
        try:
            frame.version(campaign.version_id)
        except DubanError as error:
            yield Finding(level="wrong", about="pack", text=error.text)


def _imports(frame: Frame) -> Iterator[Finding]:
    """Lines of workbooks that could not be opened."""
    for ident, count, first, why in importing.left_undone(frame.tx):
        told = Text(
            f"第 {ident} 次导入有 {count} 行未能交办（首行 {first}：{why}）。处理后再导入同一文件即可重试",
            f"{count} lines of import {ident} could not be opened (the first is row {first}: {why}). Mend "
            "what is wrong, then import the same file again",
        )
        yield Finding(level="waits", about="import", text=told)


def _vacancies(frame: Frame) -> Iterator[Finding]:
    """Seats that open tasks wait for and nobody holds; whoever steps in is named."""
    vacant = [(task, who) for _, task, who in seats(frame) if who is not None and who.vacant]
    called = names(frame.tx, (), [task.waits_unit or task.unit_id for task, _ in vacant])
    for task, who in vacant:
        definition = definition_of(frame, task.version_id, task.kind)
        roles = definition.roles if definition else {}
        label = roles[task.waits_for or ""].label if task.waits_for in roles else same(task.waits_for or "?")
        unit = called.unit(task.waits_unit or task.unit_id)
        if who.actors:
            instead = roles[who.role].label if who.role in roles else same(who.role)
            told = Text(
                f"{unit.zh}的{label.zh}空缺，由{instead.zh}代行",
                f"{unit.en}: no {label.en}; the {instead.en} steps in",
            )
        else:
            told = Text(
                f"{unit.zh}的{label.zh}及其替补全部空缺，无人办理",
                f"{unit.en}: no {label.en}, and nobody steps in",
            )
        number = (number_of(frame, task.id, task.campaign_id),)
        yield Finding(level="note" if who.actors else "waits", about="vacancy", text=told, tasks=number)


def _mergers(frame: Frame) -> Iterator[Finding]:
    """Open tasks of units that have merged: their merger was broken off, or a person must say what next."""
    if not frame.merged:
        return
    rows = frame.tx.all(_AT_CLOSED, units=sorted(frame.merged))
    if rows:
        told = Text(
            f"{len(rows)} 个在办事项仍在已撤并的单位。请重新运行 duban unit merge，仍不动的请转办",
            f"{len(rows)} open tasks are still at units that have merged. Run duban unit merge again, then "
            "transfer what stays",
        )
        shown = _numbers(frame, [row[0] for row in rows[:SHOWN]])
        yield Finding(level="waits", about="merger", text=told, tasks=shown)


def _calendar(frame: Frame) -> Iterator[Finding]:
    """Deadlines that rest on years nobody has published, and plans under an older calendar."""
    count, latest = frame.tx.one(_PROVISIONAL) or (0, None)
    if count:
        years = "、".join(map(str, _projected_years(frame, latest)))
        told = Text(
            f"{count} 个事项的期限为暂定：{years} 年放假通知尚未公布。公布后请运行 duban calendar import",
            f"{count} deadlines are provisional: the notice for {years} is not published. Once it is, run "
            "duban calendar import",
        )
        yield Finding(level="note", about="calendar", text=told)
    (old,) = frame.tx.one(_OLD_PLANS, epoch=frame.stamp.epoch) or (0,)
    if old:
        told = Text(
            f"{old} 个事项还按旧日历或旧方案排期。守护进程会重排，也可运行 duban calendar recompute",
            f"{old} tasks are planned under an older calendar or campaign. The daemon will plan them again, "
            "or run duban calendar recompute",
        )
        yield Finding(level="note", about="plans", text=told)


def _projected_years(frame: Frame, latest: int | None) -> list[int]:
    calendar: Calendar = frame.calendar(USUAL_ZONE)
    last = calendar.day_of(latest).year if latest is not None else calendar.day_of(frame.now).year
    years = range(calendar.day_of(frame.now).year, last + 1)
    return [year for year in years if year in calendar.years and calendar.years[year].status == "projected"]


def _evidence(tx: Transaction, folder: EvidenceStore | None) -> Iterator[Finding]:
    """Files that the history speaks of and the folder has not, or not whole."""
    if folder is None:
        return
    lost = [one.sha256[:12] for one in all_recorded(tx) if not folder.lies(one)]
    if lost:
        told = Text(
            f"{len(lost)} 份佐证材料不在 {folder.where} 中或大小不符（如 {lost[0]}…）。请从备份恢复",
            f"{len(lost)} files of evidence are not in {folder.where}, or not whole (such as {lost[0]}…). "
            "Restore them from a backup",
        )
        yield Finding(level="wrong", about="evidence", text=told)


# --- the projection ---------------------------------------------------------------------------------


def _projection(patient: Patient, progress: Progress) -> list[Finding]:
    """Decide every living task once more: what stands beside it must be what follows from it."""
    differing: dict[str, list[str]] = {}
    after = done = 0
    with patient.port.read() as tx:
        (total,) = tx.one(_HOW_MANY) or (0,)
    while True:
        with patient.port.read() as tx:
            frame = patient.library.frame(tx, patient.now)
            rows = tx.all(_NEXT, after=after, most=BLOCK)
            for number, name in _differing(frame, rows):
                differing.setdefault(name, []).append(number)
        if not rows:
            return [_told(name, numbers) for name, numbers in sorted(differing.items())]
        after, done = rows[-1][0], done + len(rows)
        progress(done, max(total, done))


def _told(name: str, numbers: list[str]) -> Finding:
    count = len(numbers)
    if name == "undecidable":
        told = Text(
            f"{count} 个事项无法判定，到时会被搁置", f"{count} tasks can't be decided and will be set aside"
        )
    elif name == "unreadable":
        told = Text(f"{count} 个事项的数据无法读取", f"The data of {count} tasks can't be read")
    else:
        told = Text(
            f"{count} 个事项台账上的 {name} 与推导不符。请把方案包、日历和此结果交给开发者",
            f"{count} tasks: {name} on the ledger is not what follows from the task. Send this, the pack and "
            "the calendar to the developers",
        )
    return Finding(level="wrong", about="projection", text=told, tasks=tuple(numbers[:SHOWN]))


def _differing(frame: Frame, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, str]]:
    """(number, what differs) of tasks that are not due, not nudged, and planned under what is in force."""
    parsed: list[Task] = []
    for row in rows:
        task = task_or_none(row)
        if task is None:
            yield number_of(frame, row[0], row[1]), "unreadable"
        elif _is_settled(task, frame):
            parsed.append(task)
    loaded = tasks.load(frame.tx, parsed, frame)
    frame.know(loaded)
    for one in loaded:
        if not one.nudges:
            number = number_of(frame, one.task.id, one.task.campaign_id)
            yield from ((number, name) for name in _compared(one, frame))


def _is_settled(task: Task, frame: Frame) -> bool:
    due = task.wake_at is not None and task.wake_at <= frame.now
    return not due and (task.ended_at is not None or task.planned_under == frame.stamp.epoch)


def _compared(loaded: Loaded, frame: Frame) -> Iterator[str]:
    task = loaded.task
    try:
        around = frame.around(task.version_id)
        decision = wake(loaded, around)
    except (DubanError, KeyError) as error:
        yield "undecidable" if isinstance(error, Undecidable | KeyError) else "unreadable"
        return
    derived = decision.task
    if task.deadline is not None and task.ended_at is None:
        case = Case(loaded, around)  # looked at where a deadline is set or planned again, not at each wake
        case.provisional()
        derived.provisional = case.task.provisional
    yield from (name for name in _PROJECTED if getattr(task, name) != getattr(derived, name))
    if decision.events or _later(task.wake_at, derived.wake_at):
        yield "wake_at"


def _later(stored: int | None, derived: int | None) -> bool:
    """A wake that is too late misses something; an early one is allowed."""
    return derived is not None and (stored is None or stored > derived)


def healthy(found: Sequence[Finding]) -> bool:
    """Whether nothing is wrong and nothing waits for a person."""
    return all(one.level in ("note", "fine") for one in found)
