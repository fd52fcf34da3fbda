"""Reports that peers bring to us, kept one by one: what one of them can't have, the others have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from workflow.errors import BadValue, DubanError, NotAllowed, StoreError

from ..channel import Receipt
from ..sms.callbacks import Callback, read_reports
from ..store import queue
from . import settling
from .desk import Desk

log = structlog.get_logger("duban.notifier")
_EVER: Final = 2**62
_MOST_UNDER_WAY: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """What became of the reports of a call."""

    kept: int  # they changed something
    unread: int  # nobody can read them
    later: int  # what they are about has no outcome yet: they must come again
    answer: str  # what the peer expects to read


class Callbacks:
    """The peers that call us, over one database."""

    def __init__(self, desk: Desk, callbacks: Mapping[str, Callback]) -> None:
        self._desk, self._callbacks = desk, callbacks

    def header(self, channel: str) -> str | None:
        """The header in which a peer shows the secret; None: its address ends with it, or none calls."""
        found = self._callbacks.get(channel)
        return None if found is None else found.header

    def take(
        self, channel: str, given: str, kind: str, body: bytes, query: Mapping[str, str], now: int
    ) -> Took:
        """Read and keep what a peer reports.

        Raises:
            NotAllowed: no such peer calls us, or this is not its secret.
            BadValue: it is nothing that can be read, or too much.
            StoreError: the database can't be used.
        """
        callback = self._callbacks.get(channel)
        if callback is None or not callback.knows(given):
            log.warning("report refused", channel=channel if callback is not None else "unknown")
            raise NotAllowed(
                "未接收：没有这样的回执地址，或密钥不对。请核对通道设置中的 callback。",
                "Not taken: there is no such address for reports, or the secret is wrong. Check the "
                "channel's `callback` in the settings.",
            )
        try:
            reports = read_reports(callback, kind, body, query)
        except BadValue as error:
            log.warning("report not read", channel=channel, why=error.text.en)
            raise
        if reports.unread:
            log.warning("reports that nobody can read", channel=channel, reports=reports.unread)
        kept, later = self._keep(channel, reports.receipts, now)
        return Took(kept=kept, unread=reports.unread, later=later, answer=callback.answer)

    def _keep(self, channel: str, receipts: Iterable[Receipt], now: int) -> tuple[int, int]:
        kept = later = 0
        for one in receipts:
            try:
                kept += self._receive(channel, one, now)
            except StoreError:
                raise
            except DubanError as error:  # its message has no outcome yet, or somebody else holds it
                log.info("report comes again", channel=channel, why=error.text.en)
                later += 1
            except Exception:
                log.exception("report not kept", channel=channel)
        return kept, later

    def _receive(self, channel: str, receipt: Receipt, now: int) -> bool:
        with self._desk.port.write("clock") as tx:
            # Any process may be sending: its message gets its id with its outcome.
            busy = any(one.channel == channel for one in queue.under_way(tx, _EVER, _MOST_UNDER_WAY))
            return settling.receive(tx, self._desk, channel, receipt, now, busy=busy)
