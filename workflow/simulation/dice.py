"""Chance that can be repeated: every draw is a function of the seed and of what is drawn for.

A generator with a state would make each draw depend on all the draws before it; one more act anywhere
would change every life after it. Here a person's mood on a task depends on that task alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws that are keyed by what they are for."""

    def __init__(self, seed: int) -> None:
        self._seed = str(seed)
        self._salts = 0

    def roll(self, *keys: object) -> float:
        """A number from 0 up to, not including, 1."""
        return int.from_bytes(self._bytes(*keys)[:8], "big") / 2**64

    def between(self, low: float, high: float, *keys: object) -> float:
        """A number between two."""
        return low + (high - low) * self.roll(*keys)

    def choose(self, options: Sequence[T], *keys: object) -> T:
        """One of several."""
        return options[int(self.roll(*keys) * len(options))]

    def salt(self) -> bytes:
        """The next salt: repeatable, which is what a simulation wants and a ledger must not have."""
        self._salts += 1
        return self._bytes("salt", self._salts)[:16]

    def _bytes(self, *keys: object) -> bytes:
        return hashlib.sha256("|".join([self._seed, *map(str, keys)]).encode()).digest()
