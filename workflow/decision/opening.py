"""Opening a task by hand: what a person wants, checked, as a task to open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..definition.cursor import DAY, as_day
from ..definition.model import Definition, Fact
from ..errors import BadValue, NotAllowed, Unknown
from ..people import Actor, acting_as
from ..task import Task
from ..text import Text
from .book import Book
from .case import Surroundings
from .marks import marks_of
from .outcome import NewTask
from .values import check_covered, check_future, check_row, check_value

_DEADLINE = Fact(name="deadline", type="date", label=Text("期限", "Deadline"))


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenTask:
    """A task that a person wants to open."""

    kind: str
    campaign: str  # name
    person_id: int
    parties: Mapping[str, int]  # every party of the definition: name -> unit
    track: str | None = None
    deadline: str | None = None  # ISO date; where the kind says `deadline: given`, and only there
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A unit as far as a party asks."""

    kind: str
    name: Text


def check_opening(
    wanted: OpenTask, definition: Definition, places: Mapping[int, Place], tracks: Collection[str]
) -> None:
    """Refuse what no task of that kind can be.

    Raises:
        NotAllowed: nobody opens that kind by hand.
        BadValue: a party, the track, the deadline, a fact or a row doesn't fit.
    """
    if not definition.opened_by:
        raise NotAllowed(
            f"未开立：“{definition.label.zh}”不能由人直接开立，由轮次、预警或其他事项产生。"
            "若应能开立，请在流程定义中写 opened_by。",
            f"Not opened: {definition.label.en!r} is opened by rounds, rules or other tasks, not by hand. "
            "If somebody should, write opened_by in its definition.",
        )
    _check_parties(definition, wanted.parties, places)
    if wanted.track is not None and wanted.track not in tracks:
        raise _wrong("专项任务", "track", wanted.track, tracks)
    if definition.deadline.how != "given" and wanted.deadline is not None:
        raise BadValue(
            f"未开立：“{definition.label.zh}”的期限是 {definition.deadline}，不由开立者给定。请去掉期限。",
            f"Not opened: the deadline of {definition.label.en!r} is {definition.deadline}. Leave yours out.",
        )


def _check_parties(definition: Definition, given: Mapping[str, int], places: Mapping[int, Place]) -> None:
    for name in given:
        if name not in definition.parties:
            raise _wrong("当事方", "party", name, definition.parties)
    missing = [name for name in definition.parties if name not in given]
    if missing:
        raise BadValue(
            f"未开立：还缺当事方 {'、'.join(missing)}。请写明各是哪个单位。",
            f"Not opened: missing parties: {', '.join(missing)}. Name a unit for each.",
        )
    for name, unit in given.items():
        _check_place(name, unit, definition.parties[name], places)
    if len(set(given.values())) < len(given):
        raise BadValue(
            "未开立：同一单位不能既是一个当事方又是另一个。请为每个当事方写不同的单位。",
            "Not opened: one unit can't be two parties. Name another unit for each.",
        )


def _check_place(party: str, unit: int, kinds: Sequence[str], places: Mapping[int, Place]) -> None:
    place = places.get(unit)
    if place is None:
        raise BadValue(
            f"未开立：单位 {unit} 不在本专项行动之中，不能作 {party}。请用 duban units 查看。",
            f"Not opened: unit {unit} takes no part in this campaign and can't be {party}. See duban units.",
        )
    if kinds and place.kind not in kinds:
        raise BadValue(
            f"未开立：{place.name.zh}的类别是 {place.kind}，当事方 {party} 须是 {'、'.join(kinds)}。"
            "请另选单位。",
            f"Not opened: {place.name.en} is of the kind {place.kind}; {party} must be of "
            f"{', '.join(kinds)}. Choose another unit.",
        )


def _wrong(zh: str, en: str, found: str, known: Collection[str]) -> Unknown:
    return Unknown(
        f"未开立：没有{zh}“{found}”。可写：{'、'.join(known) or '无'}。",
        f"Not opened: there is no {en} {found!r}. There are: {', '.join(known) or 'none'}.",
    )


def new_task(
    wanted: OpenTask, book: Book, around: Surroundings, campaign_id: int, version_id: int
) -> NewTask:
    """The task as it shall be opened, not yet by anybody. Raises BadValue."""
    party = wanted.parties[book.definition.first_party]
    return NewTask(
        kind=wanted.kind,
        campaign_id=campaign_id,
        version_id=version_id,
        parties=dict(wanted.parties),
        unit_id=party,
        track=wanted.track,
        parent_id=None,
        deadline=_deadline(wanted, around),
        facts=_facts(wanted, book, around),
        rows=_rows(wanted, book.definition, around),
    )


def _deadline(wanted: OpenTask, around: Surroundings) -> int | None:
    if wanted.deadline is None:
        return None
    day = as_day(wanted.deadline)
    if day is None:
        raise BadValue(
            f"未开立：期限“{wanted.deadline}”应为{DAY.zh}。",
            f"Not opened: {wanted.deadline!r} is not {DAY.en}.",
        )
    check_covered(_DEADLINE, wanted.deadline, around.calendar)
    check_future(_DEADLINE, wanted.deadline, around.calendar, around.now)
    return around.calendar.end_of(date.fromisoformat(wanted.deadline))


def _facts(wanted: OpenTask, book: Book, around: Surroundings) -> dict[str, Any]:
    held = _told_later(book.definition)
    declared = {name: fact for name, fact in book.definition.facts.items() if name not in held}
    for name in wanted.facts:
        if name not in declared:
            raise _wrong("填报项", "fact", name, declared)
    checked = {name: check_value(declared[name], raw) for name, raw in wanted.facts.items()}
    for name in checked.keys() & book.reckoned:
        check_covered(declared[name], checked[name], around.calendar)
    return checked


def _told_later(definition: Definition) -> set[str]:
    """Facts that nobody can know when a task is opened: means of a checklist, totals of a ballot."""
    means = {rows.into for rows in definition.lists.values() if rows.into is not None}
    ballot = definition.ballot
    return means if ballot is None else means | {*ballot.gives, ballot.returned}


def _rows(wanted: OpenTask, definition: Definition, around: Surroundings) -> dict[str, list[dict[str, Any]]]:
    for name in wanted.rows:
        if name not in definition.lists:
            raise _wrong("清单", "list", name, definition.lists)
    found = {
        name: marks_of(definition.lists[name], listed)
        if definition.lists[name].indicators
        else [check_row(definition.lists[name].columns, name, raw) for raw in listed]
        for name, listed in wanted.rows.items()
    }
    for name, listed in found.items():
        dates = [fact for fact in definition.lists[name].columns.values() if fact.type == "date"]
        for row in listed:
            for fact in dates:
                check_covered(fact, row[fact.name], around.calendar)
    return found


def opener(wanted: OpenTask, definition: Definition, around: Surroundings, task: Task) -> tuple[str, Actor]:
    """As what the person opens the task, resolved with its parties. Raises NotAllowed."""
    found = acting_as(around.directory, definition, definition.opened_by, task, wanted.person_id, around.now)
    if found is None:
        roles = [definition.roles[name].label for name in definition.opened_by]
        raise NotAllowed(
            f"不能由你开立“{definition.label.zh}”：须由{'、'.join(one.zh for one in roles)}开立。"
            "请由其本人或其受托人办理。",
            f"You may not open {definition.label.en!r}: it is for the {', '.join(one.en for one in roles)}. "
            "Ask them or their delegate.",
        )
    return found
