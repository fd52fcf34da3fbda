"""Workbooks that were taken: their record, the lines that become tasks, units and people in bulk.

Units, people and posts come in by the thousand, so they are written by the set. Their ids are the
database's own: rows are written without, and read back by code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Column, MetaData, Table, bindparam, func, literal_column, select, update

from ..models import ImportLineRow, ImportRow
from .organisation import PERSON, POST, UNIT
from .ports import Transaction
from .sql import OneOf, Statement

IMPORT = ImportRow.__table__  # type: ignore[attr-defined]
LINE = ImportLineRow.__table__  # type: ignore[attr-defined]

_open = select(IMPORT).where(IMPORT.c.status == "open").order_by(IMPORT.c.id).limit(literal_column("1"))
_ANY_OPEN = Statement(_open)
_CLAIM_OPEN = Statement(_open.with_for_update(key_share=True, skip_locked=True))
_waiting = (LINE.c.import_id == bindparam("of"), LINE.c.task_id.is_(None), LINE.c.why.is_(None))
_NEXT_LINES = Statement(select(LINE).where(*_waiting).order_by(LINE.c.position).limit(bindparam("most")))
_HOW_MANY_WAIT = Statement(select(func.count()).select_from(LINE).where(*_waiting))
_FINISH = Statement(update(IMPORT).where(IMPORT.c.id == bindparam("of")).values(status="done"))
_KNOWN = Statement(
    select(LINE.c.number, LINE.c.digest, LINE.c.task_id, LINE.c.why, LINE.c.import_id).where(
        LINE.c.campaign_id == bindparam("campaign"), OneOf(LINE.c.number, "numbers", words=True)
    )
)
_SET_ASIDE = Statement(
    update(LINE)
    .where(LINE.c.import_id == bindparam("of"), LINE.c.position == bindparam("at"))
    .values(why=bindparam("reason"))
)
_LEFT = Statement(
    select(LINE.c.import_id, func.count(), func.min(LINE.c.position), func.min(LINE.c.why))
    .where(LINE.c.task_id.is_(None), LINE.c.why.is_not(None))
    .group_by(LINE.c.import_id)
    .order_by(LINE.c.import_id)
)
_TRY_AGAIN = Statement(
    update(LINE)
    .where(LINE.c.import_id == bindparam("of"), LINE.c.task_id.is_(None), LINE.c.why.is_not(None))
    .values(why=None)
)
_REOPEN = Statement(update(IMPORT).where(IMPORT.c.id == bindparam("of")).values(status="open"))
_LABELS = ("zh", "en")
_ALL_POSTS = Statement(select(POST).order_by(POST.c.id))


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A workbook that is taken."""

    book: str
    file_hash: str  # SHA-256, hex
    person_id: int
    at: int
    lines: int
    added: int
    changed: int = 0
    campaign_id: int | None = None
    version_id: int | None = None
    kind: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLine:
    """A line that becomes a task."""

    position: int  # row of the sheet
    number: str
    digest: str
    body: Mapping[str, Any]  # parties, track, deadline, facts


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenImport:
    """An import whose tasks are being opened, as its locked row says."""

    id: int
    campaign_id: int
    version_id: int
    kind: str
    person_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownLine:
    """A line that was taken before."""

    number: str
    digest: str
    is_task: bool
    set_aside: bool
    import_id: int


def record(tx: Transaction, one: Record, lines: Sequence[NewLine] = ()) -> int:
    """Write down a workbook with the lines that become tasks; the id of the import.

    Raises:
        Overtaken: one of the lines was brought by somebody else meanwhile.
    """
    (ident,) = tx.draw("row_id", 1)
    own = {name: getattr(one, name) for name in Record.__slots__} | {
        "id": ident,
        "status": "open" if lines else "done",
    }
    tx.insert(IMPORT, [tuple(own[column.name] for column in IMPORT.columns)])
    tx.insert(
        LINE,
        [
            (
                ident,
                line.position,
                one.campaign_id,
                line.number,
                line.digest,
                orjson.dumps(line.body).decode(),
                None,
                None,
            )
            for line in lines
        ],
    )
    return ident


def known_lines(tx: Transaction, campaign_id: int, numbers: Iterable[str]) -> dict[str, KnownLine]:
    """Those of these numbers that were taken before."""
    rows = tx.all(_KNOWN, campaign=campaign_id, numbers=list(numbers))
    return {
        number: KnownLine(
            number=number, digest=digest, is_task=task is not None, set_aside=why is not None, import_id=ident
        )
        for number, digest, task, why, ident in rows
    }


