"""The settled id: a transaction that is still under way keeps it back."""

from __future__ import annotations

import threading

from sqlalchemy import update

from tests.storing import opened
from workflow.store.organisation import META
from workflow.store.settling import Settling
from workflow.store.sql import Statement, literal_column

_WRITE = Statement(update(META).values(value=META.c.value + literal_column("''")))


def draw(url: str, count: int) -> int:
    """Ids are drawn and used in one transaction; the last of them."""
    with opened(url) as port, port.write("people") as tx:
        return list(tx.draw("row_id", count))[-1]


def settled_soon(settling: Settling, wanted: int) -> int:
    """Transactions of other tests on the same server keep it back for a moment: late, never early."""
    waiting = threading.Event()
    for _ in range(500):
        if settling.settled() >= wanted:
            break
        waiting.wait(0.02)
    return settling.settled()


def test_what_everybody_has_committed_is_settled(database_url: str) -> None:
    last = draw(database_url, 3)
    with opened(database_url) as port:
        settling = Settling(port)
        assert settled_soon(settling, last) == last
        assert settling.settled() == last, "looking changes nothing"
        last = draw(database_url, 2)
        assert settled_soon(settling, last) == last


def test_a_slow_transaction_keeps_the_settled_id_back(postgresql_url: str) -> None:
    before = draw(postgresql_url, 1)
    drawn, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        with opened(postgresql_url) as port, port.write("people") as tx:
            tx.run(_WRITE)
            tx.draw("row_id", 1)
            drawn.set()
            assert go_on.wait(30)

    with opened(postgresql_url) as port:
        settling = Settling(port)
        assert settled_soon(settling, before) == before
        slow = threading.Thread(target=slowly)
        slow.start()
        try:
            assert drawn.wait(30)
            later = draw(postgresql_url, 1)
            assert settling.settled() == before, "the slow one may still add an event before the later one"
            assert settling.settled() == before
        finally:
            go_on.set()
            slow.join(30)
        assert settled_soon(settling, later) == later
