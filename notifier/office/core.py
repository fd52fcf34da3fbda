"""One round of the office; the daemon rings for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workflow.clock import Clock
from workflow.engine import Frame, Library
from workflow.store import Port

from ..channel import Channel
from ..content import Class, Content, Gathered, Site, Unwritable
from ..office_settings import OfficeSettings
from ..store.deliveries import Salts

Writer = Callable[[Frame, Sequence[Gathered], Site], Mapping[int, Content | Unwritable]]
"""Writes the letters of a batch: by delivery, what it says or why it can't be said."""


@dataclass(kw_only=True, slots=True)
class OfficeRan:
    """What a round did."""

    taken: int = 0  # outgoing rows that were told to somebody
    nobody: int = 0  # outgoing rows that reach nobody
    off: int = 0  # information that its reader switched off
    written: int = 0  # messages whose bytes were fixed
    sent: int = 0  # messages that a peer accepted
    failed: int = 0  # tries that ended otherwise
    given_up: int = 0  # messages that are not tried again
    receipts: int = 0
    held: bool = False  # nothing is sent until a person releases the outbox


class Office:
    """The notifier's office over one database. `run_once` is all it does; the rest is when."""

    def __init__(
        self,
        port: Port,
        library: Library,
        channels: Mapping[str, Channel],
        settings: OfficeSettings,
        site: Site,
        clock: Clock,
        salts: Salts,
        *,
        writer: Writer,
        class_of: Callable[[str], Class],
        node: str = "office",
    ) -> None:
        self._port, self._library, self._channels = port, library, channels
        self._settings, self._site, self._clock, self._salts = settings, site, clock, salts
        self._writer, self._class_of, self._node = writer, class_of, node

    def run_once(self, now: int) -> OfficeRan:
        """One round: take, write, send, record, look for receipts."""
        raise NotImplementedError

    def close(self) -> None:
        """Let the channels' threads end."""
