"""Rules that hold for every kind of task, or for those that they name: `escalations:` of the campaign.

Each is read within the names of each kind, as if it stood there. One that says `of:` must fit the kinds
that it names; one that doesn't is left out where the kind lacks what it speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from ..text import Text
from . import model, terms
from .cursor import Cursor, named, references
from .yaml import NOTHING, Problem

Read = Callable[[str, Cursor], model.Rule | None]
_KINDS = Text("事项类型", "kind of task")


@dataclass(kw_only=True, slots=True)
class _Shared:
    """A rule and how it fared."""

    cursor: Cursor
    of: tuple[str, ...]  # empty: every kind that it fits
    holds: bool = False  # for some kind
    complaints: list[list[Problem]] = field(default_factory=list)  # of kinds that it doesn't fit


class SharedRules:
    """The campaign's rules, and for which kinds each turned out to hold."""

    def __init__(self, top: Cursor, kinds: Collection[str]) -> None:
        entry = top.get("escalations")
        self._rules = {} if entry is None else named(entry, lambda _name, item: _shared(item, kinds))

    @property
    def names(self) -> frozenset[str]:
        """What they are called."""
        return frozenset(self._rules)

    def of_kind(
        self, kind: str, own: Collection[str], states: Collection[model.State], read: Read
    ) -> dict[str, model.Rule]:
        """Those that hold for a kind; its own rule of the same name stands in the place of one."""
        found = {}
        for name, shared in self._rules.items():
            if shared.of and kind not in shared.of:
                continue
            if name in own:
                shared.holds = True
                continue
            rule = read(name, shared.cursor) if shared.of else _if_it_fits(name, kind, shared, states, read)
            if rule is not None:
                shared.holds = True
                found[name] = rule
        return found

    def finish(self) -> None:
        """Complain about rules that hold for no kind, as the kind would that they come nearest to."""
        for shared in self._rules.values():
            if shared.holds or shared.of:
                continue
            if nearest := min(shared.complaints, key=len, default=None):
                shared.cursor.problems.extend(nearest)
            else:
                zh, en = "至少适用于一个事项类型的规则", "a rule that holds for at least one kind of task"
                shared.cursor.fail(zh, en, found=NOTHING)


def _shared(cursor: Cursor, kinds: Collection[str]) -> _Shared | None:
    if not isinstance(cursor.node.value, dict):
        cursor.fail("一条规则", "a rule")
        return None
    of = cursor.get("of")
    named_kinds = references(of, kinds, _KINDS) if of is not None else ()
    return None if named_kinds is None else _Shared(cursor=cursor, of=named_kinds)


def _if_it_fits(
    name: str, kind: str, shared: _Shared, states: Collection[model.State], read: Read
) -> model.Rule | None:
    heard: list[Problem] = []
    rule = read(name, replace(shared.cursor, problems=heard))
    if heard:
        shared.complaints.append(heard)
        return None
    return rule if rule is not None and _makes_sense(rule, kind, states) else None


def _makes_sense(rule: model.Rule, kind: str, states: Collection[model.State]) -> bool:
    """No kind opens itself by such a rule, and `step` asks for a state with a time of its own."""
    opened = {*(opening.kind for opening in rule.opens), rule.proposes}
    timed = any(state.within is not None for state in states)
    steps = any(
        isinstance(leaf, terms.DueIn | terms.Overdue) and leaf.clock == "step"
        for leaf in terms.leaves(rule.when)
    )
    return kind not in opened and (timed or not steps)
