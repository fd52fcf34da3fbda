"""A definition made ready for deciding: guards compiled, machine built, once per version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..condition import Looker, compile_term
from ..definition.model import Definition, Rule, Transition
from ..machine import Movement


@dataclass(frozen=True, kw_only=True)
class Book:
    """What `decide` needs of a definition. Shared by all tasks of that version."""

    definition: Definition

    @cached_property
    def movement(self) -> Movement:
        """The machine."""
        return Movement(self.definition)

    @cached_property
    def rules(self) -> tuple[tuple[Rule, Looker], ...]:
        """The escalation rules with their compiled conditions, in the order of the file."""
        return tuple(
            (rule, compile_term(rule.when, self.definition)) for rule in self.definition.rules.values()
        )

    @cached_property
    def automatic(self) -> Mapping[str, tuple[tuple[Transition, Looker], ...]]:
        """Machine-made transitions by the state from which they lead."""
        found: dict[str, list[tuple[Transition, Looker]]] = {name: [] for name in self.definition.states}
        for transition in self.definition.transitions.values():
            if transition.after is None:
                continue
            look = compile_term(transition.after, self.definition)
            for source in transition.sources:
                found[source].append((transition, look))
        return {name: tuple(edges) for name, edges in found.items()}

    @cached_property
    def abandoned_state(self) -> str | None:
        """Where a draft goes when nothing stands behind it any more."""
        states = self.definition.states.values()
        return next((state.name for state in states if state.final == "abandoned"), None)
