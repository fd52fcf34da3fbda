"""Reading `opens:` of a definition: what is opened, for whom, one for each of what, and with what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..text import Text
from . import model, terms
from .conditions import Scope, condition
from .cursor import Cursor, declared, reference, words

if TYPE_CHECKING:
    from .task import World

MILESTONE = "campaign "  # `pass: {deadline: campaign completion}`
_KIND, _PARTY = Text("事项类型", "kind of task"), Text("当事方", "party")
_EACH = Text("清单，或单位类别", "list, or kind of unit")
_OURS = Text("填报项、当事方、列、单位或 campaign 节点", "fact, party, column, unit or campaign MILESTONE")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ours:
    """What the kind that opens can pass on."""

    world: World
    facts: Collection[str]
    parties: Collection[str]
    lists: Mapping[str, model.Rows]
    unreadable: Collection[str]  # facts and lists that are declared, but wrongly


def openings(cursor: Cursor, ours: Ours) -> tuple[model.Opening, ...] | None:
    """A kind of task, or several with how they are opened."""
    if cursor.is_text:
        kind = reference(cursor, ours.world.kinds, _KIND)
        return None if kind is None else (model.Opening(kind=kind),)
    entries = cursor.entries()
    if cursor.keys() == () and not cursor.is_text:
        cursor.fail("至少一个事项类型", "at least one kind of task")
    found = [_opening(kind, entry, ours) for kind, entry in entries]
    return tuple(opening for opening in found if opening is not None)


def _opening(kind: str, cursor: Cursor, ours: Ours) -> model.Opening | None:
    kinds = ours.world.kinds
    if kind not in kinds:
        cursor.fail(*declared("事项类型", "kind of task", kinds), found=kind, words=kinds)
        return None
    lists = {*ours.lists, *ours.unreadable}
    known: dict[str, Callable[[Cursor], Any]] = {
        "each": lambda entry: reference(entry, {*lists, *ours.world.unit_kinds}, _EACH),
        "where": lambda entry: entry,  # read below, when it is known of which list
        "for": lambda entry: reference(entry, ours.parties, _PARTY),
        "pass": lambda entry: dict(entry.entries()),
    }
    values = words(cursor, known)
    each = values.get("each")
    of_list = each in lists
    _check(kind, cursor, values, ours, of_list=of_list)
    passes = {}
    if each not in ours.unreadable and (each is not None or not cursor.has("each")):  # else nobody knows
        passes = _passes(kind, each, values.get("pass", {}), ours)
    return model.Opening(
        kind=kind,
        each=each if of_list else None,
        units=None if of_list else each,
        where=_where(values["where"], ours.lists[each or ""]) if _asks_rows(values, ours) else None,
        party=values.get("for"),
        passes=passes,
    )


def _asks_rows(values: Mapping[str, Any], ours: Ours) -> bool:
    return "where" in values and values.get("each") in ours.lists


def _check(kind: str, cursor: Cursor, values: Mapping[str, Any], ours: Ours, *, of_list: bool) -> None:
    """What doesn't go together."""
    if "where" in values and not of_list:
        values["where"].fail("where 只用于清单（each: 清单）", "where only beside a list (each: LIST)")
    if "for" in values and "each" in values and not of_list:
        cursor.fail("each: 单位类别 或 for，二者之一", "either each: KIND OF UNIT or for", found="for")
    first = next(iter(ours.world.parties.get(kind, ())), None)
    if first is None or first not in values.get("pass", {}):
        return
    if "for" in values or ("each" in values and not of_list):
        zh = f"被督办单位 {first} 只由 for、each 或 pass 之一给出"
        en = f"the supervised party {first} given by one of for, each and pass only"
        values["pass"][first].fail(zh, en, found=first)


def _where(cursor: Cursor, rows: model.Rows) -> terms.Term | None:
    """A condition on the columns of a row."""
    scope = Scope(facts=rows.columns, planned=(), lists=(), transitions=(), kinds=(), has_deadline=False)
    before = len(cursor.problems)
    term = condition(cursor, scope)
    if term is None:
        return None
    if all(isinstance(leaf, terms.Compare | terms.OneOf) for leaf in terms.leaves(term)):
        return term
    del cursor.problems[before:]
    listed = ", ".join(rows.columns)
    cursor.fail(
        f"对列（{listed}）的比较：列 == 值、列 >= 值、列 in 甲 or 乙，可用 all、any、not 组合",
        f"comparisons of columns ({listed}): COLUMN == VALUE, COLUMN >= VALUE, COLUMN in A or B, with all, "
        "any, not",
    )
    return None


def _passes(kind: str, each: str | None, passes: Mapping[str, Cursor], ours: Ours) -> dict[str, str]:
    world = ours.world
    theirs = {"deadline", *world.facts.get(kind, ()), *world.parties.get(kind, ())}
    rows = ours.lists.get(each or "")
    own = {
        *ours.facts,
        *ours.parties,
        *ours.unreadable,
        *(rows.columns if rows else ()),
    }
    fixed = {*world.unit_names, *(f"{MILESTONE}{name}" for name in world.milestones)}
    read: dict[str, str] = {}
    for target, entry in passes.items():
        if target not in theirs:
            entry.fail(*declared(f"{kind} 的填报项", f"fact of {kind}", theirs), found=target, words=theirs)
            continue
        value = entry.node.value
        source = value if isinstance(value, str) and value in fixed else reference(entry, own, _OURS)
        if source:
            read[target] = source
    return read
