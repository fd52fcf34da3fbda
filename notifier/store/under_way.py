"""How many messages are in each state that isn't the end of a good one, for whoever watches over them."""

from __future__ import annotations

from sqlalchemy import func, literal_column, or_, select

from workflow.store import Transaction
from workflow.store.sql import Statement

from ..states import State
from .deliveries import DELIVERY

# Each as the condition of a partial index says it: what was sent long ago is never counted.
_GROUPS = (
    (State.WAITING, State.UNKNOWN),
    (State.GATHERING,),
    (State.SENDING,),
    (State.HELD, State.UNKNOWN, State.BOUNCED, State.GIVEN_UP),
)


def _counting(states: tuple[State, ...]) -> Statement:
    condition = or_(*(DELIVERY.c.status == literal_column(f"'{one}'") for one in states))
    return Statement(select(DELIVERY.c.status, func.count()).where(condition).group_by(DELIVERY.c.status))


_COUNTS = tuple(_counting(one) for one in _GROUPS)


def under_way(tx: Transaction) -> dict[str, int]:
    """State -> how many; of those that nobody is told of any more, none."""
    found = {str(state): 0 for group in _GROUPS for state in group}
    for one in _COUNTS:
        found |= {status: int(many) for status, many in tx.all(one)}
    return found
