"""decide(): facts and `now` in, a whole decision out. No I/O, no clock, no ids.

Four occasions, one pass: `wake` (the clock, or a nudge from another task), `act` (a person, or a
round), `begin` (a task is opened) and `replan` (the calendar or the campaign has changed). Each
first settles what the clock already owed, then does what it is for, then settles again.

    book.py       a definition made ready        case.py     the working state
    clockwork.py  stepping through time          rules.py    episodes and what they set off
    acts.py       what people do                 values.py   what they report
    outcome.py    what a decision consists of
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ..calendar import parse_duration
from ..condition import effective
from ..definition.model import Definition
from ..errors import BadValue, Undecidable
from ..task import Loaded, Task
from .acts import Act, fact_named, perform
from .book import Book
from .case import Case, Surroundings
from .clockwork import catch_up, settle
from .outcome import Decision, EventDraft, Link, Message, NewTask, RowChange

__all__ = [
    "Act",
    "Book",
    "Decision",
    "EventDraft",
    "Link",
    "Loaded",
    "Message",
    "NewTask",
    "RowChange",
    "Surroundings",
    "act",
    "begin",
    "fact_named",
    "replan",
    "wake",
]


def wake(loaded: Loaded, around: Surroundings) -> Decision:
    """What the clock and the nudges owe this task by now.

    Raises:
        Undecidable: the task's data or definition lead nowhere.
    """
    case = Case(loaded, around)
    catch_up(case)
    return case.decision()


def act(loaded: Loaded, around: Surroundings, wanted: Act) -> Decision:
    """A person's act, after what the clock already owed.

    Raises:
        Refused: the act is not taken; nothing follows from it.
        Undecidable: as for `wake`.
    """
    case = Case(loaded, around)
    catch_up(case)
    perform(case, wanted)
    settle(case, case.now)
    return case.decision()


def begin(new: NewTask, around: Surroundings) -> Decision:
    """The opening of a task: its first event, its first state, its first look at the rules.

    Raises:
        BadValue: the kind wants a deadline from its opener, and none was given.
    """
    definition = around.books[new.kind].definition
    case = Case(Loaded(task=_blank(new, definition, around)), around)
    state = definition.first_state
    event = case.record("opened", case.now, kind=new.kind, state=state.name, unit=new.unit_id)
    event.header |= {"deadline": case.task.deadline, "basis": case.task.deadline_basis, **new.origin}
    event.values |= new.facts
    case.provisional(case.now)
    if state.stops_deadline:
        case.task.stops = ((case.now, None),)
    case.open_all(state.opens, event, {"state": state.name})
    if state.waits_for:
        case.tell(event, [state.waits_for], "assigned")
    settle(case, case.now)
    return case.decision()


def replan(loaded: Loaded, around: Surroundings) -> Decision:
    """Compute the clocks again under the calendar in force now.

    A deadline that has passed stays where it was: importing a notice never un-fires. Both values of
    one that moves stay visible.
    """
    case = Case(loaded, around)
    moved = _recomputed(case.task, around)
    if moved is not None:
        task = case.task
        case.set_deadline(moved, task.deadline_basis, task.deadline_anchor, kind="deadline_recomputed")
    case.provisional(case.task.deadline_anchor)
    catch_up(case)
    return case.decision()


def _recomputed(task: Task, around: Surroundings) -> int | None:
    if task.deadline is None or task.ended_at is not None:
        return None
    try:
        span = parse_duration(task.deadline_basis)
    except ValueError:
        return None  # it rests on a date, which no calendar moves
    moved = around.calendar.add(task.deadline_anchor, span)
    passed = effective(task.stops, task.deadline_set_at, task.deadline) < around.now
    return None if passed or moved == task.deadline or moved < around.now else moved


def _blank(new: NewTask, definition: Definition, around: Surroundings) -> Task:
    deadline, basis = _first_deadline(new, definition, around, around.milestones)
    now = around.now
    return Task(
        id=new.id,
        campaign_id=new.campaign_id,
        version_id=new.version_id,
        kind=new.kind,
        track=new.track,
        unit_id=new.unit_id,
        parent_id=new.parent_id,
        row_id=new.row_id,
        moment_id=new.moment_id,
        state=definition.first_state.name,
        visit=1,
        came_from=None,
        opened_at=now,
        state_since=now,
        reported_at=now,
        deadline=deadline,
        deadline_set_at=now,
        deadline_anchor=now,
        deadline_basis=basis,
        revision=1,
        seq=0,
        head=bytes(32),
        shared=int(new.shared),
        parties=new.parties,
        facts=new.facts,
        fact_times=dict.fromkeys(new.facts, now),
    )


def _first_deadline(
    new: NewTask, definition: Definition, around: Surroundings, milestones: Mapping[str, date]
) -> tuple[int | None, str]:
    source, calendar = definition.deadline, around.calendar
    if source.how == "given":
        if new.deadline is None:
            raise BadValue(
                f"未交办：“{definition.label.zh}”须由交办者给出期限。",
                f"Not opened: {definition.label.en!r} wants a deadline from whoever opens it.",
            )
        return new.deadline, "given"
    if source.how == "milestone" and source.milestone is not None:
        return calendar.end_of(milestones[source.milestone]), str(source)
    if source.how == "date" and source.day is not None:
        return calendar.end_of(source.day), str(source)
    if source.how == "span" and source.span is not None:
        return calendar.add(around.now, source.span), str(source.span)
    if source.how == "month end":
        return calendar.month_end(around.now), str(source)
    if source.how == "none":
        return None, "none"
    raise Undecidable(
        f"期限“{source}”无法计算：流程定义不完整。",
        f"The deadline {source} can't be computed: mend the definition.",
    )
