"""load -> decide -> apply.

core.py          what people and the clock do, each in one transaction
surroundings.py  packs, calendars and people, cached until they change
writing.py       from decisions to rows, the tasks they open included
"""

from __future__ import annotations

from .core import BATCH, TRIES, Answer, Engine, Loading, Ran, unknown_task
from .surroundings import Frame, Library

__all__ = ["BATCH", "TRIES", "Answer", "Engine", "Frame", "Library", "Loading", "Ran", "unknown_task"]
