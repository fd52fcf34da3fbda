"""Onto another version of the pack: what stays, what changes, what has no place there.

First comes what the clock owed under the version so far. Then the task goes on where it stands: the
same visit of the same state, what was reported, what was done. Its deadline follows the new version if
it still rests on what the definition says; what has passed stays passed. An open episode whose rule is
gone ends; every other one is judged by the new rule and keeps the light with which it opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..definition.model import BACK, Definition, State, Transition
from ..errors import NoCounterpart, Refused
from ..task import Loaded, Pending, Row, Task
from ..text import Text
from .case import Case, Surroundings
from .clockwork import catch_up, settle
from .outcome import Decision
from .planning import first_deadline, has_passed, plan_anew
from .values import check_value


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A decision to migrate: onto which version, by whom, on what basis."""

    version_id: int
    hash: str  # of that version
    person_id: int
    basis: str
    states: Mapping[str, str] = field(default_factory=dict)  # `state` or `kind.state` -> new state

    def state(self, kind: str, name: str) -> str:
        """The state of the new version that stands for one of the old."""
        return self.states.get(f"{kind}.{name}", self.states.get(name, name))


def migrate(loaded: Loaded, old: Surroundings, new: Surroundings, move: Move) -> Decision:
    """What becomes of a task that goes on under another version.

    A task that ends with what the clock already owed stays where it ended.

    Args:
        old, new: what a decision looks at under the two versions, at the same instant.

    Raises:
        NoCounterpart: the version has no place for what stands on the task.
        Undecidable: as for `wake`.
    """
    case = Case(loaded, old)
    if case.task.planned_under < old.epoch:
        plan_anew(case)
    catch_up(case)
    if case.task.ended_at is None:
        _check(case, new, move)
        _move(case, new, move)
    return case.decision()


# --- what has no counterpart ------------------------------------------------------------------------


def _check(case: Case, new: Surroundings, move: Move) -> None:
    kind, book = case.task.kind, new.books.get(case.task.kind)
    if book is None:
        raise NoCounterpart(
            (
                Text(
                    f"新版本没有事项类型 {kind}。请先办结这类事项，或在方案包中保留它",
                    f"the version has no kind {kind}: close these tasks first, or keep the kind in the pack",
                ),
            )
        )
    task, own, other = case.task, case.book.definition, book.definition
    target = move.state(kind, task.state)
    reasons = (
        *_parties(own, other),
        *_state(task, own.states[task.state], other, move),
        *_pending(task, other, target),
        *_facts(task, own, other),
        *_rows(case.rows, other),
    )
    if reasons:
        raise NoCounterpart(reasons)


def _parties(own: Definition, other: Definition) -> Iterator[Text]:
    if list(own.parties) != list(other.parties):
        yield Text(
            f"当事方不同：现为 {'、'.join(own.parties)}，新版本为 {'、'.join(other.parties)}。"
            "请在方案包中保留原有当事方",
            f"its parties are {', '.join(own.parties)}, and {', '.join(other.parties)} in the version: keep "
            "them in the pack",
        )
        return
    for name, allowed in other.parties.items():
        if allowed and not set(own.parties[name] or ("",)) <= set(allowed):
            yield Text(
                f"当事方 {name} 现可为 {'、'.join(own.parties[name]) or '任何单位'}，"
                f"新版本只可为 {'、'.join(allowed)}。请在方案包中保留原有单位类别",
                f"its party {name} may be {', '.join(own.parties[name]) or 'any unit'}, and only "
                f"{', '.join(allowed)} in the version: keep the kinds of unit in the pack",
            )


def _state(task: Task, state: State, other: Definition, move: Move) -> Iterator[Text]:
    target = move.state(task.kind, task.state)
    found = other.states.get(target)
    if found is None:
        listed = ", ".join(name for name, one in other.states.items() if one.final is None)
        yield Text(
            f"新版本没有状态 {target}（{state.label.zh}）。"
            f"请写明对应状态：--map {task.kind}.{task.state}=状态（可选：{listed}）",
            f"the version has no state {target} ({state.label.en}): name its counterpart with --map "
            f"{task.kind}.{task.state}=STATE (there are: {listed})",
        )
    elif found.final is not None:
        yield Text(
            f"未办结的事项不能迁到终结状态 {target}。请先办结，或另选对应状态",
            f"an open task can't be moved to {target}, which is final: close it first, or name another state",
        )
    elif found.draft != state.draft:
        yield Text(
            f"状态 {task.state} 与 {target} 一个是草稿、一个不是。请先送签或另选对应状态",
            f"of the states {task.state} and {target} only one is a draft: complete it first, or name "
            "another",
        )
    elif task.came_from and _came_from(task, other, move) is None and _goes_back(other, target):
        yield Text(
            f"它来自状态 {task.came_from}，新版本没有这个状态，“退回原状态”便无处可去。请写明对应状态",
            f"it came from {task.came_from}, which the version has not, so that it could not go back there: "
            "name its counterpart",
        )


