"""Reading what people report: the facts of a kind of task, and its lists column by column."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..text import Text
from . import model
from .cursor import Cursor, bilingual, choice, named, number, reference, text, words

BUILT_IN = {
    "reason": model.Fact(name="reason", type="text", label=Text("理由", "Reason")),
    "until": model.Fact(name="until", type="date", label=Text("延至", "Until")),
}
RESERVED = frozenset({"deadline", "step"})  # `pass: {deadline: …}`, `sets: {deadline: …}`, `step overdue`
TYPES = ("text", "number", "percent", "count", "date", "choice", "yes/no", "unit", "person", "file")
ANOTHER_NAME = Text("别的名字（此名已有所指）", "another name: this one stands for something else")
KIND = Text("事项类型", "kind of task")
# The columns that need no label of their own; every other column is written out with one.
SHORT_COLUMNS = {"what": Text("内容", "What"), "due": Text("期限", "Due"), "who": Text("责任人", "Who")}


def fact(name: str, cursor: Cursor) -> model.Fact | None:
    """What people report."""
    known = {
        "type": choice(*TYPES),
        "label": bilingual,
        "min": number,
        "max": number,
        "choices": _choices,
    }
    if name in BUILT_IN:
        zh, en = "别的名字（reason 和 until 无需声明）", "another name: reason and until need no declaration"
        cursor.fail(zh, en, found=name)
        return None
    values = words(cursor, known, required=("type", "label"))
    if "type" not in values or "label" not in values:
        return None
    return _bounded(name, cursor, values)


def _bounded(name: str, cursor: Cursor, values: dict[str, Any]) -> model.Fact | None:
    kind = values["type"]
    if kind == "choice" and cursor.has("choices") and "choices" not in values:
        return None
    lowest, highest = {"percent": (0, 100_000_000), "count": (0, None)}.get(kind, (None, None))
    numeric = kind in ("number", "percent", "count")
    if not numeric and ("min" in values or "max" in values):
        cursor.fail("min、max 只用于数字", "min and max only on numbers")
        return None
    lowest, highest = values.get("min", lowest), values.get("max", highest)
    if lowest is not None and highest is not None and lowest >= highest:
        cursor.fail("小于 max 的 min", "a min below the max")
        return None
    if (kind == "choice") != cursor.has("choices"):
        cursor.fail("choice 类型（且仅此类型）带 choices", "choices on facts of type choice, and only there")
        return None
    return model.Fact(
        name=name,
        type=kind,
        label=values["label"],
        min=lowest,
        max=highest,
        choices=values.get("choices", ()),
    )


def _choices(cursor: Cursor) -> tuple[str, ...] | None:
    found = [text(item) for item in cursor.items()]
    known = tuple(value for value in found if value)
    if len(known) < 2 or len(set(known)) != len(found) or any(len(value.split()) > 1 for value in known):
        zh, en = "至少两个不同的选项，各一个词，由轻到重", "at least two different words, the least first"
        cursor.fail(zh, en)
        return None
    return known


def rows(name: str, cursor: Cursor, kinds: Collection[str]) -> model.Rows | None:
    """A list, column by column.

    Args:
        kinds: of task, one of which may strike a row off.
    """

    def columns(entry: Cursor) -> dict[str, model.Fact]:
        return named(entry, _column)

    known = {
        "label": bilingual,
        "columns": columns,
        "closed_by": lambda entry: reference(entry, kinds, KIND),
    }
    values = words(cursor, known, required=("label", "columns"))
    read, written = values.get("columns", {}), cursor.get("columns")
    if written is not None and written.node.value == {}:
        cursor.fail("至少一列", "at least one column")
    if name in BUILT_IN or name in RESERVED:
        cursor.fail(*ANOTHER_NAME, found=name)
    if "label" not in values or written is None or len(read) < max(1, len(written.keys())):
        return None
    return model.Rows(
        name=name, label=values["label"], columns=values["columns"], closed_by=values.get("closed_by")
    )


def _column(name: str, cursor: Cursor) -> model.Fact | None:
    if not cursor.is_text:
        return fact(name, cursor)
    kind = choice(*(kind for kind in TYPES if kind != "choice"))(cursor)
    if kind is None:
        return None
    if name not in SHORT_COLUMNS:
        cursor.fail("{type: …, label: {zh: …, en: …}}", "{type: …, label: {zh: …, en: …}}")
        return None
    return _bounded(name, cursor, {"type": kind, "label": SHORT_COLUMNS[name]})
