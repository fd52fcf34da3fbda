"""One round of the office; the daemon rings for it. A thin shell: what is decided stands in pure modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import RLock
from typing import Final

import structlog

from workflow.clock import Clock
from workflow.engine import Library
from workflow.errors import Overtaken, StoreError
from workflow.store import Port, organisation

from .. import restored
from ..channel import Channel, Receipt
from ..content import Class, Site
from ..office_settings import OfficeSettings
from ..rates import Bucket
from ..store import channels, queue
from ..store.deliveries import Salts
from . import claiming, settling
from .desk import Desk, Failures, OfficeRan, Writer, no_failures
from .reporting import report
from .runner import Ended, Runner
from .taking import Taking
from .writing import Writing

log = structlog.get_logger("duban.notifier")
_EVER: Final = 2**62
_MOST_LEFT_BEHIND: Final = 1_000


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
        failures: Failures = no_failures,
    ) -> None:
        self._desk = Desk(
            port=port,
            library=library,
            channels=channels,
            settings=settings,
            site=site,
            salts=salts,
            writer=writer,
            class_of=class_of,
            node=node,
            failures=failures,
        )
        self._clock = clock
        self._taking, self._writing = Taking(self._desk), Writing(self._desk)
        self._ended: SimpleQueue[Ended] = SimpleQueue()
        self._runners = {
            name: Runner(channel, settings.pace(name), self._ended) for name, channel in channels.items()
        }
        self._unrecorded: list[settling.Tried] = []
        self._begun = False
        self._busy = RLock()

    def close(self) -> None:
        """Begin nothing further; messages that are under way are known at the next start."""
        for runner in self._runners.values():
            runner.close()

    def run_once(self, now: int) -> OfficeRan:
        """One round: record what has ended, take, write, send, look for receipts, report.

        Raises:
            StoreError: the database can't be used. Nothing is lost: the next round goes on from there.
        """
        with self._busy:
            return self._round(now)

    def _round(self, now: int) -> OfficeRan:
        ran = OfficeRan()
        self._collect(now, ran, wait=False)
        self._adopt(now, ran)
        with self._desk.port.read() as tx:
            ran.held = organisation.stamp(tx).held
        if ran.held:  # the clock is in doubt: no hour can be kept
            return ran
        self._part("take", lambda: self._taking.run(now, ran))
        self._part("write", lambda: self._writing.run(now, ran))
        ran.held = restored.check(self._desk.port, now) is not None
        if not ran.held:
            self._look(now, ran)
            self._send(now, ran)
        self._part("report", lambda: report(self._desk, now))
        return ran

    def _part(self, name: str, run: Callable[[], object]) -> None:
        """A part that fails is said and tried again at the next round; the other parts go on."""
        try:
            run()
        except StoreError:
            raise
        except Overtaken as error:
            log.info("overtaken", part=name, why=str(error))
        except Exception:
            log.exception("part failed", part=name)

    # --- what a dead process left -----------------------------------------------------------------

    def _adopt(self, now: int, ran: OfficeRan) -> None:
        """SQLite has one daemon: at its start nobody else is sending. Else after a lease."""
        first = not self._begun and self._desk.port.dialect == "sqlite"
        until, most = (_EVER, _EVER) if first else (now - self._desk.settings.lease, _MOST_LEFT_BEHIND)
        own = {ident for runner in self._runners.values() for ident in runner.under_way}
        with self._desk.port.write("clock") as tx:
            found = [one for one in queue.under_way(tx, until, most) if one.id not in own]
            ran.left_behind += settling.adopt(tx, found, now)
        self._begun = True

    # --- sending ----------------------------------------------------------------------------------

    def _send(self, now: int, ran: OfficeRan) -> None:
        """Until nothing can be claimed and everything has its outcome, or nobody answers for a while."""
        while True:
            begun = [self._claim(runner, now, ran) for runner in self._runners.values()]
            busy = any(runner.under_way or runner.looking for runner in self._runners.values())
            if not any(begun) and not busy:
                return
            if busy and not self._collect(now, ran, wait=True):
                return

    def _claim(self, runner: Runner, now: int, ran: OfficeRan) -> bool:
        """Claim what a channel may send now; whether its queue has moved. One that fails stops no other."""
        if not runner.room:
            return False
        try:
            return self._claim_for(runner, now, ran)
        except StoreError:
            raise
        except Overtaken as error:
            log.info("overtaken", channel=runner.channel.name, why=str(error))
        except Exception:
            log.exception("claiming failed", channel=runner.channel.name)
        return False

    def _claim_for(self, runner: Runner, now: int, ran: OfficeRan) -> bool:
        name, desk = runner.channel.name, self._desk
        bucket = (runner.bucket or Bucket.full(runner.pace, now)).filled(runner.pace, now)
        most = min(int(bucket.tokens), desk.settings.send)
        if most < 1:
            return False
        with desk.port.write("clock") as tx:
            standing = channels.standings(tx).get(name)
            if standing is not None and not standing.works(now):
                return False
            claimed = claiming.claim(tx, desk, name, queue.due_on(tx, name, now, most), now)
        restored.keep_mark(desk.port, claimed.mark)
        runner.bucket = bucket.without(len(claimed.chosen))
        ran.given_up += claimed.given_up
        runner.start([replace(one, claimed_at=now) for one in claimed.chosen])
        return bool(claimed.chosen or claimed.moved)

    # --- recording --------------------------------------------------------------------------------

    def _collect(self, now: int, ran: OfficeRan, *, wait: bool) -> bool:
        """Record outcomes, group by group, until there are none at hand; whether anything had ended."""
        some = False
        while True:
            group = self._group(wait=wait and not some)
            if not group and not self._unrecorded:
                return some
            some = some or bool(group)
            self._keep(group, now, ran)

    def _group(self, *, wait: bool) -> list[Ended]:
        """What has ended: as many as are recorded together, or those of a short while."""
        settings, group = self._desk.settings, list[Ended]()
        patience = settings.patience if wait else 0.0
        until = self._clock.boot() + int(settings.gather_outcomes * 1000)
        while len(group) < settings.record:
            try:
                group.append(self._ended.get(block=patience > 0, timeout=patience or None))
            except Empty:
                break
            left = max(0.0, (until - self._clock.boot()) / 1000)
            patience = min(left, settings.gather_outcomes) if self._expecting(group) else 0.0
        return group

    def _expecting(self, group: list[Ended]) -> bool:
        """Whether more can come soon: else a single message would be recorded late for nothing."""
        under_way = sum(len(runner.under_way) for runner in self._runners.values())
        return under_way > sum(one.one is not None for one in group)

    def _keep(self, group: list[Ended], now: int, ran: OfficeRan) -> None:
        for one in group:
            if one.fatal is not None:
                raise one.fatal
            if one.one is None:
                self._runners[one.channel].looking = False
            else:
                self._unrecorded.append((one.one, one.outcome))
        if self._unrecorded:
            self._record(now, ran)
        self._unrecorded.clear()

    def _record(self, now: int, ran: OfficeRan) -> None:
        """Together; if one outcome can't be recorded each alone. Left as sent, it is unknown later."""
        try:
            self._write(self._unrecorded, now, ran)
        except StoreError:
            raise
        except Exception:
            for one in self._unrecorded:
                try:
                    self._write([one], now, ran)
                except StoreError:
                    raise
                except Exception:
                    log.exception("outcome not recorded", delivery=one[0].id, channel=one[0].channel)
                    self._runners[one[0].channel].under_way.pop(one[0].id, None)

    def _write(self, group: Sequence[settling.Tried], now: int, ran: OfficeRan) -> None:
        known = [(one, outcome) for one, outcome in group if one.id in self._runners[one.channel].under_way]
        with self._desk.port.write("clock") as tx:
            settling.record(tx, self._desk, known, now, ran)
        for one, _ in known:
            self._runners[one.channel].under_way.pop(one.id, None)

    # --- receipts ---------------------------------------------------------------------------------

    def _look(self, now: int, ran: OfficeRan) -> None:
        for runner in self._runners.values():
            due = runner.looked_at is None or now - runner.looked_at >= runner.pace.receipts_every
            if due and not runner.looking:
                runner.look(self._keeper(runner, now, ran), now)

    def _keeper(self, runner: Runner, now: int, ran: OfficeRan) -> Callable[[Receipt], None]:
        def keep(receipt: Receipt) -> None:
            with self._desk.port.write("clock") as tx:
                ran.receipts += settling.receive(
                    tx, self._desk, runner.channel.name, receipt, now, busy=bool(runner.under_way)
                )

        return keep
