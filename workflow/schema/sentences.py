"""Values that are small sentences: durations, dates, moments, conditions.

Conditions take their forms from the reader itself; the other patterns are compared with it by tests.
"""

from __future__ import annotations

import re

from ..calendar.duration import UNITS
from ..definition.conditions import PATTERNS
from ..moment import WEEKDAYS
from .shapes import NAME, Shape, either, pattern

_UNIT = "|".join(f"{unit[:-1]}s?" for unit in UNITS)
SPAN = rf"0*[1-9][0-9]{{0,8}}\s+(?:{_UNIT})"
DURATION = pattern(SPAN, "2 workdays", "10 days", "36 hours", "15 minutes", "1 month")

_DATE = r"(?:19[5-9][0-9]|1949|20[0-9]{2}|21[0-9]{2})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
DATE = pattern(_DATE, "2026-03-31")
DAY = _DATE

_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_DAYS = "|".join(
    (
        "workdays",
        r"day\s+(?:0?[1-9]|[12][0-9]|3[01])",
        r"month\s+end",
        r"quarter\s+(?:start|end)",
        r"year\s+start",
        rf"(?:{'|'.join(WEEKDAYS)})(?:\s+(?:{'|'.join(WEEKDAYS)}))*",
        NAME,
    )
)
MOMENT = pattern(
    rf"(?:(?:{_DAYS})\s+{_TIME}|{NAME})", "start 09:00", "mon 09:00", "workdays 09:00", "day 1 09:00"
)

AGAIN = pattern(rf"never|(?:after|every) {SPAN}", "after 5 workdays", "never", "every 5 minutes")
SET_DEADLINE = pattern(rf"(?:at least )?{SPAN}|{NAME}", "until", "5 workdays", "at least 5 workdays")
_MILESTONE = rf"campaign\s+{NAME}\s*"
A_MILESTONE = pattern(_MILESTONE, "campaign completion")
DEADLINE = pattern(
    rf"given|month end|none|{_MILESTONE}|{SPAN} after opened|{_DATE}",
    *("given", "none", "month end", "campaign completion", "15 workdays after opened"),
)


def _portable(regex: str) -> str:
    """A pattern of the reader's as JSON Schema has them: groups without names, any space between words."""
    return re.sub(r"\?P<\w+>", "?:", regex).replace(" ", r"\s+")


SENTENCE = pattern(
    rf"\s*(?:{'|'.join(map(_portable, PATTERNS))})\s*",
    *("overdue", "overdue by 3 workdays", "due in 3 workdays", "step overdue", "in state for 10 days"),
    *("nothing reported for 10 workdays", "score < 80", "open problems > 0", "parent ended"),
)
_PART: Shape = {"$ref": "#/$defs/condition"}
_PARTS = either({"type": "array", "items": _PART, "minItems": 1}, _PART)


def _combined(word: str, inner: Shape, zh: str, en: str) -> Shape:
    return {
        "type": "object",
        "properties": {word: {**inner, "description": f"{zh}\n\n{en}"}},
        "required": [word],
        "additionalProperties": False,
    }


CONDITION = either(
    SENTENCE,
    _combined("all", _PARTS, "且：各部分都成立。", "And: every part holds."),
    _combined("any", _PARTS, "或：至少一部分成立。", "Or: at least one part holds."),
    _combined("not", _PART, "并非：该部分已知且不成立。", "Not: the part is known and does not hold."),
)
A_CONDITION = _PART
