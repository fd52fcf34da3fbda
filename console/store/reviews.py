"""Reviews: the roll of links and codes, and the ballots, between which nothing is kept (docs/adr/0030).

A vote marks the roll and stores a ballot in one transaction, and every row bears the mark of the
transaction that wrote it (on PostgreSQL `xmin`, `cmin`, its place on the disk). So each vote also writes
anew, in the same two statements, other rows of the roll and other ballots drawn at random: what one
transaction wrote is a crowd on both sides, and no pair.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from sqlalchemy import bindparam, delete, exists, func, insert, literal_column, or_, select, text, update

from workflow.store import Transaction
from workflow.store.sql import Statement

from ..models import BallotRow, ReviewRow, RollRow

REVIEW = ReviewRow.__table__  # type: ignore[attr-defined]
ROLL = RollRow.__table__  # type: ignore[attr-defined]
BALLOT = BallotRow.__table__  # type: ignore[attr-defined]
CROWD = 100  # other rows that each vote writes anew, on either side

Way = Literal["links", "codes"]
Vote = Literal["taken", "used", "closed"]
"""What became of a vote: it counts; the link was used before; no ballots are taken any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """The vote that belongs to a task."""

    id: int
    task_id: int
    way: Way
    opened_at: int
    closed_at: int | None
    result: Mapping[str, Any] | None  # once counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Ballot:
    """One ballot."""

    marks: Mapping[str, int]  # fact -> millionths
    said: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of the roll."""

    review: Review
    voted: bool


_FIND = Statement(
    select(ROLL.c.voted, *REVIEW.columns)
    .join(REVIEW, REVIEW.c.id == ROLL.c.review_id)
    .where(ROLL.c.token == bindparam("hashed"))
)
_OF_TASK = Statement(select(*REVIEW.columns).where(REVIEW.c.task_id == bindparam("task")))
_ALL = Statement(select(*REVIEW.columns).order_by(REVIEW.c.id))
# Voters of one review stand in line, so that of two with the same link the second sees it used.
_LOCK = Statement(
    select(REVIEW.c.closed_at).where(REVIEW.c.id == bindparam("review")).with_for_update(key_share=True)
)
_OPEN = Statement(
    insert(REVIEW)
    .values(task_id=bindparam("task"), way=bindparam("how"), opened_at=bindparam("now"))
    .returning(REVIEW.c.id)
)
_other = ROLL.alias("other")
_own = ROLL.alias("own")
_voted_before = (
    select(_other.c.token)
    .where(_other.c.review_id == bindparam("review"), _other.c.voted == literal_column("1"))
    .order_by(func.random())
    .limit(literal_column(str(CROWD)))
    .scalar_subquery()
)
_unused = exists().where(_own.c.token == bindparam("hashed"), _own.c.voted == literal_column("0"))
_MARK = Statement(
    update(ROLL)
    .where(
        ROLL.c.review_id == bindparam("review"),
        _unused,
        or_(ROLL.c.token == bindparam("hashed"), ROLL.c.token.in_(_voted_before)),
    )
    .values(voted=literal_column("1"))
)
_some = (
    select(BALLOT.c.key)
    .where(BALLOT.c.review_id == bindparam("review"))
    .order_by(func.random())
    .limit(literal_column(str(CROWD)))
    .scalar_subquery()
)
_LIFT = Statement(
    delete(BALLOT)
    .where(BALLOT.c.review_id == bindparam("review"), BALLOT.c.key.in_(_some))
    .returning(*BALLOT.columns)
)
_BALLOTS = Statement(
    select(BALLOT.c.marks, BALLOT.c.said)
    .where(BALLOT.c.review_id == bindparam("review"))
    .order_by(BALLOT.c.key)
)
_CLOSE = Statement(
    update(REVIEW)
    .where(REVIEW.c.id == bindparam("review"), REVIEW.c.closed_at.is_(None))
    .values(closed_at=bindparam("now"))
)
_RESULT = Statement(
    update(REVIEW)
    .where(REVIEW.c.id == bindparam("review"), REVIEW.c.result.is_(None))
    .values(result=bindparam("counted"))
)
_ERASE_ROLL = Statement(delete(ROLL).where(ROLL.c.review_id == bindparam("review")))
_ERASE_BALLOTS = Statement(delete(BALLOT).where(BALLOT.c.review_id == bindparam("review")))
_OVERWRITE: Final = {
    mode: Statement(text(f"PRAGMA secure_delete = {mode}"))  # SQLite: erased rows are overwritten
    for mode in ("ON", "OFF")
}


def begin(tx: Transaction, task: int, way: Way, hashes: Collection[str], now: int) -> int:
    """A new review with its roll. Its lines are written in the order of the hashes, which says nothing."""
    (row,) = tx.all(_OPEN, task=task, how=way, now=now)
    review = int(row[0])
    tx.insert(ROLL, [(one, review, 0) for one in sorted(hashes)])
    return review


def find(tx: Transaction, hashed: str) -> Entry | None:
    """The line of the roll that a link or code leads to."""
    row = tx.one(_FIND, hashed=hashed)
    return None if row is None else Entry(voted=bool(row[0]), review=_review(row[1:]))


def of_task(tx: Transaction, task: int) -> Review | None:
    """The review of a task."""
    row = tx.one(_OF_TASK, task=task)
    return None if row is None else _review(row)


def every(tx: Transaction) -> list[Review]:
    """All of them, the oldest first."""
    return [_review(row) for row in tx.all(_ALL)]


def vote(tx: Transaction, review: int, hashed: str, key: str, ballot: Ballot) -> Vote:
    """Take a ballot, once for each line of the roll."""
    row = tx.one(_LOCK, review=review)
    if row is None or row[0] is not None:
        return "closed"
    if tx.run(_MARK, review=review, hashed=hashed) == 0:
        return "used"
    own = (review, key, orjson.dumps(dict(sorted(ballot.marks.items()))).decode(), ballot.said)
    tx.insert(BALLOT, sorted([own, *tx.all(_LIFT, review=review)], key=lambda one: one[1]))
    return "taken"


def close(tx: Transaction, review: int, now: int) -> None:
    """From here on no ballot is taken. A vote that is under way ends first."""
    tx.one(_LOCK, review=review)
    tx.run(_CLOSE, review=review, now=now)


def ballots(tx: Transaction, review: int) -> list[Ballot]:
    """Every ballot, in the order of the random keys."""
    return [Ballot(marks=orjson.loads(marks), said=said) for marks, said in tx.all(_BALLOTS, review=review)]


def settle(tx: Transaction, review: int, result: Mapping[str, Any], *, keep_ballots: bool) -> None:
    """Keep the result, erase the roll; the ballots too where they are too few to be looked at."""
    tx.run(_RESULT, review=review, counted=orjson.dumps(result).decode())
    _overwriting(tx, "ON")
    tx.run(_ERASE_ROLL, review=review)
    if not keep_ballots:
        tx.run(_ERASE_BALLOTS, review=review)
    _overwriting(tx, "OFF")


def _overwriting(tx: Transaction, mode: Literal["ON", "OFF"]) -> None:
    if tx.dialect == "sqlite":
        tx.all(_OVERWRITE[mode])


def _review(row: Sequence[Any]) -> Review:
    ident, task, way, opened, closed, result = row
    return Review(
        id=ident,
        task_id=task,
        way=way,
        opened_at=opened,
        closed_at=closed,
        result=None if result is None else orjson.loads(result),
    )
