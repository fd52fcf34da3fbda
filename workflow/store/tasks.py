"""Tasks out of the database: claiming them, and loading everything that a decision looks at.

Whatever is loaded for a decision is read after the task's row was locked, so nothing that is decided
on can change before it is written. The number of statements is the same for one task and for many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Protocol

import orjson
from sqlalchemy import BigInteger, bindparam, delete, func, literal_column, or_, select
from sqlalchemy import update as update_

from ..definition.model import Burden, Source
from ..models import ConcernRow, EpisodeRow, ListRow, NudgeRow, TaskRow
from ..task import (
    Backing,
    Chosen,
    Concern,
    Entry,
    Episode,
    Loaded,
    Nudge,
    Pending,
    Related,
    Row,
    Signature,
    Task,
)
from .burden import counted
from .ports import Transaction
from .sources import readings
from .sql import OneOf, Statement

TASK = TaskRow.__table__  # type: ignore[attr-defined]
EPISODE = EpisodeRow.__table__  # type: ignore[attr-defined]
CONCERN = ConcernRow.__table__  # type: ignore[attr-defined]
LIST_ROW = ListRow.__table__  # type: ignore[attr-defined]
NUDGE = NudgeRow.__table__  # type: ignore[attr-defined]

COLUMNS = tuple(column.name for column in TASK.columns)
_IN_BODY = (
    "parties",
    "facts",
    "fact_times",
    "acts",
    "actors",
    "teams",
    "stops",
    "stop_used",
    "pending",
    "last_opened",
    "step_end",
    "began_at",
    "numbers",
    "plan_year",
)
_PLAIN = tuple(field.name for field in fields(Task) if field.name not in _IN_BODY)
_POSITIONS = {name: COLUMNS.index(name) for name in _PLAIN}
_BODY = COLUMNS.index("body")
_TRACK = COLUMNS.index("track")


class Wants(Protocol):
    """What definitions say about how much of the other tasks must be read."""

    def is_draft(self, version_id: int, kind: str, state: str, /) -> bool:
        """Whether that state of that kind is a draft's."""

    def parent_actors(self, version_id: int, kind: str, /) -> bool:
        """Whether who acted on the parent keeps somebody from acting on a task of that kind."""

    def read_of_children(self, version_id: int, kind: str, /) -> Collection[str]:
        """The kinds of its children whose facts that kind copies."""

    def counting(self, version_id: int, kind: str, state: str, /) -> Burden | None:
        """The budget that a task of that kind is about to use up; None in most states."""

    def compared(self, version_id: int, kind: str, /) -> Collection[Source]:
        """The sources that conditions of that kind compare."""


# --- rows and records -------------------------------------------------------------------------------


def task_of(row: Sequence[Any]) -> Task:
    """A task from a row with every column."""
    body = orjson.loads(row[_BODY])
    values = {name: row[position] for name, position in _POSITIONS.items()}
    values["track"] = row[_TRACK] or None
    values["head"] = bytes(row[COLUMNS.index("head")])
    body["stops"] = tuple((stop[0], stop[1]) for stop in body["stops"])
    body["pending"] = tuple(_pending_of(one) for one in body["pending"])
    if body.get("teams"):  # rows of the first migration know of none
        teams = body["teams"].items()
        body["teams"] = {role: Chosen(**{**one, "members": tuple(one["members"])}) for role, one in teams}
    return Task(**values, **body)


def _pending_of(stored: dict[str, Any]) -> Pending:
    own = {**stored, "evidence": tuple(stored["evidence"])}
    own["signed"] = tuple(Signature(**one) for one in stored.get("signed", ()))
    if stored.get("entry"):
        own["entry"] = Entry(**stored["entry"])
    return Pending(**own)


