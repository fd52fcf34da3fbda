"""Whether an act may be taken now: its `when`, judged with what is reported with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..definition.model import Definition, Transition
from ..definition.sentences import sentence
from ..errors import NotNow
from ..text import Text
from .case import Case
from .reporting import open_after, scored


def target_of(case: Case, transition: Transition, judged: bool) -> str:
    """`when` is judged when an act is asked for; one that has waited only moves."""
    if not judged:
        return _move(case, transition)
    if transition.target == "back":
        return case.task.came_from or case.task.state
    return transition.target or case.task.state


def _move(case: Case, transition: Transition) -> str:
    """The state that it leads to, judged with what was just reported."""
    target = case.book.movement.move(transition.name, case.view)
    if target is None:
        raise _refused(case.book.definition, transition)
    return target


def _refused(definition: Definition, transition: Transition) -> NotNow:
    labels = {name: fact.label for name, fact in definition.facts.items()}
    labels |= {name: rows.label for name, rows in definition.lists.items()}
    term = transition.when
    needed = sentence(term, labels) if term is not None else Text("能够返回的状态", "a state to go back to")
    return NotNow(
        f"现在不能“{transition.label.zh}”：条件未满足，须{needed.zh}。",
        f"You can't {transition.label.en!r} now: its condition doesn't hold. It needs: {needed.en}.",
    )


def judge_when(
    case: Case, transition: Transition, facts: dict[str, Any], rows: Mapping[str, list[dict[str, Any]]]
) -> None:
    """Judge the guard as if facts and rows were already reported, then put them back."""
    kept, kept_rows = (case.task.facts, case.task.fact_times), case.view.open_rows
    case.report(facts | scored(case, rows))
    case.view.open_rows = open_after(case, rows)
    _move(case, transition)
    case.task.facts, case.task.fact_times = kept
    case.view.open_rows = kept_rows
