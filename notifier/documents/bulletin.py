"""The bulletin (通报): how a campaign stands, unit by unit and track by track, frozen with its figures."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from notifier.store import bulletins
from notifier.store import documents as store
from notifier.store.documents import Document
from workflow.definition.cursor import NAME
from workflow.definition.model import LIGHTS, Definition
from workflow.engine import Frame
from workflow.errors import BadValue
from workflow.reading import names, plain
from workflow.reading.figures import Scored, rankings
from workflow.reading.ledger import Line, lines_of
from workflow.reading.people import known
from workflow.reading.waited import definition_of
from workflow.store.organisation import CampaignInForce
from workflow.store.ports import Transaction
from workflow.text import Language, Text

from .kept import checked

BULLETIN: Final = "bulletin"
WORST: Final = 3  # units that are named with the reasons
LISTED: Final = 30  # tasks struck off that are named
NO_TRACK: Final = Text("未分专项任务", "no track")
_COMPARED: Final = ("open", "yellow", "red", "overdue")


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """How many tasks a unit or a track has."""

    key: str  # code of the unit, name of the track
    label: Text
    open: int = 0
    lights: Mapping[str, int] = field(default_factory=dict)  # of the open ones
    overdue: int = 0
    struck_off: int = 0  # since the last bulletin
    escalated: int = 0  # open tasks that a rule has opened: they are counted apart
    change: Mapping[str, int] = field(default_factory=dict)  # against the last bulletin; empty: none before

    @property
    def gravity(self) -> tuple[int, int, int]:
        """What the worst are told by: red, then yellow, then overdue."""
        return self.lights.get("red", 0), self.lights.get("yellow", 0), self.overdue


@dataclass(frozen=True, kw_only=True, slots=True)
class Worst:
    """A unit that stands badly, and why."""

    label: Text
    red: int
    yellow: int
    overdue: int
    why: tuple[tuple[Text, int], ...]  # a rule that holds, on how many tasks; the most frequent first


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A unit's place in a ranking."""

    unit: Text
    rank: int | None
    score: int | None  # millionths


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A ranking by the published formula."""

    formula: tuple[tuple[Text, int], ...]  # what counts, and its weight in millionths
    units: tuple[Place, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A task that was struck off."""

    number: str
    matter: Text
    unit: Text
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bulletin:
    """The figures of a bulletin."""

    name: str
    number: int  # it counts within its campaign
    campaign: Text
    issuer: Text
    zone: str
    since: int  # ms
    at: int  # ms
    previous: str | None  # name of the bulletin before
    whole: Count
    units: tuple[Count, ...]
    tracks: tuple[Count, ...]
    worst: tuple[Worst, ...]
    rankings: tuple[Ranked, ...]
    struck_off: tuple[Ended, ...]  # the first LISTED


def make_bulletin(
    frame: Frame,
    campaign: CampaignInForce,
    name: str,
    *,
    person: int | None = None,
    since: int | None = None,
    language: Language = "zh",
) -> Document:
    """A bulletin of how a campaign stands now, not stored yet.

    Args:
        since: from when on changes count; without it from the bulletin before, or the campaign's start.

    Raises:
        BadValue: the name can't be used, or `since` lies ahead.
    """
    from .bulletin_page import bulletin_bytes

    if not NAME.fullmatch(name):
        raise BadValue(
            f"“{name}”不能作名称：小写字母开头，只含小写字母、数字、下划线，如 week_14。",
            f"{name!r} is no name: lower-case letters, digits and underscores, a letter first, as week_14.",
        )
    found = figures(frame, campaign, name, since)
    body = bulletin_bytes(found, frame.calendar(found.zone), language)
    return Document(
        id=0,
        kind=BULLETIN,
        name=name,
        campaign_id=campaign.id,
        task_id=None,
        seq=None,
        person_id=person,
        sha256=hashlib.sha256(body).hexdigest(),
        made_at=frame.now,
        figures=orjson.dumps(plain(found), option=orjson.OPT_SORT_KEYS).decode(),
        body=body,
    )


def keep_bulletin(tx: Transaction, document: Document) -> None:
    """Keep a bulletin. There is no way to change it, nor to give another the same name.

    Raises:
        BadValue: the name is taken.
    """
    if store.named(tx, document.campaign_id, document.name) is not None:
        raise BadValue(
            f"没有成文：名称 {document.name} 已被使用，通报成文后不能改写。请另取名称。",
            f"Not drawn up: the name {document.name} is taken, and a bulletin stays as it is. "
            "Choose another.",
        )
    store.add(tx, [document])


