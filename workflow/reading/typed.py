"""What people typed, as the engine takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..decision.everyday import FACT, INTO, PERSONS, ROW, UNIT, VALUE
from ..definition.model import Definition
from ..engine import Frame
from ..task import Loaded
from .numbers import read_number
from .people import person_id, unit_id


def known_facts(frame: Frame, definition: Definition, facts: Mapping[str, str]) -> dict[str, Any]:
    """Facts as the engine takes them: people and units by code become their ids, a team is several people.

    Raises:
        Unknown: no such person or unit.
    """
    readers = {"person": person_id, "unit": unit_id}
    found: dict[str, Any] = {}
    for name, value in facts.items():
        declared, role = definition.facts.get(name), definition.roles.get(name)
        reader = readers.get(declared.type) if declared is not None else None
        if role is not None and role.team is not None:
            found[name] = _people(frame, value)
        else:
            found[name] = value if reader is None else reader(frame.tx, value)
    return found


def known_everyday(
    frame: Frame, loaded: Loaded, definition: Definition, facts: Mapping[str, str]
) -> dict[str, Any]:
    """What an everyday act takes, as the engine takes it: people, units and tasks become their ids.

    Raises:
        Unknown: no such person, unit or task.
    """
    found: dict[str, Any] = dict(facts)
    if PERSONS.name in facts:
        found[PERSONS.name] = _people(frame, facts[PERSONS.name])
    if UNIT.name in facts:
        found[UNIT.name] = unit_id(frame.tx, facts[UNIT.name])
    if INTO.name in facts:
        found[INTO.name] = read_number(frame, facts[INTO.name])
    if VALUE.name in facts:
        found[VALUE.name] = _corrected(frame, loaded, definition, facts)
    return found


def _people(frame: Frame, typed: str) -> list[int]:
    codes = [code.strip() for code in typed.replace("，", ",").split(",") if code.strip()]
    return [person_id(frame.tx, code) for code in codes]


def _corrected(frame: Frame, loaded: Loaded, definition: Definition, facts: Mapping[str, str]) -> Any:
    """A corrected value: a person or a unit by code becomes its id."""
    row, name, value = facts.get(ROW.name), facts.get(FACT.name, ""), facts[VALUE.name]
    columns = {str(one.id): definition.lists[one.list].columns for one in loaded.rows}
    fact = (definition.facts if row is None else columns.get(row, {})).get(name)
    readers = {"person": person_id, "unit": unit_id}
    reader = readers.get(fact.type) if fact is not None else None
    return value if reader is None else reader(frame.tx, value)
