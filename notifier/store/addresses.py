"""Where people can be reached, how they wish to be told, and what they have switched off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import BigInteger, String, bindparam, delete, exists, insert, literal_column, select, update

from notifier.models import AddressRow, MannerRow, UnsubscriptionRow
from workflow.store import Transaction
from workflow.store.organisation import PERSON, POST
from workflow.store.sql import OneOf, Statement
from workflow.text import Text

ADDRESS = AddressRow.__table__  # type: ignore[attr-defined]
MANNER = MannerRow.__table__  # type: ignore[attr-defined]
UNSUBSCRIPTION = UnsubscriptionRow.__table__  # type: ignore[attr-defined]

_OF = Statement(
    select(
        ADDRESS.c.id,
        ADDRESS.c.person_id,
        ADDRESS.c.kind,
        ADDRESS.c.value,
        ADDRESS.c.rank,
        ADDRESS.c.broken_at,
        ADDRESS.c.broken_why,
    )
    .where(OneOf(ADDRESS.c.person_id, "people"))
    .order_by(ADDRESS.c.person_id, ADDRESS.c.rank, ADDRESS.c.id)
)
_THIS = (
    ADDRESS.c.person_id == bindparam("person"),
    ADDRESS.c.kind == bindparam("of_kind"),
    ADDRESS.c.value == bindparam("written"),
)
# An address that is given again is taken to work again: whoever gives it has looked.
_MEND = Statement(
    update(ADDRESS).where(*_THIS).values(rank=bindparam("place"), broken_at=None, broken_why=None)
)
_ADD = Statement(
    insert(ADDRESS).values(
        person_id=bindparam("person_id"),
        kind=bindparam("kind"),
        value=bindparam("value"),
        rank=bindparam("rank"),
        recorded_at=bindparam("recorded_at"),
    )
)
_REMOVE = Statement(delete(ADDRESS).where(*_THIS))
_MANNERS = Statement(select(MANNER).where(OneOf(MANNER.c.person_id, "people")))
_FORGET_MANNER = Statement(delete(MANNER).where(MANNER.c.person_id == bindparam("person")))
_SWITCHED_OFF = Statement(
    select(UNSUBSCRIPTION)
    .where(OneOf(UNSUBSCRIPTION.c.person_id, "people"))
    .order_by(UNSUBSCRIPTION.c.person_id, UNSUBSCRIPTION.c.topic)
)
_SWITCH_ON = Statement(
    delete(UNSUBSCRIPTION).where(
        UNSUBSCRIPTION.c.person_id == bindparam("person"), UNSUBSCRIPTION.c.topic == bindparam("switched")
    )
)
_EVERYBODY = Statement(
    insert(ADDRESS).from_select(
        ["person_id", "kind", "value", "rank", "recorded_at"],
        select(
            PERSON.c.id,
            bindparam("of_kind", type_=String()),
            PERSON.c.code,
            literal_column("0"),
            bindparam("now", type_=BigInteger()),
        ).where(~exists(select(literal_column("1")).where(ADDRESS.c.person_id == PERSON.c.id))),
    )
)
_UNREACHABLE = Statement(
    select(PERSON.c.code)
    .where(
        exists(
            select(literal_column("1")).where(
                POST.c.person_id == PERSON.c.id,
                POST.c.valid_from <= bindparam("now"),
                POST.c.valid_to.is_(None) | (POST.c.valid_to > bindparam("now")),
            )
        ),
        ~exists(
            select(literal_column("1")).where(
                ADDRESS.c.person_id == PERSON.c.id, ADDRESS.c.broken_at.is_(None)
            )
        ),
    )
    .order_by(PERSON.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a person can be reached."""

    id: int
    person_id: int
    kind: str  # mail, sms, chat, folder
    value: str  # personal data: masked wherever it is shown
    rank: int  # the smaller is tried first
    broken_at: int | None  # ms; nothing arrives here since
    broken_why: Text | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How a person wishes to be told; None: as the organisation says."""

    quiet_from: int | None = None  # minutes after midnight
    quiet_to: int | None = None  # the same as quiet_from: no quiet hours
    workdays_only: bool | None = None
    digest_at: int | None = None  # minutes after midnight
    empty_digests: bool = False


NO_MANNER: Final = Manner()


def addresses_of(tx: Transaction, people: Sequence[int]) -> dict[int, list[Address]]:
    """person -> their addresses, the one that is tried first in front."""
    found: dict[int, list[Address]] = {}
    for ident, person, kind, value, rank, broken_at, why in tx.all(_OF, people=list(people)):
        found.setdefault(person, []).append(
            Address(
                id=ident,
                person_id=person,
                kind=kind,
                value=value,
                rank=rank,
                broken_at=broken_at,
                broken_why=None if why is None else Text(**orjson.loads(why)),
            )
        )
    return found


def put_address(tx: Transaction, person: int, kind: str, value: str, rank: int, now: int) -> bool:
    """Keep an address, or mend one that is known; whether it is new."""
    if tx.run(_MEND, person=person, of_kind=kind, written=value, place=rank):
        return False
    tx.run(_ADD, person_id=person, kind=kind, value=value, rank=rank, recorded_at=now)
    return True


def address_everybody(tx: Transaction, kind: str, now: int) -> int:
    """Give whoever has no address one of this kind, by their code: for demonstrations; how many."""
    return tx.run(_EVERYBODY, of_kind=kind, now=now)


def remove_address(tx: Transaction, person: int, kind: str, value: str) -> bool:
    """Forget an address; False if there was none. Deliveries that were made keep theirs."""
    return tx.run(_REMOVE, person=person, of_kind=kind, written=value) > 0


def without_address(tx: Transaction, now: int) -> list[str]:
    """Codes of those who hold a post now and can't be reached anywhere."""
    return [code for (code,) in tx.all(_UNREACHABLE, now=now)]


def manners_of(tx: Transaction, people: Sequence[int]) -> dict[int, Manner]:
    """person -> their wishes, of those who have any."""
    return {
        person: Manner(
            quiet_from=begin,
            quiet_to=end,
            workdays_only=None if workdays is None else bool(workdays),
            digest_at=digest_at,
            empty_digests=bool(empty),
        )
        for person, begin, end, workdays, digest_at, empty in tx.all(_MANNERS, people=list(people))
    }


def put_manner(tx: Transaction, person: int, manner: Manner) -> None:
    """Replace what a person wishes."""
    tx.run(_FORGET_MANNER, person=person)
    workdays = None if manner.workdays_only is None else int(manner.workdays_only)
    tx.insert(
        MANNER,
        [
            (
                person,
                manner.quiet_from,
                manner.quiet_to,
                workdays,
                manner.digest_at,
                int(manner.empty_digests),
            )
        ],
    )


def switched_off(tx: Transaction, people: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """person -> the topics that they have switched off."""
    found: dict[int, tuple[str, ...]] = {}
    for person, topic, *_ in tx.all(_SWITCHED_OFF, people=list(people)):
        found[person] = (*found.get(person, ()), topic)
    return found


def switch_off(tx: Transaction, person: int, topic: str, how: str, now: int) -> bool:
    """Switch a topic off; False if it was."""
    if topic in switched_off(tx, [person]).get(person, ()):
        return False
    tx.insert(UNSUBSCRIPTION, [(person, topic, now, how)])
    return True


def switch_on(tx: Transaction, person: int, topic: str) -> bool:
    """Take it back; False if it was not switched off."""
    return tx.run(_SWITCH_ON, person=person, switched=topic) > 0