# --- figures ----------------------------------------------------------------------------------------


def figures(frame: Frame, campaign: CampaignInForce, name: str, since: int | None) -> Bulletin:
    """What the bulletin says."""
    own = frame.campaign(campaign.version_id)
    calendar = frame.calendar(own.zone)
    before = store.last(frame.tx, campaign.id, BULLETIN)
    begin = (
        since
        if since is not None
        else before.made_at
        if before
        else calendar.start_of(own.milestones["start"])
    )
    if begin > frame.now:
        raise BadValue("起始日期在今后。请写已过的日期。", "--since lies ahead. Give a day that has passed.")
    earlier = orjson.loads(before.figures) if before is not None else None
    counted = _counted(frame, campaign, begin)
    called = names(frame.tx, (), [*counted.units, counted.decided_by])
    units = [
        _compared(replace(one, label=called.unit(ident)), "units", earlier)
        for ident, one in counted.units.items()
    ]
    tracks = [_compared(one, "tracks", earlier) for one in counted.tracks.values()]
    worst = sorted(counted.units, key=lambda ident: counted.units[ident].gravity, reverse=True)
    named = [ident for ident in worst if any(counted.units[ident].gravity)][:WORST]
    return Bulletin(
        name=name,
        number=store.count(frame.tx, campaign.id, BULLETIN) + 1,
        campaign=own.label,
        issuer=called.unit(counted.decided_by),
        zone=own.zone,
        since=begin,
        at=frame.now,
        previous=before.name if before is not None else None,
        whole=_compared(counted.whole, "whole", earlier),
        units=tuple(units),
        tracks=tuple(tracks),
        worst=_worst(frame, campaign, [(called.unit(ident), ident, counted.units[ident]) for ident in named]),
        rankings=_rankings(frame, campaign),
        struck_off=_struck_off(frame, campaign, begin, counted.ordinary),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counted:
    """The counts of a campaign, in the order in which its pack names units and tracks."""

    whole: Count
    units: Mapping[int, Count]
    tracks: Mapping[str, Count]
    ordinary: frozenset[str]  # kinds that no rule opens
    decided_by: int


def _counted(frame: Frame, campaign: CampaignInForce, since: int) -> _Counted:
    pack = frame.version(campaign.version_id).pack
    escalated = _escalated(pack.definitions.values())
    tallies = _tallied(frame, campaign, since, escalated)
    ids = frame.around(campaign.version_id).directory.units
    codes = {ident: code for code, ident in ids.items()}
    order = {ids[code]: n for n, code in enumerate(pack.campaign.units) if code in ids}
    met = [key for sort, key in tallies if sort == "unit"]
    return _Counted(
        whole=_count("whole", Text("合计", "All"), tallies["whole", ""]),
        units={
            key: _count(codes.get(key, str(key)), Text("", ""), tallies["unit", key])
            for key in sorted(met, key=lambda key: (order.get(key, len(order)), key))
        },
        tracks={
            key: _count(key, pack.campaign.tracks.get(key, NO_TRACK), tallies["track", key])
            for key in (*pack.campaign.tracks, "")
            if ("track", key) in tallies
        },
        ordinary=frozenset(pack.definitions) - escalated,
        decided_by=ids.get(pack.campaign.basis.decided_by, 0),
    )


def _tallied(
    frame: Frame, campaign: CampaignInForce, since: int, escalated: frozenset[str]
) -> dict[tuple[str, Any], Counter[str]]:
    """What is open and what was struck off: of the whole, of each unit, of each track."""
    definitions = frame.version(campaign.version_id).pack.definitions
    tallies: dict[tuple[str, Any], Counter[str]] = defaultdict(Counter)

    def count(unit: int, track: str, said: Counter[str]) -> None:
        for place in (("whole", ""), ("unit", unit), ("track", track)):
            tallies[place].update(said)

    for one in bulletins.held(frame.tx, campaign.id, frame.now):
        if _is_draft(definitions.get(one.kind), one.state):
            continue
        lit = Counter({"open": one.tasks, one.light: one.tasks, "overdue": one.overdue})
        count(one.unit_id, one.track, Counter(escalated=one.tasks) if one.kind in escalated else lit)
    for unit, track, kind, ended in bulletins.struck_off(frame.tx, campaign.id, since, frame.now):
        if kind not in escalated:
            count(unit, track, Counter(struck_off=ended))
    return tallies


def _escalated(definitions: Iterable[Definition]) -> frozenset[str]:
    """The kinds that rules open or propose."""
    rules = [rule for one in definitions for rule in one.rules.values()]
    opened = {opening.kind for rule in rules for opening in rule.opens}
    return frozenset(opened | {rule.proposes for rule in rules if rule.proposes is not None})


def _is_draft(definition: Definition | None, state: str) -> bool:
    return definition is not None and state == definition.draft_state


def _count(key: str, label: Text, tally: Mapping[str, int]) -> Count:
    return Count(
        key=key,
        label=label,
        open=tally.get("open", 0),
        lights={light: tally.get(light, 0) for light in LIGHTS},
        overdue=tally.get("overdue", 0),
        struck_off=tally.get("struck_off", 0),
        escalated=tally.get("escalated", 0),
    )


def _compared(one: Count, where: str, earlier: Mapping[str, Any] | None) -> Count:
    """The count with what has changed since the bulletin before."""
    if earlier is None:
        return one
    told = [earlier["whole"]] if where == "whole" else earlier[where]
    old = next((each for each in told if each["key"] == one.key), None)
    if old is None:
        return one
    before = {"open": old["open"], "overdue": old["overdue"], **old["lights"]}
    now = {"open": one.open, "overdue": one.overdue, **one.lights}
    return replace(one, change={name: now[name] - before.get(name, 0) for name in _COMPARED})


def _worst(
    frame: Frame, campaign: CampaignInForce, units: Sequence[tuple[Text, int, Count]]
) -> tuple[Worst, ...]:
    why: dict[int, Counter[Text]] = defaultdict(Counter)
    for unit, version, kind, rule, count in bulletins.lit(frame.tx, campaign.id, [one[1] for one in units]):
        definition = definition_of(frame, version, kind)
        found = definition.rules.get(rule) if definition is not None else None
        why[unit][found.because or found.label if found is not None else Text(rule, rule)] += count
    return tuple(
        Worst(
            label=label,
            red=one.lights.get("red", 0),
            yellow=one.lights.get("yellow", 0),
            overdue=one.overdue,
            why=tuple(sorted(why[ident].items(), key=lambda item: (-item[1], item[0].zh))),
        )
        for label, ident, one in units
    )


def _rankings(frame: Frame, campaign: CampaignInForce) -> tuple[Ranked, ...]:
    return tuple(
        Ranked(
            formula=tuple((one.sources[name], weight) for name, weight in one.weights.items()),
            units=tuple(_place(scored) for scored in one.units),
        )
        for one in rankings(frame)
        if one.campaign == campaign.name and any(scored.score is not None for scored in one.units)
    )


def _place(one: Scored) -> Place:
    return Place(unit=one.unit, rank=one.rank, score=one.score if one.rank is not None else None)


def _struck_off(
    frame: Frame, campaign: CampaignInForce, since: int, kinds: frozenset[str]
) -> tuple[Ended, ...]:
    rows = bulletins.rows_struck_off(frame.tx, campaign.id, since, frame.now, kinds, LISTED)
    tracks = frame.campaign(campaign.version_id).tracks
    return tuple(_ended(one, tracks) for one in lines_of(frame, rows))


def _ended(one: Line, tracks: Mapping[str, Text]) -> Ended:
    track = tracks.get(one.track or "")
    matter = one.kind_label
    if track is not None:
        matter = Text(f"{matter.zh}（{track.zh}）", f"{matter.en} ({track.en})")
    return Ended(number=one.number, matter=matter, unit=one.unit, at=one.ended_at or 0)


def bulletin_named(frame: Frame, campaign: CampaignInForce, name: str) -> Document:
    """A bulletin, checked against its hash.

    Raises:
        Unknown: there is none of that name.
        HistoryBroken: it is not the one that was drawn up.
    """
    found = store.named(frame.tx, campaign.id, name)
    if found is None or found.kind != BULLETIN:
        names = [one.name for one in every_bulletin(frame) if one.campaign_id == campaign.id]
        raise known(Text("通报", "bulletin"), name, names, see="duban bulletin list")
    return checked(found)


def every_bulletin(frame: Frame) -> list[Document]:
    """All bulletins without their bodies, the oldest first."""
    return store.of_kind(frame.tx, BULLETIN)
