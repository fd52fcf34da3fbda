"""Reading the roles of a kind of task: posts, teams that are chosen, and who must not act."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from ..text import Text
from . import model
from .cursor import Cursor, bilingual, declared, duration, reference, whole, words

ROLE = Text("角色", "role")
TEAM = "team"  # `is: team at PARTY`
_N = r"[a-z][a-z0-9_]*"
_IS = re.compile(rf"(?P<post>{_N}) at (?:(?P<group>{_N}) of )?(?P<unit>{_N})")
_INTEREST = re.compile(rf"interest in (?P<party>{_N})")


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleScope:
    """What a role may refer to."""

    roles: Collection[str]
    parties: Collection[str]
    unit_names: Collection[str]  # names of single units
    groups: Collection[str]  # names of `of each` groups
    taken: Collection[str]  # names that stand for something else where teams are asked for


def teams_in(roles: Cursor | None) -> tuple[str, ...]:
    """The names of the roles that are teams, without complaint: they may be asked for like facts."""
    found = []
    for name, entry in roles.quiet().entries() if roles else ():
        place = entry.get("is")
        if place is not None and str(place.node.value).startswith(f"{TEAM} at "):
            found.append(name)
    return tuple(found)


def role(name: str, cursor: Cursor, scope: RoleScope) -> model.Role | None:
    """One role; None, after complaints, when it can't be built."""
    known = {
        "label": bilingual,
        "is": lambda entry: _seat(entry, scope),
        "else": lambda entry: reference(entry, [one for one in scope.roles if one != name], ROLE),
        "recused": lambda entry: _recused(entry, scope),
        "min": _least,
        "term": duration,
    }
    values = words(cursor, known, required=("label", "is"))
    if "label" not in values or "is" not in values:
        return None
    post, seat = values["is"]
    _check_team(name, cursor, post, scope)
    team = model.Team(least=values.get("min", 1), term=values.get("term")) if post == TEAM else None
    return model.Role(
        name=name,
        label=values["label"],
        post="" if team else post,
        seat=seat,
        otherwise=values.get("else"),
        recused=values.get("recused", ()),
        team=team,
    )


def _least(cursor: Cursor) -> int | None:
    found = whole(cursor)
    if found == 0:
        cursor.fail("至少 1 人", "at least one person")
        return None
    return found


def _check_team(name: str, cursor: Cursor, post: str, scope: RoleScope) -> None:
    if post == TEAM:
        if name in scope.taken:
            cursor.fail(
                "别的名字（此名已有所指）", "another name: this one stands for something else", found=name
            )
        return
    for word in ("min", "term"):
        if cursor.has(word):
            zh, en = "min、term 只用于工作组（team at …）", "min and term only on a team (team at …)"
            cursor.fail(zh, en, found=word)


def _recused(cursor: Cursor, scope: RoleScope) -> tuple[str, ...] | None:
    found = [_interest(item, scope) for item in cursor.items()]
    known = tuple(dict.fromkeys(party for party in found if party is not None))
    if len(known) == len(found) and known:
        return known
    if None not in found:
        cursor.fail("不重复的“interest in 当事方”", "interest in PARTY, no party twice")
    return None


def _interest(cursor: Cursor, scope: RoleScope) -> str | None:
    value = cursor.node.value
    match = _INTEREST.fullmatch(value) if isinstance(value, str) else None
    party = match["party"] if match else None
    if party in scope.parties:
        return party
    known = sorted(scope.parties)
    cursor.fail(
        f"“interest in 当事方”，当事方为：{'、'.join(known)}",
        f"interest in PARTY, a party being one of: {', '.join(known)}",
        words=[f"interest in {one}" for one in known],
    )
    return None


def _seat(cursor: Cursor, scope: RoleScope) -> tuple[str, model.Seat] | None:
    value = cursor.node.value
    match = _IS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        zh, en = (
            "“岗位 at 当事方|单位名|组 of 当事方”，或“team at …”",
            "POST at PARTY, POST at NAME or POST at NAME of PARTY; or team at …",
        )
        cursor.fail(zh, en)
        return None
    group, unit = match["group"], match["unit"]
    places = scope.parties if group else [*scope.parties, *scope.unit_names]
    if unit not in places:
        cursor.fail(*declared("当事方或单位", "party or unit", places), found=unit, words=places)
        return None
    if group and group not in scope.groups:
        cursor.fail(
            *declared("组（of each）", "group (of each)", scope.groups), found=group, words=scope.groups
        )
        return None
    if unit in scope.parties:
        return match["post"], model.Seat(party=unit, group=group)
    return match["post"], model.Seat(unit=unit)
