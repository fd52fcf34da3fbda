"""A definition made ready for deciding: guards compiled, machine built, once per version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..condition import Looker, compile_term
from ..definition.model import OF_PARENT, Definition, Rows, Rule, Transition
from ..definition.terms import DueIn, Overdue, SourcesDiffer, Tasks, Term, leaves
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
    def of_step(self) -> frozenset[str]:
        """Rules that speak of the state's `within`, which nothing stops: nor their cool-downs and repeats."""
        return frozenset(rule.name for rule in self.definition.rules.values() if _of_step(rule))

    @cached_property
    def watched(self) -> frozenset[str]:
        """Kinds of its own children that a rule or a machine-made transition asks about."""
        terms = [rule.when for rule in self.definition.rules.values()]
        terms += [one.after for one in self.definition.transitions.values() if one.after is not None]
        found = [leaf for term in terms for leaf in leaves(term)]
        return frozenset(leaf.kind for leaf in found if isinstance(leaf, Tasks) and not leaf.concerned)

    @cached_property
    def proposed(self) -> frozenset[str]:
        """Kinds on whose drafts a rule puts it."""
        rules = self.definition.rules.values()
        return frozenset(rule.proposes for rule in rules if rule.proposes is not None)

    @cached_property
    def begun(self) -> frozenset[str]:
        """Kinds that it may set going."""
        own = self.definition
        opens = [one.opens for one in own.states.values()]
        opens += [one.opens for one in own.transitions.values()]
        opens += [one.opens for one in own.rules.values()]
        return self.proposed | {opening.kind for each in opens for opening in each}

    @cached_property
    def reckoned(self) -> frozenset[str]:
        """Facts whose date a clock runs from or a deadline is set by."""
        transitions = self.definition.transitions.values()
        terms: list[Term | None] = [rule.when for rule in self.definition.rules.values()]
        for one in transitions:
            terms += [one.when, one.after]
        found = [leaf for term in terms if term is not None for leaf in leaves(term)]
        clocks = {leaf.clock for leaf in found if isinstance(leaf, DueIn | Overdue)}
        settings = [one for transition in transitions for one in transition.sets]
        dates = {one.source for one in settings if one.target == "deadline" and one.source}
        return frozenset(clocks | dates)

    @cached_property
    def read_of_children(self) -> frozenset[str]:
        """Kinds of its own children whose facts a machine-made transition copies."""
        transitions = self.definition.transitions.values()
        return frozenset(one.child for transition in transitions for one in transition.sets if one.child)

    @cached_property
    def checklists(self) -> tuple[Rows, ...]:
        """Lists whose rows are indicators."""
        return tuple(one for one in self.definition.lists.values() if one.indicators)

    @cached_property
    def watches_sources(self) -> bool:
        """Whether some condition compares what is said about its unit by several kinds of task."""
        terms = [rule.when for rule in self.definition.rules.values()]
        terms += [
            term for one in self.definition.transitions.values() for term in (one.when, one.after) if term
        ]
        return any(isinstance(leaf, SourcesDiffer) for term in terms for leaf in leaves(term))

    @cached_property
    def asks_parent(self) -> bool:
        """Whether who acted on the parent keeps somebody from acting here."""
        transitions = self.definition.transitions.values()
        return any(name.endswith(OF_PARENT) for one in transitions for name in one.not_by)

    @cached_property
    def judged_parties(self) -> frozenset[str]:
        """Parties in which some role must have no interest."""
        return frozenset(party for role in self.definition.roles.values() for party in role.recused)

    @cached_property
    def separations(self) -> Mapping[str, tuple[tuple[str, ...], ...]]:
        """By state, the different `not_by` of what the role that it waits for may do there."""
        found: dict[str, dict[tuple[str, ...], None]] = {name: {} for name in self.definition.states}
        for one in self.definition.transitions.values():
            for source in one.sources:
                if one.not_by and self.definition.states[source].waits_for in one.by:
                    found[source][one.not_by] = None
        return {name: tuple(separations) for name, separations in found.items()}

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


def _of_step(rule: Rule) -> bool:
    return any(isinstance(leaf, DueIn | Overdue) and leaf.clock == "step" for leaf in leaves(rule.when))
