"""What operators must know: what reached nobody, which channels have paused, what failed beside the notifier.

Once an hour at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
import structlog

from workflow.engine import Frame
from workflow.store import Transaction
from workflow.store.organisation import remember, remembered
from workflow.text import Language, Text

from ..channel import Unwritten
from ..content import Content, Envelope
from ..recipients import Reader
from ..store import channels, deliveries, taking
from .desk import Desk, home_zone
from .people import lanes, readers_of

log = structlog.get_logger("duban.notifier")
_KEY: Final = "office_reported"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What has gone wrong since the last report."""

    nobody: int  # outgoing rows that reach nobody
    last: int  # the newest of them
    paused: tuple[str, ...]  # channels
    failures: tuple[Text, ...] = ()  # of what works beside the notifier

    @property
    def any(self) -> bool:
        """Whether there is something to tell."""
        return self.nobody > 0 or bool(self.paused) or bool(self.failures)


_SUBJECT: Final = Text("督办：消息未能送出，请处理", "Duban: messages that were not sent need you")
_NOBODY: Final = Text(
    "{count} 条消息无人可收（岗位空缺，或相关人员没有可用地址）。请运行 duban outbox list 查看。",
    "{count} messages reach nobody: a post is vacant, or nobody there has a working address. Run "
    "duban outbox list.",
)
_PAUSED: Final = Text(
    "通道“{name}”已暂停（凭据被拒）。请更正后运行 duban outbox resume {name}。",
    "The channel '{name}' has paused: its credentials were refused. Correct them, then run "
    "duban outbox resume {name}.",
)


def report(desk: Desk, now: int) -> int:
    """Write a report to every operator if there is something to tell; how many."""
    if not desk.settings.operators:
        return 0
    with desk.port.read() as tx:
        told = orjson.loads(remembered(tx, _KEY) or '{"at": null, "nobody": 0}')
        if told["at"] is not None and now - told["at"] < desk.settings.report_every:
            return 0
        trouble = _trouble(tx, desk, told["at"] or 0, told["nobody"])
    if not trouble.any:
        return 0
    with desk.port.write("clock") as tx:
        remember(tx, _KEY, orjson.dumps({"at": now, "nobody": trouble.last}).decode())
        return _write(desk.library.frame(tx, now), desk, trouble)


def _trouble(tx: Transaction, desk: Desk, since: int, last: int) -> Trouble:
    count, newest = taking.reached_nobody(tx, last)
    paused = tuple(
        one.name
        for one in channels.standings(tx).values()
        if one.paused_at is not None and one.alarmed_at is not None and one.alarmed_at >= since
    )
    return Trouble(nobody=count, last=newest, paused=paused, failures=tuple(desk.failures(tx, since)))


def content_of(trouble: Trouble, language: Language) -> Content:
    """The report in words."""
    lines = [_NOBODY.fill(count=trouble.nobody)] if trouble.nobody else []
    lines += [_PAUSED.fill(name=name) for name in trouble.paused]
    words = [line.to(language) for line in (*lines, *trouble.failures)]
    subject = _SUBJECT.to(language)
    return Content(
        language=language,
        subject=subject,
        text="\n".join(words),
        phrases=(subject,),
        template="report",
    )


def _write(frame: Frame, desk: Desk, trouble: Trouble) -> int:
    tx = frame.tx
    people = taking.by_code(tx, desk.settings.operators)
    readers = readers_of(tx, people, lanes(tx, frame, desk), desk.settings)
    reachable = [reader for reader in readers.values() if reader.routes]
    if not reachable:
        log.error("no operator can be reached", operators=len(desk.settings.operators))
    ids = deliveries.draw_deliveries(tx, len(reachable))
    rows = [_row(frame, desk, reader, ident, trouble) for reader, ident in zip(reachable, ids, strict=True)]
    written: Sequence[deliveries.NewDelivery] = [row for row in rows if row is not None]
    deliveries.new_deliveries(tx, written)
    return len(written)


def _row(
    frame: Frame, desk: Desk, reader: Reader, ident: int, trouble: Trouble
) -> deliveries.NewDelivery | None:
    route, now = reader.routes[0], frame.now
    message_id = deliveries.message_id(ident, desk.salts(), desk.site.domain)
    envelope = Envelope(
        delivery_id=ident,
        address=route.address,
        name="",
        message_id=message_id,
        class_="formal",
        about="report",
        date=now,
        zone=home_zone(frame),
    )
    try:
        body = desk.channels[route.channel].write(content_of(trouble, reader.language), envelope)
    except Unwritten as error:
        log.error("report not written", channel=route.channel, why=error.why.en)
        return None
    return deliveries.NewDelivery(
        id=ident,
        person_id=reader.id,
        channel=route.channel,
        kind=route.kind,
        address=route.address,
        language=reader.language,
        class_="formal",
        about="report",
        due_at=now,
        created_at=now,
        message_id=message_id,
        body=body,
    )
