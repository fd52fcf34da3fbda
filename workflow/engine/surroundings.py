"""What decisions look at beside the task: packs, calendars, people, cached until they change.

Every transaction first reads the stamp: which organisation, which planning epoch, whether a hold
stands. The caches are good as long as the stamp is the same.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..calendar import Calendar, CalendarYear, default_calendar
from ..decision import Book, Loaded, NewTask, Surroundings
from ..decision.tree import Tree
from ..definition import Pack, pack_from_source
from ..definition.model import Burden, Campaign, Source
from ..errors import DubanError, Unknown
from ..people import Directory
from ..store import organisation, units
from ..store.milestones import MovedMilestone, moved_milestones
from ..store.organisation import CampaignInForce, Stamp
from ..store.ports import Transaction
from ..task import Task
from ..text import Text
from .milestones import in_force, newest


@dataclass(kw_only=True)
class Version:
    """A pack version made ready."""

    id: int
    pack: Pack
    books: Mapping[str, Book]

    @cached_property
    def sources(self) -> Mapping[str, tuple[Source, ...]]:
        """The campaign's sources by the kind of task that reports them."""
        every = self.pack.campaign.sources.values()
        return {kind: tuple(one for one in every if one.kind == kind) for kind in {one.kind for one in every}}

    @cached_property
    def consequences(self) -> Mapping[str, frozenset[str]]:
        """By kind: all that may come of it, itself among them."""
        return {kind: frozenset(self._that_come_of(kind)) for kind in self.books}

    def _that_come_of(self, kind: str) -> set[str]:
        found, waiting = set(), {kind}
        while waiting:
            found |= waiting
            waiting = {one for known in waiting for one in self.books[known].begun} - found
        return found

    @cached_property
    def drafts(self) -> Mapping[str, frozenset[str]]:
        """By kind: the shared drafts on which it may be put, or what comes of it."""
        return {
            kind: frozenset(draft for one in comes for draft in self.books[one].proposed)
            for kind, comes in self.consequences.items()
        }


NextMoment = tuple[int, str, str | None]  # campaign, round, nominal of its newest moment on record


@dataclass(kw_only=True)
class _Caches:
    """What was read under one stamp."""

    stamp: Stamp
    campaigns: dict[int, CampaignInForce] = field(default_factory=dict)
    years: dict[int, dict[int, CalendarYear]] = field(default_factory=dict)  # by epoch
    calendars: dict[tuple[str, int], Calendar] = field(default_factory=dict)  # by zone and epoch
    directories: dict[int, Directory] = field(default_factory=dict)  # by version
    moves: dict[int, list[MovedMilestone]] = field(default_factory=dict)  # by campaign
    planned: dict[int, Campaign] = field(default_factory=dict)  # by version
    units_loaded: set[int] = field(default_factory=set)
    holdings: dict[tuple[str, int], Any] = field(default_factory=dict)
    groups: dict[tuple[str, int], int] = field(default_factory=dict)
    delegations: dict[int, Any] = field(default_factory=dict)
    interests: dict[int, Any] = field(default_factory=dict)
    names: dict[int, Text] = field(default_factory=dict)  # of people whom acts named
    merged: Mapping[int, int] = field(default_factory=dict)  # closed unit -> the one that stands for it
    moments: dict[NextMoment, int | None] = field(default_factory=dict)  # when a round is due next


class Library:
    """The caches of an engine, shared by its threads."""

    def __init__(self) -> None:
        self._versions: dict[int, Version] = {}
        self._caches: _Caches | None = None
        self._lock = threading.RLock()

    def frame(self, tx: Transaction, now: int) -> Frame:
        """What is in force in this transaction."""
        stamp = organisation.stamp(tx)
        with self._lock:
            if self._caches is None or self._caches.stamp != stamp:
                self._caches = self._read(tx, stamp)
            return Frame(self, tx, now, self._caches)

    def _read(self, tx: Transaction, stamp: Stamp) -> _Caches:
        campaigns = {one.id: one for one in organisation.campaigns(tx)}
        years = organisation.calendar_years_by_epoch(tx)
        moves: dict[int, list[MovedMilestone]] = defaultdict(list)
        for one in moved_milestones(tx):
            moves[one.campaign_id].append(one)
        return _Caches(stamp=stamp, campaigns=campaigns, years=years, moves=moves, merged=units.merged(tx))

    def version(self, tx: Transaction, version_id: int) -> Version:
        """A pack version, read and compiled once."""
        with self._lock:
            found = self._versions.get(version_id)
            if found is None:
                found = self._versions[version_id] = _compile(tx, version_id)
            return found


