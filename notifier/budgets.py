"""How many messages may go: to a number, of a template, about a unit, on a day. Pure.

What is over goes another way, by mail as a rule, and says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Final, Literal

from workflow.text import Text

from .office_settings import Budget

Scope = Literal["number", "template", "unit", "day"]
Spent = tuple[Scope, str]
"""What is counted: of which kind, of which one."""

_LABELS: Final = {
    "number": Text("同一号码", "one number"),
    "template": Text("同一类消息", "one kind of message"),
    "unit": Text("同一单位", "one unit"),
    "day": Text("当日合计", "the whole day"),
}
_OVER: Final = Text(
    "通道“{channel}”今日已达上限（{zh}，{most} 条），改用其他方式发送。",
    "The channel '{channel}' has used up what it may send today ({en}: {most}); another way is used.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """A message that asks to be sent."""

    id: int
    address: str
    template: str
    unit_id: int | None


@dataclass(kw_only=True, slots=True)
class Granted:
    """Who may go, who is over, and what has been counted in the end."""

    within: list[int] = field(default_factory=list)
    over: dict[int, Text] = field(default_factory=dict)
    counts: dict[Spent, int] = field(default_factory=dict)  # of those that changed


def counted(one: Asking) -> Iterator[Spent]:
    """What a message counts towards. A number is counted by its hash: a count needs no number."""
    yield "number", hashlib.sha256(one.address.encode()).hexdigest()
    yield "template", one.template
    if one.unit_id is not None:
        yield "unit", str(one.unit_id)
    yield "day", ""


def grant(
    asking: Iterable[Asking], budget: Budget, channel: str, spent: MutableMapping[Spent, int]
) -> Granted:
    """Let messages go in their order as long as every budget that they count towards has room."""
    granted = Granted()
    for one in asking:
        keys = list(counted(one))
        full = next((key for key in keys if _full(key, budget, spent)), None)
        if full is not None:
            granted.over[one.id] = _over(full[0], budget, channel)
            continue
        granted.within.append(one.id)
        for key in keys:
            granted.counts[key] = spent[key] = spent.get(key, 0) + 1
    return granted


def _full(key: Spent, budget: Budget, spent: MutableMapping[Spent, int]) -> bool:
    most: int | None = getattr(budget, key[0])
    return most is not None and spent.get(key, 0) >= most


def _over(scope: Scope, budget: Budget, channel: str) -> Text:
    label = _LABELS[scope]
    return _OVER.fill(channel=channel, zh=label.zh, en=label.en, most=getattr(budget, scope))
