"""Reading what a campaign says about figures: its sources, and the published formulas over them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ..text import Text
from . import model
from .cursor import Cursor, declared, micro, named
from .terms import MICRO

NUMERIC = ("number", "percent", "count")
_N = r"[a-z][a-z0-9_]*"
_SOURCE = re.compile(rf"(?P<kind>{_N})\.(?P<fact>{_N})")
_PART = re.compile(rf"(?P<weight>[0-9.]+) (?P<source>{_N})")
_FORMULA = Text(
    "“权重 来源 + 权重 来源 + …”，如 0.4 self + 0.6 cross",
    "WEIGHT SOURCE + WEIGHT SOURCE + …, such as 0.4 self + 0.6 cross",
)


def sources(top: Cursor, facts: Mapping[str, Mapping[str, str]]) -> dict[str, model.Source]:
    """The sources by name.

    Args:
        facts: kind -> its facts with their types.
    """
    entry = top.get("sources")
    return {} if entry is None else named(entry, lambda name, item: _source(name, item, facts))


def _source(name: str, cursor: Cursor, facts: Mapping[str, Mapping[str, str]]) -> model.Source | None:
    value = cursor.node.value
    match = _SOURCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        cursor.fail("“事项类型.填报项”", "KIND.FACT")
        return None
    kind, fact = match["kind"], match["fact"]
    if kind not in facts:
        cursor.fail(*declared("事项类型", "kind of task", facts), found=kind, words=facts)
        return None
    numeric = [one for one, of_type in facts[kind].items() if of_type in NUMERIC]
    if fact not in numeric:
        zh, en = declared(f"{kind} 的数字填报项", f"numeric fact of {kind}", numeric)
        cursor.fail(zh, en, found=fact, words=numeric)
        return None
    return model.Source(name=name, kind=kind, fact=fact)


def scores(top: Cursor, known: Collection[str], unit_kinds: Collection[str]) -> dict[str, model.Formula]:
    """The formulas by kind of unit."""
    entry = top.get("scores")
    found: dict[str, model.Formula] = {}
    for kind, item in entry.entries() if entry is not None else ():
        if kind not in unit_kinds:
            item.fail(*declared("单位类别", "kind of unit", unit_kinds), found=kind, words=unit_kinds)
            continue
        weights = _weights(item, known)
        if weights is not None:
            found[kind] = model.Formula(kind=kind, weights=weights)
    return found


def _weights(cursor: Cursor, known: Collection[str]) -> dict[str, int] | None:
    value = cursor.node.value
    weights: dict[str, int] = {}
    for part in value.split("+") if isinstance(value, str) else ("",):
        match = _PART.fullmatch(" ".join(part.split()))
        weight = micro(match["weight"]) if match else None
        if match is None or not weight:
            cursor.fail(*_FORMULA, found=part.strip() or None)
            return None
        name = match["source"]
        if name not in known or name in weights:
            zh, en = declared("来源（sources），各用一次", "source, each used once", known)
            cursor.fail(zh, en, found=name, words=known)
            return None
        weights[name] = weight
    if sum(weights.values()) != MICRO:
        shown = f"{sum(weights.values()) / MICRO:g}"
        cursor.fail(
            "合计为 1 的权重", "weights that add up to 1", found=Text(f"合计 {shown}", f"a sum of {shown}")
        )
        return None
    return weights
