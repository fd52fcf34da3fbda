"""What a link or a code leads to, whether its ballot may be given now, and taking it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import select

from workflow.definition.model import Ballot as Wanted
from workflow.definition.model import Definition
from workflow.engine import Frame
from workflow.errors import NotNow, Unknown
from workflow.reading.names import names
from workflow.store import Port
from workflow.store.sql import OneOf, Statement
from workflow.store.tasks import TASK
from workflow.text import Text

from ..store import reviews
from ..store.reviews import Ballot, Review
from .paper import Question, questions
from .secrets import hashed

Stage = Literal["early", "open", "over"]
_KEY_SIZE = 16  # bytes
_TASKS = Statement(
    select(TASK.c.id, TASK.c.kind, TASK.c.version_id, TASK.c.unit_id, TASK.c.ended_at)
    .where(OneOf(TASK.c.id, "ids"))
    .order_by(TASK.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """The task that is voted on, as far as a vote needs it."""

    definition: Definition
    ballot: Wanted
    campaign: Text
    unit: Text
    first: date  # both days included
    last: date
    begins_at: int
    ends_at: int
    ended: bool  # the task itself

    @property
    def asked(self) -> tuple[Question, ...]:
        """What marks are given for."""
        return questions(self.definition, self.ballot)

    def stage(self, review: Review, now: int) -> Stage:
        """Whether ballots are taken."""
        if review.closed_at is not None or self.ended or now > self.ends_at:
            return "over"
        return "open" if now >= self.begins_at else "early"


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """What a link or a code leads to."""

    review: Review
    subject: Subject
    voted: bool
    stage: Stage


def subject_of(frame: Frame, task: int) -> Subject:
    """What a task asks to be voted on.

    Raises:
        Unknown: there is no such task.
        NotNow: tasks of its kind are not voted on.
    """
    found = subjects_of(frame, [task])
    if task not in found:
        raise Unknown(f"没有事项 {task}。", f"There is no task {task}.")
    return found[task]


def subjects_of(frame: Frame, tasks: Sequence[int]) -> dict[int, Subject]:
    """What each of these tasks asks to be voted on.

    Raises:
        NotNow: tasks of that kind are not voted on.
    """
    rows = frame.tx.all(_TASKS, ids=list(tasks))
    called = names(frame.tx, units=[unit for _, _, _, unit, _ in rows])
    return {
        task: _subject(
            frame, frame.version(version).books[kind].definition, version, called.unit(unit), ended
        )
        for task, kind, version, unit, ended in rows
    }


def _subject(frame: Frame, definition: Definition, version: int, unit: Text, ended: int | None) -> Subject:
    ballot, campaign = definition.ballot, frame.campaign(version)
    if ballot is None:
        raise NotNow(
            f"“{definition.label.zh}”没有评议（ballot），不能开设。请选择有评议的事项。",
            f"Nobody votes on “{definition.label.en}”: its definition has no `ballot`. Choose another task.",
        )
    calendar = frame.calendar(campaign.zone)
    first, last = campaign.milestones[ballot.start], campaign.milestones[ballot.end]
    return Subject(
        definition=definition,
        ballot=ballot,
        campaign=campaign.label,
        unit=unit,
        first=first,
        last=last,
        begins_at=calendar.start_of(first),
        ends_at=calendar.end_of(last),
        ended=ended is not None,
    )


def invitation(frame: Frame, secret: str) -> Invitation | None:
    """What a secret leads to; None for nothing, be it mistyped, never given out, or counted and erased."""
    entry = reviews.find(frame.tx, hashed(secret))
    if entry is None:
        return None
    subject = subject_of(frame, entry.review.task_id)
    stage = subject.stage(entry.review, frame.now)
    return Invitation(review=entry.review, subject=subject, voted=entry.voted, stage=stage)


def vote(
    port: Port, invited: Invitation, secret: str, ballot: Ballot, randomness: Callable[[int], bytes]
) -> reviews.Vote:
    """Take a ballot: of many with one secret exactly one counts.

    What happened to the clock since the page was asked for is nothing: whoever was in time is in time,
    unless the count has begun.
    """
    if invited.stage != "open":
        return "used" if invited.voted else "closed"
    key = randomness(_KEY_SIZE).hex()
    with port.write("people") as tx:
        return reviews.vote(tx, invited.review.id, hashed(secret), key, ballot)
