"""Digests in tests: a campaign that has some, people with addresses, and a channel that writes on paper."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select

from notifier.channel import Receipt, Send
from notifier.content import Content, Envelope, Kind, Site
from notifier.digests import Digests
from notifier.office_settings import OfficeSettings
from notifier.store import addresses
from notifier.store.deliveries import DELIVERY
from notifier.store.digests import DIGEST, RUN
from tests.stories.variants import varied
from workflow.definition import Pack
from workflow.engine import Library
from workflow.store import Port
from workflow.store.organisation import PERSON
from workflow.store.sql import Statement

DIGESTS: Mapping[str, Any] = {
    "daily_work": {
        "label": {"zh": "每日待办", "en": "Daily work"},
        "for": "handler",
        "at": "workdays 08:00",
        "shows": ["waiting", "due", "late"],
    },
    "daily_supervision": {
        "label": {"zh": "督办日报", "en": "Daily supervision"},
        "for": "supervisor",
        "at": "workdays 08:00",
        "shows": ["waiting", "lights", "moved"],
    },
    "weekly_overview": {
        "label": {"zh": "每周概览", "en": "Weekly overview"},
        "for": ["leader at bureau", "leader at region"],
        "at": "mon 08:00",
        "shows": ["overview", "worst", "next"],
    },
    "weekly_referrals": {
        "label": {"zh": "提请关注事项", "en": "Referrals"},
        "for": "leader at leading_group",
        "at": "mon 08:00",
        "shows": "referral",
    },
}
SETTINGS = OfficeSettings(quiet_from=0, quiet_to=0)
_PEOPLE = Statement(select(PERSON.c.id, PERSON.c.code).order_by(PERSON.c.id))
_DELIVERIES = Statement(select(*DELIVERY.columns).order_by(DELIVERY.c.id))
_NUMBERS = Statement(select(*DIGEST.columns).order_by(DIGEST.c.id))
_RUNS = Statement(select(*RUN.columns).order_by(RUN.c.id))


def with_digests(pack: Pack, **digests: Any) -> Pack:
    """The pack with these digests, by default one for each sort of reader."""

    def change(source: dict[str, Any]) -> None:
        source["campaign.yaml"]["digests"] = digests or dict(DIGESTS)

    return varied(pack, change)


class Paper:
    """A channel that keeps what was written as JSON: subject, text, HTML, number."""

    name = "paper"
    kind: Kind = "mail"

    def write(self, content: Content, envelope: Envelope) -> bytes:
        """What the message says."""
        return orjson.dumps(
            {
                "subject": content.subject,
                "text": content.text,
                "html": content.html,
                "phrases": content.phrases,
                "pictures": [one.alt for one in content.pictures],
                "number": envelope.digest_number,
                "language": content.language,
            }
        )

    def session(self) -> AbstractContextManager[Send]:
        """No digest is sent while it is written: whoever asks for a session has made a mistake."""
        raise AssertionError("digests are written here, and sent by the office")

    def receipts(self, _keep: Callable[[Receipt], None]) -> int:
        """None ever comes."""
        return 0


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A digest as it waits to be sent."""

    person_id: int
    digest: str
    number: int
    due_at: int
    subject: str
    text: str
    html: str
    phrases: tuple[str, ...]
    pictures: tuple[str, ...]
    language: str


def salts() -> Callable[[], bytes]:
    """16 bytes each, none twice."""
    counter = iter(range(1, 1_000_000))
    return lambda: next(counter).to_bytes(8, "big") * 2


def office(port: Port, *, page: int = 500, settings: OfficeSettings = SETTINGS) -> Digests:
    """Digests on paper."""
    return Digests(port, Library(), {"paper": Paper()}, settings, Site(), salts(), page=page)


def everybody_has_an_address(port: Port, now: int = 0) -> None:
    """Each at their own."""
    with port.write("people") as tx:
        for person, code in tx.all(_PEOPLE):
            addresses.put_address(tx, person, "mail", f"{code}@example.invalid", 0, now)


def sheets(port: Port) -> list[Sheet]:
    """Every digest that was made, the oldest first."""
    return list(_sheets(port))


def _sheets(port: Port) -> Iterator[Sheet]:
    with port.read() as tx:
        made = {row[0]: dict(zip(DELIVERY.columns.keys(), row, strict=True)) for row in tx.all(_DELIVERIES)}
        numbers = [dict(zip(DIGEST.columns.keys(), row, strict=True)) for row in tx.all(_NUMBERS)]
    for one in numbers:
        delivery = made[one["delivery_id"]]
        assert delivery["status"] == "waiting"
        said = orjson.loads(zlib.decompress(delivery["body"]))
        yield Sheet(
            person_id=one["person_id"],
            digest=one["name"],
            number=one["number"],
            due_at=delivery["due_at"],
            subject=said["subject"],
            text=said["text"],
            html=said["html"],
            phrases=tuple(said["phrases"]),
            pictures=tuple(said["pictures"]),
            language=said["language"],
        )


def runs(port: Port) -> list[dict[str, Any]]:
    """Every moment on record."""
    with port.read() as tx:
        return [dict(zip(RUN.columns.keys(), row, strict=True)) for row in tx.all(_RUNS)]
