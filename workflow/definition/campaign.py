"""Reading `campaign.yaml` and `people.yaml` of a pack."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..calendar import USUAL_ZONE
from ..text import Text
from . import model
from .cursor import (
    Cursor,
    bilingual,
    choice,
    day,
    name_of,
    named,
    reference,
    references,
    text,
    words,
)
from .digests import DigestScope, at_any_hour, digest, moment
from .times import again
from .yaml import NOTHING

_READ_LATER = ("sources", "scores", "indicators", "escalations", "burden")  # by `pack`, which knows all kinds
MISSED = ("run once", "run each", "skip")
ON_HOLIDAY = ("next workday", "previous workday", "run anyway", "skip")
_AGAIN = "after 5 workdays"
_PREFIX = re.compile(r"[A-Z]{1,6}")


def campaign(top: Cursor, kinds: Collection[str]) -> tuple[model.Campaign, model.Again] | None:
    """Read the campaign and its `again` default; None, after complaints, when it can't be built."""
    before = len(top.problems)
    milestones, tracks = _peek(top, "milestones"), _peek(top, "tracks")
    unit_kinds = [unit.kind for unit in units_of(top).values()]
    defaults = _defaults(top)

    def rounds(cursor: Cursor) -> dict[str, model.Round]:
        reader = _RoundReader(kinds, milestones, tracks, unit_kinds, defaults)
        return named(cursor, reader.read)

    def digests(cursor: Cursor) -> dict[str, model.Digest]:
        scope = DigestScope(
            kinds=kinds, milestones=milestones, units=units_of(top), on_holiday=defaults["on_holiday"]
        )
        return named(cursor, lambda name, entry: digest(name, entry, scope))

    known: dict[str, Callable[[Cursor], Any]] = {
        "campaign": name_of,
        "prefix": _prefix,
        "label": bilingual,
        "basis": _basis,
        "zone": _zone,
        "tracks": lambda cursor: named(cursor, lambda _name, entry: bilingual(entry)),
        "units": lambda _: True,  # read below, with every problem
        "milestones": lambda cursor: named(cursor, lambda _name, entry: day(entry)),
        "defaults": lambda _: True,  # read above
        "rounds": rounds,
        "digests": digests,
        "notices": at_any_hour,
        **dict.fromkeys(_READ_LATER, lambda _: True),
    }
    required = ("campaign", "prefix", "label", "basis", "units", "milestones")
    values = words(top, known, required=required)
    units = units_of(top, complain=True)
    if "start" not in milestones:
        top.fail(
            "节点 start（专项行动的起点）", "a milestone start, where the campaign begins", found=NOTHING
        )
    if len(top.problems) > before:
        return None
    return _built(values, units), defaults["again"]


def _built(values: dict[str, Any], units: dict[str, model.Unit]) -> model.Campaign:
    return model.Campaign(
        name=values["campaign"],
        prefix=values["prefix"],
        label=values["label"],
        basis=values["basis"],
        zone=values.get("zone", USUAL_ZONE),
        tracks=values.get("tracks", {}),
        units=units,
        milestones=values["milestones"],
        rounds=values.get("rounds", {}),
        digests=values.get("digests", {}),
        at_any_hour=values.get("notices"),
    )


def _peek(top: Cursor, word: str) -> tuple[str, ...]:
    entry = top.get(word)
    return entry.keys() if entry else ()


def _prefix(cursor: Cursor) -> str | None:
    value = text(cursor)
    if value is not None and not _PREFIX.fullmatch(value):
        cursor.fail("1 至 6 个大写字母", "1 to 6 capital letters")
        return None
    return value


def _basis(cursor: Cursor) -> model.Basis | None:
    values = words(
        cursor, {"document": text, "decided_by": text, "on": day}, ("document", "decided_by", "on")
    )
    if len(values) < 3:
        return None
    return model.Basis(document=values["document"], decided_by=values["decided_by"], on=values["on"])


