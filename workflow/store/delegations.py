"""The end of a delegation: somebody who was away is back."""

from __future__ import annotations

from sqlalchemy import bindparam, or_, update

from . import organisation
from .organisation import DELEGATION
from .ports import Transaction
from .sql import Statement

_END = Statement(
    update(DELEGATION)
    .where(
        DELEGATION.c.principal_id == bindparam("principal"),
        DELEGATION.c.valid_from <= bindparam("end"),
        or_(DELEGATION.c.valid_to.is_(None), DELEGATION.c.valid_to > bindparam("end")),
    )
    .values(valid_to=bindparam("end"))
)


def end_delegations(tx: Transaction, principal: int, end: int) -> int:
    """A principal is back from an instant on; how many delegations in force then have ended.

    The rows stay: the delegations held until then. One that was to begin at that instant never holds.
    """
    ended = tx.run(_END, principal=principal, end=end)
    if ended:
        organisation.move_organisation(tx, organisation.stamp(tx))
    return ended