def _compile(tx: Transaction, version_id: int) -> Version:
    source = organisation.pack_source(tx, version_id)
    if source is None:
        raise Unknown(
            f"没有编号为 {version_id} 的方案包版本，数据库不完整。请运行 duban doctor。",
            f"There is no pack version {version_id}: the database is incomplete. Run duban doctor.",
        )
    pack = pack_from_source(source)
    books = {kind: Book(definition=definition) for kind, definition in pack.definitions.items()}
    return Version(id=version_id, pack=pack, books=books)


class Frame:
    """One transaction's view of what is in force."""

    def __init__(self, library: Library, tx: Transaction, now: int, caches: _Caches) -> None:
        self._library, self._caches = library, caches
        self.tx, self.now = tx, now
        self._arounds: dict[int, Surroundings] = {}

    @property
    def stamp(self) -> Stamp:
        """What is in force."""
        return self._caches.stamp

    @property
    def campaigns(self) -> Mapping[int, CampaignInForce]:
        """Every campaign, by id."""
        return self._caches.campaigns

    @property
    def merged(self) -> Mapping[int, int]:
        """The units that are closed, each with the one into which it merged."""
        return self._caches.merged

    @property
    def moments(self) -> dict[NextMoment, int | None]:
        """When rounds are due next, as far as it was reckoned: every ring asks, it changes with a moment."""
        return self._caches.moments

    def version(self, version_id: int) -> Version:
        """A pack version."""
        return self._library.version(self.tx, version_id)

    def campaign(self, version_id: int) -> Campaign:
        """The campaign as a version says it, its milestones where people have moved them."""
        found = self._caches.planned.get(version_id)
        if found is None:
            own = self.version(version_id).pack.campaign
            found = self._caches.planned[version_id] = in_force(own, self.moves(version_id))
        return found

    def moves(self, version_id: int) -> Sequence[MovedMilestone]:
        """Every move of a milestone of the campaign that a version belongs to, the oldest first."""
        name = self.version(version_id).pack.campaign.name
        own = next((one.id for one in self.campaigns.values() if one.name == name), 0)
        return self._caches.moves.get(own, ())

    def calendar(self, zone: str) -> Calendar:
        """The calendar in force in a zone."""
        return self._calendar_at(zone, self._caches.stamp.epoch)

    def _calendar_at(self, zone: str, epoch: int) -> Calendar:
        """The calendar of a planning epoch; epochs with the same years share one."""
        calendars, years = self._caches.calendars, self._caches.years
        if (zone, epoch) not in calendars:
            alike = (other for other, known in years.items() if known is years[epoch])
            known = next((calendars[zone, one] for one in alike if (zone, one) in calendars), None)
            made = known or default_calendar(zone, imported=years[epoch], version=epoch)
            calendars[zone, epoch] = made
        return calendars[zone, epoch]

    def _calendars(self, zone: str) -> dict[int, Calendar]:
        return {epoch: self._calendar_at(zone, epoch) for epoch in reversed(self._caches.years)}

    def is_draft(self, version_id: int, kind: str, state: str) -> bool:
        """Whether that state of that kind is a draft's."""
        return self.version(version_id).books[kind].definition.states[state].draft

    def parent_actors(self, version_id: int, kind: str) -> bool:
        """Whether who acted on the parent keeps somebody from acting on a task of that kind."""
        book = self._book(version_id, kind)
        return book is not None and book.asks_parent

    def read_of_children(self, version_id: int, kind: str) -> frozenset[str]:
        """The kinds of its children whose facts that kind copies."""
        book = self._book(version_id, kind)
        return book.read_of_children if book is not None else frozenset()

    def counting(self, version_id: int, kind: str, state: str) -> Burden | None:
        """The budget that a task of that kind is about to use up: in its draft only."""
        book = self._book(version_id, kind)
        burden = self.version(version_id).pack.campaign.burden if book is not None else None
        if book is None or burden is None or kind not in burden.counts:
            return None
        return burden if state == book.definition.draft_state else None

    def compared(self, version_id: int, kind: str) -> Collection[Source]:
        """The sources that conditions of that kind compare."""
        book = self._book(version_id, kind)
        if book is None or not book.watches_sources:
            return ()
        return self.version(version_id).pack.campaign.sources.values()

    def _book(self, version_id: int, kind: str) -> Book | None:
        """None where it cannot be read: deciding on such a task fails by itself, not the others with it."""
        try:
            return self.version(version_id).books.get(kind)
        except DubanError:
            return None

    def around(self, version_id: int) -> Surroundings:
        """What a decision on a task of this version looks at."""
        found = self._arounds.get(version_id)
        if found is None:
            found = self._arounds[version_id] = self._around(version_id)
        return found

    def _around(self, version_id: int) -> Surroundings:
        version, campaign = self.version(version_id), self.campaign(version_id)
        directory = self._directory(version)
        return Surroundings(
            now=self.now,
            calendar=self.calendar(campaign.zone),
            directory=directory,
            milestones=campaign.milestones,
            moves={one.name: one.id for one in newest(version.pack.campaign, self.moves(version_id))},
            epoch=self._caches.stamp.epoch,
            calendars=self._calendars(campaign.zone),
            books=version.books,
            burden=campaign.burden,
            tree=Tree(units=campaign.units, ids=directory.units),
        )

    def _directory(self, version: Version) -> Directory:
        caches = self._caches
        found = caches.directories.get(version.id)
        if found is None:
            codes = organisation.unit_ids(self.tx, version.pack.campaign.units)
            found = Directory(
                units=codes,
                groups=caches.groups,
                holdings=caches.holdings,
                delegations=caches.delegations,
                interests=caches.interests,
                names=caches.names,
            )
            # Known to others only once it is whole: a thread in between would find the posts vacant.
            self._load_units([codes[code] for code in _named(version.pack) if code in codes])
            caches.directories[version.id] = found
        return found

    def know(self, tasks: Iterable[Loaded | NewTask]) -> None:
        """Load the posts of every unit that these tasks touch, in a fixed number of statements.

        And who has an interest in those from which a role must be free.
        """
        wanted: set[int] = set()
        judged: set[int] = set()
        for one in tasks:
            task = one.task if isinstance(one, Loaded) else one
            wanted.update(task.parties.values())
            judged.update(self._judged(task))
        self._load_units(sorted(wanted - self._caches.units_loaded))
        self._load_interests(sorted(judged - self._caches.interests.keys()))

    def know_units(self, ids: Iterable[int]) -> None:
        """Load the posts of these units, to which tasks may come, and who has an interest in them."""
        wanted = set(ids)
        self._load_units(sorted(wanted - self._caches.units_loaded))
        self._load_interests(sorted(wanted - self._caches.interests.keys()))

    def _judged(self, task: Task | NewTask) -> Iterator[int]:
        """The units of the parties from which roles of this task must be free."""
        book = self._book(task.version_id, task.kind)
        for party in book.judged_parties if book is not None else ():
            if party in task.parties:
                yield task.parties[party]

    def _load_interests(self, units: Sequence[int]) -> None:
        if units:
            self._caches.interests.update(dict.fromkeys(units, ()))
            self._caches.interests.update(organisation.interests(self.tx, units))

    def introduce(self, persons: Collection[int]) -> None:
        """Learn the names of people whom an act names, so that a refusal can say them."""
        missing = sorted(set(persons) - self._caches.names.keys())
        if missing:
            self._caches.names.update(organisation.person_names(self.tx, missing))

    def _load_units(self, ids: Sequence[int]) -> None:
        caches = self._caches
        missing = [ident for ident in ids if ident not in caches.units_loaded]
        if not missing:
            return
        groups = organisation.groups(self.tx, missing)
        everywhere = [*missing, *(unit for unit in groups.values() if unit not in caches.units_loaded)]
        found = organisation.holdings(self.tx, everywhere)
        persons = sorted({one.person_id for held in found.values() for one in held})
        caches.delegations.update(organisation.delegations(self.tx, persons))
        caches.groups.update(groups)
        caches.holdings.update(found)
        caches.units_loaded.update(everywhere)
        for directory in list(caches.directories.values()):
            directory.forget()


def _named(pack: Pack) -> set[str]:
    """The units that roles name themselves, beside parties."""
    roles = [role for definition in pack.definitions.values() for role in definition.roles.values()]
    return {role.seat.unit for role in roles if role.seat.unit is not None}
