"""Action links: only the hash of a token is kept, and each is used once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, select, update

from notifier.content import Wish
from notifier.models import ActionLinkRow
from workflow.store import Transaction
from workflow.store.sql import Statement
from workflow.store.tasks import TASK

LINK = ActionLinkRow.__table__  # type: ignore[attr-defined]

_BY_TOKEN = Statement(select(*LINK.columns).where(LINK.c.token == bindparam("hashed")))
_OPEN = (LINK.c.used_at.is_(None), LINK.c.revoked_at.is_(None))
# Of fifty posts at once one finds it unused: the others wait for its row, and then find it used.
_USE = Statement(
    update(LINK)
    .where(LINK.c.token == bindparam("hashed"), *_OPEN, LINK.c.expires_at > bindparam("now"))
    .values(used_at=bindparam("now"))
)
_MINE = (LINK.c.token == bindparam("hashed"), LINK.c.used_at == bindparam("then"))
_GIVE_BACK = Statement(update(LINK).where(*_MINE).values(used_at=None))
_GIVE_UP = Statement(update(LINK).where(*_MINE).values(used_at=None, revoked_at=bindparam("now")))
_REVOKE_OF_PERSON = Statement(
    update(LINK).where(LINK.c.person_id == bindparam("person"), *_OPEN).values(revoked_at=bindparam("now"))
)
_REVOKE_OF_TASK = Statement(
    update(LINK).where(LINK.c.task_id == bindparam("task"), *_OPEN).values(revoked_at=bindparam("now"))
)
# What can never work again: its task has ended, or somebody has acted on it since.
_REVOKE_DEAD = Statement(
    update(LINK)
    .where(
        *_OPEN,
        exists(
            select(TASK.c.id).where(
                TASK.c.id == LINK.c.task_id,
                TASK.c.ended_at.is_not(None) | (TASK.c.revision > LINK.c.revision),
            )
        ),
    )
    .values(revoked_at=bindparam("now"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Minted:
    """A link that is about to be kept."""

    hashed: str  # SHA-256 of the token, hex
    wish: Wish


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A link as it is kept."""

    hashed: str
    person_id: int
    task_id: int
    act: str
    revision: int
    expires_at: int  # ms
    used_at: int | None
    revoked_at: int | None


def keep(tx: Transaction, minted: Sequence[Minted], now: int, life: int) -> None:
    """Keep links for so many ms."""
    if not minted:
        return
    ids = tx.draw("row_id", len(minted))
    tx.insert(
        LINK,
        [
            (
                ident,
                one.hashed,
                one.wish.person_id,
                one.wish.task_id,
                one.wish.act,
                one.wish.revision,
                one.wish.delivery_id,
                now,
                now + life,
                None,
                None,
            )
            for ident, one in zip(ids, minted, strict=True)
        ],
    )


def find(tx: Transaction, hashed: str) -> Kept | None:
    """A link by the hash of its token."""
    row = tx.one(_BY_TOKEN, hashed=hashed)
    if row is None:
        return None
    _, token, person, task, act, revision, _, _, expires, used, revoked = row
    return Kept(
        hashed=token,
        person_id=person,
        task_id=task,
        act=act,
        revision=revision,
        expires_at=expires,
        used_at=used,
        revoked_at=revoked,
    )


def use(tx: Transaction, hashed: str, now: int) -> bool:
    """Mark it used; False if it is used, revoked, or over."""
    return tx.run(_USE, hashed=hashed, now=now) == 1


def give_back(tx: Transaction, hashed: str, then: int) -> bool:
    """It was marked used at `then` and nothing came of it: it can be used again."""
    return tx.run(_GIVE_BACK, hashed=hashed, then=then) == 1


def give_up(tx: Transaction, hashed: str, then: int, now: int) -> bool:
    """It was marked used at `then`, nothing came of it, and nothing ever can."""
    return tx.run(_GIVE_UP, hashed=hashed, then=then, now=now) == 1


def revoke_of_person(tx: Transaction, person: int, now: int) -> int:
    """Revoke a person's open links; how many."""
    return tx.run(_REVOKE_OF_PERSON, person=person, now=now)


def revoke_of_task(tx: Transaction, task: int, now: int) -> int:
    """Revoke a task's open links; how many."""
    return tx.run(_REVOKE_OF_TASK, task=task, now=now)


def revoke_dead(tx: Transaction, now: int) -> int:
    """Revoke the links whose task has ended or moved on; how many."""
    return tx.run(_REVOKE_DEAD, now=now)
