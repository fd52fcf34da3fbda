"""Reading one kind of task: a file `KIND.yaml` of a pack."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..text import Text
from . import model
from .ballot import ballot
from .checklist import scored_list
from .conditions import Scope, condition
from .cursor import (
    Cursor,
    bilingual,
    choice,
    duration,
    name_of,
    named,
    reference,
    references,
    text,
    whole,
    words,
    yes,
)
from .evidence import evidence
from .facts import ANOTHER_NAME, BUILT_IN, KIND, RESERVED, fact, rows
from .letter import Letters, letter
from .numbering import pattern
from .opening import Ours, openings
from .roles import ROLE as _ROLE
from .roles import RoleScope, role, teams_in
from .sentences import Labels, sentence
from .setting import Settable, settings
from .shared_rules import SharedRules
from .terms import Term
from .times import again, deadline, plans
from .yaml import NOTHING

ANY_OPEN = "any open"
_STATE = Text("状态", "state")
_TRANSITION = Text("流转", "transition")
_ASKED = Text("填报项、清单、工作组、reason 或 until", "fact, list, team, reason or until")


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What a definition may refer to outside of itself."""

    kinds: Mapping[str, Text]  # kind -> its label
    facts: Mapping[str, Mapping[str, str]]  # kind -> its facts with their types
    parties: Mapping[str, Collection[str]]  # kind -> names of its parties
    unit_names: Collection[str]  # names of single units, as roles use them
    unit_kinds: Collection[str]
    groups: Collection[str]  # names of `of each` groups
    milestones: Collection[str]
    again: model.Again
    sources: Mapping[str, model.Source] = field(default_factory=dict)
    indicators: model.Checklist | None = None
    rules: SharedRules | None = None  # those of the campaign
    templates: Collection[str] = ()  # Word files of the pack


@dataclass(frozen=True, kw_only=True, slots=True)
class _Names:
    """The names that a definition declares, gathered before anything is read."""

    world: World
    parties: Collection[str]
    roles: Collection[str]
    teams: Collection[str]  # those of the roles that are chosen
    states: Collection[str]
    finals: Collection[str]
    transitions: Collection[str]
    facts: Mapping[str, model.Fact]
    lists: Mapping[str, model.Rows]
    plan: Collection[str]
    labels: Labels
    has_deadline: bool  # from the beginning
    sets_deadline: bool  # a transition gives it one
    unreadable: Collection[str]  # facts and lists that are declared, but wrongly
    acts: Collection[str]  # transitions that people take

    @property
    def letters(self) -> Letters:
        return Letters(
            acts=self.acts,
            parties=self.parties,
            roles=self.roles,
            facts={*self.facts, *self.unreadable},
            templates=self.world.templates,
        )

    def openings(self, cursor: Cursor) -> tuple[model.Opening, ...] | None:
        ours = Ours(
            world=self.world,
            facts=self.facts,
            parties=self.parties,
            lists=self.lists,
            unreadable=self.unreadable,
        )
        return openings(cursor, ours)

    def term(self, cursor: Cursor) -> Term | None:
        scope = Scope(
            facts=self.facts,
            planned=self.plan,
            lists=self.lists,
            transitions=self.transitions,
            kinds=self.world.kinds,
            has_deadline=self.has_deadline or self.sets_deadline,
            sources=self.world.sources,
            unreadable=self.unreadable,
        )
        return condition(cursor, scope)


def definition(top: Cursor, world: World) -> model.Definition | None:
    """Read a definition; None, after complaints, when it can't be built."""
    before = len(top.problems)
    names = _names(top, world)
    values = words(top, _words(names), required=("task", "label", "parties", "deadline", "states"))
    rules = {**values.get("escalations", {}), **_shared_rules(top, names, values)}
    if len(top.problems) > before:
        return None
    return model.Definition(
        kind=values["task"],
        label=values["label"],
        basis=values.get("basis", ""),
        parties=values["parties"],
        deadline=values["deadline"],
        plan=values.get("plan", {}),
        roles=values.get("roles", {}),
        facts=values.get("facts", {}),
        lists=names.lists,
        states=values["states"],
        transitions=values.get("transitions", {}),
        rules=rules,
        opened_by=values.get("opened_by", ()),
        ballot=values.get("ballot"),
        letter=values.get("letter"),
    )


def _shared_rules(top: Cursor, names: _Names, values: Mapping[str, Any]) -> dict[str, model.Rule]:
    if names.world.rules is None:
        return {}
    own = top.get("escalations")
    return names.world.rules.of_kind(
        top.file[: -len(".yaml")],
        own.keys() if own else (),
        values.get("states", {}).values(),
        lambda key, entry: _rule(key, entry, names, shared=True),
    )


