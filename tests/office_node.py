"""A node with an office in a process of its own: `python -m tests.office_node URL NODE FOLDER LEASE`.

Its peer notes in files of the folder what was begun and what was handed over. While NODE.gate is there,
it stops between the two: so a test can kill or freeze it there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock
from typing import cast

from notifier.channel import Outcome, Receipt, Send
from notifier.content import Parcel
from tests.offices import SETTINGS, House, Peer
from workflow.clock import SystemClock, VirtualClock
from workflow.store import open_port


class Notes(Peer):
    """A peer that accepts everything and writes it down."""

    def __init__(self, node: str, folder: Path) -> None:
        super().__init__(name="mail", kind="mail")
        self._node, self._folder, self._lock = node, folder, Lock()

    @contextmanager
    def session(self) -> Iterator[Send]:
        """Something to send with."""
        yield self._hand_over

    def _hand_over(self, parcel: Parcel) -> Outcome:
        self._note("begun", parcel)
        while (self._folder / f"{self._node}.gate").exists():
            Event().wait(0.02)
        self._note("sent", parcel)
        return Outcome.accepted(code="250")

    def _note(self, what: str, parcel: Parcel) -> None:
        with self._lock, (self._folder / f"{self._node}.{what}").open("a") as file:
            file.write(f"{parcel.delivery_id}\n")

    def receipts(self, keep: Callable[[Receipt], None]) -> int:
        """None."""
        del keep
        return 0


def main(url: str, node: str, folder: str, lease: str) -> None:
    """Work until killed."""
    settings = replace(SETTINGS, lease=int(lease), send=5, patience=0.2)
    clock = SystemClock()
    house = House(
        port=open_port(url),
        settings=settings,
        clock=cast(VirtualClock, clock),
        mail=Notes(node, Path(folder)),
        node=node,
    )
    while True:
        house.office.run_once(clock.now())
        Event().wait(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
