"""What happens to a task if nobody acts, and what each act that is open now would lead to. Pure.

The same decisions that the engine will make, made ahead of time: the task and the little world around
it (its children, what it concerns, what concerns it, the drafts of its unit) live on in memory, a clock
jumps from one wake or moment to the next, and what is decided is applied by the rules of the store.
So a forecast can't disagree with the engine: it is compared with what then really happens, event by
event (tests/test_forecast_lives.py). What it can't know, it says.

    records.py  what goes in and what comes out     tables.py    the world in memory: what the store does
    playing.py  the clock: what the engine does     telling.py   from decisions to steps
    branches.py what each act would lead to       comparing.py  what sources say by then
    notes.py    what it can't know
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from .branches import branches, shut
from .notes import notes
from .playing import Play
from .records import INVENTED, Branch, Completion, Forecast, Position, Step, World
from .telling import Teller

__all__ = [
    "INVENTED",
    "STEPS",
    "YEAR",
    "Branch",
    "Completion",
    "Forecast",
    "Position",
    "Step",
    "World",
    "branches",
    "forecast",
    "shut",
]

YEAR = 366 * 86_400_000  # ms; how far a forecast looks unless told otherwise
STEPS = 200


def forecast(world: World, *, until: int | None = None, steps: int = STEPS, first: bool = False) -> Forecast:
    """What happens to the task, and to what it sets in motion, if nobody acts from now on.

    Args:
        until: the last instant looked at; a year from now by default.
        steps: it ends after so many.
        first: it ends after the first instant at which anything happens to the task itself, for whoever
            asks for no more: years of reminders needn't be played for that.
    """
    end = world.now + YEAR if until is None else until
    play, teller = Play(world), Teller(world)
    played = teller.steps(play, end)
    found = list(islice(_first(play, played, world.focus) if first else played, steps + 1))
    shown = tuple(found[:steps])
    return Forecast(
        task=world.focus,
        now=world.now,
        until=end,
        steps=shown,
        more=len(found) > steps or (_lives_on(world, shown) and play.wakes_after(end)),
        notes=notes(world, play, shown, teller),
        undecided=world.focus in play.given_up,
    )


def _first(play: Play, steps: Iterator[Step], focus: int) -> Iterator[Step]:
    """Steps up to the end of the first instant at which anything happens to this task."""
    for one in steps:
        if one.task == focus:
            play.end_here()
        yield one


def _lives_on(world: World, shown: Sequence[Step]) -> bool:
    """Whether anything may still come of it: of a task that has ended and sets nothing off, nothing does."""
    focus = world.tasks.get(world.focus)
    return bool(shown) or (focus is not None and focus.task.ended_at is None)
