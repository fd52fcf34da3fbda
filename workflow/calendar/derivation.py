"""How a deadline came about, line by line, for whoever asks why (DESIGN §2.11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from workflow.text import Text

from .duration import Duration
from .months import add_months

if TYPE_CHECKING:  # the calendar explains itself through this module
    from .arithmetic import Calendar

_WEEKDAYS: Final = (
    Text("周一", "Mon"),
    Text("周二", "Tue"),
    Text("周三", "Wed"),
    Text("周四", "Thu"),
    Text("周五", "Fri"),
    Text("周六", "Sat"),
    Text("周日", "Sun"),
)
_ONE_DAY: Final = timedelta(days=1)


def explain(calendar: Calendar, start: int, duration: Duration) -> tuple[Text, ...]:
    """The derivation of `calendar.add(start, duration)`: where it starts, which days count and which
    don't and why, where it ends, and on which unpublished years it rests. Neighbouring days of one
    kind share a line."""
    end = calendar.add(start, duration)
    return (
        _opening(calendar, start, duration),
        *_middle(calendar, start, end, duration),
        _closing(calendar, end),
        *_provisional(calendar, start, end, duration),
    )


def _opening(calendar: Calendar, start: int, duration: Duration) -> Text:
    zh, en = _moment(calendar, start)
    counted = duration.unit not in ("hours", "minutes")
    return Text(
        f"自 {zh} 起，{duration.text.zh}" + ("，当天不计" if counted else ""),
        f"{duration} from {en}" + ("; the first day is not counted" if counted else ""),
    )


def _middle(calendar: Calendar, start: int, end: int, duration: Duration) -> Iterator[Text]:
    first = calendar.day_of(start) + _ONE_DAY
    if duration.unit == "workdays":
        yield from _counted_days(calendar, first, calendar.day_of(end))
    elif duration.unit == "days":
        last = _day(first + (duration.amount - 1) * _ONE_DAY)
        yield Text(
            f"第 1 天是 {_day(first).zh}，第 {duration.amount} 天是 {last.zh}，节假日也计",
            f"day 1 is {_day(first).en}, day {duration.amount} is {last.en}; days off count too",
        )
    elif duration.unit == "months":
        yield _months_line(calendar.day_of(start), duration)


def _months_line(day: date, duration: Duration) -> Text:
    zh, en = duration.text
    last = add_months(day, duration.amount)
    if last.day == day.day:
        return Text(f"{zh}后的同一日是 {_day(last).zh}", f"{en} on, the same day: {_day(last).en}")
    return Text(
        f"{zh}后的当月没有 {day.day} 日，取月末 {_day(last).zh}",
        f"{en} on there is no day {day.day}, so the month's last: {_day(last).en}",
    )


class _Kind(NamedTuple):
    """Neighbouring days with the same kind share a line."""

    counts: bool
    why: Text | None


def _counted_days(calendar: Calendar, first: date, last: date) -> Iterator[Text]:
    count = 0
    days = (first + offset * _ONE_DAY for offset in range((last - first).days + 1))
    for kind, run in groupby(days, key=lambda day: _Kind(calendar.is_workday(day), calendar.remark(day))):
        group = list(run)
        if kind.counts:
            yield _counted(group, count, kind.why)
            count += len(group)
        else:
            yield _skipped(group, kind.why)


def _counted(days: list[date], before: int, why: Text | None) -> Text:
    zh, en = _range(days)
    reason = Text(f"：{why.zh}", f": {why.en}") if why else Text("", "")
    if len(days) == 1:
        return Text(f"{zh}第 {before + 1} 个工作日{reason.zh}", f"{en} workday {before + 1}{reason.en}")
    numbers = f"{before + 1}–{before + len(days)}"
    return Text(f"{zh}第 {numbers} 个工作日{reason.zh}", f"{en} workdays {numbers}{reason.en}")


def _skipped(days: list[date], why: Text | None) -> Text:
    zh, en = _range(days)
    reason = why or Text("休息", "off")
    return Text(f"{zh}不计：{reason.zh}", f"{en} not counted: {reason.en}")


def _closing(calendar: Calendar, end: int) -> Text:
    zh, en = _moment(calendar, end)
    return Text(
        f"截止 {zh}（{calendar.zone}，日历第 {calendar.version} 版）",
        f"ends {en} ({calendar.zone}, calendar version {calendar.version})",
    )


def _provisional(calendar: Calendar, start: int, end: int, duration: Duration) -> Iterator[Text]:
    if duration.unit != "workdays":
        return
    for year in range(calendar.day_of(start).year, calendar.day_of(end).year + 1):
        if calendar.years[year].status == "projected":
            yield Text(
                f"{year} 年放假通知尚未公布，按推算计，期限为暂定",
                f"the notice for {year} is not published yet: computed, so the deadline is provisional",
            )


def _moment(calendar: Calendar, instant: int) -> Text:
    local = calendar.local(instant)
    # Seconds only where they say something: deadlines end at 23:59:59.999.
    time = f"{local:%H:%M}" if local.second == 0 else f"{local:%H:%M:%S}"
    zh, en = _day(local.date())
    return Text(f"{zh}{time}", f"{en} {time}")


def _day(day: date) -> Text:
    zh, en = _WEEKDAYS[day.weekday()]
    return Text(f"{day.isoformat()}（{zh}）", f"{day.isoformat()} ({en})")


def _range(days: list[date]) -> Text:
    first, last = _day(days[0]), _day(days[-1])
    if len(days) == 1:
        return first
    return Text(f"{first.zh}至 {last.zh}", f"{first.en} to {last.en}")
