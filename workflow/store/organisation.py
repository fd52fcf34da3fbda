"""Units, people, posts, packs, campaigns, calendar years, holds: what people edit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import bindparam, func, insert, or_, select, update

from ..calendar import CalendarYear
from ..definition.model import Pack, Person, Unit
from ..models import (
    CalendarYearRow,
    Delegation,
    Epoch,
    EvidenceRow,
    Hold,
    MetaRow,
    PackVersion,
    Post,
    RequestRow,
)
from ..models import Campaign as CampaignRow
from ..models import Person as PersonRow
from ..models import Unit as UnitRow
from ..people import Delegation as Delegated
from ..people import Holding
from ..text import Text
from .interests import interests as interests  # the organisation's, though they are told apart
from .ports import Transaction
from .sql import OneOf, Statement

UNIT = UnitRow.__table__  # type: ignore[attr-defined]
PERSON = PersonRow.__table__  # type: ignore[attr-defined]
POST = Post.__table__  # type: ignore[attr-defined]
DELEGATION = Delegation.__table__  # type: ignore[attr-defined]
PACK = PackVersion.__table__  # type: ignore[attr-defined]
CAMPAIGN = CampaignRow.__table__  # type: ignore[attr-defined]
YEAR = CalendarYearRow.__table__  # type: ignore[attr-defined]
EPOCH = Epoch.__table__  # type: ignore[attr-defined]
HOLD = Hold.__table__  # type: ignore[attr-defined]
META = MetaRow.__table__  # type: ignore[attr-defined]
REQUEST = RequestRow.__table__  # type: ignore[attr-defined]
EVIDENCE = EvidenceRow.__table__  # type: ignore[attr-defined]
ORGANISATION = "organisation"
HEARTBEAT = "heartbeat"  # key of a sign of life, followed by the node


class Stamp(NamedTuple):
    """What is in force: read first in every transaction, so that caches know when they are old."""

    organisation: str  # moves with units, people, posts, delegations
    epoch: int  # moves with calendar, campaigns
    held: bool  # nothing may fire


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignInForce:
    """A campaign as it runs: the version on which new tasks open."""

    id: int
    name: str
    prefix: str
    label: Text
    version_id: int


_STAMP = Statement(
    select(
        select(META.c.value).where(META.c.key == ORGANISATION).scalar_subquery(),
        select(func.max(EPOCH.c.id)).scalar_subquery(),
        select(func.count()).select_from(HOLD).where(HOLD.c.standing.is_not(None)).scalar_subquery(),
    )
)
_MOVE_ORGANISATION = Statement(
    update(META).where(META.c.key == ORGANISATION).values(value=bindparam("stamp"))
)
_NEW_EPOCH = Statement(insert(EPOCH).values(why=bindparam("why"), begun_at=bindparam("now")))
_CAMPAIGNS = Statement(select(CAMPAIGN).order_by(CAMPAIGN.c.id))
_PACK_SOURCE = Statement(select(PACK.c.source).where(PACK.c.id == bindparam("version")))
_PACKS = Statement(select(PACK.c.id, PACK.c.hash).order_by(PACK.c.id))
_PACKS_LOADED = Statement(select(PACK.c.id, PACK.c.hash, PACK.c.loaded_at).order_by(PACK.c.id))
_PACK_BY_HASH = Statement(select(PACK.c.id).where(PACK.c.hash == bindparam("hash")))
_ADD_PACK = Statement(
    insert(PACK)
    .values(hash=bindparam("hash"), source=bindparam("source"), loaded_at=bindparam("now"))
    .returning(PACK.c.id)
)
_CAMPAIGN_BY_NAME = Statement(select(CAMPAIGN).where(CAMPAIGN.c.name == bindparam("name")))
_ADD_CAMPAIGN = Statement(
    insert(CAMPAIGN)
    .values(
        name=bindparam("name"),
        prefix=bindparam("prefix"),
        zh=bindparam("zh"),
        en=bindparam("en"),
        version_id=bindparam("version"),
    )
    .returning(CAMPAIGN.c.id)
)
_MOVE_CAMPAIGN = Statement(
    update(CAMPAIGN)
    .where(CAMPAIGN.c.name == bindparam("campaign"))
    .values(
        version_id=bindparam("version"), prefix=bindparam("prefix_"), zh=bindparam("zh_"), en=bindparam("en_")
    )
)
# A unit that merged into another stands for it: whoever held a post there holds it at the other.
_UNITS_BY_CODE = Statement(
    select(UNIT.c.code, func.coalesce(UNIT.c.merged_into, UNIT.c.id)).where(
        OneOf(UNIT.c.code, "codes", words=True)
    )
)
_UNIT_COLUMNS = ("id", "code", "kind", "parent_id", "group_of", "group_name", "zh", "en")
_UNITS = Statement(select(*(UNIT.c[name] for name in _UNIT_COLUMNS)).order_by(UNIT.c.id))
_UNITS_BY_ID = Statement(
    select(UNIT.c.id, UNIT.c.code, UNIT.c.kind, UNIT.c.zh, UNIT.c.en).where(OneOf(UNIT.c.id, "ids"))
)
_ADD_UNIT = Statement(
    insert(UNIT)
    .values(
        code=bindparam("code"),
        kind=bindparam("kind"),
        parent_id=bindparam("parent"),
        group_of=bindparam("group_of"),
        group_name=bindparam("group_name"),
        zh=bindparam("zh"),
        en=bindparam("en"),
    )
    .returning(UNIT.c.id)
)
_GROUPS = Statement(
    select(UNIT.c.group_name, UNIT.c.group_of, UNIT.c.id).where(OneOf(UNIT.c.group_of, "units"))
)
_PERSONS_BY_CODE = Statement(
    select(PERSON.c.code, PERSON.c.id).where(OneOf(PERSON.c.code, "codes", words=True))
)
_PERSON_NAMES = Statement(select(PERSON.c.id, PERSON.c.zh, PERSON.c.en).where(OneOf(PERSON.c.id, "ids")))
_PERSONS = Statement(select(PERSON).order_by(PERSON.c.id))
_ADD_PERSON = Statement(
    insert(PERSON)
    .values(code=bindparam("code"), zh=bindparam("zh"), en=bindparam("en"), language=bindparam("language"))
    .returning(PERSON.c.id)
)
_POSTS_AT = Statement(
    select(POST.c.person_id, POST.c.name, POST.c.unit_id, POST.c.deputy, POST.c.valid_from, POST.c.valid_to)
    .where(OneOf(POST.c.unit_id, "units"))
    .order_by(POST.c.id)
)
_POSTS_OF = Statement(
    select(POST.c.name, POST.c.unit_id, POST.c.deputy)
    .where(POST.c.person_id == bindparam("person"), POST.c.valid_to.is_(None))
    .order_by(POST.c.id)
)
_POSTS_HELD = Statement(
    select(PERSON.c.code, POST.c.name, POST.c.unit_id, POST.c.deputy)
    .join(PERSON, PERSON.c.id == POST.c.person_id)
    .where(
        OneOf(PERSON.c.code, "codes", words=True),
        or_(POST.c.valid_to.is_(None), POST.c.valid_to > bindparam("now")),
    )
)
_ADD_POST = Statement(
    insert(POST).values(
        person_id=bindparam("person"),
        name=bindparam("name"),
        unit_id=bindparam("unit"),
        deputy=bindparam("deputy"),
        valid_from=bindparam("valid_from"),
        valid_to=bindparam("valid_to"),
        recorded_at=bindparam("now"),
    )
)
_END_POST = Statement(
    update(POST)
    .where(
        POST.c.person_id == bindparam("person"),
        POST.c.name == bindparam("post"),
        POST.c.unit_id == bindparam("unit"),
        POST.c.valid_to.is_(None),
    )
    .values(valid_to=bindparam("end"))
)
_DELEGATIONS = Statement(
    select(
        DELEGATION.c.principal_id, DELEGATION.c.delegate_id, DELEGATION.c.valid_from, DELEGATION.c.valid_to
    )
    .where(OneOf(DELEGATION.c.principal_id, "persons"))
    .order_by(DELEGATION.c.id)
)
_ADD_DELEGATION = Statement(
    insert(DELEGATION).values(
        principal_id=bindparam("principal"),
        delegate_id=bindparam("delegate"),
        valid_from=bindparam("valid_from"),
        valid_to=bindparam("valid_to"),
        reason=bindparam("reason"),
        recorded_at=bindparam("now"),
    )
)
_YEARS = Statement(select(YEAR.c.year, YEAR.c.body, YEAR.c.imported_at).order_by(YEAR.c.id))
_EPOCHS = Statement(select(EPOCH.c.id, EPOCH.c.begun_at).order_by(EPOCH.c.id))
_ADD_YEAR = Statement(
    insert(YEAR).values(year=bindparam("year"), body=bindparam("body"), imported_at=bindparam("now"))
)
_HOLD = Statement(select(HOLD.c.id, HOLD.c.zh, HOLD.c.en, HOLD.c.since).where(HOLD.c.standing.is_not(None)))
_ADD_HOLD = Statement(
    insert(HOLD).values(zh=bindparam("zh"), en=bindparam("en"), since=bindparam("now"), standing=1)
)
_RELEASE_HOLD = Statement(
    update(HOLD)
    .where(HOLD.c.standing.is_not(None))
    .values(standing=None, released_at=bindparam("now"), released_by=bindparam("by"))
)
_META = Statement(select(META.c.value).where(META.c.key == bindparam("name")))
_META_LIKE = Statement(
    select(META.c.key, META.c.value).where(META.c.key.like(bindparam("pattern"))).order_by(META.c.key)
)
_SET_META = Statement(update(META).where(META.c.key == bindparam("name")).values(value=bindparam("text")))
_ADD_META = Statement(insert(META).values(key=bindparam("key"), value=bindparam("value")))
_REQUEST = Statement(select(REQUEST).where(REQUEST.c.id == bindparam("request")))
_STORED = Statement(select(EVIDENCE.c.sha256).where(OneOf(EVIDENCE.c.sha256, "hashes", words=True)))
_KINDS = Statement(
    select(UNIT.c.id, UNIT.c.kind)
    .where(OneOf(UNIT.c.code, "codes", words=True), UNIT.c.ended_at.is_(None))
    .order_by(UNIT.c.id)
)


def stamp(tx: Transaction) -> Stamp:
    """What is in force."""
    (row,) = tx.all(_STAMP)
    return Stamp(organisation=row[0], epoch=row[1], held=row[2] > 0)


def move_organisation(tx: Transaction, before: Stamp) -> None:
    """Tell every cache that units, people or posts have changed."""
    tx.run(_MOVE_ORGANISATION, stamp=str(int(before.organisation) + 1))


def new_epoch(tx: Transaction, why: str, now: int) -> None:
    """Another calendar or campaign is in force from here on: open tasks are planned again."""
    tx.run(_NEW_EPOCH, why=why, now=now)


# --- packs and campaigns ----------------------------------------------------------------------------


def campaigns(tx: Transaction) -> list[CampaignInForce]:
    """Every campaign that was loaded."""
    return [_campaign(row) for row in tx.all(_CAMPAIGNS)]


def _campaign(row: tuple[Any, ...]) -> CampaignInForce:
    return CampaignInForce(
        id=row[0], name=row[1], prefix=row[2], label=Text(row[3], row[4]), version_id=row[5]
    )


def pack_source(tx: Transaction, version_id: int) -> dict[str, Any] | None:
    """The source of a pack version."""
    row = tx.one(_PACK_SOURCE, version=version_id)
    return orjson.loads(row[0]) if row else None


def pack_versions(tx: Transaction) -> dict[int, str]:
    """The hash of every version that was loaded."""
    return dict(tx.all(_PACKS))


def packs_loaded(tx: Transaction) -> list[tuple[int, str, int]]:
    """Every version with its hash, and when it was loaded first."""
    return [(ident, digest, at) for ident, digest, at in tx.all(_PACKS_LOADED)]


def pack_version(tx: Transaction, pack: Pack, now: int) -> tuple[int, bool]:
    """The id of a pack's version, stored if it is new; and whether it was."""
    row = tx.one(_PACK_BY_HASH, hash=pack.version)
    if row is not None:
        return int(row[0]), False
    source = orjson.dumps(dict(pack.source)).decode()
    (added,) = tx.all(_ADD_PACK, hash=pack.version, source=source, now=now)
    return int(added[0]), True


