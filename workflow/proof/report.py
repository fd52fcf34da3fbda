"""Where the problems of one file of a pack go, and how its parts are named in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..definition.model import Definition, Opening, Pack
from ..definition.pack import CAMPAIGN, Places
from ..definition.terms import Term
from ..definition.yaml import Problem, nearest
from ..text import Text, same


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Collects what is wrong with one file of a pack."""

    file: str  # path inside the pack
    places: Places
    problems: list[Problem]  # shared by the reports of all files
    shared: frozenset[str] = frozenset()  # rules that stand in the campaign's file

    def fail(
        self, key: str, found: str | Text, zh: str, en: str, *, word: str = "", words: Collection[str] = ()
    ) -> None:
        """Note that something else was expected at this key."""
        head, _, rest = key.partition(".")
        file = CAMPAIGN if head == "escalations" and rest.split(".")[0] in self.shared else self.file
        problem = Problem(
            file=file,
            line=self.places.line(file, key),
            key=key,
            found=found if isinstance(found, Text) else same(found),
            expected=Text(zh, en),
            nearest=nearest(word, words) if word else None,
        )
        self.problems.append(problem)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A definition under examination, with its pack and its report."""

    pack: Pack
    definition: Definition
    report: Report


class Use(NamedTuple):
    """An opening and where it is written."""

    key: str
    opening: Opening


class Condition(NamedTuple):
    """A condition, where it is written, and the states in which it is looked at."""

    key: str
    term: Term
    states: tuple[str, ...]
    chosen: bool  # somebody wrote these states down (`in:`), so it should fit each of them


def open_states(definition: Definition) -> tuple[str, ...]:
    """The states that are not final."""
    return tuple(state.name for state in definition.states.values() if state.final is None)


def openings(definition: Definition) -> Iterator[Use]:
    """Every opening of states, transitions and rules."""
    holders = (
        *((f"states.{state.name}", state.opens) for state in definition.states.values()),
        *((f"transitions.{one.name}", one.opens) for one in definition.transitions.values()),
        *((f"escalations.{rule.name}", rule.opens) for rule in definition.rules.values()),
    )
    for holder, opens in holders:
        for opening in opens:
            yield Use(f"{holder}.opens.{opening.kind}", opening)


def conditions(definition: Definition) -> Iterator[Condition]:
    """Every condition of transitions and rules."""
    for one in definition.transitions.values():
        for word, term in (("when", one.when), ("after", one.after)):
            if term is not None:
                yield Condition(f"transitions.{one.name}.{word}", term, one.sources, False)
    for rule in definition.rules.values():
        states = rule.states or open_states(definition)
        yield Condition(f"escalations.{rule.name}.when", rule.when, states, bool(rule.states))


def opened_kinds(definition: Definition) -> set[str]:
    """The kinds that tasks of this definition open or propose."""
    proposed = {rule.proposes for rule in definition.rules.values() if rule.proposes is not None}
    return proposed | {use.opening.kind for use in openings(definition)}


def listed(names: Collection[str]) -> Text:
    """Names in a row, for a sentence."""
    return Text("、".join(names), ", ".join(names))
