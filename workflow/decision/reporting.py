"""What is reported with an act: facts and rows, checked before they are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..definition.facts import BUILT_IN
from ..definition.model import Definition, Fact, Opening, Transition
from ..errors import BadValue
from .ballots import check_ballot
from .case import Case
from .marks import apply_marks, marks_of, mean_of, unscored
from .teams import check_team
from .values import check_covered, check_future, check_row, check_value

if TYPE_CHECKING:
    from .acts import Act

REASON = BUILT_IN["reason"]


def facts_of(case: Case, transition: Transition, given: Mapping[str, Any]) -> dict[str, Any]:
    """The facts reported with an act, as they are stored. Raises BadValue."""
    definition = case.book.definition
    asked = [name for name in transition.asks if name not in definition.lists]
    allowed = {*asked, *(name for name in transition.optional if name not in definition.lists)}
    unknown, missing = sorted(set(given) - allowed), [name for name in asked if name not in given]
    if unknown or missing:
        raise _wrong_facts(definition, transition, unknown, missing, allowed)
    checked = {name: _checked(case, name, raw) for name, raw in given.items()}
    for name in checked.keys() & case.book.reckoned:
        check_covered(fact_named(definition, name), checked[name], case.view.calendar)
    check_new_deadline(case, transition, checked)
    check_ballot(case, checked)
    return checked


def _checked(case: Case, name: str, raw: Any) -> Any:
    if name in case.book.definition.roles:
        return check_team(case, name, raw)
    return check_value(fact_named(case.book.definition, name), raw)


def check_new_deadline(case: Case, transition: Transition, facts: Mapping[str, Any]) -> None:
    """A deadline that a person sets must not have passed. Raises BadValue."""
    dates = [one.source for one in transition.sets if one.target == "deadline" and one.source is not None]
    for name in dates:
        if name in facts:
            fact = fact_named(case.book.definition, name)
            check_future(fact, facts[name], case.view.calendar, case.now)


def _wrong_facts(
    definition: Definition, transition: Transition, unknown: list[str], missing: list[str], allowed: set[str]
) -> BadValue:
    labels = [(definition.roles.get(name) or fact_named(definition, name)).label for name in missing]
    if missing:
        return BadValue(
            f"“{transition.label.zh}”未被接受：还须填报{'、'.join(one.zh for one in labels)}"
            f"（{', '.join(missing)}）。",
            f"{transition.label.en!r} was refused: {', '.join(one.en for one in labels)} is missing "
            f"({', '.join(missing)}). Report it with the act.",
        )
    known = ", ".join(sorted(allowed))
    return BadValue(
        f"“{transition.label.zh}”未被接受：不收 {'、'.join(unknown)}。可填报：{known or '无'}。",
        f"{transition.label.en!r} was refused: it doesn't take {', '.join(unknown)}. "
        f"It takes: {known or 'nothing'}.",
    )


def fact_named(definition: Definition, name: str) -> Fact:
    """A fact of the definition, or one that needs no declaration (`reason`, `until`)."""
    return definition.facts.get(name) or BUILT_IN[name]


def rows_of(
    case: Case, transition: Transition, given: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """The rows reported with an act, as they are stored; `id` names one to change. Raises BadValue."""
    lists = case.book.definition.lists
    allowed = {name for name in (*transition.asks, *transition.optional) if name in lists}
    for name in given:
        if name not in allowed:
            raise BadValue(
                f"“{transition.label.zh}”未被接受：不收清单 {name}。",
                f"{transition.label.en!r} was refused: it doesn't take rows of {name}.",
            )
    return {
        name: marks_of(lists[name], listed)
        if lists[name].indicators
        else [_row(case, name, raw) for raw in listed]
        for name, listed in given.items()
    }


def _row(case: Case, name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """A row to add, or to change when it carries the `id` of an open one. Rows are never removed."""
    rows = case.book.definition.lists[name]
    values = {column: value for column, value in raw.items() if column != "id"}
    checked = check_row(rows.columns, name, values)
    for column, fact in rows.columns.items():
        if fact.type == "date" and becomes_deadline(case.book.definition, name, column):
            check_covered(fact, checked[column], case.view.calendar)
            check_future(fact, checked[column], case.view.calendar, case.now)
    if "id" not in raw:
        return checked
    if not any(
        str(row.id) == str(raw["id"]) and row.list == name and row.closed_at is None for row in case.rows
    ):
        raise BadValue(
            f"清单 {name} 中没有未销号的第 {raw['id']} 行，不能修改。",
            f"There is no open row {raw['id']} in {name} to change.",
        )
    return {"id": int(raw["id"]), **checked}


def becomes_deadline(definition: Definition, name: str, column: str) -> bool:
    """Whether a column of a list is the deadline of a task that is opened for each row."""
    openings: list[Opening] = []
    for state in definition.states.values():
        openings.extend(state.opens)
    for transition in definition.transitions.values():
        openings.extend(transition.opens)
    for rule in definition.rules.values():
        openings.extend(rule.opens)
    return any(one.each == name and one.passes.get("deadline") == column for one in openings)


def scored(case: Case, rows: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """The facts that these marks complete, or change."""
    lists = [case.book.definition.lists[name] for name in rows]
    means = {one.into: mean_of(case, one, rows[one.name]) for one in lists if one.into is not None}
    return {name: mean for name, mean in means.items() if mean is not None}


def open_after(case: Case, rows: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, int]:
    """How many rows of each list would be open with these rows reported."""
    counts = dict(case.view.open_rows)
    for name, listed in rows.items():
        own = case.book.definition.lists[name]
        added = sum(1 for values in listed if "id" not in values)
        counts[name] = unscored(case, own, listed) if own.indicators else counts.get(name, 0) + added
    return counts


def apply_rows(case: Case, rows: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Add new rows and change open ones; the facts that follow from them."""
    facts = scored(case, rows)
    for name, listed in rows.items():
        if case.book.definition.lists[name].indicators:
            apply_marks(case, name, listed)
            continue
        for values in listed:
            kept = {column: value for column, value in values.items() if column != "id"}
            if "id" not in values:
                case.add_row(name, kept)
                continue
            old = next(row for row in case.rows if row.id == values["id"])
            if old.closed_at is None:  # struck off while the act waited for its confirmation: it stays so
                case.change_row(replace(old, values=kept))
    case.report(facts)
    return facts


def optional_reason(act: Act, *, required: bool) -> dict[str, Any]:
    """The reason given with an answer, and nothing else. Raises BadValue."""
    unknown = sorted({*act.facts, *act.rows} - {REASON.name}) + ["evidence"] * bool(act.evidence)
    if unknown:
        raise BadValue(
            f"未被接受：这里只收理由（reason），不收 {'、'.join(unknown)}。",
            f"Refused: only a reason is taken here, not {', '.join(unknown)}.",
        )
    if REASON.name in act.facts:
        return {REASON.name: check_value(REASON, act.facts[REASON.name])}
    if required:
        raise BadValue("未被接受：须说明理由（reason）。", "Refused: give a reason (reason).")
    return {}
