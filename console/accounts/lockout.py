"""After how many wrong passwords an account rests, and for how long. Pure."""

from __future__ import annotations

FREE = 5  # wrong ones in a row that cost nothing but themselves
FIRST = 60_000  # ms of the first rest; each further wrong one doubles it
LONGEST = 60 * 60_000  # ms


def rest_after(failures: int) -> int:
    """How long an account rests after so many wrong passwords in a row, in ms."""
    if failures < FREE:
        return 0
    return min(LONGEST, FIRST << min(failures - FREE, 10))
