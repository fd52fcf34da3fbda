"""What people typed, as the engine takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..definition.model import Definition
from ..engine import Frame
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
            codes = [code.strip() for code in value.replace("，", ",").split(",") if code.strip()]
            found[name] = [person_id(frame.tx, code) for code in codes]
        else:
            found[name] = value if reader is None else reader(frame.tx, value)
    return found
