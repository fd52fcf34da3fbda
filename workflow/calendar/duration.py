"""Durations as supervisors write them: `2 workdays`, `10 days`, `36 hours`, `15 minutes`, `1 month`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from workflow.text import Text

Unit = Literal["minutes", "hours", "days", "workdays", "months"]
UNITS: Final[tuple[Unit, ...]] = get_args(Unit)

_CHINESE: Final[dict[Unit, str]] = {
    "minutes": "分钟",
    "hours": "小时",
    "days": "天",
    "workdays": "个工作日",
    "months": "个月",
}
# A hundred years of each. Longer is a slip of the keyboard, and would only fail later and elsewhere.
_LONGEST: Final[dict[Unit, int]] = {
    "minutes": 52_560_000,
    "hours": 876_000,
    "days": 36_500,
    "workdays": 25_000,
    "months": 1_200,
}
_PATTERN: Final = re.compile(r"([0-9]{1,9})\s+(\S+)")


class Misread(ValueError):
    """Text of a definition that can't be read. `text` holds the sentence in both languages; the
    reader of definitions adds file and line."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


@dataclass(frozen=True, kw_only=True, slots=True)
class Duration:
    """A length of time that says what it counts. What it comes to, a `Calendar` decides."""

    amount: int
    """How many; from 1 up to a hundred years' worth."""
    unit: Unit
    """`minutes` and `hours` count to the millisecond, the others to the end of the last day."""

    def __post_init__(self) -> None:
        if not 1 <= self.amount <= _LONGEST[self.unit]:
            raise Misread(
                f"时长“{self.amount} {self.unit}”不在允许范围内：应为 1 至 {_LONGEST[self.unit]}。",
                f"'{self.amount} {self.unit}' is out of range: expected 1 to {_LONGEST[self.unit]}.",
            )

    def __str__(self) -> str:
        """Canonical English, readable by `parse_duration`: `1 month`, `2 workdays`."""
        return f"{self.amount} {self.unit[:-1] if self.amount == 1 else self.unit}"

    @property
    def text(self) -> Text:
        """For a reader: 2个工作日, 2 workdays."""
        return Text(f"{self.amount}{_CHINESE[self.unit]}", str(self))


def parse_duration(text: str) -> Duration:
    """A duration from a definition's words, singular or plural. Raises Misread, a ValueError."""
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise _unreadable(text)
    amount, word = match.groups()
    return Duration(amount=int(amount), unit=_unit(text, word))


def _unit(text: str, word: str) -> Unit:
    for unit in UNITS:
        if word in (unit, unit[:-1]):
            return unit
    raise _unreadable(text, word)


def _unreadable(text: str, word: str = "") -> Misread:
    zh, en = _hint(word)
    return Misread(
        f"看不懂时长“{text}”：应写数字加单位，如 2 workdays、10 days、36 hours、15 minutes、1 month{zh}。",
        f"'{text}' is not a duration: expected a number and a unit, like 2 workdays, 10 days, 36 hours, "
        f"15 minutes or 1 month{en}.",
    )


def _hint(word: str) -> Text:
    if word.lower() in ("week", "weeks"):
        return Text("；一周请写 7 days 或 5 workdays", "; for a week say 7 days or 5 workdays")
    near = difflib.get_close_matches(word.lower(), UNITS, n=1)
    return Text(f"；是否想写 {near[0]}？", f"; did you mean {near[0]}?") if near else Text("", "")
