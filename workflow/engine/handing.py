"""Somebody leaves: the posts pass to a successor, and with them every open task that waits for them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, or_, select

from ..decision import EventDraft
from ..decision.outcome import Message
from ..errors import BadValue, NotNow
from ..store import organisation, posts, tasks
from ..store.applying import note
from ..store.organisation import DELEGATION
from ..store.ports import Transaction
from ..store.posts import Standing
from ..store.sql import OneOf, Statement
from ..store.tasks import TASK
from ..task import Task
from ..text import Text
from .asked import refuse_if_held
from .authority import check_authority
from .batches import Batches

HAND_OVER = Text("移交岗位", "hand posts over")

_WAITING = Statement(
    select(TASK.c.id, TASK.c.waits_post, TASK.c.waits_unit)
    .where(
        TASK.c.ended_at.is_(None),
        OneOf(TASK.c.waits_unit, "units"),
        OneOf(TASK.c.waits_post, "posts", words=True),
    )
    .order_by(TASK.c.due_at.is_(None), TASK.c.due_at, TASK.c.id)
)
# Acts that wait to be confirmed, and teams, stand in the body of a task.
_NAMED = Statement(
    select(*TASK.columns)
    .where(
        TASK.c.ended_at.is_(None),
        or_(TASK.c.body.like(bindparam("asked")), TASK.c.body.like(bindparam("teams"))),
    )
    .order_by(TASK.c.id)
)
_STANDS_IN = Statement(
    select(DELEGATION.c.principal_id)
    .where(
        DELEGATION.c.delegate_id == bindparam("person"),
        or_(DELEGATION.c.valid_to.is_(None), DELEGATION.c.valid_to > bindparam("begin")),
    )
    .distinct()
    .order_by(DELEGATION.c.principal_id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class HandOver:
    """What passes to the successor, and what doesn't pass by itself."""

    begin: int  # from this instant on, ms
    posts: tuple[Standing, ...]
    tasks: tuple[int, ...]  # open ones that wait for one of the posts, the nearest deadline first
    asked: tuple[int, ...]  # open ones on which an act of the leaver waits to be confirmed
    teams: tuple[int, ...]  # open ones with the leaver in a team: it must be chosen anew
    stands_in_for: tuple[int, ...]  # people who named the leaver as their delegate


def look_over(tx: Transaction, leaver: int, successor: int, begin: int) -> HandOver:
    """What a hand-over would pass on, in a fixed number of statements.

    Raises:
        BadValue: both are the same person.
        NotNow: the leaver holds no post then.
    """
    if leaver == successor:
        raise BadValue("不能移交给本人，请另写一人。", "Nobody hands over to themselves. Name somebody else.")
    standing = posts.of_person(tx, leaver, begin)
    if not standing:
        raise NotNow(
            "没有可移交的岗位：届时此人不担任任何岗位。请用 duban people 查看。",
            "Nothing to hand over: that person holds no post then. See duban people.",
        )
    asked, teams = _named(tx, leaver)
    return HandOver(
        begin=begin,
        posts=tuple(standing),
        tasks=_waiting(tx, standing),
        asked=asked,
        teams=teams,
        stands_in_for=tuple(row[0] for row in tx.all(_STANDS_IN, person=leaver, begin=begin)),
    )


def hand_over(
    batches: Batches,
    leaver: int,
    successor: int,
    begin: int | None,
    person: int,
    now: int,
    *,
    dry_run: bool = False,
) -> HandOver:
    """The posts of a person pass to a successor from an instant on, all in one transaction.

    Who is waited for is looked up through posts, so no task is written. The successor is told once: on
    the task with the nearest deadline, whose history says how many there are.

    Args:
        begin: from this instant on; now, if left out.

    Raises:
        NotAllowed: not by that person.
        BadValue: the instant has passed, or both are the same person.
        NotNow: there is nothing to hand over.
    """
    begin = now if begin is None else begin
    if begin < now:
        raise BadValue(
            "移交日期已过：谁曾负责不能改写。请写今天或以后的日期，或不写。",
            "That day has passed, and who was responsible then stays so. Choose today or later, or leave it "
            "out.",
        )
    with batches.port.write("people") as tx:
        frame = batches.library.frame(tx, now)
        check_authority(frame, person, HAND_OVER)
        found = look_over(tx, leaver, successor, begin)
        if dry_run:
            return found
        refuse_if_held(frame)
        posts.pass_to_person(tx, found.posts, successor, begin, now)
        organisation.move_organisation(tx, organisation.stamp(tx))
        if found.tasks:
            _tell(tx, batches, found, leaver, successor, person, now)
    return found


def _tell(
    tx: Transaction, batches: Batches, found: HandOver, leaver: int, successor: int, person: int, now: int
) -> None:
    header = {"leaver": leaver, "successor": successor, "actor": person, "count": len(found.tasks)}
    event = EventDraft(kind="handed_over", at=now, header={**header, "from_instant": found.begin})
    event.messages.append(Message(person_id=successor, role="", reason="handed over"))
    first = found.tasks[0]
    tasks.claim_these(tx, [first])
    note(tx, first, event, now, batches.salts)


def _waiting(tx: Transaction, standing: list[Standing]) -> tuple[int, ...]:
    seats = {(one.name, one.unit_id) for one in standing}
    rows = tx.all(
        _WAITING,
        units=sorted({one.unit_id for one in standing}),
        posts=sorted({one.name for one in standing}),
    )
    return tuple(task for task, post, unit in rows if (post, unit) in seats)


def _named(tx: Transaction, person: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The open tasks on which a person waits for a confirmation, or is in a team."""
    asked: list[int] = []
    teams: list[int] = []
    for row in tx.all(_NAMED, asked=f'%"asked_by":{person},%', teams='%"members":[%'):
        task = tasks.task_of(row)
        if any(one.asked_by == person for one in task.pending):
            asked.append(task.id)
        if person in _members(task):
            teams.append(task.id)
    return tuple(asked), tuple(teams)


def _members(task: Task) -> set[int]:
    """Everybody in a team of the task."""
    return {one for team in task.teams.values() for one in team.members}
