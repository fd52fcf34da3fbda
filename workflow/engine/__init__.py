"""load -> decide -> apply.

core.py          the engine: what people, the clock and rounds may ask of it
asked.py         what every request meets first: a hold, which campaign is meant
authority.py     who may decide for a whole campaign or the organisation
acting.py        what people do to a task
everyday.py      what an everyday act needs to know beside the task
opening.py       a task opened by hand
importing.py     tasks from a workbook
loading.py       bringing a pack into force
replanning.py    moving milestones
years.py         a published year comes in
migrating.py     families onto another version
changes.py       what a report of these two shows first
handing.py       somebody leaves
merging.py       units that are renamed or merge
yearly.py        a year ends
batches.py       doing one thing to many tasks that nobody acts on
sweeping.py      what the clock does: batches, tries, setting aside
firing.py        rounds and their moments
drawing.py       the pairs of a round
surroundings.py  packs, calendars, people: cached until they change
milestones.py    a campaign with its milestones where people have moved them
claimed.py       from rows to tasks
writing.py       from decisions to rows, tasks they open included
burden.py        that nobody is checked more often than the campaign says
numbering.py     giving documents their numbers
sources.py       who hears that a source has changed
report.py        what the engine answers
memory.py        keeping the collector calm
"""

from __future__ import annotations

from .acting import unknown_task
from .core import BATCH, Engine
from .report import Answer, Loading, Ran
from .surroundings import Frame, Library
from .sweeping import TRIES

__all__ = ["BATCH", "TRIES", "Answer", "Engine", "Frame", "Library", "Loading", "Ran", "unknown_task"]
