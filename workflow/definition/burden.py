"""Reading how many checks a unit may have in a month: `burden:` of a campaign."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..text import Text
from . import model
from .cursor import Cursor, declared, references, text, whole, words

SCOPE = "scope"
_KIND = Text("事项类型", "kind of task")


def burden(
    top: Cursor, kinds: Collection[str], facts: Mapping[str, Mapping[str, str]]
) -> model.Burden | None:
    """The budget, if the campaign has one.

    Args:
        facts: kind -> its facts with their types.
    """
    entry = top.get("burden")
    if entry is None:
        return None
    known = {
        "counts": lambda item: references(item, kinds, _KIND),
        "per unit per month": _most,
        "scope": text,
    }
    values = words(entry, known, required=("counts", "per unit per month"))
    if "counts" not in values or "per unit per month" not in values:
        return None
    scope = values.get("scope", SCOPE)
    named = entry.get("scope")
    for kind in values["counts"] if named is not None else ():
        texts = [name for name, of_type in facts.get(kind, {}).items() if of_type == "text"]
        if named is not None and scope not in texts:
            zh, en = declared(f"{kind} 的 text 填报项", f"text fact of {kind}", texts)
            named.fail(zh, en, found=scope, words=texts)
    return model.Burden(counts=values["counts"], most=values["per unit per month"], scope=scope)


def _most(cursor: Cursor) -> int | None:
    found = whole(cursor)
    if found == 0:
        cursor.fail("至少 1 次", "at least 1")
        return None
    return found
