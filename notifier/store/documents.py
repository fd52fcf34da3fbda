"""Documents: stored once, never changed; the acts that make one final; what a letter tells of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, func, select

from notifier.models import DocumentRow
from workflow.store.applying import EVENT, VALUE
from workflow.store.ports import Transaction
from workflow.store.sql import OneOf, Statement, literal_column
from workflow.store.tasks import CONCERN, EPISODE, TASK

DOCUMENT: Final = DocumentRow.__table__  # type: ignore[attr-defined]
_ABOUT = ("id", "kind", "name", "campaign_id", "task_id", "seq", "person_id", "sha256", "made_at")
_about = [DOCUMENT.c[name] for name in _ABOUT]
_act = (
    *(EVENT.c.id, EVENT.c.task_id, EVENT.c.seq, EVENT.c.at, EVENT.c.recorded_at, EVENT.c.header),
    *(TASK.c.version_id, TASK.c.kind),
)
_acts = (
    select(*_act)
    .join(TASK, TASK.c.id == EVENT.c.task_id)
    .where(EVENT.c.kind == literal_column("'act'"))
    .order_by(EVENT.c.id)
)
_ACTS_AFTER = Statement(_acts.where(EVENT.c.id > bindparam("after")).limit(bindparam("most")))
_ACTS_OF = Statement(_acts.where(OneOf(EVENT.c.task_id, "tasks"), OneOf(EVENT.c.seq, "seqs")))
_ACTS_OF_TASK = Statement(_acts.where(EVENT.c.task_id == bindparam("task")))
_VALUES = Statement(
    select(VALUE.c.event_id, VALUE.c.name, VALUE.c.value).where(OneOf(VALUE.c.event_id, "events"))
)
_CONCERNS = Statement(
    select(CONCERN.c.task_id, CONCERN.c.about_id, CONCERN.c.added_at, CONCERN.c.removed_at, EPISODE.c.rule)
    .join(EPISODE, EPISODE.c.id == CONCERN.c.episode_id, isouter=True)
    .where(OneOf(CONCERN.c.task_id, "tasks"))
    .order_by(CONCERN.c.about_id, CONCERN.c.episode_id)
)
_EPISODES = Statement(
    select(EPISODE.c.task_id, EPISODE.c.light, EPISODE.c.opened_at, EPISODE.c.inert_at, EPISODE.c.ended_at)
    .where(OneOf(EPISODE.c.task_id, "tasks"))
    .order_by(EPISODE.c.id)
)
_DRAWN = Statement(select(DOCUMENT.c.task_id, DOCUMENT.c.seq).where(OneOf(DOCUMENT.c.task_id, "tasks")))
_OF_TASKS = Statement(
    select(*_about, DOCUMENT.c.figures, DOCUMENT.c.body)
    .where(OneOf(DOCUMENT.c.task_id, "tasks"))
    .order_by(DOCUMENT.c.id)
)
_NAMED = Statement(
    select(*_about, DOCUMENT.c.figures, DOCUMENT.c.body).where(
        DOCUMENT.c.campaign_id == bindparam("campaign"), DOCUMENT.c.name == bindparam("name")
    )
)
_OF_KIND = Statement(select(*_about).where(DOCUMENT.c.kind == bindparam("kind")).order_by(DOCUMENT.c.id))
_LAST = Statement(
    select(*_about, DOCUMENT.c.figures, DOCUMENT.c.body)
    .where(DOCUMENT.c.campaign_id == bindparam("campaign"), DOCUMENT.c.kind == bindparam("kind"))
    .order_by(DOCUMENT.c.id.desc())
    .limit(1)
)
_COUNT = Statement(
    select(func.count())
    .select_from(DOCUMENT)
    .where(DOCUMENT.c.campaign_id == bindparam("campaign"), DOCUMENT.c.kind == bindparam("kind"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A document as it was drawn up."""

    id: int  # 0 until it is stored
    kind: str  # letter, bulletin
    name: str  # unique in its campaign
    campaign_id: int
    task_id: int | None
    seq: int | None  # of the event that made it final
    person_id: int | None  # who asked for it; None: drawn up by itself
    sha256: str  # of the body, hex
    made_at: int  # ms
    figures: str = ""  # JSON: what it says, as data
    body: bytes = b""  # .docx


