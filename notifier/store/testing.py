"""A test of a channel, kept with how it ended."""

from __future__ import annotations

from sqlalchemy import bindparam, literal_column, update

from notifier.channel import Outcome
from notifier.states import State
from workflow.store import Transaction
from workflow.store.sql import Statement

from .deliveries import DELIVERY, TRY, NewDelivery, new_deliveries, words

_TESTED = Statement(
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"))
    .values(
        status=bindparam("state"),
        tries=literal_column("1"),
        accepted_at=bindparam("accepted"),
        ended_at=bindparam("over"),
        why=bindparam("told"),
        reference=bindparam("given"),
    )
)


def keep_test(tx: Transaction, tested: NewDelivery, outcome: Outcome, now: int) -> None:
    """Keep a test that was sent, with how it ended. It is never sent again."""
    new_deliveries(tx, [tested])
    why = words(outcome.why)
    accepted = outcome.end == "accepted"
    tx.run(
        _TESTED,
        delivery=tested.id,
        state=str(State.ACCEPTED if accepted else State.GIVEN_UP),
        accepted=now if accepted else None,
        over=None if accepted else now,
        told=why,
        given=outcome.reference,
    )
    (ident,) = tx.draw("row_id", 1)
    tx.insert(TRY, [(ident, tested.id, 1, now, outcome.end, outcome.code, why)])
