"""Digests: their moments, their readers in pages, their numbers, and what they show, in sets.

What a digest shows is read for all scopes of a page at once: a scope is a unit with all below it. The
gravest few of each come back, with how many there are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, func, literal_column, or_, select, union, update

from notifier.models import DigestRow, DigestRunRow
from workflow.definition.model import LIGHTS, Readers
from workflow.store.applying import EVENT
from workflow.store.organisation import DELEGATION, PACK, PERSON, POST, UNIT
from workflow.store.ports import Transaction
from workflow.store.sql import Inside, OneOf, Statement
from workflow.store.tasks import EPISODE, TASK

RUN = DigestRunRow.__table__  # type: ignore[attr-defined]
DIGEST = DigestRow.__table__  # type: ignore[attr-defined]

_FIELDS: Final = (
    *("id", "campaign_id", "name", "nominal", "at", "since_event", "upto_event", "counts", "cursor"),
    "served",
)
_OPEN = Statement(
    select(*(RUN.c[name] for name in _FIELDS))
    .where(RUN.c.status == literal_column("'open'"))
    .order_by(RUN.c.at, RUN.c.id)
)
_LAST = Statement(
    select(RUN.c.name, func.max(RUN.c.nominal))
    .where(RUN.c.campaign_id == bindparam("campaign"))
    .group_by(RUN.c.name)
)
_BEFORE = Statement(
    select(RUN.c.at, RUN.c.upto_event, RUN.c.counts)
    .where(
        RUN.c.campaign_id == bindparam("campaign"),
        RUN.c.name == bindparam("digest"),
        RUN.c.nominal < bindparam("nominal"),
    )
    .order_by(RUN.c.nominal.desc())
    .limit(bindparam("most"))
)
_ADVANCE = Statement(
    update(RUN)
    .where(
        RUN.c.id == bindparam("run"),
        RUN.c.cursor == bindparam("expected"),
        RUN.c.status == literal_column("'open'"),
    )
    .values(cursor=bindparam("reached"), served=bindparam("so_far"), status=bindparam("state"))
)
_LOADED = Statement(select(PACK.c.loaded_at).where(PACK.c.id == bindparam("version")))
_NUMBERS = Statement(
    select(DIGEST.c.person_id, func.max(DIGEST.c.number), func.max(DIGEST.c.made_at))
    .where(
        OneOf(DIGEST.c.person_id, "people"),
        DIGEST.c.campaign_id == bindparam("campaign"),
        DIGEST.c.name == bindparam("digest"),
    )
    .group_by(DIGEST.c.person_id)
)
_NAMES = Statement(
    select(PERSON.c.id, PERSON.c.zh, PERSON.c.en, PERSON.c.language).where(OneOf(PERSON.c.id, "people"))
)
_COUNTS = Statement(
    select(TASK.c.unit_id, TASK.c.track, TASK.c.light, func.count())
    .where(TASK.c.campaign_id == bindparam("campaign"), TASK.c.ended_at.is_(None))
    .group_by(TASK.c.unit_id, TASK.c.track, TASK.c.light)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A moment of a digest that is being worked off."""

    id: int
    campaign_id: int
    name: str
    nominal: str  # local date and time
    at: int
    since_event: int  # events after this one …
    upto_event: int  # … up to this one
    counts: str  # JSON
    cursor: int  # the last person served
    served: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """A moment of the same digest before."""

    at: int
    upto_event: int
    counts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A reader as people call them."""

    zh: str
    en: str
    language: str


# --- moments ----------------------------------------------------------------------------------------


def open_runs(tx: Transaction) -> list[Run]:
    """The moments that are not worked off, the oldest first. Nothing is locked: `advance` is guarded."""
    return [Run(**dict(zip(_FIELDS, row, strict=True))) for row in tx.all(_OPEN)]


def last_moments(tx: Transaction, campaign: int) -> dict[str, str]:
    """digest -> nominal of its newest moment on record."""
    return dict(tx.all(_LAST, campaign=campaign))


def earlier(tx: Transaction, run: Run, most: int) -> list[Earlier]:
    """The moments before it, the newest first."""
    return earlier_than(tx, run.campaign_id, run.name, run.nominal, most)


def earlier_than(tx: Transaction, campaign: int, name: str, nominal: str, most: int) -> list[Earlier]:
    """The moments of a digest before a nominal one, the newest first."""
    rows = tx.all(_BEFORE, campaign=campaign, digest=name, nominal=nominal, most=most)
    return [Earlier(at=at, upto_event=upto, counts=counts) for at, upto, counts in rows]


def add_run(tx: Transaction, run: Run, now: int) -> None:
    """A moment has come. Raises Overtaken where another daemon was faster."""
    values = {name: getattr(run, name) for name in _FIELDS} | {"begun_at": now, "status": "open"}
    tx.insert(RUN, [tuple(values[column.name] for column in RUN.columns)])


def advance(tx: Transaction, run: Run, reached: int, served: int, *, done: bool) -> bool:
    """So far its readers are served; False if somebody else served them."""
    state = "done" if done else "open"
    so_far = run.served + served
    guard = {"run": run.id, "expected": run.cursor}
    return tx.run(_ADVANCE, **guard, reached=reached, so_far=so_far, state=state) == 1


def in_force_since(tx: Transaction, version: int) -> int:
    """When a version of a pack was loaded."""
    (found,) = tx.one(_LOADED, version=version) or (0,)
    return int(found)


def light_counts(tx: Transaction, campaign: int) -> list[tuple[int, str, str, int]]:
    """(unit, track, light, open tasks) of a campaign."""
    return [
        (unit, track, light, int(many)) for unit, track, light, many in tx.all(_COUNTS, campaign=campaign)
    ]


# --- readers ----------------------------------------------------------------------------------------


@cache
def _page(readers: tuple[Readers, ...]) -> Statement:
    now: Any = bindparam("now")
    held = (
        select(POST.c.person_id)
        .join(UNIT, UNIT.c.id == POST.c.unit_id)
        .where(*_held_at(now), or_(*(_is(one) for one in readers)), POST.c.person_id > bindparam("after"))
    )
    return Statement(held.distinct().order_by(POST.c.person_id).limit(bindparam("most")))


@cache
def _places(readers: tuple[Readers, ...]) -> Statement:
    return Statement(
        select(POST.c.person_id, POST.c.unit_id)
        .join(UNIT, UNIT.c.id == POST.c.unit_id)
        .where(
            *_held_at(bindparam("now")),
            or_(*(_is(one) for one in readers)),
            OneOf(POST.c.person_id, "people"),
        )
    )


def _held_at(now: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        POST.c.deputy == literal_column("0"),
        POST.c.valid_from <= now,
        POST.c.valid_to.is_(None) | (POST.c.valid_to > now),
    )


def _is(one: Readers) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [POST.c.name == _literal(one.post)]
    if one.unit is not None:
        parts.append(UNIT.c.code == _literal(one.unit))
    if one.unit_kind is not None:
        parts.append(UNIT.c.kind == _literal(one.unit_kind))
    return and_(*parts)


def _literal(word: str) -> ColumnElement[str]:
    """A word of the language: small letters, digits, underscores and full stops only."""
    return literal_column(f"'{word}'")


def page_of_readers(
    tx: Transaction, readers: tuple[Readers, ...], after: int, most: int, now: int
) -> list[int]:
    """The next people who hold one of these posts, by their ids."""
    return [person for (person,) in tx.all(_page(readers), after=after, most=most, now=now)]


def places_of(
    tx: Transaction, readers: tuple[Readers, ...], people: Sequence[int], now: int
) -> dict[int, list[int]]:
    """person -> the units at which they hold one of these posts."""
    found: dict[int, list[int]] = {}
    for person, unit in tx.all(_places(readers), people=list(people), now=now):
        found.setdefault(person, []).append(unit)
    return found


def numbers_of(
    tx: Transaction, campaign: int, name: str, people: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """person -> (the number of their last digest, when it was made)."""
    rows = tx.all(_NUMBERS, campaign=campaign, digest=name, people=list(people))
    return {person: (number, at) for person, number, at in rows}


def names_of(tx: Transaction, people: Sequence[int]) -> dict[int, Named]:
    """What people are called, and which language they read."""
    return {
        ident: Named(zh=zh, en=en, language=language)
        for ident, zh, en, language in tx.all(_NAMES, people=list(people))
    }


# --- what is shown ----------------------------------------------------------------------------------

COLUMNS: Final = (
    *("id", "campaign_id", "version_id", "kind", "unit_id", "state", "light", "due_at", "provisional"),
    *("waits_unit", "waits_post"),
)
LIGHTS_FROM_GRAVE: Final = {str(light): -n for n, light in enumerate(LIGHTS)}
_GRAVITY: ColumnElement[int] = literal_column(
    "CASE task.light " + " ".join(f"WHEN '{light}' THEN {-n}" for n, light in enumerate(LIGHTS)) + " END"
)
_FAR: Final[ColumnElement[int]] = literal_column(str(2**62))
_ORDER: Final = (_GRAVITY, func.coalesce(TASK.c.due_at, _FAR), TASK.c.id)
_LIVES: Final = (TASK.c.campaign_id == bindparam("campaign"), TASK.c.ended_at.is_(None))


# Not looked up but looked at: what is inside the scopes is far less than what is open in the campaign.
_CAMPAIGN: Final[ColumnElement[int]] = TASK.c.campaign_id + literal_column("0")


def _inside() -> Any:
    """(scope, unit): each scope with every unit in it; a group is in the unit that it belongs to.

    Said of the two columns apart, so that each is looked up: over an expression of both, a database reads
    every unit again for each unit that it has reached.
    """
    own = select(UNIT.c.id.label("scope"), UNIT.c.id.label("unit")).where(OneOf(UNIT.c.id, "scopes"))
    found = own.cte("inside", recursive=True)
    below = UNIT.alias("below")
    group = and_(below.c.parent_id.is_(None), below.c.group_of == found.c.unit)
    return found.union_all(
        select(found.c.scope, below.c.id).where(or_(below.c.parent_id == found.c.unit, group))
    )


def _by_scope(*conditions: ColumnElement[bool], order: Sequence[Any] = _ORDER) -> Statement:
    inside = _inside()
    ranked = (
        select(
            inside.c.scope,
            *(TASK.c[name] for name in COLUMNS),
            func.count().over(partition_by=inside.c.scope).label("many"),
            func.row_number().over(partition_by=inside.c.scope, order_by=list(order)).label("place"),
        )
        .select_from(inside.join(TASK, TASK.c.unit_id == inside.c.unit))
        .where(TASK.c.unit_id.in_(select(inside.c.unit)), bindparam("campaign") == _CAMPAIGN, *conditions)
        .subquery()
    )
    return Statement(
        select(ranked).where(ranked.c.place <= bindparam("most")).order_by(ranked.c.scope, ranked.c.place)
    )


def _since(*kinds: str) -> ColumnElement[bool]:
    """Something of these kinds happened in the stretch of history that a digest is about."""
    listed: ColumnElement[bool] = literal_column(f"event.kind IN ({', '.join(map(repr, kinds))})")
    stretch = select(EVENT.c.task_id).where(
        EVENT.c.id > bindparam("since"), EVENT.c.id <= bindparam("upto"), listed
    )
    found: ColumnElement[bool] = TASK.c.id.in_(stretch)
    return found


_OPEN_NOW: Final = TASK.c.ended_at.is_(None)
_MOVES: Final = ("act", "confirmed", "machine", "opened", "abandoned")
SECTIONS: Final = {
    "late": _by_scope(_OPEN_NOW, TASK.c.due_at < bindparam("now")),
    "due": _by_scope(
        _OPEN_NOW,
        TASK.c.due_at >= bindparam("now"),
        TASK.c.due_at <= bindparam("soon"),
        order=(TASK.c.due_at, TASK.c.id),
    ),
    "worst": _by_scope(_OPEN_NOW, literal_column("task.light IN ('yellow', 'red')")),
    "lights": _by_scope(
        _OPEN_NOW, TASK.c.light != literal_column("'green'"), _since("episode_opened", "episode_repeated")
    ),
    "moved": _by_scope(_since(*_MOVES)),
    "kind": _by_scope(_OPEN_NOW, TASK.c.kind == bindparam("of_kind")),
}


def by_scope(
    tx: Transaction, section: str, scopes: Sequence[int], **params: Any
) -> dict[int, tuple[int, list[tuple[Any, ...]]]]:
    """scope -> (how many tasks, the first few of them as COLUMNS)."""
    found: dict[int, tuple[int, list[tuple[Any, ...]]]] = {}
    for scope, *row, many, _place in tx.all(SECTIONS[section], scopes=list(scopes), **params):
        found.setdefault(scope, (many, []))[1].append(tuple(row))
    return found


_ranked_seats = (
    select(
        *(TASK.c[name] for name in COLUMNS),
        func.count().over(partition_by=(TASK.c.waits_unit, TASK.c.waits_post)).label("many"),
        func.row_number()
        .over(partition_by=(TASK.c.waits_unit, TASK.c.waits_post), order_by=list(_ORDER))
        .label("place"),
    )
    .where(*_LIVES, OneOf(TASK.c.waits_unit, "units"), OneOf(TASK.c.waits_post, "posts", words=True))
    .subquery()
)
_WAITING = Statement(
    select(_ranked_seats)
    .where(_ranked_seats.c.place <= bindparam("most"))
    .order_by(_ranked_seats.c.waits_unit, _ranked_seats.c.waits_post, _ranked_seats.c.place)
)
_stands_in = and_(
    OneOf(DELEGATION.c.delegate_id, "people"),
    DELEGATION.c.valid_from <= bindparam("now"),
    DELEGATION.c.valid_to.is_(None) | (DELEGATION.c.valid_to > bindparam("now")),
)
_SEATS = Statement(
    union(
        select(POST.c.person_id, POST.c.unit_id, POST.c.name).where(
            *_held_at(bindparam("now")), OneOf(POST.c.person_id, "people")
        ),
        select(DELEGATION.c.delegate_id, POST.c.unit_id, POST.c.name)
        .join(POST, POST.c.person_id == DELEGATION.c.principal_id)
        .where(_stands_in, *_held_at(bindparam("now"))),
    )
)
# Where the post says nothing of who acts: chosen people, whoever must be free of interests, a vacant post
# whose `else` steps in, and acts that wait for a confirmation.
_holder = POST.alias("holder")
_vacant = (
    ~select(literal_column("1"))
    .where(
        _holder.c.unit_id == TASK.c.waits_unit,
        _holder.c.name == TASK.c.waits_post,
        _holder.c.deputy == literal_column("0"),
        _holder.c.valid_from <= bindparam("now"),
        _holder.c.valid_to.is_(None) | (_holder.c.valid_to > bindparam("now")),
    )
    .exists()
)
_ODD = Statement(
    select(*TASK.columns)
    .where(
        *_LIVES,
        TASK.c.id > bindparam("after"),
        or_(
            and_(TASK.c.waits_for.is_not(None), or_(TASK.c.waits_post.is_(None), _vacant)),
            Inside(TASK.c.body, "pending") != literal_column("'[]'"),
        ),
    )
    .order_by(TASK.c.id)
    .limit(bindparam("most"))
)
_EPISODES = Statement(
    select(EPISODE.c.task_id, EPISODE.c.rule, EPISODE.c.light, EPISODE.c.opened_at)
    .where(
        OneOf(EPISODE.c.task_id, "tasks"),
        EPISODE.c.ended_at.is_(None),
        EPISODE.c.inert_at.is_(None),
    )
    .order_by(EPISODE.c.task_id, EPISODE.c.opened_at.desc(), EPISODE.c.id)
)


def seats_of(tx: Transaction, people: Sequence[int], now: int) -> list[tuple[int, int, str]]:
    """(person, unit, post): what they hold, and what those hold who have delegated to them."""
    return [(person, unit, post) for person, unit, post in tx.all(_SEATS, people=list(people), now=now)]


def waiting_at(
    tx: Transaction, campaign: int, seats: Collection[tuple[int, str]], most: int
) -> dict[tuple[int, str], tuple[int, list[tuple[Any, ...]]]]:
    """(unit, post) -> (how many tasks wait there, the first few of them as COLUMNS)."""
    units, posts = sorted({unit for unit, _ in seats}), sorted({post for _, post in seats})
    found: dict[tuple[int, str], tuple[int, list[tuple[Any, ...]]]] = {}
    for *row, many, _place in tx.all(_WAITING, campaign=campaign, units=units, posts=posts, most=most):
        found.setdefault((row[-2], row[-1]), (many, []))[1].append(tuple(row))
    return found


def odd_ones(tx: Transaction, campaign: int, after: int, most: int, now: int) -> list[tuple[Any, ...]]:
    """Open tasks of which the post alone doesn't say for whom they wait, with every column, by their ids."""
    return tx.all(_ODD, campaign=campaign, after=after, most=most, now=now)


def standing_episodes(tx: Transaction, tasks: Sequence[int]) -> list[tuple[int, str, str, int]]:
    """(task, rule, light, since) of the warnings that stand, the newest first."""
    return [(task, rule, light, at) for task, rule, light, at in tx.all(_EPISODES, tasks=list(tasks))]
