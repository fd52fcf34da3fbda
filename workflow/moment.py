"""The moments of rounds: when a round comes round again (DESIGN §4, Moments).

A moment is said in local time and happens once for each local date it names. That date is its identity:
it stays the same when a holiday moves the occurrence to a workday, when two occurrences land on the same
workday, and when the zone's clocks skip or repeat the hour.

    start            start 08:30          a milestone of the campaign; 00:00 unless a time is given
    mon 09:00        mon thu 09:00        weekdays by name
    workdays 09:00                        every working day
    day 1 09:00      month end 17:00      a day of the month, clipped to the month's end
    quarter start 09:00                   1 January, April, July, October
    quarter end 17:00                     31 March, 30 June, 30 September, 31 December
    year start 09:00                      1 January
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, get_args

from .calendar import Calendar, Misread, last_of_month
from .errors import Unknown
from .text import Text

OnHoliday = Literal["next workday", "previous workday", "run anyway", "skip"]
ON_HOLIDAY: Final[tuple[OnHoliday, ...]] = get_args(OnHoliday)

Kind = Literal[
    "milestone", "weekdays", "workdays", "day", "month end", "quarter start", "quarter end", "year start"
]
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_HORIZON_MS: Final = 5 * 366 * 86_400_000
_ONE_DAY: Final = timedelta(days=1)
_EVERY_MONTH: Final = tuple(range(1, 13))
_MONTHS: Final[dict[Kind, tuple[int, ...]]] = {
    "day": _EVERY_MONTH,
    "month end": _EVERY_MONTH,
    "quarter start": (1, 4, 7, 10),
    "quarter end": (3, 6, 9, 12),
    "year start": (1,),
}
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


# ---------------------------------------------------------------- what is said


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """When a round comes round. Made by its named constructors, or by `parse_moment`."""

    kind: Kind
    """Which of the ways of naming days."""
    hour: int
    """0 to 23, local."""
    minute: int
    """0 to 59, local."""
    milestone: str = ""
    """The milestone's name, of the kind `milestone`."""
    numbers: tuple[int, ...] = ()
    """Of the kind `weekdays` 0 (Monday) to 6, ascending; of the kind `day` one number, 1 to 31."""

    @classmethod
    def at_milestone(cls, name: str, hour: int = 0, minute: int = 0) -> Moment:
        """On the milestone's date."""
        return cls(kind="milestone", hour=hour, minute=minute, milestone=name)

    @classmethod
    def on_weekdays(cls, numbers: Collection[int], hour: int, minute: int) -> Moment:
        """Every week on these weekdays, 0 being Monday."""
        return cls(kind="weekdays", hour=hour, minute=minute, numbers=tuple(sorted(set(numbers))))

    @classmethod
    def on_workdays(cls, hour: int, minute: int) -> Moment:
        """Every working day."""
        return cls(kind="workdays", hour=hour, minute=minute)

    @classmethod
    def on_day(cls, number: int, hour: int, minute: int) -> Moment:
        """Every month on this day, or on the month's last if it is shorter."""
        return cls(kind="day", hour=hour, minute=minute, numbers=(number,))

    @classmethod
    def at(
        cls, kind: Literal["month end", "quarter start", "quarter end", "year start"], hour: int, minute: int
    ) -> Moment:
        """On the first or last day of a month, quarter or year."""
        return cls(kind=kind, hour=hour, minute=minute)

    def __str__(self) -> str:
        """Canonical words, readable by `parse_moment`."""
        return f"{self._days()} {self.hour:02}:{self.minute:02}"

    def _days(self) -> str:
        if self.kind == "milestone":
            return self.milestone
        if self.kind == "weekdays":
            return " ".join(WEEKDAYS[number] for number in self.numbers)
        return f"day {self.numbers[0]}" if self.kind == "day" else self.kind

    @property
    def text(self) -> Text:
        """For a reader: 每周一、周四 09:00, every Mon, Thu 09:00."""
        zh, en = self._days_text()
        time = f"{self.hour:02}:{self.minute:02}"
        return Text(f"{zh} {time}", f"{en} {time}")

    def _days_text(self) -> Text:
        if self.kind == "milestone":
            return Text(f"节点“{self.milestone}”当日", f"on milestone {self.milestone}")
        if self.kind == "weekdays":
            zh = "、".join(f"周{'一二三四五六日'[number]}" for number in self.numbers)
            return Text(f"每{zh}", "every " + ", ".join(WEEKDAYS[number].title() for number in self.numbers))
        if self.kind == "day":
            return Text(f"每月{self.numbers[0]}日", f"every month on day {self.numbers[0]}")
        return _DAYS_TEXT[self.kind]


