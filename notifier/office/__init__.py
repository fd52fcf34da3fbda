"""The office: takes what the engine left, gathers it by person, writes it, sends it, keeps what came of it.

core.py       one round
desk.py       what every part has at hand
people.py     what is known of people
taking.py     from outgoing rows to open deliveries
writing.py    open deliveries whose time has come: rendered, their bytes fixed
claiming.py   what a channel sends next
runner.py     a channel's threads
settling.py   what came of tries and receipts
failing.py    another way for what can't be sent
reporting.py  what operators must know
"""

from __future__ import annotations

from .core import Office
from .desk import OfficeRan, Writer

__all__ = ["Office", "OfficeRan", "Writer"]