def _names(top: Cursor, world: World) -> _Names:
    """A first pass that complains about nothing but facts and lists, which are read for good."""

    def keys(word: str) -> tuple[str, ...]:
        entry = top.get(word)
        return entry.keys() if entry else ()

    facts, lists, states, due = top.get("facts"), top.get("lists"), top.get("states"), top.get("deadline")
    read_facts = named(facts.quiet(), fact) if facts else {}
    kind = top.file[: -len(".yaml")]
    read_lists = named(lists, lambda key, entry: _list(key, entry, world, kind, read_facts)) if lists else {}
    return _Names(
        world=world,
        parties=keys("parties"),
        roles=keys("roles"),
        teams=teams_in(top.get("roles")),
        states=keys("states"),
        finals=[name for name, state in states.quiet().entries() if state.has("final")] if states else (),
        transitions=keys("transitions"),
        facts={**read_facts},
        lists=read_lists,
        plan=keys("plan"),
        labels=_labels(top, world, read_facts, read_lists),
        has_deadline=due is not None and due.node.value != "none",
        sets_deadline=_sets_deadline(top.get("transitions")),
        unreadable={*keys("facts"), *keys("lists")} - {*read_facts, *read_lists},
        acts=_acts(top.get("transitions")),
    )


def _acts(transitions: Cursor | None) -> list[str]:
    entries = transitions.quiet().entries() if transitions else []
    return [name for name, entry in entries if not entry.has("after")]


def _sets_deadline(transitions: Cursor | None) -> bool:
    entries = transitions.quiet().entries() if transitions else []
    found = [entry.get("sets") for _, entry in entries]
    return any(settings is not None and settings.has("deadline") for settings in found)


def _labels(
    top: Cursor, world: World, facts: Mapping[str, model.Fact], lists: Mapping[str, model.Rows]
) -> Labels:
    """What the names of a condition are called on screen."""
    labels = {name: fact.label for name, fact in facts.items()}
    labels |= {name: rows.label for name, rows in lists.items()}
    labels |= world.kinds
    transitions = top.get("transitions")
    for act, entry in transitions.quiet().entries() if transitions else ():
        found = entry.get("label")
        if found:
            labels[act] = bilingual(found) or Text(act, act)
    return labels


def _words(names: _Names) -> dict[str, Callable[[Cursor], Any]]:
    def each(reader: Callable[[str, Cursor, _Names], Any]) -> Callable[[Cursor], Any]:
        return lambda cursor: named(cursor, lambda key, entry: reader(key, entry, names))

    return {
        "task": text,
        "label": bilingual,
        "basis": text,
        "parties": lambda cursor: _parties(cursor, names.world),
        "deadline": lambda cursor: deadline(cursor, names.world.milestones),
        "plan": lambda cursor: plans(cursor, names.facts, names.unreadable, has_deadline=names.has_deadline),
        "roles": lambda cursor: _roles(cursor, names),
        "opened_by": lambda cursor: references(cursor, names.roles, _ROLE),
        "facts": lambda cursor: _facts(cursor, names),
        "lists": lambda _: True,  # read in the first pass
        "states": lambda cursor: _states(cursor, names),
        "transitions": each(_transition),
        "escalations": each(_rule),
        "ballot": lambda cursor: ballot(cursor, names.facts, names.world.milestones),
        "letter": lambda cursor: letter(cursor, names.letters),
    }


def _parties(cursor: Cursor, world: World) -> dict[str, tuple[str, ...]] | None:
    def kinds(_name: str, entry: Cursor) -> tuple[str, ...] | None:
        if entry.node.value == "any":
            return ()
        return references(entry, world.unit_kinds, Text("单位类别，或 any", "kind of unit, or any"))

    found = named(cursor, kinds)
    _refuse_names(cursor, {*RESERVED, *world.unit_names})
    if cursor.keys():
        return found
    cursor.fail("至少一个当事方", "at least one party")
    return None


def _refuse_names(cursor: Cursor, taken: Collection[str]) -> None:
    """A name that stands for something else already would be read as either, here or there."""
    for key, entry in cursor.quiet().entries():
        if key in taken:
            loud = Cursor(file=entry.file, path=entry.path, node=entry.node, problems=cursor.problems)
            loud.fail(*ANOTHER_NAME, found=key)


def _roles(cursor: Cursor, names: _Names) -> dict[str, model.Role]:
    scope = RoleScope(
        roles=names.roles,
        parties=names.parties,
        unit_names=names.world.unit_names,
        groups=names.world.groups,
        taken={*names.facts, *names.lists, *names.unreadable, *BUILT_IN, *RESERVED},
    )
    return named(cursor, lambda key, entry: role(key, entry, scope))


