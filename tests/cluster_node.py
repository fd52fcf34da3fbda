"""A node of a cluster in a process of its own: `python -m tests.cluster_node URL NODE FOLDER HEARTBEAT`.

It delivers by writing one line into a file of its own, after the gate of the folder, if there is one,
has been opened: so a test can stop it between claiming and recording.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from notifier.cluster import Cluster, ClusterSettings
from tests.storing import raw
from workflow.clock import SystemClock
from workflow.store.opening import libpq
from workflow.store.postgresql import PostgresPort

_CLAIM = """
UPDATE delivery SET status = 'sending', claimed_by = %s, claimed_at = %s
WHERE id = ANY(%s) AND status IN ('waiting', 'unknown') AND due_at <= %s RETURNING id
"""
_LEFT_BEHIND = """
UPDATE delivery SET status = 'unknown', unknowns = unknowns + 1
WHERE id = ANY(%s) AND status = 'sending' AND claimed_at <= %s AND claimed_by <> %s
"""
_ACCEPTED = """
UPDATE delivery SET status = 'accepted', tries = tries + 1
WHERE id = %s AND status = 'sending' AND claimed_by = %s AND claimed_at = %s
"""


class Writer:
    """An office of one act: every delivery is a line in a file."""

    def __init__(self, url: str, node: str, folder: Path) -> None:
        self._url, self._node, self._folder = url, node, folder
        self.gate = folder / f"{node}.gate"  # while it exists nothing is handed over

    def deliver(self, _channel: str, ids: Sequence[int], now: int, stale: int) -> None:
        """Claim, hand over, record."""
        with raw(self._url) as connection:
            connection.execute(_LEFT_BEHIND, (list(ids), stale, self._node))
            claimed = connection.execute(_CLAIM, (self._node, now, list(ids), now)).fetchall()
        for (ident,) in sorted(claimed):
            self._note("claimed", ident)
            while self.gate.exists():
                Event().wait(0.02)
            self._note("sent", ident)
            with raw(self._url) as connection:
                connection.execute(_ACCEPTED, (ident, self._node, now))

    def _note(self, what: str, ident: int) -> None:
        with (self._folder / f"{self._node}.{what}").open("a") as file:
            file.write(f"{ident}\n")


def main(url: str, node: str, folder: str, heartbeat: str) -> None:
    """Work until killed."""
    settings = ClusterSettings(heartbeat=float(heartbeat), batch=5, idle=0.5, again=0.1)
    port = PostgresPort(libpq(url))
    cluster = Cluster(port, url, Writer(url, node, Path(folder)), ["box"], SystemClock(), settings)
    cluster.start()
    while True:
        cluster.feed(time.time_ns() // 1_000_000)
        Event().wait(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
