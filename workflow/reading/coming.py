"""What happens to tasks if nobody acts, for a list of them or for one page: with days and names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ..engine import Frame
from ..errors import DubanError
from ..forecast import Forecast, Step, World, forecast
from ..task import Loaded
from .ahead import Coming, Teller, is_news
from .dates import Dates
from .history import words_of
from .ledger import zone_of
from .names import Names, names
from .worlds import bare_worlds

_DAYS = 92 * 86_400_000  # ms; what is further off is no reason to act today
_LOOKED_AT = 4  # steps of each task on a list


def first_coming(frame: Frame, found: Collection[Loaded]) -> dict[int, Coming]:
    """What happens to each of these tasks first, in a fixed number of statements; each seen by itself.

    Nothing is said of a task to which nothing happens in the next three months, or that can't be foreseen.
    """
    worlds = bare_worlds(frame, found)
    steps = {ident: _steps(world) for ident, world in worlds.items()}
    called = names(frame.tx, _told(step for each in steps.values() for step in each))
    told = {
        ident: _teller(frame, worlds[ident], called).coming(each, worlds[ident].tasks[ident].task.light)
        for ident, each in steps.items()
    }
    return {ident: lines[0] for ident, lines in told.items() if lines}


def all_coming(frame: Frame, world: World, found: Forecast) -> list[Coming]:
    """What a forecast says happens to its task, and to what it sets in motion."""
    called = names(frame.tx, _told(found.steps))
    teller = _teller(frame, world, called)
    return teller.coming(found.next_steps(len(found.steps)), world.tasks[world.focus].task.light)


def _steps(world: World) -> Sequence[Step]:
    """Up to the first one that makes a difference; mostly that is the first of all."""
    until = world.now + _DAYS
    try:
        found = forecast(world, until=until, steps=_LOOKED_AT, first=True).next_steps(_LOOKED_AT)
        if not any(is_news(one) for one in found):
            found = forecast(world, until=until, steps=_LOOKED_AT).next_steps(_LOOKED_AT)
    except DubanError:
        return ()  # the page says what is wrong with the task itself
    return found


def _told(steps: Iterable[Step]) -> set[int]:
    return {one.person_id for step in steps for one in step.told if one.person_id is not None}


def _teller(frame: Frame, world: World, called: Names) -> Teller:
    task = world.tasks[world.focus].task
    words = words_of(frame, task, called)
    dates = Dates(calendar=frame.calendar(zone_of(frame, task.version_id)), now=frame.now)
    return Teller(words=words, dates=dates, called=called)
