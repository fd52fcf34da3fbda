"""Virtual campaigns with invented people, through the real engine and a real database.

run.py     the loop: ring, plan, step, act        people.py   what invented people do, and when
dice.py    chance that can be repeated            shift.py    moving a pack in time
growing.py more units of a kind
report.py  what it came to
"""

from __future__ import annotations

from .growing import grown
from .people import CROWDS, Crowd
from .report import Report, story_task
from .run import Beside, Simulation, simulate
from .shift import moved

__all__ = ["CROWDS", "Beside", "Crowd", "Report", "Simulation", "grown", "moved", "simulate", "story_task"]
