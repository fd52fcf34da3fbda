"""Teams: who may be chosen, the choice itself, and the end of its term."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..condition import earliest
from ..definition.model import Definition, Fact, Role
from ..errors import BadValue
from ..task import Chosen
from ..text import Text
from .case import Case
from .outcome import EventDraft
from .values import check_value


def split(definition: Definition, facts: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """What was reported, and who was chosen: people are named in the header, never among the values."""
    teams = {name: facts[name] for name in facts if name in definition.roles}
    return {name: value for name, value in facts.items() if name not in teams}, teams


def check_team(case: Case, name: str, raw: Any) -> list[int]:
    """The people chosen into a team, by id.

    Raises:
        BadValue: too few, somebody twice, from elsewhere, or with an interest.
    """
    role = case.book.definition.roles[name]
    persons = [_person(role, one) for one in several(raw)]
    twice = sorted({one for one in persons if persons.count(one) > 1})
    if twice:
        raise _refused(case, role, twice[:1], Text("重复", "is named twice"))
    _check_from_there(case, role, persons)
    _check_free(case, role, persons)
    least = role.team.least if role.team else 1
    if len(persons) < least:
        raise BadValue(
            f"“{role.label.zh}”未被接受：选了 {len(persons)} 人，至少 {least} 人。请补足。",
            f"{role.label.en} was refused: {len(persons)} chosen, at least {least} needed. Add the others.",
        )
    return persons


def several(raw: Any) -> Sequence[Any]:
    """The people who are named: a list, or ids with commas between."""
    if isinstance(raw, str):
        return [one.strip() for one in raw.split(",") if one.strip()]
    return raw if isinstance(raw, Sequence) else [raw]


def _person(role: Role, raw: Any) -> int:
    found: int = check_value(Fact(name=role.name, type="person", label=role.label), raw)
    return found


def _check_from_there(case: Case, role: Role, persons: Sequence[int]) -> None:
    directory = case.around.directory
    staff = directory.staff(directory.seat(role.seat, case.task) or 0, case.now)
    strangers = [one for one in persons if one not in staff]
    if strangers:
        place = role.seat.party or role.seat.unit
        why = Text(f"现在不在 {place} 任职", f"holds no post at {place} now")
        raise _refused(case, role, strangers, why)


def _check_free(case: Case, role: Role, persons: Sequence[int]) -> None:
    recused = case.around.directory.recused(role, case.task, case.now)
    partial = [one for one in persons if one in recused]
    if partial:
        parties = ", ".join(role.recused)
        why = Text(f"与 {parties} 有利害关系，须回避", f"has an interest in {parties} and must not act")
        raise _refused(case, role, partial, why)


def _refused(case: Case, role: Role, persons: Sequence[int], why: Text) -> BadValue:
    names = [case.around.directory.name(one) for one in persons]
    return BadValue(
        f"“{role.label.zh}”未被接受：{'、'.join(one.zh for one in names)}{why.zh}。请另选。",
        f"{role.label.en} was refused: {', '.join(one.en for one in names)} {why.en}. Choose others.",
    )


def choose(case: Case, event: EventDraft, teams: Mapping[str, list[int]]) -> None:
    """Make these people the teams, checked anew: an act may have waited. The event keeps both."""
    for name, persons in teams.items():
        role, before = case.book.definition.roles[name], case.task.teams.get(name)
        members = tuple(check_team(case, name, persons))
        term = role.team.term if role.team else None
        until = None if term is None else case.view.calendar.add(case.now, term)
        case.task.teams = {**case.task.teams, name: Chosen(members=members, since=case.now, until=until)}
        chosen = {"members": list(members), "was": list(before.members) if before else [], "until": until}
        event.header["teams"] = {**event.header.get("teams", {}), name: chosen}
        case.tell(event, [name], "chosen")


def end_terms(case: Case, at: int) -> None:
    """Teams whose term has ended are none any more; whoever steps in hears of it, or nobody does."""
    for name, chosen in list(case.task.teams.items()):
        if chosen.until is not None and chosen.until < at:
            case.task.teams = {role: one for role, one in case.task.teams.items() if role != name}
            event = case.record("team_ended", at, role=name, members=list(chosen.members))
            case.tell(event, [name], "team ended")


def next_term(case: Case) -> int | None:
    """The first instant after a team's term."""
    ends = [one.until + 1 for one in case.task.teams.values() if one.until is not None]
    return earliest(*ends) if ends else None
