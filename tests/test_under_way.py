"""How many messages are in each state, on both databases."""

from __future__ import annotations

from notifier.states import State
from notifier.store.under_way import under_way
from tests.offices import House
from tests.storing import opened, raw

SHOWN = (
    *(State.GATHERING, State.WAITING, State.SENDING, State.HELD),
    *(State.UNKNOWN, State.BOUNCED, State.GIVEN_UP),
)


def test_messages_are_counted_by_their_state(database_url: str) -> None:
    with opened(database_url) as port:
        house = House(port=port)
        people = [house.person(f"p{n}") for n in range(len(State) + 1)]
        house.leaves(*people)
        house.ring()
        house.ring(house.settings.window)
        idents = [one["id"] for one in house.deliveries()]
        with raw(database_url) as connection:
            for ident, state in zip(idents, (*State, State.HELD), strict=True):
                connection.execute(f"UPDATE delivery SET status = '{state}' WHERE id = {ident}")
        with port.read() as tx:
            found = under_way(tx)
    assert found == {**dict.fromkeys(map(str, SHOWN), 1), "held": 2}