def _facts(cursor: Cursor, names: _Names) -> dict[str, model.Fact]:
    _refuse_names(cursor, {*RESERVED, *names.lists, *names.parties})
    return named(cursor, fact)


def _states(cursor: Cursor, names: _Names) -> dict[str, model.State] | None:
    _refuse_names(cursor, {model.BACK})
    if not cursor.keys():
        cursor.fail("至少一个状态", "at least one state")
    return named(cursor, lambda key, entry: _state(key, entry, names))


def _list(
    name: str, cursor: Cursor, world: World, kind: str, facts: Mapping[str, model.Fact]
) -> model.Rows | None:
    if cursor.has("scores"):
        return scored_list(name, cursor, kind, world.indicators, facts)
    return rows(name, cursor, world.kinds)


def _state(name: str, cursor: Cursor, names: _Names) -> model.State | None:
    known = {
        "label": bilingual,
        "waits_for": lambda entry: reference(entry, names.roles, _ROLE),
        "within": duration,
        "deadline": choice("stopped"),
        "opens": names.openings,
        "final": choice("accepted", "abandoned"),
        "draft": yes,
    }
    values = words(cursor, known, required=("label",))
    if "label" not in values:
        return None
    if cursor.has("within") and not cursor.has("waits_for"):
        cursor.fail("有 within 就要有 waits_for（等谁）", "waits_for beside within: whose time is it?")
    if cursor.has("final") and {*cursor.keys()} & {"waits_for", "within", "opens", "draft", "deadline"}:
        cursor.fail("终结状态只有 label 和 final", "a final state with nothing but label and final")
    return model.State(
        name=name,
        label=values["label"],
        waits_for=values.get("waits_for"),
        within=values.get("within"),
        stops_deadline="deadline" in values,
        opens=values.get("opens", ()),
        final=values.get("final"),
        draft=values.get("draft", False),
    )


def _transition(name: str, cursor: Cursor, names: _Names) -> model.Transition | None:
    values = words(cursor, _transition_words(names), required=("from",))
    _check_actors(name, cursor)
    twice = sorted({*values.get("asks", ())} & {*values.get("optional", ())})
    if twice:
        cursor.fail("asks 或 optional，不同时写", "in asks or in optional, not in both", found=twice[0])
    if "from" not in values:
        return None
    return model.Transition(
        name=name,
        label=values.get("label", Text(name, name)),
        sources=values["from"],
        target=values.get("to"),
        by=values.get("by", ()),
        when=values.get("when"),
        asks=values.get("asks", ()),
        optional=values.get("optional", ()),
        sets=_settings(values, names),
        confirmed_by=values.get("confirmed_by"),
        not_by=values.get("not_by", ()),
        quorum=values.get("quorum"),
        evidence=values.get("evidence", model.Evidence()),
        after=values.get("after"),
        opens=values.get("opens", ()),
        number=values.get("number"),
    )


_ACTED = ("by", "asks", "optional", "confirmed_by", "not_by", "evidence", "when", "quorum")
_TAKEN = frozenset({model.CONFIRM, model.REFUSE, model.ANYONE, model.OPENED})


def _check_actors(name: str, cursor: Cursor) -> None:
    """A transition is made either by somebody or by the machine."""
    machine_made = cursor.has("after")
    found = [word for word in _ACTED if cursor.has(word)]
    if machine_made and found:
        zh, en = "机器流转（after）没有人来做", "nobody who acts in a machine-made transition (after)"
        cursor.fail(zh, en, found=found[0])
    if machine_made and not cursor.has("to"):
        cursor.fail(
            "机器流转要有去向 to", "a machine-made transition that leads somewhere (to)", found=NOTHING
        )
    if not machine_made and not cursor.has("by"):
        zh, en = "by（由谁）或 after（何时自动）", "by (who acts) or after (when the machine acts)"
        cursor.fail(zh, en, found=NOTHING)
    if not machine_made and not cursor.has("label"):
        cursor.fail("必填的 label", "the required word label", found=NOTHING)
    if name in _TAKEN:
        cursor.fail(*ANOTHER_NAME, found=name)