def _zone(cursor: Cursor) -> str | None:
    value = cursor.node.value
    try:
        return ZoneInfo(value if isinstance(value, str) else "").key
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, such as `Asia`
        cursor.fail("IANA 时区，如 Asia/Shanghai", "an IANA time zone such as Asia/Shanghai")
        return None


def _defaults(top: Cursor) -> dict[str, Any]:
    """The campaign's `defaults`, with the language's own where it says nothing."""
    entry = top.get("defaults")
    known = {"missed": choice(*MISSED), "on_holiday": choice(*ON_HOLIDAY), "again": again}
    read = words(entry, known) if entry else {}
    quiet = top.quiet().down("again", type(top.node)(value=_AGAIN))
    return {"missed": "run once", "on_holiday": "next workday", "again": again(quiet), **read}


def units_of(top: Cursor, *, complain: bool = False) -> dict[str, model.Unit]:
    """Every unit that the campaign brings along, by code."""
    entry = top.get("units")
    if entry is None:
        return {}
    entry = entry if complain else entry.quiet()
    units: dict[str, model.Unit] = {}
    places: dict[str, Cursor] = {}
    entries = named(entry, lambda _name, item: item)
    if not entries:
        entry.fail("至少一个单位", "at least one unit")
    for name, item in sorted(entries.items(), key=lambda each: each[1].has("of each")):  # groups last
        read = _group(name, item, units) if item.has("of each") else _unit(name, item)
        for unit in read:
            if unit.code in units:
                item.fail("每个单位代码只出现一次", "every unit code only once", found=unit.code)
            units[unit.code], places[unit.code] = unit, item
    _check_inside(units, places)
    return units


def _unit(name: str, cursor: Cursor) -> list[model.Unit]:
    if not cursor.has("members"):
        values = words(cursor, {"kind": name_of, "label": bilingual, "in": text}, ("kind", "label"))
        if "kind" not in values or "label" not in values:
            return []
        return [model.Unit(code=name, kind=values["kind"], label=values["label"], inside=values.get("in"))]
    known: dict[str, Callable[[Cursor], Any]] = {
        "kind": name_of,
        "in": text,
        "members": lambda entry: named(entry, lambda _name, label: bilingual(label)),
    }
    values = words(cursor, known, required=("kind", "members"))
    if "kind" not in values:
        return []
    return [
        model.Unit(code=code, kind=values["kind"], label=label, inside=values.get("in"))
        for code, label in values.get("members", {}).items()
    ]


def _group(name: str, cursor: Cursor, units: dict[str, model.Unit]) -> list[model.Unit]:
    kinds = {unit.kind for unit in units.values()}
    what = Text("单位类别", "kind of unit")
    known = {"of each": lambda entry: reference(entry, kinds, what), "label": bilingual}
    values = words(cursor, known, ("of each", "label"))
    if len(values) < 2:
        return []
    return [
        model.Unit(
            code=f"{name}.{unit.code}",
            kind=name,
            label=_with_unit(values["label"], unit.label),
            inside=unit.code,
            group_of=unit.code,
            group=name,
        )
        for unit in units.values()
        if unit.kind == values["of each"]
    ]


def _with_unit(label: Text, unit: Text) -> Text:
    return Text(label.zh.replace("{unit}", unit.zh), label.en.replace("{unit}", unit.en))


def _check_inside(units: dict[str, model.Unit], places: dict[str, Cursor]) -> None:
    for unit in units.values():
        if unit.inside is None:
            continue
        place = places[unit.code].get("in") or places[unit.code]
        if unit.inside not in units:
            place.fail("已声明的单位", "a declared unit", found=unit.inside, words=units)
        elif _is_inside_itself(unit, units):
            place.fail("不绕回自身的上级单位", "a unit above it that does not lead back to itself")


def _is_inside_itself(unit: model.Unit, units: dict[str, model.Unit]) -> bool:
    above, seen = unit.inside, set[str]()
    while above in units and above not in seen:
        seen.add(above)
        above = units[above].inside
    return unit.code in seen