def body_of(task: Task) -> str:
    """The part of a task that is kept as JSON."""
    return orjson.dumps(
        {
            "parties": task.parties,
            "facts": task.facts,
            "fact_times": task.fact_times,
            "acts": task.acts,
            "actors": task.actors,
            "teams": {role: asdict(one) for role, one in task.teams.items()},
            "stops": task.stops,
            "stop_used": task.stop_used,
            "pending": [asdict(one) for one in task.pending],
            "last_opened": task.last_opened,
            "step_end": task.step_end,
            "began_at": task.began_at,
            "numbers": task.numbers,
            "plan_year": task.plan_year,
        }
    ).decode()


def row_of(task: Task) -> tuple[Any, ...]:
    """A new row with every column."""
    own = {
        "body": body_of(task),
        "track": task.track or "",
        "tries": 0,
        "set_aside_at": None,
        "set_aside_why": None,
    }
    return tuple(own[name] if name in own else getattr(task, name) for name in COLUMNS)


# --- statements -------------------------------------------------------------------------------------

_all_columns = list(TASK.columns)
# Due tasks, the longest due first. The columns come from the locking select itself: joined back from
# a list of ids they could be older than the lock. Set-aside tasks wait for a person.
_CLAIM_DUE = Statement(
    select(*_all_columns)
    .where(TASK.c.wake_at.is_not(None), TASK.c.set_aside_at.is_(None), TASK.c.wake_at <= bindparam("now"))
    .order_by(TASK.c.wake_at, TASK.c.id)
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)
# A task whose last decision failed rests until its retry, whatever else calls for it: five tries in one
# millisecond would set it aside for a fault that lasted two.
_now = bindparam("now", type_=BigInteger())
_not_backing_off = or_(TASK.c.tries == literal_column("0"), TASK.c.wake_at <= _now)
_nudge_target = TASK.alias("nudged")
_nudged = (
    select(NUDGE.c.task_id)
    .join(_nudge_target, _nudge_target.c.id == NUDGE.c.task_id)
    .where(
        _nudge_target.c.set_aside_at.is_(None),
        or_(_nudge_target.c.tries == literal_column("0"), _nudge_target.c.wake_at <= _now),
    )
    .order_by(NUDGE.c.id)
    .limit(bindparam("most"))
    .scalar_subquery()
)
_CLAIM_NUDGED = Statement(
    select(*_all_columns)
    .where(TASK.c.id.in_(_nudged), TASK.c.set_aside_at.is_(None))
    .order_by(TASK.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)
_planned_earlier = (
    TASK.c.ended_at.is_(None),
    TASK.c.set_aside_at.is_(None),
    TASK.c.planned_under < bindparam("epoch"),
    _not_backing_off,
)
_ANY_PLANNED = Statement(select(TASK.c.id).where(*_planned_earlier).limit(1))
_CLAIM_PLANNED = Statement(
    select(*_all_columns)
    .where(*_planned_earlier)
    .order_by(TASK.c.planned_under, TASK.c.id)
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)
_CLAIM_THESE = Statement(
    select(*_all_columns).where(OneOf(TASK.c.id, "ids")).order_by(TASK.c.id).with_for_update(key_share=True)
)
_READ_THESE = Statement(select(*_all_columns).where(OneOf(TASK.c.id, "ids")).order_by(TASK.c.id))
_CLAIM_FREE = Statement(
    select(*_all_columns)
    .where(OneOf(TASK.c.id, "ids"))
    .order_by(TASK.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)
_NEXT_WAKE = Statement(
    select(func.min(TASK.c.wake_at)).where(TASK.c.wake_at.is_not(None), TASK.c.set_aside_at.is_(None))
)
_ANY_NUDGE = Statement(
    select(NUDGE.c.task_id)
    .join(TASK, TASK.c.id == NUDGE.c.task_id)
    .where(TASK.c.set_aside_at.is_(None), _not_backing_off)
    .order_by(NUDGE.c.id)
    .limit(1)
)
_OPEN_OF_KIND = Statement(
    select(TASK.c.id, TASK.c.version_id, TASK.c.state)
    .where(
        TASK.c.campaign_id == bindparam("campaign"),
        TASK.c.kind == bindparam("of_kind"),
        TASK.c.ended_at.is_(None),
    )
    .order_by(TASK.c.id)
)
_open_of_campaign = (
    TASK.c.campaign_id == bindparam("campaign"),
    TASK.c.ended_at.is_(None),
)
_RESTING = Statement(
    select(*_all_columns)
    .where(
        *_open_of_campaign,
        TASK.c.set_aside_at.is_(None),
        OneOf(TASK.c.deadline_basis, "bases", words=True),
        TASK.c.id > bindparam("after"),
    )
    .order_by(TASK.c.id)
    .limit(bindparam("most"))
)
_VERSIONS_AT_WORK = Statement(select(TASK.c.version_id).where(*_open_of_campaign).distinct())
_ON_OTHERS = Statement(
    select(TASK.c.id, TASK.c.parent_id)
    .where(*_open_of_campaign, TASK.c.version_id != bindparam("version"))
    .order_by(TASK.c.id)
)
_PARENT_IDS = Statement(select(TASK.c.id, TASK.c.parent_id).where(OneOf(TASK.c.id, "ids")))
_NUDGES = Statement(select(NUDGE).where(OneOf(NUDGE.c.task_id, "ids")).order_by(NUDGE.c.id))
_EPISODES = Statement(
    select(EPISODE)
    .where(OneOf(EPISODE.c.task_id, "ids"), EPISODE.c.ended_at.is_(None))
    .order_by(EPISODE.c.id)
)
_related = (TASK.c.id, TASK.c.kind, TASK.c.row_id, TASK.c.ended_at, TASK.c.outcome, TASK.c.unit_id)
_CHILDREN = Statement(
    select(TASK.c.parent_id, *_related).where(OneOf(TASK.c.parent_id, "ids")).order_by(TASK.c.id)
)
_CHILD_FACTS = Statement(
    select(TASK.c.id, TASK.c.body).where(
        OneOf(TASK.c.parent_id, "ids"), OneOf(TASK.c.kind, "kinds", words=True)
    )
)
_PARENTS = Statement(select(*_related).where(OneOf(TASK.c.id, "ids")))
_BODIES = Statement(select(TASK.c.id, TASK.c.body).where(OneOf(TASK.c.id, "ids")))
_ROWS = Statement(select(LIST_ROW).where(OneOf(LIST_ROW.c.task_id, "ids")).order_by(LIST_ROW.c.id))
_link = (CONCERN.c.task_id, CONCERN.c.about_id, CONCERN.c.episode_id)
# What a batch's tasks concern, with the episode that is the reason.
_CONCERNED = Statement(
    select(
        *_link,
        CONCERN.c.removed_at,
        TASK.c.kind,
        TASK.c.ended_at,
        TASK.c.outcome,
        EPISODE.c.ended_at,
        EPISODE.c.inert_at,
    )
    .select_from(CONCERN)
    .join(TASK, TASK.c.id == CONCERN.c.about_id)
    .join(EPISODE, EPISODE.c.id == CONCERN.c.episode_id, isouter=True)
    .where(OneOf(CONCERN.c.task_id, "ids"))
    .order_by(*_link)
)
# What concerns a batch's tasks.
_CONCERNING = Statement(
    select(
        *_link,
        CONCERN.c.removed_at,
        TASK.c.kind,
        TASK.c.version_id,
        TASK.c.state,
        TASK.c.ended_at,
        TASK.c.outcome,
    )
    .select_from(CONCERN)
    .join(TASK, TASK.c.id == CONCERN.c.task_id)
    .where(OneOf(CONCERN.c.about_id, "ids"))
    .order_by(*_link)
)
_SHARED_DRAFTS = Statement(
    select(TASK.c.id, TASK.c.campaign_id, TASK.c.unit_id, TASK.c.kind)
    .where(TASK.c.shared == literal_column("1"), OneOf(TASK.c.unit_id, "units"))
    .order_by(TASK.c.id)
    .with_for_update(read=True)  # a draft that is being completed isn't joined: wait, then look again
)
_DROP_NUDGES = Statement(delete(NUDGE).where(OneOf(NUDGE.c.id, "ids")))
# A task whose wake failed is tried again later, so that it doesn't stand in front of the others.
_COUNT_TRY = Statement(
    update_(TASK)
    .where(TASK.c.id == bindparam("task"))
    .values(tries=TASK.c.tries + 1, wake_at=bindparam("retry_at"))
    .returning(TASK.c.tries)
)
_SET_ASIDE = Statement(
    update_(TASK)
    .where(TASK.c.id == bindparam("task"), TASK.c.set_aside_at.is_(None))
    .values(set_aside_at=bindparam("now"), set_aside_why=bindparam("why"))
)
_RELEASE = Statement(
    update_(TASK)
    .where(TASK.c.id == bindparam("task"), TASK.c.set_aside_at.is_not(None))
    # One try on record: the decision then catches up from the last event, not from the release.
    .values(set_aside_at=None, set_aside_why=None, tries=1, wake_at=bindparam("now"))
)


# --- claiming ---------------------------------------------------------------------------------------

EVER = 2**62  # ms; later than any retry
Rows = list[tuple[Any, ...]]
"""Rows with every column of a task. `task_of` reads one; a broken one must not stop the others."""


def claim_due(tx: Transaction, now: int, most: int) -> Rows:
    """Lock and read up to `most` tasks whose wake has come, skipping those another daemon holds."""
    return tx.all(_CLAIM_DUE, now=now, most=most)


def claim_nudged(tx: Transaction, most: int, now: int = EVER) -> Rows:
    """Lock and read tasks that were nudged, by up to `most` nudges.

    Those whose last decision failed are left until their retry, if it is after `now`.
    """
    return tx.all(_CLAIM_NUDGED, most=most, now=now)


def claim_planned(tx: Transaction, epoch: int, most: int, now: int = EVER) -> Rows:
    """Lock and read open tasks that were planned under an older calendar or campaign.

    Those whose last decision failed are left until their retry, if it is after `now`.
    """
    return tx.all(_CLAIM_PLANNED, epoch=epoch, most=most, now=now)


def claim_these(tx: Transaction, ids: Sequence[int]) -> Rows:
    """Lock and read these tasks, waiting for whoever holds one."""
    return tx.all(_CLAIM_THESE, ids=list(ids))


def claim_free(tx: Transaction, ids: Sequence[int]) -> Rows:
    """Lock and read those of these tasks that nobody holds."""
    return tx.all(_CLAIM_FREE, ids=list(ids))


def read_these(tx: Transaction, ids: Sequence[int]) -> Rows:
    """Read these tasks without locking them."""
    return tx.all(_READ_THESE, ids=list(ids))


def next_wake(tx: Transaction) -> int | None:
    """The earliest wake of all tasks; it may have passed."""
    row = tx.one(_NEXT_WAKE)
    return row[0] if row else None


def any_nudge(tx: Transaction, now: int = EVER) -> bool:
    """Whether a nudge waits for a task that is not set aside, nor left until a retry after `now`."""
    return tx.one(_ANY_NUDGE, now=now) is not None


def any_planned(tx: Transaction, epoch: int, now: int = EVER) -> bool:
    """Whether an open task was planned under an older calendar or campaign."""
    return tx.one(_ANY_PLANNED, epoch=epoch, now=now) is not None


def resting_on(tx: Transaction, campaign: int, bases: Sequence[str], after: int, most: int) -> Rows:
    """Open tasks of a campaign whose deadline rests on these words, by id from `after` on; not locked."""
    return tx.all(_RESTING, campaign=campaign, bases=list(bases), after=after, most=most)


def versions_at_work(tx: Transaction, campaign: int) -> set[int]:
    """The versions that open tasks of a campaign follow."""
    return {row[0] for row in tx.all(_VERSIONS_AT_WORK, campaign=campaign)}


def on_other_versions(tx: Transaction, campaign: int, version: int) -> dict[int, int | None]:
    """Open tasks of a campaign that follow another version than this: task -> parent."""
    return dict(tx.all(_ON_OTHERS, campaign=campaign, version=version))


def parents_of(tx: Transaction, ids: Sequence[int]) -> dict[int, int | None]:
    """task -> parent of these tasks."""
    return dict(tx.all(_PARENT_IDS, ids=list(ids)))


def shared_drafts(tx: Transaction, units: Sequence[int]) -> dict[tuple[int, int, str], int]:
    """The open shared drafts of these units: (campaign, unit, kind) -> task."""
    rows = tx.all(_SHARED_DRAFTS, units=list(units))
    return {(campaign, unit, kind): task for task, campaign, unit, kind in rows}


def drafts_of(tx: Transaction, campaign_id: int, kind: str, wants: Wants) -> list[int]:
    """The tasks of a kind that are still drafts."""
    rows = tx.all(_OPEN_OF_KIND, campaign=campaign_id, of_kind=kind)
    return [task for task, version, state in rows if wants.is_draft(version, kind, state)]


def drop_nudges(tx: Transaction, ids: Sequence[int]) -> None:
    """Nudges that were looked at are gone with the same transaction."""
    if ids:
        tx.run(_DROP_NUDGES, ids=list(ids))


def count_try(tx: Transaction, task: int, retry_at: int) -> int:
    """One more failed decision on this task, to be tried again then; how many that makes."""
    row = tx.one(_COUNT_TRY, task=task, retry_at=retry_at)
    return int(row[0]) if row else 0


def set_aside(tx: Transaction, task: int, now: int, why: str) -> bool:
    """Take a task out of the clock's queue until a person releases it."""
    return tx.run(_SET_ASIDE, task=task, now=now, why=why) == 1


def release(tx: Transaction, task: int, now: int) -> bool:
    """Put a task that was set aside back into the clock's queue."""
    return tx.run(_RELEASE, task=task, now=now) == 1


# --- loading ----------------------------------------------------------------------------------------


def load(tx: Transaction, tasks: Sequence[Task], wants: Wants) -> list[Loaded]:
    """Everything that decisions on these tasks look at, in a fixed number of statements."""
    if not tasks:
        return []
    ids = [task.id for task in tasks]
    nudges = _grouped(tx.all(_NUDGES, ids=ids), 1, _nudge)
    episodes = _grouped(tx.all(_EPISODES, ids=ids), 1, _episode)
    copied = _child_facts(tx, tasks, wants)
    children = _grouped(tx.all(_CHILDREN, ids=ids), 0, lambda row: _related_of(row[1:], copied.get(row[1])))
    had = counted(tx, ((task, wants.counting(task.version_id, task.kind, task.state)) for task in tasks))
    sources = readings(tx, ((task, wants.compared(task.version_id, task.kind)) for task in tasks))
    concerned, backing = _concerned(tx, ids)
    concerning = _concerning(tx, ids, wants)
    parents = _parents(tx, tasks)
    actors = _parent_actors(tx, tasks, wants)
    rows = _grouped(tx.all(_ROWS, ids=ids), 1, _row)
    return [
        Loaded(
            task=task,
            episodes=tuple(episodes.get(task.id, ())),
            children=tuple(children.get(task.id, ())),
            concerned=tuple(concerned.get(task.id, {}).values()),
            concerning=tuple(concerning.get(task.id, ())),
            parent=parents.get(task.parent_id or 0),
            rows=tuple(rows.get(task.id, ())),
            backing=tuple(backing.get(task.id, ())),
            nudges=tuple(nudges.get(task.id, ())),
            parent_actors=actors.get(task.parent_id or 0, {}),
            counted=had.get(task.id, ()),
            sources=sources.get(task.id, ()),
        )
        for task in tasks
    ]


def _grouped(
    rows: Sequence[tuple[Any, ...]], key: int, make: Callable[[tuple[Any, ...]], Any]
) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(make(row))
    return groups


def _nudge(row: tuple[Any, ...]) -> Nudge:
    return Nudge(id=row[0], cause=row[2], other_id=row[3], at=row[4])


def _episode(row: tuple[Any, ...]) -> Episode:
    ident, _task, rule, light, opened, told, epoch, superseded, inert, inert_by, ended, ended_by = row
    return Episode(
        id=ident,
        rule=rule,
        light=light,
        opened_at=opened,
        told_at=told,
        epoch=epoch,
        superseded=superseded,
        inert_at=inert,
        inert_by=inert_by,
        ended_at=ended,
        ended_by=ended_by,
    )


def _related_of(row: Sequence[Any], facts: Mapping[str, Any] | None = None) -> Related:
    ident, kind, row_id, ended, outcome, unit = row
    return Related(
        id=ident, kind=kind, row_id=row_id, ended_at=ended, outcome=outcome, unit_id=unit, facts=facts
    )


def _child_facts(tx: Transaction, tasks: Sequence[Task], wants: Wants) -> Mapping[int, Mapping[str, Any]]:
    """What children report, of those tasks whose definition copies it."""
    kinds = {task.id: wants.read_of_children(task.version_id, task.kind) for task in tasks}
    ids = [ident for ident, read in kinds.items() if read]
    if not ids:
        return {}
    every = sorted({kind for read in kinds.values() for kind in read})
    return {row[0]: orjson.loads(row[1])["facts"] for row in tx.all(_CHILD_FACTS, ids=ids, kinds=every)}


def _row(row: tuple[Any, ...]) -> Row:
    return Row(id=row[0], list=row[2], values=orjson.loads(row[3]), closed_at=row[4], closed_by=row[5])


def _parents(tx: Transaction, tasks: Sequence[Task]) -> Mapping[int, Related]:
    ids = sorted({task.parent_id for task in tasks if task.parent_id is not None})
    return {row[0]: _related_of(row) for row in tx.all(_PARENTS, ids=ids)} if ids else {}


def _parent_actors(
    tx: Transaction, tasks: Sequence[Task], wants: Wants
) -> Mapping[int, Mapping[str, list[int]]]:
    """By parent, who did what there; of those tasks only whose definition asks."""
    parents = {
        task.parent_id
        for task in tasks
        if task.parent_id is not None and wants.parent_actors(task.version_id, task.kind)
    }
    if not parents:
        return {}
    return {ident: orjson.loads(body)["actors"] for ident, body in tx.all(_BODIES, ids=sorted(parents))}


_Concerned = dict[int, dict[int, Related]]


def _concerned(tx: Transaction, ids: Sequence[int]) -> tuple[_Concerned, dict[int, list[Backing]]]:
    concerned: _Concerned = defaultdict(dict)
    backing: dict[int, list[Backing]] = defaultdict(list)
    for task, about, episode, removed, kind, ended, outcome, over, inert in tx.all(_CONCERNED, ids=ids):
        concerned[task][about] = Related(id=about, kind=kind, ended_at=ended, outcome=outcome)
        stands = over is None and inert is None and ended is None
        one = Backing(about_id=about, episode_id=episode, stands=stands, removed=removed is not None)
        backing[task].append(one)
    return concerned, backing


def _concerning(tx: Transaction, ids: Sequence[int], wants: Wants) -> dict[int, list[Concern]]:
    concerning: dict[int, list[Concern]] = defaultdict(list)
    for row in tx.all(_CONCERNING, ids=ids):
        task, about, episode, removed, kind, version, state, ended, outcome = row
        concern = Concern(
            task_id=task,
            about_id=about,
            episode_id=episode,
            kind=kind,
            draft=wants.is_draft(version, kind, state),
            ended_at=ended,
            outcome=outcome,
            removed=removed is not None,
        )
        concerning[about].append(concern)
    return concerning
