"""Salts that are the same in every run: a counter, so that a failed story can be told again."""

from __future__ import annotations

import itertools
from collections.abc import Callable


def counted_salts() -> Callable[[], bytes]:
    """16 bytes, never the same twice."""
    numbers = itertools.count(1)
    return lambda: next(numbers).to_bytes(16, "big")
