"""Virtual campaigns with invented people, through the real engine and a real database.

run.py     the loop: ring, plan, step, act        people.py   what invented people do, and when
dice.py    chance that can be repeated            players.py  who of them acts next
growing.py more units of a kind                   shift.py    moving a pack in time
report.py  what it came to                        live.py     going on, at a pace of one's choice
"""

from __future__ import annotations

from .dice import Dice
from .growing import grown
from .live import Live
from .people import CROWDS, Crowd
from .players import Players, keep_papers
from .report import Report, story_task
from .run import Beside, Simulation, simulate
from .shift import moved

__all__ = [
    "CROWDS",
    "Beside",
    "Crowd",
    "Dice",
    "Live",
    "Players",
    "Report",
    "Simulation",
    "grown",
    "keep_papers",
    "moved",
    "simulate",
    "story_task",
]
