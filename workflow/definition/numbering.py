"""Patterns of document numbers: `督办函〔{year}〕{n}号`."""

from __future__ import annotations

import re

from .cursor import Cursor, text

YEAR, N = "{year}", "{n}"
LONGEST = 80  # characters; a number stands in a line of the history
_PLACES = re.compile(r"\{[^{}]*\}")


def pattern(cursor: Cursor) -> str | None:
    """A pattern with exactly one `{n}`, and `{year}` if wanted; None after a complaint."""
    value = text(cursor)
    if value is None:
        return None
    places = _PLACES.findall(value)
    for place in places:
        if place not in (YEAR, N):
            cursor.fail(
                "占位符 {n} 或 {year}", "the placeholders {n} and {year}", found=place, words=(YEAR, N)
            )
            return None
    bare = _PLACES.sub("", value)
    if places.count(N) != 1 or "{" in bare or "}" in bare:
        cursor.fail("恰有一个 {n}（序号）的编号格式", "a pattern with exactly one {n}, the running number")
        return None
    if len(value) > LONGEST:
        cursor.fail(f"最多 {LONGEST} 字的编号格式", f"a pattern of at most {LONGEST} characters")
        return None
    return value


def filled(wanted: str, year: int, n: int) -> str:
    """The number itself."""
    return wanted.replace(YEAR, str(year)).replace(N, str(n))
