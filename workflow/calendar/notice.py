"""Holiday notices as a person types them off the authority's page.

    # 国务院办公厅关于 2027 年部分节假日安排的通知
    year 2027
    source 国办发明电〔2026〕7号
    2027-02-05..2027-02-11 off 春节 / Spring Festival
    2027-02-14 work

One thing a line; `#` begins a comment. `A..B` is every day from A to B. `off` needs the festival's name,
English after a slash if wanted; `work` is a weekend day that is worked. Days of the December before the
year may be named, because notices do. Everything wrong is told at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from workflow.errors import CalendarError
from workflow.text import Text

from .year import SATURDAY, CalendarYear, belongs

LARGEST_NOTICE: Final = 64 * 1024
"""Characters. A real notice has some thirty lines."""

_DAYS: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?\s+(\S+)\s*(.*)")
_EXPECTED: Final = Text(
    "“year 2027”、“source 文号”、“2027-02-05 off 春节”、“2027-02-05..2027-02-11 off 春节”或“2027-02-14 work”",
    "`year 2027`, `source DOCUMENT`, `2027-02-05 off NAME`, `2027-02-05..2027-02-11 off NAME` or "
    "`2027-02-14 work`",
)
_ENGLISH: Final = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "农历除夕": "Chinese New Year's Eve",
    "除夕": "Chinese New Year's Eve",
    "清明节": "Tomb-Sweeping Day",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}


def import_notice(text: str) -> CalendarYear:
    """The published year that a notice decrees. Raises CalendarError listing every wrong line, with what
    was found there and what was expected."""
    draft = _Draft()
    if len(text) > LARGEST_NOTICE:
        draft.wrong(0, f"{len(text)} characters", Text(f"至多 {LARGEST_NOTICE}", f"at most {LARGEST_NOTICE}"))
    else:
        for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
            _read_line(draft, number, line.split("#", 1)[0].strip())
        _check_whole(draft)
    if draft.problems:
        raise _refused(draft.problems)
    return CalendarYear(
        year=draft.year,
        status="published",
        source=draft.source,
        holidays=draft.holidays,
        makeup=frozenset(draft.makeup),
    )


@dataclass(kw_only=True, slots=True)
class _Draft:
    """What has been read so far; the only mutable thing here."""

    year: int = 0
    source: str = ""
    holidays: dict[date, Text] = field(default_factory=dict)
    makeup: set[date] = field(default_factory=set)
    lines: dict[date, int] = field(default_factory=dict)
    problems: list[Text] = field(default_factory=list)

    def wrong(self, number: int, found: str, expected: Text) -> None:
        """Note a problem; line 0 is the notice as a whole."""
        where = Text(f"第 {number} 行", f"line {number}") if number else Text("整份通知", "the notice")
        self.problems.append(
            Text(
                f"{where.zh}：写的是“{found}”，应为{expected.zh}",
                f"{where.en}: found '{found}', expected {expected.en}",
            )
        )


def _refused(problems: list[Text]) -> CalendarError:
    zh = "\n".join(problem.zh for problem in problems)
    en = "\n".join(problem.en for problem in problems)
    return CalendarError(
        f"放假通知未导入，有 {len(problems)} 处错误，请更正后重试：\n{zh}",
        f"The notice was not imported: {len(problems)} problems. Correct them and try again:\n{en}",
    )


def _read_line(draft: _Draft, number: int, line: str) -> None:
    if not line:
        return
    word, _, rest = line.partition(" ")
    if word == "year":
        _read_year(draft, number, line, rest.strip())
    elif word == "source":
        draft.source = rest.strip()
    elif match := _DAYS.fullmatch(line):
        first, last, verb, name = match.groups()
        _read_days(draft, number, line, first, last or first, verb, name)
    else:
        draft.wrong(number, line, _EXPECTED)


def _read_year(draft: _Draft, number: int, line: str, value: str) -> None:
    if draft.year or draft.lines:
        draft.wrong(number, line, Text("年份只写一次，写在所有日期之前", "the year once, before all days"))
    elif not re.fullmatch(r"(19|20|21)\d\d", value):
        draft.wrong(number, line, Text("四位年份，如“year 2027”", "a year of four digits, like `year 2027`"))
    else:
        draft.year = int(value)


def _read_days(draft: _Draft, number: int, line: str, first: str, last: str, verb: str, name: str) -> None:
    if verb not in ("off", "work") or (verb == "off") != bool(name):
        draft.wrong(number, line, _EXPECTED)
        return
    try:
        start, stop = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        draft.wrong(number, line, Text("日历上存在的日期", "a date that exists"))
        return
    if stop < start or (stop - start).days > 31:
        draft.wrong(
            number,
            line,
            Text("先早后晚、至多一个月的一段日期", "a span of days, earlier first, a month at most"),
        )
        return
    for offset in range((stop - start).days + 1):
        _read_day(draft, number, start + timedelta(days=offset), name)


def _read_day(draft: _Draft, number: int, day: date, name: str) -> None:
    if problem := _problem_of(draft, day, works=not name):
        draft.wrong(number, day.isoformat(), problem)
        return
    draft.lines[day] = number
    if name:
        draft.holidays[day] = _both_names(name)
    else:
        draft.makeup.add(day)


def _problem_of(draft: _Draft, day: date, *, works: bool) -> Text | None:
    if draft.year and not belongs(day, draft.year):
        return Text(
            f"{draft.year} 年或此前一个月的日期", f"a day of {draft.year}, or of the December before it"
        )
    if day in draft.lines:
        earlier = draft.lines[day]
        return Text(f"每天只写一次（第 {earlier} 行已写）", f"each day once (line {earlier} has it)")
    if works and day.weekday() < SATURDAY:
        return Text("周六或周日：只有周末才能调休上班", "a Saturday or Sunday: only weekend days are made up")
    return None


def _check_whole(draft: _Draft) -> None:
    if not draft.year:
        draft.wrong(0, "no year", Text("一行“year 2027”，写在最前", "a line `year 2027`, first"))
    if not draft.source:
        draft.wrong(0, "no source", Text("一行“source 文号”", "a line `source DOCUMENT`"))
    if not draft.holidays:
        draft.wrong(0, "no day off", Text("至少一行放假（off）", "at least one line with `off`"))


def _both_names(name: str) -> Text:
    zh, slash, en = (part.strip() for part in name.partition("/"))
    if slash and en:
        return Text(zh, en)
    return Text(zh, ", ".join(_ENGLISH.get(part, part) for part in zh.split("、")))
