"""The little world around a task, read for a forecast: in generations of neighbours, each read as a set."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import literal_column, select

from ..decision.comparing import Told
from ..definition.model import Fact, Source
from ..engine import Frame, unknown_task
from ..engine.claimed import tasks_of
from ..errors import Undecidable
from ..forecast import Completion, World
from ..rounds import COMPLETE, due_moments, last_moments, occurrences, open_moments
from ..store import tasks
from ..store.organisation import CampaignInForce
from ..store.sources import open_of_units, told_about
from ..store.sql import OneOf, Statement
from ..store.tasks import TASK
from ..task import Loaded, Task

GENERATIONS = 5  # how far neighbours of neighbours are followed
MOST = 60  # tasks; a draft that half a province is on must not be played through for one of them

# Without the lock that whoever writes takes: nothing is joined here.
_DRAFTS = Statement(
    select(TASK.c.id).where(TASK.c.shared == literal_column("1"), OneOf(TASK.c.unit_id, "units"))
)
_ASIDE = tasks.COLUMNS.index("set_aside_at")


def world_of(frame: Frame, task_id: int, until: int) -> World:
    """A task with everything open that its fate hangs together with, up to a limit.

    Raises:
        Unknown: there is no such task.
        Undecidable: its data can't be read.
    """
    found: dict[int, Loaded] = {}
    aside: set[int] = set()
    cut = _gather(frame, task_id, [task_id], found, aside)
    peers = _peers(frame, found[task_id].task, found.values())
    cut = _gather(frame, task_id, sorted(peers - found.keys()), found, aside) or cut
    _know(frame, found.values())
    return World(
        focus=task_id,
        now=frame.now,
        tasks=found,
        arounds={
            version: frame.around(version) for version in {one.task.version_id for one in found.values()}
        },
        completions=_completions(frame, {one.task.campaign_id for one in found.values()}, until),
        merged=frame.merged,
        sources=_sources(frame, found.values()),
        told=_told(frame, found.values()),
        aside=frozenset(aside),
        cut=cut,
    )


def bare_worlds(frame: Frame, found: Collection[Loaded]) -> dict[int, World]:
    """A world for each task with that task alone in it, in a fixed number of statements.

    What its own rules will do is foreseen as well as with its neighbours; these stay as they are.
    """
    _know(frame, found)
    sources, told = _sources(frame, found), _told(frame, found)
    return {
        one.task.id: World(
            focus=one.task.id,
            now=frame.now,
            tasks={one.task.id: one},
            arounds={one.task.version_id: frame.around(one.task.version_id)},
            merged=frame.merged,
            sources=sources,
            told=told,
            cut=True,
        )
        for one in found
    }


def _gather(frame: Frame, focus: int, ids: Sequence[int], found: dict[int, Loaded], aside: set[int]) -> bool:
    """Read these and their neighbours, generation by generation; whether the limit left some out."""
    cut = False
    for _ in range(GENERATIONS):
        room = MOST - len(found)
        frontier, cut = ids[:room], cut or len(ids) > room
        if not frontier:
            return cut
        generation = _read(frame, frontier, aside)
        found |= {one.task.id: one for one in generation}
        _must_be_there(focus, found, frontier)
        near = {ident for one in generation for ident in _near(one, focus)} | _drafts(frame, generation)
        ids = sorted(near - found.keys())
    return cut or bool(ids)


def _peers(frame: Frame, task: Task, found: Collection[Loaded]) -> set[int]:
    """The open tasks of its unit in the campaign that may join its drafts, or that say what it compares."""
    if task.ended_at is not None:
        return set()
    near = {(one.task.version_id, one.task.kind) for one in found}
    drafts = {draft for version, kind in near for draft in frame.version(version).drafts[kind]}
    drafts |= {one.task.kind for one in found if one.task.shared}
    if not drafts and not _compare(frame, near):
        return set()
    every = [one for one in open_of_units(frame.tx, [task.unit_id]) if one[1] == task.campaign_id]
    joining = {
        (version, kind)
        for version, kind in {(version, kind) for *_, version, kind in every}
        if drafts & frame.version(version).drafts[kind]
    }
    if _compare(frame, near | joining):
        return {ident for ident, *_ in every}
    return {ident for ident, _, _, version, kind in every if (version, kind) in joining}


def _compare(frame: Frame, kinds: Collection[tuple[int, str]]) -> bool:
    """Whether something that comes of these kinds, by pack version, asks what others say of its unit."""
    return any(
        frame.version(version).books[one].watches_sources
        for version, kind in kinds
        for one in frame.version(version).consequences[kind]
    )


def _must_be_there(task_id: int, found: dict[int, Loaded], asked: Sequence[int]) -> None:
    if task_id not in found and task_id in asked:
        raise Undecidable(
            f"事项 {task_id} 的数据无法读取。请运行 duban doctor。",
            f"The data of task {task_id} can't be read. Run duban doctor.",
        )


def _read(frame: Frame, ids: Sequence[int], aside: set[int]) -> list[Loaded]:
    rows = tasks.read_these(frame.tx, ids)
    if not rows:
        raise unknown_task(ids[0])
    aside.update(row[0] for row in rows if row[_ASIDE] is not None)
    readable, _ = tasks_of(frame.tx, rows)
    return tasks.load(frame.tx, readable, frame)


def _near(loaded: Loaded, focus: int) -> Iterator[int]:
    """The parent and the open neighbours; of an ended task only its children, who may share a draft."""
    yield from (one.id for one in loaded.children if one.ended_at is None)
    if loaded.task.ended_at is not None and loaded.task.id != focus:
        return
    if loaded.parent is not None:
        yield loaded.parent.id
    yield from (one.id for one in loaded.concerned if one.ended_at is None)
    yield from (one.task_id for one in loaded.concerning if one.ended_at is None)


def _sources(frame: Frame, found: Collection[Loaded]) -> dict[int, Sequence[Source]]:
    """What is compared, by pack version: of those that compare anything at all."""
    versions = {one.task.version_id for one in found}
    own = {one: tuple(frame.version(one).pack.campaign.sources.values()) for one in versions}
    return {version: sources for version, sources in own.items() if sources}


def _told(frame: Frame, found: Collection[Loaded]) -> dict[tuple[int, int], list[Told]]:
    """What is said of their units, by ended tasks too; no statement without sources."""
    kinds = {kind for one in {one.task.version_id for one in found} for kind in frame.version(one).sources}
    units = {unit for one in found for unit in (one.task.unit_id, *_units(frame, one))} if kinds else set()
    return told_about(frame.tx, units, kinds) if kinds else {}


def _drafts(frame: Frame, generation: Sequence[Loaded]) -> set[int]:
    units = sorted({one.task.unit_id for one in generation if one.task.ended_at is None})
    return {row[0] for row in frame.tx.all(_DRAFTS, units=units)} if units else set()


def _know(frame: Frame, found: Collection[Loaded]) -> None:
    """Posts of every unit that these tasks touch, or that a task opened from them might."""
    frame.know_units({unit for one in found for unit in _units(frame, one)})


def _units(frame: Frame, loaded: Loaded) -> Iterator[int]:
    definition = frame.version(loaded.task.version_id).books[loaded.task.kind].definition
    yield from loaded.task.parties.values()
    yield from _of_type(definition.facts, loaded.task.facts)
    for row in loaded.rows:
        yield from _of_type(definition.lists[row.list].columns, row.values)


def _of_type(facts: Mapping[str, Fact], values: Mapping[str, Any]) -> Iterator[int]:
    """The units that are named."""
    for name, value in values.items():
        if isinstance(value, int) and name in facts and facts[name].type == "unit":
            yield value


# --- moments ----------------------------------------------------------------------------------------


def _completions(frame: Frame, campaigns: set[int], until: int) -> tuple[Completion, ...]:
    """The moments at which rounds complete drafts, from those that are at work or due already on."""
    found = [
        one
        for ident in sorted(campaigns)
        if ident in frame.campaigns
        for one in _of_campaign(frame, frame.campaigns[ident], until)
    ]
    found.extend(one for one in _on_record(frame) if one.campaign_id in campaigns)
    return tuple(sorted(found, key=lambda one: (one.at, one.campaign_id, one.round)))


def _on_record(frame: Frame) -> Iterator[Completion]:
    """What is left of moments that are recorded, but not worked off; what failed is tried again later."""
    for moment in open_moments(frame.tx):
        pack = frame.version(moment.version_id).pack
        kind = pack.campaign.rounds[moment.round].completes
        left = [item for item in moment.items[moment.cursor :] if item.what == COMPLETE]
        for at in sorted({item.retry_at for item in left}):
            drafts = tuple(item.args[0] for item in left if item.retry_at == at)
            if kind is not None:
                yield Completion(
                    at=at, round=moment.round, campaign_id=moment.campaign_id, kind=kind, drafts=drafts
                )


def _of_campaign(frame: Frame, campaign: CampaignInForce, until: int) -> Iterator[Completion]:
    own = frame.campaign(campaign.version_id)
    calendar, last = frame.calendar(own.zone), last_moments(frame.tx, campaign.id)
    due = [(one.round, one.at) for one in due_moments(own, calendar, last, frame.now) if one.runs]
    for round_ in own.rounds.values():
        if round_.completes is not None:
            coming = occurrences(round_, own, calendar, last.get(round_.name), until)
            due.extend((round_, one.at) for _, one in coming if one.at > frame.now)
    for round_, at in due:
        if round_.completes is not None:
            yield Completion(at=at, round=round_.name, campaign_id=campaign.id, kind=round_.completes)
