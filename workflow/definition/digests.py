"""Reading what a campaign tells people at fixed times: `digests:` and `notices:` of campaign.yaml."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..calendar import Misread
from ..moment import parse_moment
from ..text import Text
from . import model
from .cursor import Cursor, bilingual, choice, declared, text, words

_N = r"[a-z][a-z0-9_]*"
_FOR = re.compile(rf"(?P<post>{_N})(?: at (?P<unit>[a-z0-9_.]+))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestScope:
    """What a digest may refer to, and what the campaign says of days off."""

    kinds: Collection[str]
    milestones: Collection[str]
    units: Mapping[str, model.Unit]
    on_holiday: str


def at_any_hour(cursor: Cursor) -> str | None:
    """`notices: {at_any_hour: red}`: the light from which on a notice breaks quiet hours."""
    light = choice(*model.LIGHTS[1:])
    return cast("str | None", words(cursor, {"at_any_hour": light}, ("at_any_hour",)).get("at_any_hour"))


def digest(name: str, cursor: Cursor, scope: DigestScope) -> model.Digest | None:
    """One digest; None, after complaints, when it can't be built."""
    known = {
        "label": bilingual,
        "for": lambda entry: _readers(entry, scope),
        "at": lambda entry: moment(entry, scope.milestones),
        "shows": lambda entry: _sections(entry, scope.kinds),
    }
    values: dict[str, Any] = words(cursor, known, required=("label", "for", "at", "shows"))
    if len(values) < len(known):
        return None
    return model.Digest(
        name=name,
        label=values["label"],
        readers=values["for"],
        at=values["at"],
        shows=values["shows"],
        on_holiday=cast("Any", scope.on_holiday),
    )


def moment(cursor: Cursor, milestones: Collection[str]) -> str | None:
    """A moment, as `workflow.moment` reads it."""
    value = text(cursor)
    if value is None:
        return None
    try:
        parse_moment(value, milestones)
    except Misread as error:
        zh, en = error.text
        cursor.fail(f"时刻（{zh}）", f"a moment ({en})")
        return None
    return value


def _readers(cursor: Cursor, scope: DigestScope) -> tuple[model.Readers, ...] | None:
    found = [_reader(item, scope) for item in cursor.items()]
    known = tuple(one for one in found if one is not None)
    if not found or len(set(known)) < len(known):
        cursor.fail("至少一个岗位，不重复", "at least one post, none of them twice")
        return None
    return known if len(known) == len(found) else None


def _reader(cursor: Cursor, scope: DigestScope) -> model.Readers | None:
    value = cursor.node.value
    match = _FOR.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        cursor.fail("“岗位”或“岗位 at 单位|单位类别”", "POST, or POST at UNIT, or POST at KIND of unit")
        return None
    place, kinds = match["unit"], sorted({unit.kind for unit in scope.units.values()})
    if place is None or place in scope.units:
        return model.Readers(post=match["post"], unit=place)
    if place in kinds:
        return model.Readers(post=match["post"], unit_kind=place)
    places = [*kinds, *scope.units]
    cursor.fail(*declared("单位或单位类别", "unit or kind of unit", kinds), found=place, words=places)
    return None


def _sections(cursor: Cursor, kinds: Collection[str]) -> tuple[str, ...] | None:
    found = [_section(item, kinds) for item in cursor.items()]
    known = tuple(one for one in found if one is not None)
    if not found or len(set(known)) < len(known):
        cursor.fail("至少一个栏目，不重复", "at least one section, none of them twice")
        return None
    return known if len(known) == len(found) else None


def _section(cursor: Cursor, kinds: Collection[str]) -> str | None:
    value = cursor.node.value
    if isinstance(value, str) and (value in model.SECTIONS or value in kinds):
        return value
    zh, en = "、".join(model.SECTIONS), ", ".join(model.SECTIONS)
    listed = Text("、".join(sorted(kinds)), ", ".join(sorted(kinds)))
    cursor.fail(
        f"栏目（{zh}）或已声明的事项类型（{listed.zh}）",
        f"a section ({en}) or a declared kind of task ({listed.en})",
        words=[*model.SECTIONS, *kinds],
    )
    return None
