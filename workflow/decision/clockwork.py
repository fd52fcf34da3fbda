"""What the clock owes a task: stepping through the instants at which something became true."""

from __future__ import annotations

from ..condition import earliest, next_end
from ..errors import Undecidable
from .case import Case
from .everyday import note_merged
from .rules import act_on_fresh, look_at_rules
from .settings import apply_settings
from .teams import end_terms, next_term

MAX_STEPS = 2_000  # a task with more instants than this to catch up on is set aside
MAX_MOVES = 50
TRANSACTION_MS = 30_000  # a session that holds a transaction longer loses it
SPREAD_MS = 30_000


def catch_up(case: Case) -> None:
    """What the clock already owed this task, and what other tasks let it know."""
    _note_nudges(case)
    settle(case, _overslept(case))


def _overslept(case: Case) -> int:
    """The first instant at which something may have changed since the last decision."""
    wake = case.before.wake_at
    begins = min([case.now, *(nudge.at for nudge in case.loaded.nudges)])
    return max(case.since, begins if wake is None else min(wake, begins))


def settle(case: Case, at: int) -> None:
    """Go from `at` to `now`: every instant that was slept through, machine-made moves before rules.

    What is recorded bears the instant at which it was true; what is opened, told or begun counts from
    the decision. Ends with the projection in place.
    """
    for _ in range(MAX_MOVES):
        wake_at = _run(case, at)
        if not act_on_fresh(case):
            case.project(wake_at)
            return
        at = case.now
    raise _endless(case, "rules that open one another", "互相触发的规则")


def _run(case: Case, at: int) -> int | None:
    for _ in range(MAX_STEPS):
        case.view.now = at
        case.close_rows(at)
        change = earliest(_move(case, at), look_at_rules(case, at), _others(case), _look_again(case, at))
        if change is None or change > case.now:
            return change
        if change <= at:
            raise _endless(case, f"a wake at {change} that is not after {at}", "不前进的唤醒时刻")
        at = change
    raise _endless(case, f"more than {MAX_STEPS} instants to catch up on", "补算的时刻过多")


def _others(case: Case) -> int | None:
    """The next known end of a child after the instant that is looked at: it may close a row."""
    return next_end(case.view.children, case.view.now) if case.view.children else None


def _look_again(case: Case, at: int) -> int | None:
    """A task that compares sources looks once more when every transaction of its birth is over.

    A source that changes while the task is being opened can't nudge what it can't see yet. Both
    transactions end within `TRANSACTION_MS` at the latest; the ids spread the second look.
    """
    if not case.book.watches_sources or case.task.ended_at is not None:
        return None
    then = case.task.opened_at + 2 * TRANSACTION_MS + 1 + case.task.id % SPREAD_MS
    return then if then > at else None


def _move(case: Case, at: int) -> int | None:
    """Lapse, abandon, take machine-made transitions until none holds; when the next may."""
    for _ in range(MAX_MOVES):
        _lapse(case, at)
        if case.task.ended_at is not None:
            return None
        end_terms(case, at)
        if not _abandon(case, at) and not _take(case, at):
            lapses = [one.expires_at + 1 for one in case.task.pending if one.expires_at is not None]
            return earliest(_next_take(case), _next_look_at_backing(case, at), next_term(case), *lapses)
    raise _endless(case, "machine-made transitions that go in a circle", "自动流转成环")


def _lapse(case: Case, at: int) -> None:
    for pending in case.task.pending:
        if pending.expires_at is not None and pending.expires_at < at:
            case.lapse(pending, at, "unanswered")


def _take(case: Case, at: int) -> bool:
    for transition, look in case.book.automatic[case.task.state]:
        if look(case.view).truth is not True:
            continue
        origin = case.task.state
        target = case.book.movement.move(transition.name, case.view)
        if target is None:
            continue
        event = case.record("machine", at, transition=transition.name)
        event.header |= {"from": origin, "to": target}
        case.number(event, transition)
        case.task.acts = {**case.task.acts, transition.name: case.task.acts.get(transition.name, 0) + 1}
        case.open_all(transition.opens, event, {"transition": transition.name})
        case.enter(target, at, event)
        apply_settings(case, transition.sets, {}, event)
        return True
    return False


def _next_take(case: Case) -> int | None:
    return earliest(*[look(case.view).changes_at for _, look in case.book.automatic[case.task.state]])


def _note_nudges(case: Case) -> None:
    joined = [nudge for nudge in case.loaded.nudges if nudge.cause == "joined"]
    if joined:
        at = min(case.now, max(nudge.at for nudge in joined))
        case.record("joined", at, about=sorted({nudge.other_id for nudge in joined}))
    note_merged(case)


def _abandon(case: Case, at: int) -> bool:
    """A draft lives from the episodes that opened or proposed it; without any it ends."""
    if not _is_backed_draft(case) or at < _seen_backing(case):
        return False
    standing = {one.about_id for one in case.loaded.backing if one.stands}
    on = {one.about_id for one in case.loaded.backing if not one.removed}
    gone = sorted(on - standing - set(case.removed_concerns))
    if gone:
        case.removed_concerns.extend(gone)
        case.view.concerned = [one for one in case.view.concerned if one.id not in gone]
        case.record("left", at, about=gone)
    state = case.book.abandoned_state
    if standing or state is None:
        return False
    event = case.record("abandoned", at, why="no episode left")
    event.header |= {"from": case.task.state, "to": state}
    case.enter(state, at, event)
    return True


def _is_backed_draft(case: Case) -> bool:
    return bool(case.loaded.backing) and case.book.definition.states[case.task.state].draft


def _seen_backing(case: Case) -> int:
    """As of when the backing is known. Looked at earlier, a draft would have ended before it did."""
    nudged = [nudge.at for nudge in case.loaded.nudges]
    return min(case.now, max(nudged)) if nudged else case.now


def _next_look_at_backing(case: Case, at: int) -> int | None:
    if not _is_backed_draft(case):
        return None
    seen = _seen_backing(case)
    return seen if seen > at else None


def _endless(case: Case, en: str, zh: str) -> Undecidable:
    return Undecidable(
        f"事项 {case.task.id} 无法判定：{zh}。请检查其流程定义（{case.task.kind}）。",
        f"Task {case.task.id} can't be decided: {en}. Check its definition ({case.task.kind}).",
    )
