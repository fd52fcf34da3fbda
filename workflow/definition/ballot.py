"""Reading `ballot:` of a kind of task: whose totals become facts, and when they may."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ..text import Text
from . import model
from .cursor import Cursor, choice, declared, reference, whole, words
from .figures import NUMERIC
from .opening import MILESTONE

_FEWEST = 2  # one ballot is nobody's secret
_SAMPLE = re.compile(r"sample of (?P<n>[1-9][0-9]{0,5}) per unit")
_COUNT = Text("count 类型的填报项", "fact of type count")


def ballot(
    cursor: Cursor, facts: Mapping[str, model.Fact], milestones: Collection[str]
) -> model.Ballot | None:
    """The ballot of a kind; None after a complaint."""
    counts = [name for name, fact in facts.items() if fact.type == "count"]
    known = {
        "from": lambda entry: _milestone(entry, milestones),
        "to": lambda entry: _milestone(entry, milestones),
        "invites": _invites,
        "at_least": _fewest,
        "gives": lambda entry: _gives(entry, facts),
        "returned": lambda entry: reference(entry, counts, _COUNT),
    }
    values = words(cursor, known, required=tuple(known))
    if len(values) < len(known):
        return None
    return model.Ballot(
        start=values["from"],
        end=values["to"],
        sample=values["invites"],
        at_least=values["at_least"],
        gives=values["gives"],
        returned=values["returned"],
    )


def _milestone(cursor: Cursor, milestones: Collection[str]) -> str | None:
    value = cursor.node.value if isinstance(cursor.node.value, str) else ""
    name = value.removeprefix(MILESTONE).strip()
    if value.startswith(MILESTONE) and name in milestones:
        return name
    known = [f"{MILESTONE}{one}" for one in milestones]
    cursor.fail(*declared("节点（campaign 节点）", "milestone (campaign MILESTONE)", known), words=known)
    return None


def _invites(cursor: Cursor) -> int | None:
    """How many of each unit are invited; 0 stands for everybody."""
    value = cursor.node.value if isinstance(cursor.node.value, str) else ""
    match = _SAMPLE.fullmatch(" ".join(value.split()))
    if match or value == "everybody":
        return int(match["n"]) if match else 0
    cursor.fail("sample of 数 per unit，或 everybody", "sample of N per unit, or everybody")
    return None


def _fewest(cursor: Cursor) -> int | None:
    found = whole(cursor)
    if found is not None and found < _FEWEST:
        cursor.fail(f"至少 {_FEWEST}（过少不得显示）", f"at least {_FEWEST}: small groups are never shown")
        return None
    return found


def _gives(cursor: Cursor, facts: Mapping[str, model.Fact]) -> dict[str, str] | None:
    numeric = [name for name, fact in facts.items() if fact.type in NUMERIC]
    found: dict[str, str] = {}
    for name, entry in cursor.entries():
        if name not in numeric:
            entry.fail(*declared("数字填报项", "numeric fact", numeric), found=name, words=numeric)
        elif (how := choice("mean")(entry)) is not None:
            found[name] = how
    if not cursor.keys():
        cursor.fail("至少一个填报项", "at least one fact")
    return found or None
