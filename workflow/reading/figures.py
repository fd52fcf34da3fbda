"""Scores of units by the campaign's published formulas, and the checklist with what was scored of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..condition import to_micro
from ..decision.comparing import Told
from ..definition.checklist import INDICATOR, POINTS, REMARK
from ..definition.model import Checklist, Formula, Pack, Source
from ..engine import Frame
from ..scoring import Ranked, ranking
from ..store import organisation
from ..store.organisation import CampaignInForce
from ..store.sources import told_about
from ..text import Text, join
from .names import names
from .numbers import number_of
from .people import known
from .standing import load_one


@dataclass(frozen=True, kw_only=True, slots=True)
class PartView:
    """What one source adds to a score."""

    source: str
    weight: int  # millionths
    value: int | None  # millionths
    task: str | None  # number of the task that says so


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """A unit in a ranking."""

    unit: Text
    unit_id: int
    rank: int | None  # None: something is missing
    score: int | None  # millionths
    parts: tuple[PartView, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """The units of a kind by the formula that their campaign published."""

    campaign: str
    kind: str  # of unit
    weights: Mapping[str, int]  # source -> millionths
    sources: Mapping[str, Text]  # what each source is called: the kind of task that says it
    units: tuple[Scored, ...]


def rankings(frame: Frame, kind: str | None = None, track: str | None = None) -> tuple[Ranking, ...]:
    """Every published ranking, or that of one kind of unit.

    Args:
        track: only what is said of this track, or of none.

    Raises:
        Unknown: no formula for that kind of unit.
    """
    found = [
        (campaign, pack, formula)
        for campaign, pack in packs(frame)
        for formula in pack.campaign.scores.values()
    ]
    kinds = {formula.kind for _, _, formula in found}
    if kind is not None and kind not in kinds:
        raise known(Text("有公式的单位类别", "kind of unit with a formula"), kind, kinds)
    wanted = [one for one in found if kind in (None, one[2].kind)]
    return tuple(_ranking(frame, *one, track) for one in wanted)


def packs(frame: Frame) -> Iterator[tuple[CampaignInForce, Pack]]:
    """Every campaign with the pack in force."""
    for campaign in frame.campaigns.values():
        yield campaign, frame.version(campaign.version_id).pack


def _ranking(
    frame: Frame, campaign: CampaignInForce, pack: Pack, formula: Formula, track: str | None
) -> Ranking:
    units = organisation.units_of_kind(frame.tx, list(pack.campaign.units), formula.kind)
    kinds = {pack.campaign.sources[name].kind for name in formula.weights}
    told = told_about(frame.tx, units, kinds)
    known = {unit: _known(pack, formula, told.get((campaign.id, unit), []), track) for unit in units}
    called = names(frame.tx, (), units)
    return Ranking(
        campaign=campaign.name,
        kind=formula.kind,
        weights=formula.weights,
        sources={name: _called(pack, pack.campaign.sources[name]) for name in formula.weights},
        units=tuple(
            _scored(frame, campaign, one, called.unit(one.unit_id)) for one in ranking(formula, known)
        ),
    )


def _called(pack: Pack, source: Source) -> Text:
    """By its kind of task; where several sources are of that kind, by the fact as well."""
    definition = pack.definitions[source.kind]
    alike = [one for one in pack.campaign.sources.values() if one.kind == source.kind]
    return (
        definition.label
        if len(alike) == 1
        else join([definition.label, definition.facts[source.fact].label], "·", ": ")
    )


def _known(pack: Pack, formula: Formula, told: list[Told], track: str | None) -> dict[str, tuple[int, int]]:
    """Of each source, what the newest task says."""
    found: dict[str, tuple[int, int]] = {}
    for one in told:
        if track is not None and one.track not in (None, track):
            continue
        for name in formula.weights:
            source = pack.campaign.sources[name]
            if source.kind == one.kind and source.fact in one.facts and name not in found:
                found[name] = to_micro(one.facts[source.fact]), one.id
    return found


def _scored(frame: Frame, campaign: CampaignInForce, one: Ranked, unit: Text) -> Scored:
    parts = tuple(
        PartView(
            source=part.source,
            weight=part.weight,
            value=part.value,
            task=None if part.task_id is None else number_of(frame, part.task_id, campaign.id),
        )
        for part in one.parts
    )
    return Scored(
        unit=unit, unit_id=one.unit_id, rank=one.rank, score=one.score, parts=parts, missing=one.missing
    )


# --- the checklist ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class IndicatorView:
    """An indicator, and what a task says of it."""

    id: str
    label: Text
    chapter: Text
    weight: int  # millionths
    scored_by: tuple[Text, ...]
    criterion: Text | None
    points: Any = None  # as reported; None: not yet
    remark: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChecklistView:
    """A campaign's checklist, or what a task scores of it."""

    campaign: str
    version: str
    of_task: str | None  # number
    items: tuple[IndicatorView, ...]  # in the order of chapters, then of the file


def checklists(frame: Frame) -> tuple[ChecklistView, ...]:
    """The checklist of every campaign that has one."""
    found = []
    for campaign, pack in packs(frame):
        own = pack.campaign.indicators
        if own is not None:
            items = _items(own, pack, own.items, {})
            found.append(
                ChecklistView(campaign=campaign.name, version=own.version, of_task=None, items=items)
            )
    return tuple(found)


def marks(frame: Frame, task_id: int) -> ChecklistView:
    """What a task scores, with the points so far.

    Raises:
        Unknown: there is no such task.
    """
    loaded, around = load_one(frame, task_id)
    task = loaded.task
    pack, book = frame.version(task.version_id).pack, around.books[task.kind]
    own, lists = pack.campaign.indicators, {rows.name: rows for rows in book.checklists}
    given = {row.values[INDICATOR]: row.values for row in loaded.rows if row.list in lists}
    scored = _scored_by(lists.values())
    return ChecklistView(
        campaign=pack.campaign.name,
        version=own.version if own is not None else "",
        of_task=number_of(frame, task_id, task.campaign_id),
        items=_items(own, pack, scored, given) if own is not None else (),
    )


def _scored_by(lists: Any) -> dict[str, Any]:
    return {ident: one for rows in lists for ident, one in rows.indicators.items()}


def _items(
    own: Checklist, pack: Pack, wanted: Mapping[str, Any], given: Mapping[str, Mapping[str, Any]]
) -> tuple[IndicatorView, ...]:
    order = {chapter: n for n, chapter in enumerate(own.chapters)}
    chosen = [one for one in own.items.values() if one.id in wanted]
    return tuple(
        IndicatorView(
            id=one.id,
            label=one.label,
            chapter=own.chapters[one.chapter],
            weight=one.weight,
            scored_by=tuple(pack.definitions[kind].label for kind in one.scored_by),
            criterion=one.criterion,
            points=given.get(one.id, {}).get(POINTS),
            remark=given.get(one.id, {}).get(REMARK),
        )
        for one in sorted(chosen, key=lambda one: order[one.chapter])
    )
