"""Reading the checklist of indicators, and the lists of a task on which they are scored."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..text import Text
from . import model
from .cursor import Cursor, bilingual, choice, declared, named, number, reference, references, text, words
from .figures import NUMERIC
from .terms import MICRO
from .yaml import NOTHING

FULL = 100 * MICRO  # points
INDICATOR, POINTS, REMARK = "indicator", "points", "remark"
COLUMNS = {
    INDICATOR: model.Fact(name=INDICATOR, type="text", label=Text("指标", "Indicator")),
    POINTS: model.Fact(name=POINTS, type="number", label=Text("得分", "Points"), min=0, max=FULL),
    REMARK: model.Fact(name=REMARK, type="text", label=Text("说明", "Remark")),
}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
MOST = 5_000
_FACT = Text("数字填报项", "numeric fact")


def checklist(top: Cursor | None, kinds: Collection[str]) -> model.Checklist | None:
    """The indicators, from `indicators:` of the campaign or from the file `indicators.yaml`."""
    if top is None:
        return None
    chapters = top.get("chapters")
    labels = named(chapters, lambda _name, entry: bilingual(entry)) if chapters else {}

    def items(cursor: Cursor) -> dict[str, model.Indicator]:
        return _items(cursor, labels, kinds)

    known: dict[str, Callable[[Cursor], Any]] = {
        "version": text,
        "chapters": lambda _: labels,
        "items": items,
    }
    values = words(top, known, required=("version", "chapters", "items"))
    if len(values) < 3:
        return None
    return model.Checklist(version=values["version"], chapters=labels, items=values["items"])


def _items(
    cursor: Cursor, chapters: Mapping[str, Text], kinds: Collection[str]
) -> dict[str, model.Indicator]:
    entries = cursor.items() if isinstance(cursor.node.value, tuple) else []
    if not 0 < len(entries) <= MOST:
        cursor.fail(f"1 至 {MOST} 条指标的列表", f"a list of 1 to {MOST} indicators")
        return {}
    found: dict[str, model.Indicator] = {}
    for entry in entries:
        one = _item(entry, chapters, kinds)
        if one is None:
            continue
        if one.id in found:
            entry.fail("每个指标编号只出现一次", "every id of an indicator only once", found=one.id)
        found[one.id] = one
    return found


def _item(cursor: Cursor, chapters: Mapping[str, Text], kinds: Collection[str]) -> model.Indicator | None:
    known: dict[str, Callable[[Cursor], Any]] = {
        "id": _ident,
        "label": bilingual,
        "chapter": lambda entry: reference(entry, chapters, Text("章节（chapters）", "chapter")),
        "weight": _weight,
        "scored_by": lambda entry: references(entry, kinds, Text("事项类型", "kind of task")),
        "criterion": bilingual,
    }
    required = ("id", "label", "chapter", "weight", "scored_by")
    values = words(cursor, known, required=required)
    if not values.keys() >= {*required}:
        return None
    return model.Indicator(**{"criterion": None, **values})


def _ident(cursor: Cursor) -> str | None:
    value = cursor.node.value
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    cursor.fail("指标编号，如 1.2 或 A-03", "the id of an indicator, such as 1.2 or A-03")
    return None


def _weight(cursor: Cursor) -> int | None:
    value = number(cursor)
    if value is not None and value <= 0:
        cursor.fail("大于 0 的权重", "a weight above 0")
        return None
    return value


def scored_list(
    name: str,
    cursor: Cursor,
    kind: str,
    known: model.Checklist | None,
    facts: Mapping[str, model.Fact],
) -> model.Rows | None:
    """A list of the indicators that this kind scores: `{label, scores: indicators, into: FACT}`."""
    numeric = [one for one, fact in facts.items() if fact.type in NUMERIC]
    readers: dict[str, Callable[[Cursor], Any]] = {
        "label": bilingual,
        "scores": choice("indicators"),
        "into": lambda entry: _into(entry, numeric, facts),
    }
    values = words(cursor, readers, required=("label", "scores", "into"))
    own = {} if known is None else {one.id: one for one in known.items.values() if kind in one.scored_by}
    if not own:
        zh, en = f"由 {kind} 评分（scored_by）的指标", f"indicators that {kind} scores (scored_by)"
        cursor.fail(zh, en, found=NOTHING)
    if len(values) < 3 or not own:
        return None
    return model.Rows(name=name, label=values["label"], columns=COLUMNS, indicators=own, into=values["into"])


def _into(cursor: Cursor, numeric: Collection[str], facts: Mapping[str, model.Fact]) -> str | None:
    name = cursor.node.value
    fact = facts.get(name) if isinstance(name, str) else None
    if fact is None or fact.type not in NUMERIC:
        cursor.fail(*declared(_FACT.zh, _FACT.en, numeric), words=numeric)
        return None
    holds = (fact.min is None or fact.min <= 0) and (fact.max is None or fact.max >= FULL)
    if fact.type == "count" or not holds:
        cursor.fail(
            "能容 0 至 100、两位小数的填报项", "a fact that holds 0 to 100 with two decimals", words=numeric
        )
        return None
    return fact.name
