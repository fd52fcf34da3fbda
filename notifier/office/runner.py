"""A channel at work: threads with a session each, fed from its queue. No thread ever touches the database
but for receipts, and no error of one reaches another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from typing import Final

import structlog

from workflow.text import Text

from ..channel import Channel, Outcome, Receipt
from ..content import Parcel
from ..office_settings import Pace
from ..rates import Bucket
from ..store.queue import Queued

log = structlog.get_logger("duban.notifier")
_BROKE: Final = Text(
    "通道程序出错（{kind}），对方可能已收到；将原样重发。",
    "The channel met an error of its program ({kind}); the peer may have it. It is sent again as it is.",
)
_NO_SESSION: Final = Text(
    "通道程序在连接时出错（{kind}），未发送；将重试。",
    "The channel met an error of its program while connecting ({kind}); nothing was sent. It tries again.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A try that has ended; without an outcome the message was not tried."""

    channel: str
    one: Queued | None = None  # None: receipts have been looked for
    outcome: Outcome | None = None
    fatal: BaseException | None = None  # the process is about to end


class Runner:
    """Sends one channel's messages."""

    def __init__(self, channel: Channel, pace: Pace, ended: SimpleQueue[Ended]) -> None:
        self.channel, self.pace = channel, pace
        self.bucket: Bucket | None = None
        self.under_way: dict[int, Queued] = {}  # claimed, outcome not recorded yet
        self.looking = False  # for receipts
        self.looked_at: int | None = None
        self._ended = ended
        self._threads = ThreadPoolExecutor(pace.concurrency + 1, thread_name_prefix=f"send-{channel.name}")

    @property
    def room(self) -> bool:
        """Whether more should be claimed: all but a few messages have their outcome."""
        return len(self.under_way) <= self.pace.concurrency

    def start(self, claimed: Sequence[Queued]) -> None:
        """Send these, in several sessions."""
        self.under_way.update((one.id, one) for one in claimed)
        waiting, stop = deque(claimed), Event()
        for _ in range(min(self.pace.concurrency, len(claimed))):
            self._threads.submit(self._work, waiting, stop)

    def look(self, keep: Callable[[Receipt], None], now: int) -> None:
        """Look for receipts, beside what is sent."""
        self.looking, self.looked_at = True, now
        self._threads.submit(self._receipts, keep)

    def close(self) -> None:
        """Begin nothing further; what is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _work(self, waiting: deque[Queued], stop: Event) -> None:
        try:
            with self.channel.session() as send:
                while (one := _next(waiting)) is not None:
                    self._say(one, None if stop.is_set() else self._try(send, one, stop))
        except Exception as error:
            log.exception("channel failed", channel=self.channel.name)
            self._broken(waiting, stop, Outcome.unreachable(_NO_SESSION.fill(kind=type(error).__name__)))
        except BaseException as error:
            self._ended.put(Ended(channel=self.channel.name, fatal=error))

    def _try(self, send: Callable[[Parcel], Outcome], one: Queued, stop: Event) -> Outcome:
        parcel = Parcel(delivery_id=one.id, address=one.address, message_id=one.message_id, body=one.body)
        try:
            outcome = send(parcel)
        except Exception as error:
            log.exception("channel failed", channel=self.channel.name, delivery=one.id)
            outcome = Outcome.unknown(_BROKE.fill(kind=type(error).__name__))
        if outcome.end in ("unreachable", "unauthorised"):
            stop.set()  # the others would meet the same
        return outcome

    def _broken(self, waiting: deque[Queued], stop: Event, outcome: Outcome) -> None:
        """No session: one message tells why, the others were not tried."""
        first = not stop.is_set()
        stop.set()
        while (one := _next(waiting)) is not None:
            self._say(one, outcome if first else None)
            first = False

    def _say(self, one: Queued, outcome: Outcome | None) -> None:
        self._ended.put(Ended(channel=self.channel.name, one=one, outcome=outcome))

    def _receipts(self, keep: Callable[[Receipt], None]) -> None:
        fatal: BaseException | None = None
        try:
            self.channel.receipts(keep)
        except Exception:  # what was not kept comes again
            log.exception("receipts failed", channel=self.channel.name)
        except BaseException as error:
            fatal = error
        self._ended.put(Ended(channel=self.channel.name, fatal=fatal))


def _next(waiting: deque[Queued]) -> Queued | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None
