"""Reading `sets:` of a transition: a deadline, or a fact that is given, copied or read of a child."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import model, terms
from .cursor import Cursor, declared, duration, text

if TYPE_CHECKING:
    from .task import World

_AT_LEAST = "at least "
_OF_CHILD = re.compile(r"(?P<kind>[a-z][a-z0-9_]*)\.(?P<fact>[a-z][a-z0-9_]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settable:
    """What a transition may set, and from what."""

    world: World
    facts: Mapping[str, model.Fact]
    after: terms.Term | None  # of the transition, if the machine makes it


def settings(cursor: Cursor, ours: Settable) -> tuple[model.Setting, ...]:
    """Every `target: value`."""
    found = []
    for target, entry in cursor.entries():
        setting = _set_deadline(entry, ours) if target == "deadline" else _set_fact(target, entry, ours)
        if setting is not None:
            found.append(setting)
    return tuple(found)


def _set_deadline(cursor: Cursor, ours: Settable) -> model.Setting | None:
    value = cursor.node.value if isinstance(cursor.node.value, str) else ""
    dates = ["until", *(name for name, fact in ours.facts.items() if fact.type == "date")]
    if value in dates:
        return model.Setting(target="deadline", source=value)
    part = cursor.quiet().down("", type(cursor.node)(value=value.removeprefix(_AT_LEAST)))
    span = duration(part)
    if span is None:
        zh, en = (
            "until、日期填报项、时限或“at least 时限”",
            "until, a date fact, a duration or `at least DURATION`",
        )
        cursor.fail(zh, en, words=dates)
        return None
    if value.startswith(_AT_LEAST):
        return model.Setting(target="deadline", at_least=span)
    return model.Setting(target="deadline", span=span)


def _set_fact(target: str, cursor: Cursor, ours: Settable) -> model.Setting | None:
    if target not in ours.facts:
        known = ["deadline", *ours.facts]
        cursor.fail(*declared("填报项，或 deadline", "fact, or deadline", known), found=target, words=known)
        return None
    value = text(cursor)
    if value is None:
        return None
    if value in ours.facts and value not in ours.facts[target].choices:
        return model.Setting(target=target, source=value)
    match = _OF_CHILD.fullmatch(value)
    if match is None or value in ours.facts[target].choices:
        return model.Setting(target=target, value=value)
    return _of_child(target, cursor, match["kind"], match["fact"], ours)


def _of_child(target: str, cursor: Cursor, kind: str, fact: str, ours: Settable) -> model.Setting | None:
    named = dict(_children(ours.after)) if ours.after is not None else {}
    if kind not in named:
        listed = "、".join(named) or "尚无"
        cursor.fail(
            f"本流转的 after 等其办结（ended）或销号（accepted）的事项类型（{listed}）的填报项",
            f"a fact of a kind of which `after` asks whether it has ended or was accepted "
            f"({', '.join(named) or 'there are none'})",
            found=kind,
            words=named,
        )
        return None
    facts: Collection[str] = ours.world.facts.get(kind, ())
    if fact not in facts:
        cursor.fail(*declared(f"{kind} 的填报项", f"fact of {kind}", facts), found=fact, words=facts)
        return None
    return model.Setting(target=target, source=fact, child=kind, status=named[kind])


def _children(term: terms.Term) -> Iterator[tuple[str, terms.Status]]:
    """The kinds of children whose end a condition waits for; of one named twice the wider word counts."""
    if isinstance(term, terms.All | terms.Any):
        for part in sorted(term.parts, key=lambda one: getattr(one, "status", "") == "ended"):
            yield from _children(part)
    elif isinstance(term, terms.Tasks) and not term.concerned and term.status != "open":
        yield term.kind, term.status