# --- working off ------------------------------------------------------------------------------------


def any_open(tx: Transaction) -> bool:
    """Whether tasks of an import are still to be opened."""
    return tx.one(_ANY_OPEN) is not None


def claim(tx: Transaction) -> OpenImport | None:
    """Lock the oldest import that isn't worked off, unless somebody else is at it."""
    row = tx.one(_CLAIM_OPEN)
    if row is None:
        return None
    own = dict(zip((column.name for column in IMPORT.columns), row, strict=True))
    return OpenImport(**{name: own[name] for name in OpenImport.__slots__})


def next_lines(tx: Transaction, import_id: int, most: int) -> list[NewLine]:
    """The next lines to open."""
    return [
        NewLine(position=position, number=number, digest=digest, body=orjson.loads(body))
        for _, position, _, number, digest, body, _, _ in tx.all(_NEXT_LINES, of=import_id, most=most)
    ]


def opened(tx: Transaction, import_id: int, tasks: Sequence[tuple[int, int]]) -> bool:
    """(position, task) of lines that have become tasks; False if somebody else opened one of them.

    What the line said stands in the task's history now, where it can be erased: it is not kept twice.
    """
    rows = [(None, task, import_id, position) for position, task in tasks]
    return not rows or tx.update(LINE, ("body", "task_id"), ("import_id", "position"), rows) == len(rows)


def finish(tx: Transaction, import_id: int) -> None:
    """Nothing is left to open."""
    tx.run(_FINISH, of=import_id)


def set_aside(tx: Transaction, import_id: int, position: int, why: str) -> None:
    """A line that can't be opened waits for a person."""
    tx.run(_SET_ASIDE, of=import_id, at=position, reason=why)


def try_again(tx: Transaction, import_id: int) -> int:
    """Lines that were set aside are opened after all; how many."""
    count = tx.run(_TRY_AGAIN, of=import_id)
    if count:
        tx.run(_REOPEN, of=import_id)
    return count


def how_many_wait(tx: Transaction, import_id: int) -> int:
    """How many lines of an import are still to be opened."""
    return int((tx.one(_HOW_MANY_WAIT, of=import_id) or (0,))[0])


def left_undone(tx: Transaction) -> list[tuple[int, int, int, str]]:
    """(import, how many lines were set aside, the first of them, why one was)."""
    return [(one, int(count), int(first), why) for one, count, first, why in tx.all(_LEFT)]


# --- units and people in bulk -----------------------------------------------------------------------


def _without_id(table: Table) -> Table:
    """The table as it is written to: the database numbers the rows itself."""
    columns = (Column(one.name, one.type) for one in table.columns if one.name != "id")
    return Table(table.name, MetaData(), *columns)


_NEW_UNIT, _NEW_PERSON, _NEW_POST = map(_without_id, (UNIT, PERSON, POST))
_NO_GROUP_AND_OPEN = dict.fromkeys(("group_of", "group_name", "ended_at", "merged_into"))


def add_units(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add units whose parents are there: code, kind, parent_id, zh, en."""
    _add(tx, _NEW_UNIT, [{**_NO_GROUP_AND_OPEN, **row} for row in rows])


def add_people(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add people: code, zh, en, language."""
    _add(tx, _NEW_PERSON, rows)


def add_posts(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Give posts: person_id, name, unit_id, deputy, valid_from, valid_to, recorded_at."""
    _add(tx, _NEW_POST, rows)


def _add(tx: Transaction, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    tx.insert(table, [tuple(row[column.name] for column in table.columns) for row in rows])


def relabel_units(tx: Transaction, labels: Sequence[tuple[str, str, str]]) -> None:
    """(zh, en, code) of units that are called otherwise from here on."""
    tx.update(UNIT, _LABELS, ("code",), labels)


def speak_to(tx: Transaction, languages: Sequence[tuple[str, str]]) -> None:
    """(language, code) of people who read another language from here on."""
    tx.update(PERSON, ("language",), ("code",), languages)


def end_posts(tx: Transaction, ends: Sequence[tuple[int | None, int]]) -> None:
    """(first instant in which it holds no more, post) of posts whose end is set or moved."""
    tx.update(POST, ("valid_to",), ("id",), ends)


def posts(tx: Transaction) -> list[tuple[Any, ...]]:
    """Every post that was ever given: id, person, name, unit, deputy, from, to, recorded."""
    return tx.all(_ALL_POSTS)
