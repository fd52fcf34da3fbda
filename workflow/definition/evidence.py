"""Reading `evidence:` of a transition: how many files, always or by how grave the matter is."""

from __future__ import annotations

from collections.abc import Mapping

from ..text import Text
from . import model
from .cursor import Cursor, declared, whole

_A_CHOICE = Text("choice 类型的填报项", "fact of type choice")


def evidence(cursor: Cursor, facts: Mapping[str, model.Fact]) -> model.Evidence | None:
    """`2`, or `{level: {general: 1, major: 3}}`: as many as the choice of that fact says."""
    if cursor.is_text:
        files = whole(cursor)
        return None if files is None else model.Evidence(files=files)
    found = cursor.entries()
    if len(found) != 1:
        if isinstance(cursor.node.value, dict):  # else it was said already
            cursor.fail("一个填报项及其各选项的份数", "one fact, with a number for each of its choices")
        return None
    name, entry = found[0]
    choices = {one: fact.choices for one, fact in facts.items() if fact.type == "choice"}
    if name not in choices:
        entry.fail(*declared(_A_CHOICE.zh, _A_CHOICE.en, choices), found=name, words=choices)
        return None
    return _tiers(name, choices[name], entry)


def _tiers(name: str, choices: tuple[str, ...], cursor: Cursor) -> model.Evidence | None:
    """A number for every choice: one that was left out would be asked for nothing."""
    tiers: dict[str, int] = {}
    for choice, entry in cursor.entries():
        if choice not in choices:
            listed = Text("、".join(choices), ", ".join(choices))
            entry.fail(f"{listed.zh} 之一", f"one of: {listed.en}", found=choice, words=choices)
        elif (files := whole(entry)) is not None:
            tiers[choice] = files
    missing = [one for one in choices if not cursor.has(one)]
    if missing:
        zh, en = "、".join(missing), ", ".join(missing)
        cursor.fail(f"每个选项各要几份，还缺 {zh}", f"a number for every choice; {en} is missing")
    if len(tiers) < len(choices):
        return None
    return model.Evidence(by=name, tiers={one: tiers[one] for one in choices})