def put_campaign(tx: Transaction, pack: Pack, version_id: int) -> CampaignInForce:
    """Make or move the campaign of a pack to a version."""
    own, label = pack.campaign, pack.campaign.label
    if tx.one(_CAMPAIGN_BY_NAME, name=own.name) is None:
        tx.one(_ADD_CAMPAIGN, name=own.name, prefix=own.prefix, zh=label.zh, en=label.en, version=version_id)
    else:
        tx.run(
            _MOVE_CAMPAIGN,
            campaign=own.name,
            version=version_id,
            prefix_=own.prefix,
            zh_=label.zh,
            en_=label.en,
        )
    (row,) = tx.all(_CAMPAIGN_BY_NAME, name=own.name)
    return _campaign(row)


# --- units and people -------------------------------------------------------------------------------


def unit_ids(tx: Transaction, codes: Iterable[str]) -> dict[str, int]:
    """Ids by code, of those units that exist; of one that merged, the id of the unit it merged into."""
    return dict(tx.all(_UNITS_BY_CODE, codes=list(codes)))


def units_by_id(tx: Transaction, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """(id, code, kind, zh, en) of these units, of those that exist."""
    return tx.all(_UNITS_BY_ID, ids=list(ids))


def units_of_kind(tx: Transaction, codes: Iterable[str], kind: str) -> list[int]:
    """Ids of the units among these codes that are of a kind, without those that have merged."""
    return [ident for ident, own in tx.all(_KINDS, codes=list(codes)) if own == kind]


def add_units(tx: Transaction, units: Iterable[Unit]) -> int:
    """Add those units of a pack that are not there yet, parents first; how many."""
    wanted = {unit.code: unit for unit in units}
    known = unit_ids(tx, wanted)
    added = 0
    for code in wanted:
        added += _add_unit(tx, code, wanted, known)
    return added


def _add_unit(tx: Transaction, code: str, wanted: dict[str, Unit], known: dict[str, int]) -> int:
    if code in known:
        return 0
    unit, added = wanted[code], 0
    for above in (unit.inside, unit.group_of):
        if above is not None:
            added += _add_unit(tx, above, wanted, known)
    (row,) = tx.all(
        _ADD_UNIT,
        code=code,
        kind=unit.kind,
        parent=known[unit.inside] if unit.inside else None,
        group_of=known[unit.group_of] if unit.group_of else None,
        group_name=unit.group,
        zh=unit.label.zh,
        en=unit.label.en,
    )
    known[code] = int(row[0])
    return added + 1


def add_missing_posts(tx: Transaction, people: Sequence[Person], now: int) -> int:
    """Give people the posts that a pack names and they don't hold, from now on; how many.

    Posts that they hold beside these are left alone.
    """
    ids = dict(tx.all(_PERSONS_BY_CODE, codes=[person.code for person in people]))
    held = {
        (code, name, unit, bool(deputy))
        for code, name, unit, deputy in tx.all(_POSTS_HELD, codes=list(ids), now=now)
    }
    units = unit_ids(tx, {post.unit for person in people for post in person.posts})
    added = 0
    for person in people:
        for post in person.posts:
            own = (person.code, post.name, units[post.unit], post.deputy)
            if own not in held:
                add_post(tx, ids[person.code], post.name, own[2], now, now, deputy=post.deputy)
                held.add(own)
                added += 1
    return added


def add_people(tx: Transaction, people: Sequence[Person], valid_from: int, now: int) -> int:
    """Add those people of a pack that are not there yet, with their posts; how many."""
    known = {code for code, _ in tx.all(_PERSONS_BY_CODE, codes=[person.code for person in people])}
    units = unit_ids(tx, {post.unit for person in people for post in person.posts})
    new = [person for person in people if person.code not in known]
    for person in new:
        ident = add_person(tx, person.code, person.name)
        for post in person.posts:
            add_post(tx, ident, post.name, units[post.unit], valid_from, now, deputy=post.deputy)
    return len(new)


def add_person(tx: Transaction, code: str, name: Text, language: str = "zh") -> int:
    """Add a person."""
    (row,) = tx.all(_ADD_PERSON, code=code, zh=name.zh, en=name.en, language=language)
    return int(row[0])


def add_post(
    tx: Transaction, person: int, name: str, unit: int, valid_from: int, now: int, *, deputy: bool = False
) -> None:
    """Give a person a post, from an instant on."""
    tx.run(
        _ADD_POST,
        person=person,
        name=name,
        unit=unit,
        deputy=int(deputy),
        valid_from=valid_from,
        valid_to=None,
        now=now,
    )


def end_post(tx: Transaction, person: int, name: str, unit: int, end: int) -> bool:
    """A person holds a post no longer, from an instant on. The row stays: it was held until then."""
    return tx.run(_END_POST, person=person, post=name, unit=unit, end=end) > 0


def add_delegation(
    tx: Transaction,
    principal: int,
    delegate: int | None,
    valid_from: int,
    valid_to: int | None,
    reason: str,
    now: int,
) -> None:
    """A principal is away for a time; the delegate, if one is named, acts on their behalf."""
    tx.run(
        _ADD_DELEGATION,
        principal=principal,
        delegate=delegate,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
        now=now,
    )


def units(tx: Transaction) -> list[tuple[Any, ...]]:
    """Every unit, closed ones included: id, code, kind, parent, owner and name of a group, zh, en."""
    return tx.all(_UNITS)


def persons(tx: Transaction) -> list[tuple[Any, ...]]:
    """Every person, with every column."""
    return tx.all(_PERSONS)


def person_names(tx: Transaction, ids: Sequence[int]) -> dict[int, Text]:
    """The names of these people, of those who exist."""
    return {ident: Text(zh, en) for ident, zh, en in tx.all(_PERSON_NAMES, ids=list(ids))}


def person_id(tx: Transaction, code: str) -> int | None:
    """A person's id by code."""
    rows = tx.all(_PERSONS_BY_CODE, codes=[code])
    return int(rows[0][1]) if rows else None


def posts_of(tx: Transaction, person: int) -> list[tuple[str, int, int]]:
    """(post, unit, deputy) of the posts that a person holds without end."""
    return [(name, unit, deputy) for name, unit, deputy in tx.all(_POSTS_OF, person=person)]


def groups(tx: Transaction, of_units: Sequence[int]) -> dict[tuple[str, int], int]:
    """The groups that belong to these units: (group, unit) -> the group's own unit."""
    return {(name, unit): ident for name, unit, ident in tx.all(_GROUPS, units=list(of_units))}


def holdings(tx: Transaction, at_units: Sequence[int]) -> dict[tuple[str, int], list[Holding]]:
    """The posts at these units: (post, unit) -> who holds it, when."""
    found: dict[tuple[str, int], list[Holding]] = defaultdict(list)
    for person, name, unit, deputy, valid_from, valid_to in tx.all(_POSTS_AT, units=list(at_units)):
        one = Holding(
            person_id=person,
            post=name,
            unit_id=unit,
            deputy=bool(deputy),
            valid_from=valid_from,
            valid_to=valid_to,
        )
        found[name, unit].append(one)
    return found


def delegations(tx: Transaction, principals: Sequence[int]) -> dict[int, list[Delegated]]:
    """The delegations of these people, past and to come."""
    found: dict[int, list[Delegated]] = defaultdict(list)
    for principal, delegate, valid_from, valid_to in tx.all(_DELEGATIONS, persons=list(principals)):
        one = Delegated(
            principal_id=principal, delegate_id=delegate, valid_from=valid_from, valid_to=valid_to
        )
        found[principal].append(one)
    return found


# --- calendar, holds, small things -------------------------------------------------------------------


def calendar_years(tx: Transaction) -> dict[int, CalendarYear]:
    """The years that were imported; the newest import of a year is in force."""
    return {year: CalendarYear.from_json(body) for year, body, _ in tx.all(_YEARS)}


def calendar_years_by_epoch(tx: Transaction) -> dict[int, dict[int, CalendarYear]]:
    """What had been imported when each planning epoch began; epochs without a change share one dict."""
    imports = [(year, body, at) for year, body, at in tx.all(_YEARS)]
    found: dict[int, dict[int, CalendarYear]] = {}
    shared: dict[int, dict[int, CalendarYear]] = {}
    for epoch, begun_at in tx.all(_EPOCHS):
        known = [(year, body) for year, body, at in imports if at <= begun_at]
        if len(known) not in shared:
            shared[len(known)] = {year: CalendarYear.from_json(body) for year, body in known}
        found[epoch] = shared[len(known)]
    return found


def add_calendar_year(tx: Transaction, year: CalendarYear, now: int) -> None:
    """Bring a year into force; what was imported before stays on record."""
    tx.run(_ADD_YEAR, year=year.year, body=year.to_json(), now=now)


def standing_hold(tx: Transaction) -> tuple[Text, int] | None:
    """Why nothing fires, and since when; None while all is well."""
    row = tx.one(_HOLD)
    return (Text(row[1], row[2]), int(row[3])) if row else None


def add_hold(tx: Transaction, why: Text, now: int) -> None:
    """Let nothing fire until a person agrees. A hold that stands already is kept."""
    if tx.one(_HOLD) is None:
        tx.run(_ADD_HOLD, zh=why.zh, en=why.en, now=now)


def release_hold(tx: Transaction, by: str, now: int) -> bool:
    """A person has looked at the clock and agrees."""
    return tx.run(_RELEASE_HOLD, by=by, now=now) > 0


def remembered(tx: Transaction, key: str) -> str | None:
    """A small thing that was remembered."""
    row = tx.one(_META, name=key)
    return str(row[0]) if row else None


def remembered_like(tx: Transaction, prefix: str) -> dict[str, str]:
    """Everything remembered under keys `prefix:…`."""
    return {key: value for key, value in tx.all(_META_LIKE, pattern=f"{prefix}:%")}  # noqa: C416


def remember(tx: Transaction, key: str, value: str) -> None:
    """Remember a small thing."""
    if tx.run(_SET_META, name=key, text=value) == 0:
        tx.run(_ADD_META, key=key, value=value)


def request(tx: Transaction, ident: str) -> tuple[Any, ...] | None:
    """The first answer to a request: id, task, person, act, seq, revision, state, at."""
    return tx.one(_REQUEST, request=ident)


def stored_evidence(tx: Transaction, hashes: Sequence[str]) -> set[str]:
    """Those of these hashes whose file is stored."""
    if not hashes:
        return set()
    return {row[0] for row in tx.all(_STORED, hashes=list(hashes))}
