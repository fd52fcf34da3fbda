"""Reading when: the deadline of a kind of task, its plan, and when a rule warns again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ..text import Text
from . import model
from .cursor import Cursor, as_day, declared, duration, number

_SPAN = re.compile(r"(?P<d>\S+ \S+) after opened")
_DEADLINE = Text(
    "campaign 节点、given、日期、month end、“时限 after opened”或 none",
    "campaign MILESTONE, given, a date, month end, DURATION after opened, or none",
)


def deadline(cursor: Cursor, milestones: Collection[str]) -> model.Deadline | None:
    """When a task is due: by a milestone, a date, a duration, or as whoever opens it says."""
    value = cursor.node.value if isinstance(cursor.node.value, str) else ""
    if value in ("given", "month end", "none"):
        how: Any = value
        return model.Deadline(how=how)
    if value.startswith("campaign "):
        milestone = value.removeprefix("campaign ").strip()
        if milestone in milestones:
            return model.Deadline(how="milestone", milestone=milestone)
        cursor.fail(*declared("节点", "milestone", milestones), found=milestone, words=milestones)
        return None
    return _deadline_by_time(cursor, value)


def _deadline_by_time(cursor: Cursor, value: str) -> model.Deadline | None:
    match = _SPAN.fullmatch(value)
    span = duration(_instead(cursor, match["d"])) if match else None
    if span:
        return model.Deadline(how="span", span=span)
    found = as_day(value)
    if found:
        return model.Deadline(how="date", day=found)
    cursor.fail(*_DEADLINE)
    return None


def _instead(cursor: Cursor, value: str) -> Cursor:
    """A part of what stands here, to be looked at without complaint."""
    return cursor.quiet().down("", type(cursor.node)(value=value))


def plans(
    cursor: Cursor, facts: Mapping[str, model.Fact], unreadable: Collection[str], *, has_deadline: bool
) -> dict[str, tuple[model.PlanPoint, ...]]:
    """Where numeric facts should stand, and when.

    Args:
        unreadable: facts that are declared, but wrongly: they have been complained about.
    """
    numeric = [name for name, fact in facts.items() if fact.type in ("number", "percent", "count")]
    found: dict[str, tuple[model.PlanPoint, ...]] = {}
    for key, entry in cursor.entries():
        if key in unreadable:
            continue
        if key not in numeric:
            entry.fail(*declared("数字填报项", "numeric fact", numeric), found=key, words=numeric)
            continue
        found[key] = _points(entry)
        if not has_deadline:
            entry.fail("有期限的事项类型才有计划", "a plan only in a kind that has a deadline", found="none")
    return found


def _points(cursor: Cursor) -> tuple[model.PlanPoint, ...]:
    entries = cursor.entries()
    found = [_point(key, entry) for key, entry in entries]
    points = tuple(point for point in found if point is not None)
    if len(points) == len(entries):
        _check_points(cursor, points)
    return points


def _point(key: str, cursor: Cursor) -> model.PlanPoint | None:
    value = number(cursor)
    at: Any = key
    if key not in ("start", "deadline"):
        at = as_day(key)
        if at is None:
            cursor.fail("start、deadline 或日期", "start, deadline or a date", found=key)
    return None if at is None or value is None else model.PlanPoint(at=at, value=value)


def _check_points(cursor: Cursor, points: tuple[model.PlanPoint, ...]) -> None:
    if len(points) < 2 or points[0].at != "start":
        cursor.fail("以 start 开头、至少两点的计划", "a plan of at least two points, the first at start")
    if any(point.at == "deadline" for point in points[:-1]):
        cursor.fail("deadline 只作最后一点", "deadline only as the last point")
    dates = [point.at for point in points if point.at not in ("start", "deadline")]
    if dates != sorted(dates, key=str) or len(set(dates)) != len(dates):
        cursor.fail("按时间先后排列的日期", "dates in order")
    if [point.value for point in points] != sorted(point.value for point in points):
        cursor.fail("不下降的计划值", "values that never fall")


def again(cursor: Cursor) -> model.Again | None:
    """`never`, `after 5 workdays` or `every 5 minutes`."""
    value = cursor.node.value if isinstance(cursor.node.value, str) else ""
    if value == "never":
        return model.Again(how="never")
    how, _, rest = value.partition(" ")
    span = duration(_instead(cursor, rest))
    if how in ("after", "every") and span is not None:
        return model.Again(how="after" if how == "after" else "every", duration=span)
    cursor.fail("never、after 时限或 every 时限", "never, after DURATION or every DURATION")
    return None
