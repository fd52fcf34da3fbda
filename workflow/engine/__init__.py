"""load -> decide -> apply.

core.py      the engine: what people, the clock and rounds may ask of it
acting.py    a person's act                     sweeping.py   batches of the clock, tries, setting aside
firing.py    rounds and their moments           writing.py    from decisions to rows, tasks opened included
claimed.py   from rows to tasks                 surroundings.py   packs, calendars, people: cached
loading.py   bringing a pack into force         memory.py     keeping the collector calm
opening.py   a task opened by hand              report.py    what it answers
milestones.py   where people have moved them    replanning.py   moving milestones
migrating.py   families onto another version    changes.py   what a report shows first
drawing.py   the pairs of a round's draw
"""

from __future__ import annotations

from .acting import unknown_task
from .core import BATCH, Engine
from .report import Answer, Loading, Ran
from .surroundings import Frame, Library
from .sweeping import TRIES

__all__ = ["BATCH", "TRIES", "Answer", "Engine", "Frame", "Library", "Loading", "Ran", "unknown_task"]
