"""What befalls a task without anybody acting on it: its unit merges into another, its year ends.

Both first settle what the clock already owed, like any decision, and both do nothing to a task that
has ended meanwhile, or to which they were done before: a batch may be run again.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..task import Loaded
from .case import Case, Surroundings
from .clockwork import catch_up, settle
from .everyday import reassign
from .outcome import Decision


def move_units(loaded: Loaded, around: Surroundings, into: Mapping[int, int], actor: int) -> Decision:
    """Its parties at units that merged are the units into which they merged, from now on.

    A task that only waits at such a unit waits at the other one: what it is found by follows. A task whose
    two parties would become one unit is left as it is: it would be checked by itself, and a person must
    say who shall check it.
    """
    case = Case(loaded, around)
    catch_up(case)
    case.view.now = case.now
    parties = case.task.parties
    moved = {name: into[unit] for name, unit in parties.items() if unit in into}
    whole = {**parties, **moved}
    if moved and case.task.ended_at is None and len(set(whole.values())) == len(whole):
        event = case.record("transferred", case.now, actor=actor, why="units merged")
        reassign(case, event, moved)
        settle(case, case.now)
    return case.decision()


def carry_over(loaded: Loaded, around: Surroundings, year: int) -> Decision:
    """It belongs to the plan of another year from now on. The deadline doesn't move by itself."""
    case = Case(loaded, around)
    catch_up(case)
    former = case.task.plan_year or case.view.calendar.day_of(case.task.opened_at).year
    if case.task.ended_at is None and former < year:
        case.record("rolled_over", case.now, old=former, new=year, deadline=case.task.deadline)
        case.task.plan_year = year
    return case.decision()
