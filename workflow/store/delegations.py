"""Who is away: when somebody is back, and which posts nobody is away from."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, bindparam, exists, or_, select, update

from . import organisation
from .organisation import DELEGATION, POST
from .ports import Transaction
from .sql import OneOf, Statement

_END = Statement(
    update(DELEGATION)
    .where(
        DELEGATION.c.principal_id == bindparam("principal"),
        DELEGATION.c.valid_from <= bindparam("end"),
        or_(DELEGATION.c.valid_to.is_(None), DELEGATION.c.valid_to > bindparam("end")),
    )
    .values(valid_to=bindparam("end"))
)
_now = bindparam("now", type_=BigInteger())
_away = exists().where(
    DELEGATION.c.principal_id == POST.c.person_id,
    DELEGATION.c.valid_from <= _now,
    or_(DELEGATION.c.valid_to.is_(None), DELEGATION.c.valid_to > _now),
)
_STAFFED = Statement(
    select(POST.c.unit_id, POST.c.name)
    .where(
        OneOf(POST.c.name, "posts", words=True),
        POST.c.valid_from <= _now,
        or_(POST.c.valid_to.is_(None), POST.c.valid_to > _now),
        ~_away,
    )
    .distinct()
)


def staffed(tx: Transaction, posts: Sequence[str], now: int) -> set[tuple[int, str]]:
    """The units, with the post, at which somebody holds one of these posts and is not away."""
    return {(unit, post) for unit, post in tx.all(_STAFFED, posts=list(posts), now=now)}


def end_delegations(tx: Transaction, principal: int, end: int) -> int:
    """A principal is back from an instant on; how many delegations in force then have ended.

    The rows stay: the delegations held until then. One that was to begin at that instant never holds.
    """
    ended = tx.run(_END, principal=principal, end=end)
    if ended:
        organisation.move_organisation(tx, organisation.stamp(tx))
    return ended
