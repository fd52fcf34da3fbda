"""A form for each act: from what a definition asks to fields, and from what was typed to facts. Pure.

A field is named `fact.NAME`, a cell of a list `row.LIST.N.COLUMN`, N counting from 0; a row whose cells are
all empty was not filled in. `none.LIST` says that a list has no rows, which is an answer too. The engine
reads and judges the values: nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workflow.decision.everyday import FACT, INTO, PARTY, VERBS
from workflow.definition.facts import BUILT_IN
from workflow.definition.model import CONFIRM, REFUSE, Definition, Fact
from workflow.definition.sentences import files_of
from workflow.text import Text

ID = "id"  # of a row that is there already
BLANK_ROWS = 3  # offered below the rows that are there
MOST_ROWS = 500
_CELL = re.compile(r"row\.(?P<list>[a-z0-9_]+)\.(?P<row>[0-9]{1,4})\.(?P<column>[a-z0-9_]+)")
_REASON = BUILT_IN["reason"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One thing that is asked for."""

    name: str  # of the form
    label: Text
    type: str  # as definitions say it: text, number, date, choice, person …; `team` for several people
    needed: bool
    value: str = ""
    choices: tuple[str, ...] = ()
    called: Mapping[str, Text] = field(default_factory=dict)  # what the choices are called, where they are


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A row of a list, there already or still blank."""

    id_name: str  # the field that carries the row's id
    id: str  # empty: a blank one
    cells: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A list whose rows may be changed and added."""

    name: str
    label: Text
    columns: tuple[Field, ...]  # of a blank row
    rows: tuple[Line, ...]
    needed: bool
    none: bool = False  # it was said that there are none


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """Everything that an act asks for."""

    act: str
    label: Text
    fields: tuple[Field, ...] = ()
    tables: tuple[Table, ...] = ()
    evidence: int = 0  # how many files at least
    tiers: Text | None = None  # how many by which choice, where they differ
    takes_files: bool = False

    @property
    def may_need_files(self) -> bool:
        """Whether it can't be done without files, or can't with one of its choices."""
        return self.evidence > 0 or self.tiers is not None


def form_for(
    definition: Definition,
    act: str,
    reported: Mapping[str, Any],
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    typed: Mapping[str, str],
) -> Form | None:
    """The form of an act; None for an act that the kind doesn't have.

    Args:
        reported: facts as they stand, offered where nothing was typed.
        rows: the open rows of each list.
        typed: what came with a form that was refused.
    """
    verb, _, name = act.partition(":")
    if act in VERBS:
        own = VERBS[act]
        fields = [(fact, True) for fact in own.asks] + [(fact, False) for fact in own.optional]
        shown = tuple(_everyday(definition, fact, needed, reported, typed) for fact, needed in fields)
        return Form(act=act, label=own.label, fields=shown)
    if name and verb in (CONFIRM, REFUSE, "lift"):
        asked = _field(_REASON, verb != CONFIRM, {}, typed)
        return Form(act=act, label=_label(definition, verb, name), fields=(asked,))
    transition = definition.transitions.get(act)
    if transition is None or transition.after is not None:
        return None
    wanted = [(one, True) for one in transition.asks] + [(one, False) for one in transition.optional]
    return Form(
        act=act,
        label=transition.label,
        fields=tuple(
            _field(_fact(definition, one), needed, reported, typed)
            for one, needed in wanted
            if one not in definition.lists
        ),
        tables=tuple(
            _table(definition, one, needed, rows.get(one, ()), typed)
            for one, needed in wanted
            if one in definition.lists
        ),
        evidence=transition.files_before(reported),
        tiers=None if transition.evidence.by is None else files_of(definition, transition.evidence),
        takes_files=True,
    )


def _everyday(
    definition: Definition, fact: Fact, needed: bool, reported: Mapping[str, Any], typed: Mapping[str, str]
) -> Field:
    """A field of an act that every kind has; what may be corrected, or transferred, is chosen from a list."""
    found = _field(fact, needed, {}, typed)
    if fact is FACT:
        called = {name: one.label for name, one in definition.facts.items() if name in reported}
        columns = {
            name: Text(f"{listed.label.zh}：{one.label.zh}", f"{listed.label.en}: {one.label.en}")
            for listed in definition.lists.values()
            for name, one in listed.columns.items()
            if name not in called
        }
        called |= columns
    elif fact is PARTY:
        called = {name: Text(name, name) for name in definition.parties}
    else:
        return replace(found, type="task") if fact is INTO else found
    return replace(found, type="choice", choices=tuple(called), called=called)


