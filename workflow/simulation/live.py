"""A played campaign that goes on: invented people act, at a pace that can be changed while one looks.

The clock stands between two rings and moves at each, from one moment at which something is due to the
next: however fast it runs, everything is acted on in time, as in a simulation. Both of its hands move
alike, so whoever judges it sees time that passes, and no jump.
"""

from __future__ import annotations

from typing import Final

from ..clock import Clock, VirtualClock
from ..engine import Engine
from .players import Players

LONGEST: Final = 1_000  # ms of real time that one ring makes up for: a machine that was asleep skips the rest
_AT_A_STRETCH: Final = 500  # ms of real time at work in one ring: then whoever asks for a stop is heard


class Live:
    """Time and people of a demonstration."""

    def __init__(self, engine: Engine, players: Players, clock: VirtualClock, machine: Clock) -> None:
        self._engine, self._players, self._clock, self._machine = engine, players, clock, machine
        self._rung = machine.boot()
        self.pace = 1  # virtual ms for each ms: 0 stands still

    def go_on(self) -> None:
        """Let as much time pass as the pace asks for since the last ring, or as much as can be worked off."""
        began = self._machine.boot()
        passed, self._rung = min(began - self._rung, LONGEST), began
        until = self._clock.now() + passed * self.pace
        while self._clock.now() < until and self._machine.boot() - began < _AT_A_STRETCH:
            self._step(until)

    def _step(self, until: int) -> None:
        """To the next instant at which the clock or a person has something to do."""
        now = self._clock.now()
        self._players.plan(now)
        instants = (self._engine.next_due(now), self._players.next_at(), until)
        self._clock.set(max(min(one for one in instants if one is not None), now + 1))
        self._players.act(self._clock.now())
        self._engine.run_once(self._clock.now())
