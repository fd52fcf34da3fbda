"""decide(): facts and `now` in, a whole decision out. No I/O, no clock, no ids.

Five occasions, one pass: `wake` (the clock, or a nudge from another task), `act` (a person, or a
round), `begin` (a task is opened), `replan` (the calendar, or the date of a milestone, has changed) and
`migrate` (onto another version of the pack). Each first settles what the clock already owed, then does
what it is for, then settles again.

    book.py        a definition made ready
    case.py        the working state
    outcome.py     what a decision consists of
    clockwork.py   stepping through time
    rules.py       episodes and what they set off
    acts.py        what people do, from the asking to the effect; attempt.py is one on its way
    authority.py   as what, and why not
    guards.py      whether it may be taken now
    reporting.py   what they report; values.py reads each value
    ballots.py     totals of a ballot: not too early, not of too few
    waiting.py     acts that wait for others
    joint.py       who has signed, who still must
    entering.py    acts entered from a paper
    teams.py       people who are chosen
    settings.py    what transitions set
    marks.py       points for the indicators of a checklist
    traces.py      what an act leaves behind
    everyday.py    what every kind allows; beyond.py what that names beside the task
    opening.py     opening by hand
    comparing.py   what several kinds of task say about a unit
    expanding.py   the tasks that decisions open
    tree.py        for which unit of a kind each is opened
    burden.py      how many checks a unit may have in a month
    planning.py    clocks reckoned anew
    migrating.py   onto another version of the pack
    organising.py  other units, another year
"""

from __future__ import annotations

from collections.abc import Sequence

from ..condition import earliest
from ..definition.model import OPENED, Definition
from ..errors import BadValue, Undecidable
from ..task import Loaded, Task
from .acts import Act, take_for_granted
from .book import Book
from .case import Case, Surroundings
from .clockwork import catch_up, settle
from .everyday import perform
from .expanding import Ground, generations
from .migrating import Move, migrate
from .opening import OpenTask, Place, check_opening, new_task, opener
from .organising import carry_over, move_units
from .outcome import Decision, EventDraft, Link, Message, NewTask, RowChange
from .planning import first_deadline, plan_anew
from .reporting import apply_rows, fact_named
from .traces import note_actor, sign

__all__ = [
    "Act",
    "Book",
    "Decision",
    "EventDraft",
    "Ground",
    "Link",
    "Loaded",
    "Message",
    "Move",
    "NewTask",
    "OpenTask",
    "Place",
    "RowChange",
    "Surroundings",
    "act",
    "begin",
    "blank",
    "carry_over",
    "check_opening",
    "expand",
    "fact_named",
    "migrate",
    "move_units",
    "open_by_hand",
    "owed",
    "replan",
    "suppose",
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


def owed(loaded: Loaded, around: Surroundings) -> Decision:
    """Whatever woke the task: one that was planned under an older calendar is planned again first.

    Raises:
        Undecidable: as for `wake`.
    """
    task = loaded.task
    stale = task.ended_at is None and task.planned_under < around.epoch
    return replan(loaded, around) if stale else wake(loaded, around)


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


def open_by_hand(
    wanted: OpenTask, book: Book, around: Surroundings, campaign_id: int, version_id: int
) -> NewTask:
    """The task that a person opens, with who they are.

    The units must have been checked (`check_opening`), and their posts be known to the directory.

    Raises:
        BadValue: the deadline, a fact or a row doesn't fit.
        NotAllowed: the person holds none of the roles in `opened_by`.
    """
    new = new_task(wanted, book, around, campaign_id, version_id)
    role, actor = opener(wanted, book.definition, around, blank(new, book.definition, around))
    new.opener = actor
    new.origin = {"role": role}
    return new


def suppose(loaded: Loaded, around: Surroundings, transition: str) -> Decision:
    """What a transition would lead to if whoever may took it now, and reported nothing with it.

    For looking ahead only: its guard is not asked, and a confirmation is taken as given.

    Raises:
        NotAllowed: nobody may.
        Undecidable: as for `wake`.
    """
    case = Case(loaded, around)
    catch_up(case)
    take_for_granted(case, transition)
    settle(case, case.now)
    return case.decision()


def expand(ground: Ground, decisions: Sequence[Decision], opens: Sequence[NewTask] = ()) -> list[Decision]:
    """The decisions together with the beginnings of all tasks that they open, and of `opens`.

    Raises:
        BadValue: as for `begin`.
        Undecidable: as for `wake`; or they open one another without end.
    """
    return generations(ground, decisions, opens, begin)


def begin(new: NewTask, around: Surroundings) -> Decision:
    """The opening of a task: its first event, its first state, its first look at the rules.

    Raises:
        BadValue: the kind wants a deadline from its opener, and none was given.
    """
    definition = around.books[new.kind].definition
    case = Case(
        Loaded(task=blank(new, definition, around), parent=new.parent, parent_actors=new.parent_actors),
        around,
    )
    state = definition.first_state
    event = case.record("opened", case.now, of_kind=new.kind, state=state.name, unit=new.unit_id)
    event.header |= {"deadline": case.task.deadline, "basis": case.task.deadline_basis, **new.origin}
    event.values |= new.facts | {f"{name}[]": listed for name, listed in new.rows.items()}
    if new.opener is not None:
        sign(event, new.opener)
        note_actor(case, OPENED, new.opener)
    event.values |= apply_rows(case, new.rows)
    case.provisional()
    case.start_step()
    if state.stops_deadline:
        case.task.stops = ((case.now, None),)
    case.open_all(state.opens, event, {"from_state": state.name})
    case.assign(event, state)
    settle(case, case.now)
    if new.look_again:
        case.task.wake_at = earliest(case.task.wake_at, case.now + 1)
    return case.decision()


def replan(loaded: Loaded, around: Surroundings) -> Decision:
    """Compute the clocks again under the calendar and the milestones in force now, then wake.

    Raises:
        Undecidable: as for `wake`.
    """
    case = Case(loaded, around)
    plan_anew(case)
    catch_up(case)
    return case.decision()


def blank(new: NewTask, definition: Definition, around: Surroundings) -> Task:
    """The task before its first event.

    Raises:
        BadValue: the kind wants a deadline from its opener, and none was given.
    """
    deadline, basis = _deadline_of(new, definition, around)
    now = around.now
    return Task(
        id=new.id,
        campaign_id=new.campaign_id,
        version_id=new.version_id,
        kind=new.kind,
        track=new.track,
        unit_id=new.unit_id,
        parent_id=new.parent_id,
        row_id=_row_id(new),
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
        began_at=None if definition.first_state.draft else now,
        facts=new.facts,
        fact_times=dict.fromkeys(new.facts, now),
    )


def _row_id(new: NewTask) -> int | None:
    """The row it is opened for. Without an id it would be nobody's, and the row would never close."""
    if new.row is None:
        return new.row_id
    if not new.row.id:
        raise Undecidable(
            f"未交办“{new.kind}”：清单的新行尚无编号。请先填报清单，再办理下一步。",
            f"Not opened: {new.kind!r} is for a new row that has no id yet. Report the rows first, then "
            "go on.",
        )
    return new.row.id


def _deadline_of(new: NewTask, definition: Definition, around: Surroundings) -> tuple[int | None, str]:
    if new.deadline is not None:
        return new.deadline, "given"
    if definition.deadline.how == "given":
        raise BadValue(
            f"未交办：“{definition.label.zh}”须由交办者给出期限（deadline）。",
            f"Not opened: {definition.label.en!r} wants a deadline. Give one (deadline).",
        )
    return first_deadline(definition.deadline, around, around.now)