def _label(definition: Definition, verb: str, name: str) -> Text:
    if verb == "lift":
        rule = definition.rules.get(name)
        label = rule.label if rule is not None else Text(name, name)
        return Text(f"免除“{label.zh}”", f"Lift {label.en}")
    transition = definition.transitions.get(name)
    label = transition.label if transition is not None else Text(name, name)
    return (
        Text(f"同意“{label.zh}”", f"Agree: {label.en}")
        if verb == CONFIRM
        else Text(f"不同意“{label.zh}”", f"Refuse: {label.en}")
    )


def _fact(definition: Definition, name: str) -> Fact:
    role = definition.roles.get(name)
    if role is not None:  # a team that is chosen
        return Fact(name=name, type="person", label=role.label)
    return BUILT_IN.get(name) or definition.facts[name]


def _field(fact: Fact, needed: bool, reported: Mapping[str, Any], typed: Mapping[str, str]) -> Field:
    """What was typed, else what stands; of people, units and files nothing: their ids say nothing."""
    name = f"fact.{fact.name}"
    stands = fact.name not in BUILT_IN and fact.type not in ("unit", "person", "file")
    value = typed.get(name, _shown(reported.get(fact.name)) if stands else "")
    return Field(
        name=name, label=fact.label, type=fact.type, needed=needed, value=value, choices=fact.choices
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _table(
    definition: Definition,
    name: str,
    needed: bool,
    rows: Sequence[Mapping[str, Any]],
    typed: Mapping[str, str],
) -> Table:
    own = definition.lists[name]
    columns = tuple(own.columns.values())
    sent = 1 + max((int(cell["row"]) for cell in _cells(typed) if cell["list"] == name), default=-1)
    count = min(MOST_ROWS, max(len(rows) + BLANK_ROWS, sent))
    lines = tuple(_line(name, n, columns, rows, typed) for n in range(count))
    blank = tuple(
        Field(name="", label=fact.label, type=fact.type, needed=False, choices=fact.choices)
        for fact in columns
    )
    return Table(
        name=name, label=own.label, columns=blank, rows=lines, needed=needed, none=f"none.{name}" in typed
    )


def _cell(name: str, n: int, fact: Fact, row: Mapping[str, Any], typed: Mapping[str, str]) -> Field:
    field = f"row.{name}.{n}.{fact.name}"
    value = typed.get(field, _shown(row.get(fact.name)))
    return Field(
        name=field, label=fact.label, type=fact.type, needed=False, value=value, choices=fact.choices
    )


def _line(
    name: str, n: int, columns: Sequence[Fact], rows: Sequence[Mapping[str, Any]], typed: Mapping[str, str]
) -> Line:
    row = rows[n] if n < len(rows) else {}
    ident = typed.get(f"row.{name}.{n}.{ID}", _shown(row.get(ID)))
    return Line(
        id_name=f"row.{name}.{n}.{ID}",
        id=ident,
        cells=tuple(_cell(name, n, fact, row, typed) for fact in columns),
    )


def _cells(typed: Mapping[str, str]) -> Iterator[re.Match[str]]:
    return (found for name in typed if (found := _CELL.fullmatch(name)) is not None)


def facts_in(typed: Mapping[str, str]) -> dict[str, str]:
    """The facts of a form that was sent; what was left empty was not given."""
    return {
        name.removeprefix("fact."): value.strip()
        for name, value in typed.items()
        if name.startswith("fact.") and value.strip()
    }


def rows_in(typed: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """The rows of a form that was sent, by list; `none.LIST` gives a list without rows."""
    found: dict[str, dict[int, dict[str, str]]] = {
        name.removeprefix("none."): {} for name in typed if name.startswith("none.")
    }
    for cell in _cells(typed):
        value = typed[cell[0]].strip()
        if value:
            found.setdefault(cell["list"], {}).setdefault(int(cell["row"]), {})[cell["column"]] = value
    return {name: [rows[n] for n in sorted(rows) if rows[n].keys() - {ID}] for name, rows in found.items()}