class _RoundReader:
    """Reads the rounds, with the campaign's names and defaults at hand."""

    def __init__(
        self,
        kinds: Collection[str],
        milestones: Collection[str],
        tracks: Collection[str],
        unit_kinds: Collection[str],
        defaults: dict[str, Any],
    ) -> None:
        self._kinds, self._milestones, self._tracks = kinds, milestones, tracks
        self._unit_kinds, self._defaults = unit_kinds, defaults

    def read(self, name: str, cursor: Cursor) -> model.Round | None:
        known: dict[str, Callable[[Cursor], Any]] = {
            "at": lambda entry: moment(entry, self._milestones),
            "opens": self._openings,
            "completes": lambda entry: reference(entry, self._kinds, Text("事项类型", "kind of task")),
            "track": lambda entry: references(entry, self._tracks, Text("专项任务", "track")),
            "missed": choice(*MISSED),
            "on_holiday": choice(*ON_HOLIDAY),
        }
        values = words(cursor, known, ("at",))
        if cursor.has("opens") == cursor.has("completes"):
            cursor.fail("opens 或 completes，二者之一", "either opens or completes")
        if "at" not in values:
            return None
        return model.Round(
            name=name,
            at=values["at"],
            opens=values.get("opens", ()),
            completes=values.get("completes"),
            tracks=values.get("track", ()),
            missed=values.get("missed", self._defaults["missed"]),
            on_holiday=values.get("on_holiday", self._defaults["on_holiday"]),
        )

    def _openings(self, cursor: Cursor) -> tuple[model.Opening, ...] | None:
        found = [self._opening(kind, entry) for kind, entry in cursor.entries()]
        if cursor.keys() == () and not cursor.is_text:
            cursor.fail("至少一个事项类型", "at least one kind of task")
        return tuple(opening for opening in found if opening is not None) or None

    def _opening(self, kind: str, cursor: Cursor) -> model.Opening | None:
        if kind not in self._kinds:
            cursor.fail("已声明的事项类型", "a declared kind of task", found=kind, words=self._kinds)
            return None
        what = Text("单位类别", "kind of unit")
        known: dict[str, Callable[[Cursor], Any]] = {
            "each": lambda item: reference(item, [*self._unit_kinds, model.PAIR], what)
        }
        each = cursor.get("each")
        if each is not None and each.node.value == model.PAIR:
            known["of"] = lambda item: reference(item, self._unit_kinds, what)
        values = words(cursor, known, ("each",))
        if "each" not in values:
            return None
        return model.Opening(kind=kind, each=values["each"], of=values.get("of"))


_POST = re.compile(r"(?P<deputy>deputy )?(?P<post>[a-z][a-z0-9_]*) at (?P<unit>[a-z0-9_.]+)")


def people(top: Cursor, units: Collection[str]) -> tuple[model.Person, ...]:
    """Read the people of a pack with their posts."""

    def person(code: str, cursor: Cursor) -> model.Person | None:
        def posts(entry: Cursor) -> tuple[model.Post, ...]:
            found = [_post(item, units) for item in entry.items()]
            return tuple(post for post in found if post is not None)

        values = words(cursor, {"name": bilingual, "posts": posts}, ("name", "posts"))
        if len(values) < 2:
            return None
        return model.Person(code=code, name=values["name"], posts=values["posts"])

    values = words(top, {"people": lambda entry: named(entry, person)}, required=("people",))
    return tuple(values.get("people", {}).values())


def _post(cursor: Cursor, units: Collection[str]) -> model.Post | None:
    value = cursor.node.value
    match = _POST.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        cursor.fail("“岗位 at 单位”，副职写 deputy 岗位 at 单位", "POST at UNIT, or deputy POST at UNIT")
        return None
    if match["unit"] not in units:
        cursor.fail("已声明的单位", "a declared unit", found=match["unit"], words=units)
        return None
    return model.Post(name=match["post"], unit=match["unit"], deputy=match["deputy"] is not None)
