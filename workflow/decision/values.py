"""Checking what a person reports before it becomes a fact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from ..calendar import Calendar
from ..combining import is_piled
from ..definition.cursor import DAY, as_day, micro
from ..definition.model import Fact
from ..definition.terms import MICRO
from ..errors import BadValue

MAX_TEXT = 4_000  # characters
_ID = re.compile(r"[0-9]{1,15}")  # more digits don't fit the numbers of JSON
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHOWN = 60


def check_value(fact: Fact, raw: Any) -> Any:
    """The value as it is stored, from what was typed or sent.

    Numbers are stored as JSON numbers with at most 6 decimals, dates as ISO strings, everything else
    as text; units and persons by id.

    Raises:
        BadValue: says what was found and what is expected.
    """
    if fact.type in ("number", "percent", "count"):
        return _number(fact, raw)
    if fact.type == "date":
        return _date(fact, raw)
    if fact.type in ("unit", "person"):
        return _id(fact, raw)
    return _text(fact, raw)


def _number(fact: Fact, raw: Any) -> int | float:
    parsed = micro(str(raw).removesuffix("%")) if not isinstance(raw, bool) else None
    if parsed is None or (fact.type == "count" and parsed % MICRO):
        whole = fact.type == "count"
        raise _bad(
            fact, raw, "整数" if whole else "数字（小数最多 6 位）", "a whole number" if whole else "a number"
        )
    if fact.min is not None and parsed < fact.min:
        raise _bad(fact, raw, f"不小于 {_shown(fact.min)}", f"at least {_shown(fact.min)}")
    if fact.max is not None and parsed > fact.max:
        raise _bad(fact, raw, f"不大于 {_shown(fact.max)}", f"at most {_shown(fact.max)}")
    return parsed // MICRO if parsed % MICRO == 0 else parsed / MICRO


def _shown(value: int) -> str:
    return f"{value / MICRO:g}"


def _date(fact: Fact, raw: Any) -> str:
    found = as_day(str(raw).strip())
    if found is None:
        raise _bad(fact, raw, *DAY)
    return found.isoformat()


def _id(fact: Fact, raw: Any) -> int:
    text = str(raw)
    if isinstance(raw, bool) or not _ID.fullmatch(text):
        raise _bad(fact, raw, "编号", "an id")
    return int(text)


def _text(fact: Fact, raw: Any) -> str:
    text = str(raw).strip() if isinstance(raw, str | int | float) else ""
    if fact.type == "choice" and text not in fact.choices:
        raise _bad(fact, raw, f"{'、'.join(fact.choices)} 之一", f"one of {', '.join(fact.choices)}")
    if fact.type == "yes/no" and text not in ("yes", "no"):
        raise _bad(fact, raw, "yes 或 no", "yes or no")
    if fact.type == "file" and not _SHA256.fullmatch(text):
        raise _bad(fact, raw, "已存文件的 SHA-256", "the SHA-256 of a stored file")
    if not text or len(text) > MAX_TEXT or "\x00" in text:
        raise _bad(fact, raw, f"1 至 {MAX_TEXT} 字的文字", f"a text of 1 to {MAX_TEXT} characters")
    if is_piled(text):
        raise _bad(fact, raw, "没有堆叠符号的文字", "a text without signs piled on one character")
    return text


def check_row(columns: Mapping[str, Fact], name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a list with every column filled.

    Raises:
        BadValue: a column is unknown, missing or wrong.
    """
    unknown = sorted(set(raw) - set(columns))
    missing = [column for column in columns if column not in raw]
    if unknown or missing:
        listed = ", ".join(columns)
        found = f"多出 {'、'.join(unknown) or '无'}，缺少 {'、'.join(missing) or '无'}"
        raise BadValue(
            f"清单 {name} 的一行未被接受：{found}。每行须填齐：{listed}。",
            f"A row of {name} was refused: unknown {unknown or 'none'}, missing {missing or 'none'}. "
            f"Fill in every column: {listed}.",
        )
    return {column: check_value(fact, raw[column]) for column, fact in columns.items()}


def check_covered(fact: Fact, value: str, calendar: Calendar) -> None:
    """A date in a year of which no calendar knows can't be reckoned with: most often a slip of the keyboard.

    Raises:
        BadValue: it is one.
    """
    if calendar.covers(date.fromisoformat(value)):
        return
    first, last = min(calendar.years), max(calendar.years)
    raise _bad(fact, value, f"{first} 至 {last} 年间的日期", f"a date from {first} to {last}")


def check_future(fact: Fact, value: str, calendar: Calendar, now: int) -> None:
    """A date that becomes a deadline must not have passed.

    Raises:
        BadValue: it has.
    """
    if calendar.end_of(date.fromisoformat(value)) < now:
        today = calendar.day_of(now).isoformat()
        raise _bad(fact, value, f"今天（{today}）或以后的日期", f"today ({today}) or a later date")


def _bad(fact: Fact, raw: Any, zh: str, en: str) -> BadValue:
    found = str(raw)[:_SHOWN]
    return BadValue(
        f"“{fact.label.zh}”（{fact.name}）未被接受：填了 {found!r}，应为{zh}。改正后再报。",
        f"{fact.label.en} ({fact.name}) was refused: {found!r} is not {en}. Correct it and try again.",
    )