def _transition_words(names: _Names) -> dict[str, Callable[[Cursor], Any]]:
    asked = {*names.facts, *names.lists, *names.teams, *names.unreadable, *BUILT_IN}
    return {
        "label": bilingual,
        "from": lambda entry: _sources(entry, names),
        "to": lambda entry: reference(entry, [*names.states, model.BACK], _STATE),
        "by": lambda entry: references(entry, names.roles, _ROLE),
        "when": names.term,
        "asks": lambda entry: references(entry, asked, _ASKED),
        "optional": lambda entry: references(entry, asked, _ASKED),
        "sets": lambda entry: entry,  # read below, when it is known what `after` names
        "confirmed_by": lambda entry: _confirmation(entry, names),
        "not_by": lambda entry: _exclusions(entry, names),
        "quorum": _quorum,
        "evidence": lambda entry: evidence(entry, names.facts),
        "after": names.term,
        "opens": names.openings,
        "number": pattern,
    }


def _exclusions(cursor: Cursor, names: _Names) -> tuple[str, ...] | None:
    """`ACT`, `anyone`, `opened`; of the parent's acts only the proof knows which there are."""
    own = [*names.transitions, model.ANYONE, model.OPENED]
    of_parent = [
        str(item.node.value)
        for item in cursor.items()
        if item.is_text and re.fullmatch(rf"[a-z][a-z0-9_]*{model.OF_PARENT}", str(item.node.value))
    ]
    return references(cursor, [*own, *dict.fromkeys(of_parent)], _TRANSITION)


def _quorum(cursor: Cursor) -> Any:
    """`2` or more people, or `all`."""
    if cursor.node.value == model.ALL:
        return model.ALL
    found = whole(cursor.quiet())
    if found is not None and found >= 2:
        return found
    cursor.fail("all，或 2 至 999 的人数", "all, or a number of people from 2 to 999")
    return None


def _settings(values: Mapping[str, Any], names: _Names) -> tuple[model.Setting, ...]:
    if "sets" not in values:
        return ()
    ours = Settable(world=names.world, facts=names.facts, after=values.get("after"))
    return settings(values["sets"], ours)


def _sources(cursor: Cursor, names: _Names) -> tuple[str, ...] | None:
    open_states = [name for name in names.states if name not in names.finals]
    if cursor.node.value == ANY_OPEN:
        return tuple(open_states)
    return references(cursor, open_states, Text("未终结的状态，或 any open", "open state, or any open"))


def _confirmation(cursor: Cursor, names: _Names) -> model.Confirmation | None:
    known = {
        "role": lambda entry: reference(entry, names.roles, _ROLE),
        "within": duration,
        "else": choice("lapse"),
        "deadline": choice("stopped"),
    }
    values = words(cursor, known, required=("role", "within", "else"))
    if "role" not in values or "within" not in values:
        return None
    return model.Confirmation(
        role=values["role"], within=values["within"], stops_deadline="deadline" in values
    )


_FOLLOWS = ("light", "tells", "proposes", "opens")


def _rule(name: str, cursor: Cursor, names: _Names, *, shared: bool = False) -> model.Rule | None:
    world = names.world
    known: dict[str, Callable[[Cursor], Any]] = {
        "label": bilingual,
        "when": names.term,
        "in": lambda entry: references(entry, names.states, _STATE),
        "light": choice(*model.LIGHTS[1:]),
        "tells": lambda entry: references(entry, names.roles, _ROLE),
        "proposes": lambda entry: reference(entry, world.kinds, KIND),
        "opens": names.openings,
        "until": lambda entry: _until(entry, world),
        "because": bilingual,
        "ladder": name_of,
        "again": again,
    }
    if shared:
        known = {"of": lambda _: True, **known}  # read once, before the kinds
    values = words(cursor, known, required=("when",))
    if not any(cursor.has(word) for word in _FOLLOWS):
        listed = ", ".join(_FOLLOWS)
        cursor.fail(f"{listed} 至少其一", f"at least one of {listed}", found=NOTHING)
    if "when" not in values:
        return None
    label = values.get("label") or values.get("because") or sentence(values["when"], names.labels)
    return model.Rule(
        name=name,
        label=label,
        when=values["when"],
        again=values.get("again", world.again),
        states=values.get("in", ()),
        light=values.get("light", "green"),
        tells=values.get("tells", ()),
        proposes=values.get("proposes"),
        opens=values.get("opens", ()),
        until=values.get("until"),
        because=values.get("because"),
        ladder=values.get("ladder"),
    )


def _until(cursor: Cursor, world: World) -> model.Until | None:
    value = cursor.node.value if isinstance(cursor.node.value, str) else ""
    kind, _, status = value.partition(" ")
    if kind in world.kinds and status in ("ended", "accepted"):
        return model.Until(kind=kind, status="ended" if status == "ended" else "accepted")
    cursor.fail("“事项类型 ended”或“事项类型 accepted”", "KIND ended or KIND accepted", words=world.kinds)
    return None
