"""Units, people, their posts and delegations, as they stand at an instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from ..definition.yaml import nearest
from ..engine import Frame
from ..errors import Unknown
from ..store import organisation
from ..store import units as nodes
from ..store.organisation import PERSON, POST, UNIT
from ..store.ports import Transaction
from ..store.sql import OneOf, Statement
from ..text import Text

_POSTS = Statement(
    select(POST.c.person_id, POST.c.name, POST.c.deputy, POST.c.valid_from, POST.c.valid_to, UNIT.c.code)
    .add_columns(UNIT.c.zh, UNIT.c.en)
    .join(UNIT, UNIT.c.id == POST.c.unit_id)
    .order_by(POST.c.id)
)
_AWAY = Statement(select(*organisation.DELEGATION.columns).order_by(organisation.DELEGATION.c.id))
_HELD = Statement(
    select(POST.c.unit_id, func.count()).where(POST.c.valid_to.is_(None)).group_by(POST.c.unit_id)
)
_CODES = Statement(select(PERSON.c.id, PERSON.c.code).order_by(PERSON.c.id))
_CODES_OF = Statement(select(PERSON.c.id, PERSON.c.code).where(OneOf(PERSON.c.id, "ids")))
_SHOWN = 12  # words of a list in an error


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitView:
    """A unit of the organisation tree."""

    id: int
    code: str
    kind: str
    name: Text
    inside: str | None  # code of the unit above
    group_of: str | None  # for a group: code of the unit that it belongs to
    depth: int
    posts: int  # how many posts are held here
    merged_into: str | None  # for one that is closed: code of the unit that stands for it


@dataclass(frozen=True, kw_only=True, slots=True)
class PostView:
    """A post that somebody holds."""

    name: str
    unit: str  # code
    unit_name: Text
    deputy: bool
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AwayView:
    """A time in which somebody is away."""

    delegate: Text | None
    valid_from: int
    valid_to: int | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonView:
    """Somebody, with what they hold now and later, and when they are away."""

    id: int
    code: str
    name: Text
    posts: tuple[PostView, ...]
    away: tuple[AwayView, ...]


def units(frame: Frame, kind: str | None = None) -> tuple[UnitView, ...]:
    """The tree of units, each below the one it is in.

    Raises:
        Unknown: no unit is of that kind.
    """
    rows = {row[0]: row for row in organisation.units(frame.tx)}
    kinds = {row[2] for row in rows.values()}
    if kind is not None and kind not in kinds:
        raise known(Text("单位类别", "kind of unit"), kind, kinds)
    held: dict[int, int] = dict(frame.tx.all(_HELD))
    closed = {ident: rows[into][1] for ident, into in nodes.merged(frame.tx).items()}
    below: dict[int | None, list[int]] = defaultdict(list)
    for ident, row in rows.items():
        below[row[3] if row[3] is not None else row[4]].append(ident)
    found: list[UnitView] = []
    waiting = [(ident, 0) for ident in reversed(below[None])]
    while waiting:
        ident, depth = waiting.pop()
        found.append(_unit(rows, ident, depth, held.get(ident, 0), closed.get(ident)))
        waiting.extend((child, depth + 1) for child in reversed(below[ident]))
    return tuple(one for one in found if kind in (None, one.kind))


def _unit(
    rows: Mapping[int, tuple[Any, ...]], ident: int, depth: int, posts: int, merged_into: str | None
) -> UnitView:
    _, code, kind, parent, group_of, _, zh, en = rows[ident]
    return UnitView(
        id=ident,
        code=code,
        kind=kind,
        name=Text(zh, en),
        inside=rows[parent][1] if parent is not None else None,
        group_of=rows[group_of][1] if group_of is not None else None,
        depth=depth,
        posts=posts,
        merged_into=merged_into,
    )


def people(frame: Frame, unit: str | None = None) -> tuple[PersonView, ...]:
    """Everybody, or whoever holds a post at a unit, now or later.

    Raises:
        Unknown: there is no such unit.
    """
    if unit is not None:
        unit_id(frame.tx, unit)
    rows = organisation.persons(frame.tx)
    called = {row[0]: Text(row[2], row[3]) for row in rows}
    posts: dict[int, list[PostView]] = defaultdict(list)
    for person, name, deputy, begin, end, code, zh, en in frame.tx.all(_POSTS):
        if end is None or end > frame.now:
            post = PostView(
                name=name,
                unit=code,
                unit_name=Text(zh, en),
                deputy=bool(deputy),
                valid_from=begin,
                valid_to=end,
            )
            posts[person].append(post)
    away = _away(frame, called)
    found = (
        PersonView(
            id=row[0],
            code=row[1],
            name=called[row[0]],
            posts=tuple(posts[row[0]]),
            away=tuple(away[row[0]]),
        )
        for row in rows
    )
    return tuple(one for one in found if unit is None or any(post.unit == unit for post in one.posts))


def _away(frame: Frame, called: Mapping[int, Text]) -> dict[int, list[AwayView]]:
    away: dict[int, list[AwayView]] = defaultdict(list)
    for _, principal, delegate, begin, end, reason, _ in frame.tx.all(_AWAY):
        if end is None or end > max(begin, frame.now):  # one that ended before it began never holds
            one = AwayView(
                delegate=called.get(delegate) if delegate is not None else None,
                valid_from=begin,
                valid_to=end,
                reason=reason,
            )
            away[principal].append(one)
    return away


def person_codes(tx: Transaction, people: Collection[int]) -> dict[int, str]:
    """The codes of these people."""
    return dict(tx.all(_CODES_OF, ids=sorted(people))) if people else {}


def person_id(tx: Transaction, typed: str) -> int:
    """A person's id, from their code or their number.

    Raises:
        Unknown: there is no such person.
    """
    codes: dict[str, int] = {code: ident for ident, code in tx.all(_CODES)}
    if typed in codes:
        return codes[typed]
    if typed.isdecimal() and len(typed) < 18 and int(typed) in codes.values():
        return int(typed)
    raise known(Text("人员", "person"), typed, codes, see="duban people")


def unit_id(tx: Transaction, typed: str) -> int:
    """A unit's id, from its code or its number.

    Raises:
        Unknown: there is no such unit.
    """
    codes = {row[1]: int(row[0]) for row in organisation.units(tx)}
    if typed in codes:
        return codes[typed]
    if typed.isdecimal() and len(typed) < 18 and int(typed) in codes.values():
        return int(typed)
    raise known(Text("单位", "unit"), typed, codes, see="duban units")


def post_names(frame: Frame) -> frozenset[str]:
    """The posts that the definitions in force ask for."""
    return frozenset(
        role.post
        for campaign in frame.campaigns.values()
        for book in frame.version(campaign.version_id).books.values()
        for role in book.definition.roles.values()
        if role.team is None
    )


def known(what: Text, found: str, words: Collection[str], *, see: str = "") -> Unknown:
    """The refusal of a word that is not among those known, with the nearest of them."""
    near, listed = nearest(found, words), sorted(words)
    zh, en = f"没有{what.zh}“{found}”。", f"There is no {what.en} {found!r}."
    if near is not None:
        return Unknown(f"{zh}是否想写 {near}？", f"{en} Did you mean {near}?")
    if not listed:
        return Unknown(f"{zh}目前一个也没有。", f"{en} There are none yet.")
    if see and len(listed) > _SHOWN:
        return Unknown(f"{zh}请用 {see} 查看。", f"{en} See them with {see}.")
    return Unknown(f"{zh}现有：{'、'.join(listed)}。", f"{en} There are: {', '.join(listed)}.")
