"""Growing a pack: more units of a kind, each with people like those of a unit that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import cast

from ..definition import Pack, pack_from_source
from ..definition.model import Person, Post
from ..definition.pack import CAMPAIGN
from ..definition.yaml import Plain
from ..errors import BadValue
from ..text import Text

_Members = dict[str, dict[str, str]]


def grown(pack: Pack, kind: str, count: int) -> Pack:
    """The pack with so many units of a kind, the new ones staffed like the old ones in turn.

    The grown pack has a version of its own.

    Raises:
        BadValue: the pack lists no units of that kind by `members`, or has more of them already.
    """
    source = dict(deepcopy(pack.source))
    members = _members(source, kind)
    if not 1 <= len(members) <= count:
        raise BadValue(
            f"不能扩充：方案包用 members 列出的 {kind} 类单位有 {len(members)} 个，要求 {count} 个。"
            "请给出不少于现有数的总数。",
            f"Not grown: the pack lists {len(members)} units of the kind {kind} by `members`; {count} were "
            "asked for. Ask for at least as many as there are.",
        )
    models = list(members)
    twins = {f"{kind}_{number:04}": models[number % len(models)] for number in range(len(models), count)}
    for code in twins:
        members[code] = {"zh": f"示例{code[-4:]}", "en": f"Sample {code[-4:]}"}
    return replace(pack_from_source(source), people=(*pack.people, *_people(pack, twins)))


def _members(source: dict[str, Plain], kind: str) -> _Members:
    """The members of the campaign's group of that kind, to be added to."""
    units = cast("dict[str, dict[str, Plain]]", cast("dict[str, Plain]", source[CAMPAIGN])["units"])
    found = [unit["members"] for unit in units.values() if unit.get("kind") == kind and "members" in unit]
    return cast("_Members", found[0]) if found else {}


def _people(pack: Pack, twins: Mapping[str, str]) -> Iterator[Person]:
    """For each new unit the people of the unit that it is like, under names of their own."""
    for code, like in twins.items():
        for person in pack.people:
            posts = tuple(_moved(pack, post, like, code) for post in person.posts if _is_at(pack, post, like))
            if posts and len(posts) == len(person.posts):  # who also works elsewhere isn't doubled
                own = f"{code}.{person.code}"
                name = Text(f"{person.name.zh}{code[-4:]}", f"{person.name.en} {code[-4:]}")
                yield Person(code=own, name=name, posts=posts)


def _is_at(pack: Pack, post: Post, unit: str) -> bool:
    return post.unit == unit or pack.campaign.units[post.unit].group_of == unit


def _moved(pack: Pack, post: Post, like: str, code: str) -> Post:
    group = pack.campaign.units[post.unit].group
    return replace(post, unit=code if post.unit == like else f"{group}.{code}")