@dataclass(frozen=True, kw_only=True, slots=True)
class ActLine:
    """An act in the history, with the definition that its task follows."""

    event_id: int
    task_id: int
    seq: int
    at: int
    recorded_at: int
    header: dict[str, Any]
    version_id: int
    kind: str


# --- documents --------------------------------------------------------------------------------------


def add(tx: Transaction, drawn: Sequence[Document]) -> None:
    """Keep documents for good. The caller has looked whether they are there."""
    ids = tx.draw("row_id", len(drawn))
    tx.insert(DOCUMENT, [_row(ident, one) for ident, one in zip(ids, drawn, strict=True)])


def _row(ident: int, one: Document) -> tuple[Any, ...]:
    own = {name: getattr(one, name) for name in (*_ABOUT, "figures", "body")} | {"id": ident}
    return tuple(own[column.name] for column in DOCUMENT.columns)


def drawn(tx: Transaction, tasks: Collection[int]) -> set[tuple[int, int]]:
    """The acts of these tasks that have their letter: (task, seq)."""
    return {(row[0], row[1]) for row in tx.all(_DRAWN, tasks=sorted(tasks))}


def of_tasks(tx: Transaction, tasks: Collection[int]) -> list[Document]:
    """The letters of these tasks, the oldest first."""
    return [_document(row) for row in tx.all(_OF_TASKS, tasks=sorted(tasks))]


def named(tx: Transaction, campaign: int, name: str) -> Document | None:
    """The document of that name."""
    row = tx.one(_NAMED, campaign=campaign, name=name)
    return None if row is None else _document(row)


def of_kind(tx: Transaction, kind: str) -> list[Document]:
    """All documents of a kind without their bodies, the oldest first."""
    return [_document((*row, "", b"")) for row in tx.all(_OF_KIND, kind=kind)]


def last(tx: Transaction, campaign: int, kind: str) -> Document | None:
    """The newest document of a kind."""
    row = tx.one(_LAST, campaign=campaign, kind=kind)
    return None if row is None else _document(row)


def count(tx: Transaction, campaign: int, kind: str) -> int:
    """How many documents of a kind there are."""
    (found,) = tx.one(_COUNT, campaign=campaign, kind=kind) or (0,)
    return int(found)


def _document(row: Sequence[Any]) -> Document:
    *about, figures, body = row
    return Document(**dict(zip(_ABOUT, about, strict=True)), figures=figures, body=bytes(body))


# --- what letters are drawn up from -----------------------------------------------------------------


def acts_after(tx: Transaction, after: int, most: int) -> list[ActLine]:
    """The next acts of the history."""
    return [_line(row) for row in tx.all(_ACTS_AFTER, after=after, most=most)]


def acts_of(tx: Transaction, events: Collection[tuple[int, int]]) -> list[ActLine]:
    """Those of these events that are acts."""
    tasks, seqs = sorted({task for task, _ in events}), sorted({seq for _, seq in events})
    wanted = set(events)
    found = (_line(row) for row in tx.all(_ACTS_OF, tasks=tasks, seqs=seqs))
    return [one for one in found if (one.task_id, one.seq) in wanted]


def acts_of_task(tx: Transaction, task: int) -> list[ActLine]:
    """The acts of a task, the oldest first."""
    return [_line(row) for row in tx.all(_ACTS_OF_TASK, task=task)]


def _line(row: Sequence[Any]) -> ActLine:
    ident, task, seq, at, recorded, header, version, kind = row
    return ActLine(
        event_id=ident,
        task_id=task,
        seq=seq,
        at=at,
        recorded_at=recorded,
        header=orjson.loads(header),
        version_id=version,
        kind=kind,
    )


def values_of(tx: Transaction, events: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What was reported with these events; what was erased is not here."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for event, name, value in tx.all(_VALUES, events=sorted(events)):
        found[event][name] = orjson.loads(value)
    return found


def concerns(tx: Transaction, tasks: Collection[int]) -> list[tuple[int, int, int, int | None, str | None]]:
    """What these tasks concern: task, about which other, since when, until when, because of which rule."""
    return [(row[0], row[1], row[2], row[3], row[4]) for row in tx.all(_CONCERNS, tasks=sorted(tasks))]


def episodes(tx: Transaction, tasks: Collection[int]) -> list[tuple[int, str, int, int | None, int | None]]:
    """The episodes of these tasks: task, light, opened, without light since, ended."""
    return [(row[0], row[1], row[2], row[3], row[4]) for row in tx.all(_EPISODES, tasks=sorted(tasks))]
