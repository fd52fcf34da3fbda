"""The language of definitions as JSON Schema (2020-12), with which an editor completes and checks a pack.

    shapes.py     the few shapes that values have
    sentences.py  conditions, moments, durations
    task.py       the words of KIND.yaml
    campaign.py   the words of campaign.yaml, people.yaml, indicators.yaml

Every word has its meaning in both languages. That the words are exactly those that the reader takes, at
every place, is held by tests/test_schema.py, which listens to the reader (docs/adr/0016).
"""

from __future__ import annotations

from .campaign import CAMPAIGN, INDICATORS, PEOPLE
from .sentences import CONDITION
from .shapes import Shape
from .task import TASK

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFS: dict[str, Shape] = {"condition": CONDITION}
_FILES: dict[str, Shape] = {
    "campaign": CAMPAIGN,
    "people": PEOPLE,
    "indicators": INDICATORS,
    "task": TASK,
}
_TITLES = {
    "campaign": "专项行动 · campaign.yaml",
    "people": "人员 · people.yaml",
    "indicators": "评价指标 · indicators.yaml",
    "task": "流程定义 · KIND.yaml",
}


def schemas() -> dict[str, Shape]:
    """A schema for each sort of file: `campaign`, `people`, `indicators` and `task`."""
    return {name: _whole(name, shape) for name, shape in _FILES.items()}


def schema_of_packs() -> Shape:
    """One schema for all files of a pack, which tells them apart by their first word."""
    return {
        "$schema": DIALECT,
        "title": "督办方案包 · a pack of Duban",
        "if": {"type": "object", "required": ["campaign"]},
        "then": CAMPAIGN,
        "else": {
            "if": {"type": "object", "required": ["people"]},
            "then": PEOPLE,
            "else": {
                "if": {"type": "object", "required": ["items"]},
                "then": INDICATORS,
                "else": TASK,
            },
        },
        "$defs": _DEFS,
    }


def _whole(name: str, shape: Shape) -> Shape:
    return {"$schema": DIALECT, "title": _TITLES[name], **shape, "$defs": _DEFS}


__all__ = ["DIALECT", "schema_of_packs", "schemas"]
