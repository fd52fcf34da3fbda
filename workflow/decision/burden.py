"""The inspection burden: how many checks a unit may have in a month, and none of the same scope twice."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from ..calendar import Calendar
from ..definition.model import BACK, Burden, Definition
from ..errors import OverBudget
from ..task import Counted
from ..text import Text
from .case import Case


def check_begin(case: Case, target: str | None, facts: Mapping[str, Any]) -> None:
    """Refuse an act that takes a counted task out of its draft when its unit has had its share.

    Args:
        target: the state that the act leads to.
        facts: what is reported with the act.

    Raises:
        OverBudget: with the month, and the tasks that were counted.
    """
    burden, task = case.around.burden, case.task
    if burden is None or task.kind not in burden.counts or task.began_at is not None:
        return
    if target is None or target == BACK or not begins(case.book.definition, target):
        return
    scope = facts.get(burden.scope, task.facts.get(burden.scope))
    check_budget(burden, case.loaded.counted, scope, case.view.calendar, case.now)


def begins(definition: Definition, state: str) -> bool:
    """Whether a task that enters this state is under way: no draft, and not thrown away as one."""
    entered = definition.states[state]
    return not entered.draft and entered.final != "abandoned"


def check_budget(
    burden: Burden, counted: Sequence[Counted], scope: Any, calendar: Calendar, now: int
) -> None:
    """Whether a unit may have one more check now.

    Args:
        counted: the checks of the unit in this campaign that are under way or over, none withdrawn.
        scope: of the new one, if it has any.

    Raises:
        OverBudget: it may not.
    """
    today = calendar.day_of(now)
    this_month = [
        one for one in counted if calendar.day_of(one.began_at).replace(day=1) == today.replace(day=1)
    ]
    if len(this_month) >= burden.most:
        raise _too_many(burden, f"{today:%Y-%m}", _listed(this_month))
    alike = [one for one in counted if scope is not None and normal(one.scope) == normal(scope)]
    if alike:
        raise _same_scope(str(scope), _listed(alike))


def normal(scope: Any) -> str:
    """A scope without what only looks different: widths, case, blanks and punctuation."""
    plain = unicodedata.normalize("NFKC", str(scope or "")).casefold()
    return "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LNM")


def _listed(counted: Sequence[Counted]) -> Text:
    numbers = [str(one.id) for one in counted]
    return Text("、".join(numbers), ", ".join(numbers))


def _too_many(burden: Burden, month: str, tasks: Text) -> OverBudget:
    return OverBudget(
        f"未开展：该单位 {month} 已有 {burden.most} 次检查（事项 {tasks.zh}），达到每月上限。"
        "请改在下月，或并入已有的检查。",
        f"Not begun: the unit has had {burden.most} check(s) in {month} (tasks {tasks.en}), as many as a "
        "month may have. Do it next month, or join one of these.",
    )


def _same_scope(scope: str, tasks: Text) -> OverBudget:
    return OverBudget(
        f"未开展：该单位已有同一内容（{scope[:60]}）的检查（事项 {tasks.zh}），不重复检查。"
        "请改变检查内容，或使用其结果。",
        f"Not begun: the unit has had a check of the same scope ({scope[:60]}), task {tasks.en}; none is "
        "made twice. Choose another scope, or use what that one found.",
    )
