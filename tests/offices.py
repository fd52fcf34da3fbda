"""An office over a test's database: people with addresses, what the engine would leave, peers that obey."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from sqlalchemy import select

from notifier.channel import Channel, Outcome, Receipt, Send
from notifier.content import Class, Content, Envelope, Gathered, Kind, Parcel, Site, Unwritable
from notifier.office import Office, OfficeRan
from notifier.office.desk import Failures, no_failures
from notifier.office_settings import OfficeSettings, Pace
from notifier.store import addresses
from notifier.store.deliveries import DELIVERY, PART, TRY, unpacked_body
from workflow.clock import VirtualClock
from workflow.engine import Frame, Library
from workflow.store import Port, organisation
from workflow.store.applying import OUTGOING
from workflow.store.sql import Statement
from workflow.text import Text

NOON = 1_772_424_000_000  # Monday, 2026-03-02 12:00 in Asia/Shanghai
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
FAST = Pace(rate=1_000_000.0, burst=1_000_000, concurrency=4, receipts_every=1)
SETTINGS = OfficeSettings(patience=5.0, gather_outcomes=0.02, paces=dict.fromkeys(("mail", "sms"), FAST))
REFUSED = Outcome.refused(Text("查无此人", "no such mailbox"), code="554")

_DELIVERIES = Statement(select(DELIVERY).order_by(DELIVERY.c.id))
_PARTS = Statement(select(PART))
_TRIES = Statement(select(TRY).order_by(TRY.c.id))
_OUTGOING = Statement(select(OUTGOING).order_by(OUTGOING.c.id))


class Death(BaseException):
    """The process ends here."""


Step = Literal["before", "between", "after"]
"""Where a peer or the process dies: before the message is handed over, before the answer, after it."""


@dataclass(kw_only=True)
class Peer:
    """A channel whose peer keeps what it accepted, and does what it is told to."""

    name: str
    kind: Kind
    accepted: list[tuple[str, str, bytes]] = field(default_factory=list)  # address, Message-ID, bytes
    handed: list[tuple[str, bytes]] = field(default_factory=list)  # every time bytes came over
    script: Callable[[Parcel], Outcome | None] = lambda _parcel: None  # None: it accepts
    dying: Callable[[Parcel, Step], None] = lambda _parcel, _step: None
    waiting: list[Receipt] = field(default_factory=list)  # receipts to be collected
    refuses_to_write: Callable[[Content, Envelope], None] = lambda _content, _envelope: None

    def write(self, content: Content, envelope: Envelope) -> bytes:
        """The message, made of everything that it says."""
        self.refuses_to_write(content, envelope)
        said = (envelope.address, envelope.message_id, envelope.date, content.subject, content.text)
        return repr(said).encode()

    @contextmanager
    def session(self) -> Iterator[Send]:
        """Something to send with."""
        yield self._send

    def _send(self, parcel: Parcel) -> Outcome:
        self.dying(parcel, "before")
        told = self.script(parcel)
        if told is not None and told.end != "unknown":
            return told
        self.handed.append((parcel.message_id, parcel.body))
        self.accepted.append((parcel.address, parcel.message_id, parcel.body))
        self.dying(parcel, "between")
        if told is not None:
            return told
        self.dying(parcel, "after")
        return Outcome.accepted(code="250", reference=f"ref-{parcel.delivery_id}")

    def receipts(self, keep: Callable[[Receipt], None]) -> int:
        """Hand out what waits; what could not be kept waits on."""
        count = len(self.waiting)
        while self.waiting:
            keep(self.waiting[0])
            self.waiting.pop(0)
        return count


def write_plainly(_frame: Frame, letters: Sequence[Gathered], _site: Site) -> dict[int, Content | Unwritable]:
    """Letters that name the rows that they tell of."""
    return {
        one.delivery_id: Content(
            language=one.language,
            subject=f"{len(one.parts)}",
            text=" ".join(str(part.outgoing_id) for part in one.parts),
        )
        for one in letters
    }


def class_of(reason: str) -> Class:
    """As the notices' room has it, in short."""
    return "information" if reason == "copied" else "formal"