_DAYS_TEXT: Final[dict[Kind, Text]] = {
    "workdays": Text("每个工作日", "every workday"),
    "month end": Text("每月最后一天", "on every month's last day"),
    "quarter start": Text("每季度第一天", "on every quarter's first day"),
    "quarter end": Text("每季度最后一天", "on every quarter's last day"),
    "year start": Text("每年1月1日", "every year on 1 January"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """One time that a moment happens."""

    nominal_day: date
    """The local date it is named after: its identity within its round, wherever it was moved."""
    at: int
    """When it happens, milliseconds since the epoch."""
    moved_from: date | None
    """`nominal_day` if a day off moved it to another day, else None."""


# ---------------------------------------------------------------- reading


def parse_moment(text: str, milestones: Collection[str]) -> Moment:
    """A moment from a definition's words. Raises Misread, a ValueError, saying what was expected.

    The words of this language come before milestones: a milestone called `mon` can't be named here.
    """
    *words, last = text.split() or [""]
    time = _TIME.fullmatch(last)
    if time is None:
        if words == [] and last in milestones and not _is_reserved(last):
            return Moment.at_milestone(last)
        raise _unreadable(text, last, milestones)
    return _with_time(text, words, (int(time[1]), int(time[2])), milestones)


def _with_time(text: str, words: list[str], time: tuple[int, int], milestones: Collection[str]) -> Moment:
    match words:
        case ["workdays"]:
            return Moment.on_workdays(*time)
        case ["day", number]:
            return Moment.on_day(_day_number(text, number), *time)
        case [("month" | "quarter" | "year"), ("start" | "end")]:
            return _at_edge(text, words, time)
        case [name] if name in milestones and not _is_reserved(name):
            return Moment.at_milestone(name, *time)
        case [*names] if names and all(name in WEEKDAYS for name in names):
            return Moment.on_weekdays(_weekday_numbers(text, names), *time)
    _refuse_mixture(text, words)
    raise _unreadable(text, words[0] if words else "", milestones)


def _at_edge(text: str, words: Sequence[str], time: tuple[int, int]) -> Moment:
    match " ".join(words):
        case ("month end" | "quarter start" | "quarter end" | "year start") as kind:
            return Moment.at(kind, *time)
        case "month start":
            raise Misread(
                f"“{text}”未采用：月初请写 day 1。", f"'{text}' was not taken: for a month's start say day 1."
            )
    raise Misread(
        f"“{text}”未采用：年末请写 quarter end 或里程碑。",
        f"'{text}' was not taken: for a year's end say quarter end, or name a milestone.",
    )


def _day_number(text: str, number: str) -> int:
    if re.fullmatch(r"[0-9]{1,2}", number) and 1 <= int(number) <= 31:
        return int(number)
    raise Misread(
        f"“{text}”未采用：“{number}”不是 1 至 31 的日子；月末请写 month end。",
        f"'{text}' was not taken: '{number}' is no day from 1 to 31; for a month's last day say month end.",
    )


def _weekday_numbers(text: str, names: Sequence[str]) -> tuple[int, ...]:
    if len(set(names)) < len(names):
        raise Misread(
            f"“{text}”未采用：同一星期几写了两次。", f"'{text}' was not taken: a weekday is named twice."
        )
    return tuple(WEEKDAYS.index(name) for name in names)


def _refuse_mixture(text: str, words: Sequence[str]) -> None:
    """`day 1 mon` is read as "and" by some and as "or" by others (cron does the latter)."""
    if any(word in WEEKDAYS for word in words) and any(word in ("day", "month") for word in words):
        raise Misread(
            f"“{text}”未采用：每月几日与星期几不能同写，请分成两个轮次。",
            f"'{text}' was not taken: a day of the month together with a weekday; make it two rounds.",
        )


def _is_reserved(name: str) -> bool:
    return name in WEEKDAYS or name in ("workdays", "day", "month", "quarter", "year")


def _unreadable(text: str, word: str, milestones: Collection[str]) -> Misread:
    known = [*WEEKDAYS, "workdays", "day", "month end", "quarter start", "quarter end", "year start"]
    near = difflib.get_close_matches(word, [*known, *milestones], n=1)
    hint = Text(f"；是否想写 {near[0]}？", f"; did you mean {near[0]}?") if near else Text("", "")
    return Misread(
        f"看不懂时刻“{text}”：应写里程碑名，或 mon 09:00、mon thu 09:00、workdays 09:00、day 1 09:00、"
        f"month end 17:00、quarter start 09:00、quarter end 17:00、year start 09:00{hint.zh}。",
        f"'{text}' is not a moment: expected a milestone, or a form like mon 09:00, mon thu 09:00, "
        f"workdays 09:00, day 1 09:00, month end 17:00, quarter start 09:00, quarter end 17:00, "
        f"year start 09:00{hint.en}.",
    )


# ---------------------------------------------------------------- when it happens


def next_after(
    moment: Moment,
    after: int | Occurrence,
    calendar: Calendar,
    milestones: Mapping[str, date],
    on_holiday: OnHoliday,
) -> Occurrence | None:
    """The first occurrence later than an instant (ms), or the one following another occurrence.

    Go on from an occurrence with that occurrence, not with its instant: two of them may have been moved
    to the same one. None: a milestone that lies behind, or, of a moment that days off keep skipping,
    nothing within five years. Raises CalendarError for a year without data, Unknown for a milestone
    that the campaign doesn't have.
    """
    until = None
    if moment.kind != "milestone":
        until = (after.at if isinstance(after, Occurrence) else after) + _HORIZON_MS
    return next(_occurrences(moment, after, until, calendar, milestones, on_holiday), None)


def between(
    moment: Moment,
    after: int | Occurrence,
    until: int,
    calendar: Calendar,
    milestones: Mapping[str, date],
    on_holiday: OnHoliday,
) -> Iterator[Occurrence]:
    """All occurrences later than `after` and not later than `until` (ms), by nominal day.

    Consecutive stretches (a, b], (b, c] … meet each occurrence exactly once. Raises like `next_after`.
    """
    return _occurrences(moment, after, until, calendar, milestones, on_holiday)


def _occurrences(
    moment: Moment,
    after: int | Occurrence,
    until: int | None,
    calendar: Calendar,
    milestones: Mapping[str, date],
    on_holiday: OnHoliday,
) -> Iterator[Occurrence]:
    passed = after if isinstance(after, int) else None
    first = _first_candidate(after, calendar, on_holiday)
    for nominal in _nominal_days(moment, first, calendar, milestones):
        if until is not None and on_holiday != "previous workday" and calendar.start_of(nominal) > until:
            return  # before a year is asked for that may not be loaded
        occurrence = _occurrence(moment, nominal, calendar, on_holiday)
        if occurrence is None or (passed is not None and occurrence.at <= passed):
            continue
        if until is not None and occurrence.at > until:
            return
        yield occurrence


def _occurrence(moment: Moment, nominal: date, calendar: Calendar, policy: OnHoliday) -> Occurrence | None:
    day = _moved(nominal, calendar, policy)
    if day is None:
        return None
    at = calendar.instant(day, moment.hour, moment.minute)
    return Occurrence(nominal_day=nominal, at=at, moved_from=None if day == nominal else nominal)


def _moved(nominal: date, calendar: Calendar, policy: OnHoliday) -> date | None:
    match policy:
        case "run anyway":
            return nominal
        case "next workday":
            return calendar.next_workday(nominal)
        case "previous workday":
            return calendar.previous_workday(nominal)
        case "skip":
            return nominal if calendar.is_workday(nominal) else None


def _first_candidate(after: int | Occurrence, calendar: Calendar, policy: OnHoliday) -> date:
    """A nominal day with nothing later than `after` before it. Occurrences keep the order of their
    nominal days, whatever moves them."""
    if isinstance(after, Occurrence):
        return after.nominal_day + _ONE_DAY
    day = calendar.day_of(after)
    if policy != "next workday":
        return day
    # Days off right before today may have been moved to today or later.
    yesterday = day - _ONE_DAY
    while calendar.covers(yesterday) and not calendar.is_workday(yesterday):
        yesterday -= _ONE_DAY
    return yesterday + _ONE_DAY


def _nominal_days(
    moment: Moment, first: date, calendar: Calendar, milestones: Mapping[str, date]
) -> Iterator[date]:
    """The local dates that the moment names, from `first` on, ascending."""
    match moment.kind:
        case "milestone":
            return iter([day] if (day := _milestone(moment.milestone, milestones)) >= first else [])
        case "weekdays":
            return (day for day in _days_from(first) if day.weekday() in moment.numbers)
        case "workdays":
            return _workdays_from(first, calendar)
        case _:
            return (day for day in _month_days(moment, first.year) if day >= first)


def _milestone(name: str, milestones: Mapping[str, date]) -> date:
    if name in milestones:
        return milestones[name]
    known = "、".join(milestones)
    raise Unknown(
        f"专项行动没有时间节点“{name}”，无法排期。已有节点：{known or '无'}。",
        f"The campaign has no milestone '{name}', so the round can't be timed. It has: "
        f"{', '.join(milestones) or 'none'}.",
    )


def _days_from(day: date) -> Iterator[date]:
    while True:
        yield day
        day += _ONE_DAY


def _workdays_from(day: date, calendar: Calendar) -> Iterator[date]:
    while True:
        day = calendar.next_workday(day)
        yield day
        day += _ONE_DAY


def _month_days(moment: Moment, year: int) -> Iterator[date]:
    while True:
        for month in _MONTHS[moment.kind]:
            yield _day_in_month(moment, year, month)
        year += 1


def _day_in_month(moment: Moment, year: int, month: int) -> date:
    last = last_of_month(year, month)
    match moment.kind:
        case "day":
            return last.replace(day=min(moment.numbers[0], last.day))
        case "month end" | "quarter end":
            return last
        case _:
            return last.replace(day=1)
