"""As what a person acts, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import NotAllowed
from ..people import NOBODY, Actor, acting_as, touches
from ..text import Text
from .case import Case

SUPERVISOR = "supervisor"  # the role that may lift an episode, and enter on behalf of others


def role_of(
    case: Case, roles: Sequence[str], person: int, label: Text, without: frozenset[int] = NOBODY
) -> tuple[str, Actor]:
    """In which of the roles a person acts, and for whom. Raises NotAllowed: in none of them."""
    directory, definition = case.around.directory, case.book.definition
    found = acting_as(directory, definition, roles, case.task, person, case.now, without)
    if found is None:
        _check_free(case, roles, person, label, without)
        names = [case.book.definition.roles[role].label for role in roles]
        raise NotAllowed(
            f"不能由你“{label.zh}”：该操作由{'、'.join(name.zh for name in names)}办理。"
            "请由其本人或其受托人办理。",
            f"You may not {label.en!r}: it is for the {', '.join(name.en for name in names)}. "
            "Ask them or their delegate.",
        )
    return found


def _check_free(case: Case, roles: Sequence[str], person: int, label: Text, without: frozenset[int]) -> None:
    """Say it where nothing but an interest keeps a person from acting. Raises NotAllowed."""
    definition, directory = case.book.definition, case.around.directory
    out = {name: directory.recused(role, case.task, case.now) for name, role in definition.roles.items()}
    if not any(out.values()):
        return
    bare = replace(
        definition, roles={name: replace(role, recused=()) for name, role in definition.roles.items()}
    )
    found = acting_as(directory, bare, roles, case.task, person, case.now, without)
    hit = [name for name, persons in out.items() if found is not None and touches(found[1], persons)]
    if hit:
        parties = ", ".join(dict.fromkeys(party for name in hit for party in definition.roles[name].recused))
        raise NotAllowed(
            f"不能由你“{label.zh}”：你（或你所代表的人）与 {parties} 有利害关系，须回避，由他人办理。",
            f"You may not {label.en!r}: you, or the person you stand in for, have an interest in {parties}. "
            "Somebody else must.",
        )
