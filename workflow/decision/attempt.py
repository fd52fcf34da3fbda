"""An act on its way: who does it, in which role, with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..definition.model import Transition
from ..people import Actor

if TYPE_CHECKING:
    from .acts import Act


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What is allowed and understood of an act, before it waits or takes place."""

    transition: Transition
    role: str
    actor: Actor | None  # None: a round of the scheduler
    facts: dict[str, Any]  # as the definition's types read them
    rows: dict[str, list[dict[str, Any]]]  # by list
    act: Act  # as it was asked for
