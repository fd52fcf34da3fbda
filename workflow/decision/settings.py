"""What a transition sets: a deadline, or a fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ..condition import effective
from ..definition.cursor import micro
from ..definition.model import Fact, Setting
from ..definition.terms import MICRO, Status
from ..task import Related
from .case import Case
from .outcome import EventDraft


def apply_settings(
    case: Case, settings: Sequence[Setting], facts: Mapping[str, Any], event: EventDraft
) -> None:
    """Carry out `sets:`, after the move: a stop that the move ended counts in full.

    What is copied and was never reported leaves the fact as it is.
    """
    for setting in settings:
        if setting.target == "deadline":
            _set_deadline(case, setting, facts)
            continue
        value = _value(case, setting)
        if value is not None:
            case.report({setting.target: value})
            event.values[setting.target] = value


def _value(case: Case, setting: Setting) -> Any:
    if setting.source is None:
        return _constant(case.book.definition.facts[setting.target], str(setting.value))
    if setting.child is None:
        return case.task.facts.get(setting.source)
    newest = _newest(case, setting.child, setting.status)
    return None if newest is None or newest.facts is None else newest.facts.get(setting.source)


def _newest(case: Case, kind: str, status: Status) -> Related | None:
    """The child of that kind which ended last, as far as is known at the instant that is looked at."""
    group = [one for one in case.view.children if one.kind == kind and one.has(status, case.view.now)]
    return max(group, key=lambda one: (one.ended_at or 0, one.id), default=None)


def _set_deadline(case: Case, setting: Setting, facts: Mapping[str, Any]) -> None:
    calendar = case.view.calendar
    if setting.source is not None:
        value = facts.get(setting.source, case.task.facts.get(setting.source))
        if value is not None:
            case.set_deadline(calendar.end_of(date.fromisoformat(value)), setting.source, case.now)
    elif setting.span is not None:
        case.set_deadline(calendar.add(case.now, setting.span), str(setting.span), case.now)
    elif setting.at_least is not None:
        floor, due = calendar.add(case.now, setting.at_least), _due(case)
        if due is None or due < floor:  # the later of the deadline and so long from now
            case.set_deadline(floor, str(setting.at_least), case.now)
    case.provisional()


def _due(case: Case) -> int | None:
    """The deadline with its stops, one that still runs counted until now."""
    task = case.task
    if task.deadline is None:
        return None
    stops = tuple((begin, case.now if end is None else end) for begin, end in task.stops)
    return effective(stops, task.deadline_set_at, task.deadline)


def _constant(fact: Fact, value: str) -> Any:
    parsed = micro(value) if fact.type in ("number", "percent", "count") else None
    if parsed is None:
        return value
    return parsed // MICRO if parsed % MICRO == 0 else parsed / MICRO
