"""A text in several segments has arrived when all have, and has not when one has not."""

from __future__ import annotations

import pytest

from notifier.channel import Receipt
from notifier.store.segments import keep_segments, whole
from tests.storing import opened
from workflow.store import Port
from workflow.text import Text

WHY = Text("无法送达", "it can't be delivered")


def receive(port: Port, reference: str, end: str, channel: str = "text") -> Receipt | None:
    with port.write("clock") as tx:
        why = WHY if end == "bounced" else None
        return whole(tx, channel, Receipt(reference=reference, end=end, why=why))  # type: ignore[arg-type]


def kept(port: Port, *references: str | None) -> int:
    with port.write("clock") as tx:
        return keep_segments(tx, "text", references)


def test_a_text_has_arrived_when_all_of_its_segments_have(database_url: str) -> None:
    with opened(database_url) as port:
        assert kept(port, "a b c", "d", None, "e f") == 5
        assert receive(port, "b", "delivered") is None
        assert receive(port, "b", "delivered") is None  # a centre may say it twice
        assert receive(port, "a", "later") is None
        assert receive(port, "a", "delivered") is None
        assert receive(port, "e", "delivered") is None
        assert receive(port, "c", "delivered") == Receipt(reference="a b c", end="delivered")
        assert receive(port, "f", "delivered") == Receipt(reference="e f", end="delivered")


def test_one_segment_that_cannot_arrive_decides_for_the_text(database_url: str) -> None:
    with opened(database_url) as port:
        kept(port, "a b")
        assert receive(port, "a", "delivered") is None
        assert receive(port, "b", "bounced") == Receipt(reference="a b", end="bounced", why=WHY)


@pytest.mark.parametrize("end", ["delivered", "bounced", "later"])
def test_a_receipt_of_no_segment_stays_as_it_is(sqlite_url: str, end: str) -> None:
    with opened(sqlite_url) as port:
        kept(port, "a b")
        given = receive(port, "d", end)
        assert given is not None
        assert (given.reference, given.end) == ("d", end)
        other = receive(port, "a", end, channel="another")
        assert other is not None
        assert other.reference == "a"


def test_a_centre_that_counts_anew_means_the_newest(sqlite_url: str) -> None:
    with opened(sqlite_url) as port:
        kept(port, "1 2", "9 1")
        assert receive(port, "1", "bounced") == Receipt(reference="9 1", end="bounced", why=WHY)
        kept(port, "1 2")  # the very same ids a second time
        assert receive(port, "1", "delivered") is None
        assert receive(port, "2", "delivered") == Receipt(reference="1 2", end="delivered")
