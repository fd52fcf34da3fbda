"""Reckoning the clocks of a task anew: another calendar, or another date of a milestone, is in force."""

from __future__ import annotations

from ..calendar import parse_duration
from ..condition import crossing
from ..definition.model import Deadline
from ..errors import Undecidable
from .case import Case, Surroundings

MILESTONE = "campaign "  # what a basis begins with that is a milestone


def plan_anew(case: Case) -> None:
    """Move the deadline and the step to where they belong under what is in force; both values stay visible.

    A calendar moves no deadline that has passed: importing a notice never un-fires. A milestone does:
    people have decided so, and what was late in the meantime stays in the history.
    """
    task = case.task
    if task.deadline is not None and task.ended_at is None:
        if task.deadline_basis.startswith(MILESTONE):
            _follow_milestone(case, task.deadline_basis.removeprefix(MILESTONE))
        else:
            _follow_calendar(case, task.deadline)
    _restart_step(case)
    case.provisional()


def _follow_milestone(case: Case, name: str) -> None:
    task, around = case.task, case.around
    day = around.milestones.get(name)
    if day is None or name not in around.moves:
        return  # nobody has moved it
    moved = around.calendar.end_of(day)
    if moved != task.deadline:
        event = case.set_deadline(
            moved, task.deadline_basis, task.deadline_anchor, kind="deadline_recomputed"
        )
        event.header["replan"] = around.moves[name]


def _follow_calendar(case: Case, deadline: int) -> None:
    """Neither of the two may have passed; a date that was given or set no calendar moves."""
    task = case.task
    try:
        span = parse_duration(task.deadline_basis)
    except ValueError:
        return
    moved = case.view.calendar.add(task.deadline_anchor, span)
    if moved != deadline and not has_passed(case, min(deadline, moved)):
        case.set_deadline(moved, task.deadline_basis, task.deadline_anchor, kind="deadline_recomputed")


def has_passed(case: Case, deadline: int) -> bool:
    """Whether that deadline would have passed in the task's own time."""
    return crossing(case.view, case.task.deadline_set_at, deadline).truth is True


def _restart_step(case: Case) -> None:
    """Reckon `within` anew, unless it has run out, or would have: importing a notice never un-fires."""
    ends = case.task.step_end
    if ends is None or case.task.ended_at is not None or ends < case.now:
        return
    case.start_step()
    if case.task.step_end is not None and case.task.step_end < case.now:
        case.task.step_end = ends


def first_deadline(source: Deadline, around: Surroundings, opened_at: int) -> tuple[int | None, str]:
    """The deadline that a definition gives a task, and the words that it rests on."""
    calendar = around.calendar
    if source.how == "milestone" and source.milestone is not None:
        return calendar.end_of(around.milestones[source.milestone]), str(source)
    if source.how == "date" and source.day is not None:
        return calendar.end_of(source.day), str(source)
    if source.how == "span" and source.span is not None:
        return calendar.add(opened_at, source.span), str(source.span)
    if source.how == "month end":
        return calendar.month_end(opened_at), str(source)
    if source.how == "none":
        return None, "none"
    raise Undecidable(
        f"期限“{source}”无法计算：流程定义不完整。",
        f"The deadline {source} can't be computed: mend the definition.",
    )