def _goes_back(definition: Definition, state: str) -> bool:
    return any(one.target == BACK and state in one.sources for one in definition.transitions.values())


def _came_from(task: Task, other: Definition, move: Move) -> str | None:
    if task.came_from is None:
        return None
    name = move.state(task.kind, task.came_from)
    return name if name in other.states else None


def _pending(task: Task, other: Definition, target: str) -> Iterator[Text]:
    for one in task.pending:
        found = other.transitions.get(one.transition)
        if found is None or target not in found.sources or not _still_waits(one, found):
            yield Text(
                f"“{one.transition}”正待他人答复，新版本在该状态没有这样的操作。请先答复",
                f"{one.transition} waits for an answer, and the version has no such act there: answer it "
                "first",
            )


def _still_waits(pending: Pending, transition: Transition) -> bool:
    if pending.stage == "confirmation":
        return transition.confirmed_by is not None
    return pending.stage == "entry" or transition.quorum is not None


def _facts(task: Task, own: Definition, other: Definition) -> Iterator[Text]:
    for name, value in task.facts.items():
        fact = other.facts.get(name)
        if fact is None or fact == own.facts.get(name):
            continue  # one that is gone stays on record, and nothing asks for it any more
        try:
            same = check_value(fact, value) == value
        except Refused:
            same = False
        if not same:
            yield Text(
                f"填报项 {name} 的值 {str(value)[:60]!r} 不合新版本的要求（{fact.type}）。请先更正",
                f"the value {str(value)[:60]!r} of {name} does not fit the version ({fact.type}): correct it "
                "first",
            )


def _rows(rows: list[Row], other: Definition) -> Iterator[Text]:
    for name in dict.fromkeys(row.list for row in rows):
        if name not in other.lists:
            yield Text(
                f"清单 {name} 已有内容，新版本没有这个清单。请在方案包中保留它",
                f"it has rows of the list {name}, which the version has not: keep the list in the pack",
            )


# --- what changes -----------------------------------------------------------------------------------


def _move(case: Case, new: Surroundings, move: Move) -> None:
    case.view.now = case.now  # catching up left it at the last instant at which something changed
    task, own = case.task, case.book.definition
    before, target = own.states[task.state], move.state(task.kind, task.state)
    other = new.books[task.kind].definition
    event = case.record("migrated", case.now, from_version=task.version_id, to_version=move.version_id)
    event.header |= {"version": move.hash, "actor": move.person_id, "from": task.state, "to": target}
    event.values["basis"] = move.basis
    task.came_from = _came_from(task, other, move)
    task.version_id, task.state = move.version_id, target
    case.follow(new)
    for episode in [one for one in case.live.values() if one.rule not in other.rules]:
        case.end_episode(episode, case.now, "migrated")
    _restart_deadline(case, own)
    _restart_step(case, before, other.states[target])
    case.mind_stops(case.now)
    case.provisional()
    if _seat(own, before) != _seat(other, other.states[target]):
        case.assign(event, other.states[target])
    settle(case, case.now)


def _restart_deadline(case: Case, own: Definition) -> None:
    """A deadline that was given, or set by an act, was a decision of its own: no version moves it."""
    task, source = case.task, case.book.definition.deadline
    rests = task.deadline_set_at == task.opened_at and task.deadline_basis in (
        str(own.deadline),
        str(own.deadline.span),
    )
    if not rests or source.how in ("given", "none"):
        return
    moved, basis = first_deadline(source, case.around, task.opened_at)
    if moved is None:
        return
    if moved == task.deadline:
        task.deadline_basis = basis
        return
    earlier = moved if task.deadline is None else min(moved, task.deadline)
    if source.milestone in case.around.moves or not has_passed(case, earlier):
        event = case.set_deadline(moved, basis, task.opened_at, kind="deadline_recomputed")
        event.header["migrated"] = task.version_id


def _restart_step(case: Case, before: State, after: State) -> None:
    """What has run out stays so, and nothing is late from the beginning."""
    task, calendar = case.task, case.around.calendar
    ends = task.step_end
    if before.within == after.within or (ends is not None and ends < case.now):
        return
    if after.within is None:
        task.step_end = None
        return
    moved = calendar.add(task.state_since, after.within)
    task.step_end = moved if moved >= case.now else ends or calendar.add(case.now, after.within)


def _seat(definition: Definition, state: State) -> object:
    role = definition.roles.get(state.waits_for or "")
    return None if role is None else (role.post, role.seat, role.team, role.recused)
