"""What stands in a cell, as a value: strict, but for the slips of a keyboard that leave no doubt.

Full-width digits and letters are taken as plain ones, spaces around a value are dropped, numbers and
dates may be written as text if they can be read in one way only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

from workflow.combining import is_piled
from workflow.decision.values import MAX_TEXT, check_value
from workflow.definition.cursor import DAY, NAME, as_day
from workflow.definition.model import Fact
from workflow.definition.terms import MICRO
from workflow.errors import BadValue
from workflow.text import Text

from .problems import Wrong

CODE = Text(
    "小写字母开头、只含小写字母、数字和下划线的代码",
    "a code: lower-case letters, digits and underscores, a letter first",
)
YES_NO = Text("“是”或“否”", "yes or no")
_A_TEXT = Text("文字", "a text")
_SHORT = Text(f"1 至 {MAX_TEXT} 字的文字", f"a text of 1 to {MAX_TEXT} characters")
_A_NUMBER = Text("数字", "a number")
_DAY = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)"
)
_YES = {"是": True, "yes": True, "否": False, "no": False}


class Cell(NamedTuple):
    """A cell that isn't blank."""

    value: Any
    sort: str = "s"  # as openpyxl tells: s text, n number, b yes/no, d date, e error, f formula
    percent: bool = False  # a number that is shown as a percentage


Reader = Callable[[Cell], Any]
"""From a cell to its value. Raises `Wrong`."""


def plain(cell: Cell) -> str:
    """A code, a number, a date as it was typed: full-width characters are plain ones."""
    return unicodedata.normalize("NFKC", _typed(cell)).strip()


def text(cell: Cell) -> str:
    """A text as it was typed, without the spaces around it."""
    found = _typed(cell).strip()
    if any(unicodedata.category(one) == "Cc" and one not in "\n\t" for one in found):
        raise Wrong(Text("不含控制字符的文字", "a text without control characters"))
    if not found:
        raise Wrong(_SHORT)
    return found


def label(cell: Cell) -> str:
    """A name: a short text on one line."""
    found = text(cell)
    if len(found) > 100 or "\n" in found:
        raise Wrong(Text("一行、100 字以内的名称", "a name on one line, of at most 100 characters"))
    return found


def _typed(cell: Cell) -> str:
    if cell.sort == "n":
        return f"{cell.value:.15g}" if isinstance(cell.value, float) else str(cell.value)
    if not isinstance(cell.value, str):
        raise Wrong(_A_TEXT)
    if len(cell.value) > MAX_TEXT:
        raise Wrong(_SHORT)
    if is_piled(cell.value):
        raise Wrong(Text("没有堆叠符号的文字", "a text without signs piled on one character"))
    return cell.value


def code(cell: Cell) -> str:
    """A code of Duban."""
    found = plain(cell)
    if not NAME.fullmatch(found):
        raise Wrong(CODE)
    return found


def number_of_line(cell: Cell) -> str:
    """What a line of work is called: any short word."""
    found = plain(cell)
    if not found or len(found) > 60 or not found.isprintable():
        raise Wrong(Text("60 字以内的编号", "a number or word of at most 60 characters"))
    return found


def day(cell: Cell) -> date:
    """A day: a date of Excel's, or a text that is one beyond doubt (the year first)."""
    if isinstance(cell.value, datetime):
        if cell.value.time() != time():
            raise Wrong(Text("不带时刻的日期", "a date without a time of day"))
        return _within(cell.value.date().isoformat())
    if isinstance(cell.value, date):
        return _within(cell.value.isoformat())
    match = _DAY.fullmatch(plain(cell)) if isinstance(cell.value, str) else None
    if match is None:
        raise Wrong(DAY)
    year, month, number = (one for one in match.groups() if one)
    return _within(f"{year}-{month:0>2}-{number:0>2}")


def _within(written: str) -> date:
    found = as_day(written)
    if found is None:
        raise Wrong(DAY)
    return found


def yes_no(cell: Cell) -> bool:
    """Yes or no, in either language."""
    found = cell.value if isinstance(cell.value, bool) else _YES.get(plain(cell).casefold())
    if not isinstance(found, bool):
        raise Wrong(YES_NO)
    return found


def one_of(labels: Mapping[str, Text], what: Text) -> Reader:
    """A code out of several, alone or as the drop-down list writes it: with its name behind it."""

    def read(cell: Cell) -> str:
        found, _, name = plain(cell).partition(" ")
        own = labels.get(found)
        if own is None:
            raise Wrong(Text(f"已有的{what.zh}代码", f"the code of a known {what.en}"))
        if name and name.strip() not in {unicodedata.normalize("NFKC", one).strip() for one in own}:
            raise Wrong(
                Text(f"“{found} {own.zh}”，代码与名称须相符", f"'{found} {own.en}': code and name fit")
            )
        return found

    return read


def fact(own: Fact, ids: Mapping[str, Mapping[str, int]]) -> Reader:
    """A fact as the engine takes it.

    Args:
        ids: `unit` and `person` -> code -> id.
    """

    def read(cell: Cell) -> Any:
        try:
            return check_value(own, _raw(own, cell, ids))
        except BadValue as error:
            raise Wrong(expected(own)) from error

    return read


def _raw(own: Fact, cell: Cell, ids: Mapping[str, Mapping[str, int]]) -> Any:
    if own.type == "date":
        return day(cell).isoformat()
    if own.type == "yes/no":
        return "yes" if yes_no(cell) else "no"
    if own.type in ids:
        return ids[own.type].get(plain(cell).partition(" ")[0], "")
    if own.type in ("number", "percent", "count"):
        return _number(own, cell)
    return text(cell)


def _number(own: Fact, cell: Cell) -> str:
    """Digits as the engine reads them. A cell that shows 60% holds 0.6."""
    if isinstance(cell.value, bool):
        raise Wrong(_A_NUMBER)
    if cell.percent and own.type != "percent":
        raise Wrong(
            Text("数字，单元格不要用百分比格式", "a number in a cell without the format of percentages")
        )
    if cell.percent:
        return f"{cell.value * 100:.12g}"
    return plain(cell)


def expected(own: Fact) -> Text:
    """What a fact takes, in words."""
    if own.type in ("number", "percent", "count"):
        what = Text("整数", "a whole number") if own.type == "count" else _A_NUMBER
        low, high = (None if one is None else f"{one / MICRO:g}" for one in (own.min, own.max))
        if low is not None and high is not None:
            return Text(f"{low} 至 {high} 的{what.zh}", f"{what.en} from {low} to {high}")
        if low is not None:
            return Text(f"不小于 {low} 的{what.zh}", f"{what.en} of at least {low}")
        return what if high is None else Text(f"不大于 {high} 的{what.zh}", f"{what.en} of at most {high}")
    if own.type == "choice":
        return Text(f"{'、'.join(own.choices)}之一", f"one of {', '.join(own.choices)}")
    return {
        "date": DAY,
        "yes/no": YES_NO,
        "unit": Text("已有的单位代码", "the code of a known unit"),
        "person": Text("已有的人员代码", "the code of a known person"),
    }.get(own.type, Text(f"1 至 {MAX_TEXT} 字的文字", f"a text of 1 to {MAX_TEXT} characters"))