@dataclass(kw_only=True)
class House:
    """A database with an office."""

    port: Port
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(NOON))
    mail: Any = field(default_factory=lambda: Peer(name="mail", kind="mail"))  # any channel, a real one too
    sms: Any = field(default_factory=lambda: Peer(name="sms", kind="sms"))
    settings: OfficeSettings = SETTINGS
    library: Library = field(default_factory=Library)
    writer: Any = write_plainly
    node: str = "node"
    failures: Failures = no_failures
    _office: Office | None = None
    _salts: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def office(self) -> Office:
        """The office at work; after `dies` a new one."""
        if self._office is None:
            channels: Mapping[str, Channel] = {"mail": self.mail, "sms": self.sms}
            self._office = Office(
                self.port,
                self.library,
                channels,
                self.settings,
                Site(domain="duban.example"),
                self.clock,
                lambda: next(self._salts).to_bytes(16, "big"),
                writer=self.writer,
                class_of=class_of,
                node=self.node,
                failures=self.failures,
            )
        return self._office

    def dies(self) -> None:
        """The process is gone; a new one starts at the next ring."""
        if self._office is not None:
            self._office.close()
        self._office = None

    def with_settings(self, **changes: Any) -> None:
        """Other settings, from the next start on."""
        self.settings = replace(self.settings, **changes)
        self.dies()

    def ring(self, after: int = 0) -> OfficeRan:
        """Time passes, and the daemon rings."""
        self.clock.advance(after)
        return self.office.run_once(self.clock.now())

    # --- what there is ----------------------------------------------------------------------------

    def person(self, code: str, *, mail: str | None = "", sms: str | None = None) -> int:
        """Somebody with addresses; the mail one is made of the code unless it is None."""
        with self.port.write("people") as tx:
            ident = organisation.add_person(tx, code, Text(code, code))
            if mail is not None:
                addresses.put_address(tx, ident, "mail", mail or f"{code}@example.org", 0, NOON)
            if sms is not None:
                addresses.put_address(tx, ident, "sms", sms, 1, NOON)
        return ident

    def leaves(self, *persons: int | None, task: int = 1, reason: str = "assigned") -> list[int]:
        """The engine leaves something for each of these; the rows."""
        with self.port.write("clock") as tx:
            ids = list(tx.draw("row_id", len(persons)))
            now = self.clock.now()
            tx.insert(
                OUTGOING,
                [
                    (ident, task, 1, person, "handler", reason, None, now, "waiting")
                    for ident, person in zip(ids, persons, strict=True)
                ],
            )
        return ids

    def deliveries(self, status: str | None = None) -> list[dict[str, Any]]:
        """Every delivery, as it is stored."""
        names = [column.name for column in DELIVERY.columns]
        found = [dict(zip(names, row, strict=True)) for row in self._all(_DELIVERIES)]
        return [one for one in found if status in (None, one["status"])]

    def told(self) -> dict[int, list[int]]:
        """outgoing row -> the deliveries that tell of it."""
        found: dict[int, list[int]] = {}
        for delivery, outgoing in self._all(_PARTS):
            found.setdefault(outgoing, []).append(delivery)
        return found

    def outgoing(self) -> dict[int, str]:
        """outgoing row -> its status."""
        return {row[0]: row[-1] for row in self._all(_OUTGOING)}

    def tries(self) -> list[str]:
        """How tries ended, the oldest first."""
        return [row[4] for row in self._all(_TRIES)]

    def body(self, delivery: int) -> bytes:
        """The bytes that are kept of a delivery."""
        (one,) = [row for row in self.deliveries() if row["id"] == delivery]
        return unpacked_body(cast(bytes, one["body"]))

    def _all(self, statement: Statement) -> list[tuple[Any, ...]]:
        with self.port.read() as tx:
            return tx.all(statement)
