"""Digests: their moments are found and worked off in pages of readers.

A page is prepared without a lock: read, write, compose. Then one short transaction keeps its deliveries,
its numbers and how far the run has come: all of it or nothing. Whoever finds the cursor moved was
overtaken, and what it prepared is thrown away: nobody is served twice, nobody skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from workflow.engine import Frame, Library
from workflow.errors import Overtaken
from workflow.store import Port
from workflow.store.settling import Settling
from workflow.text import LANGUAGES, Language, Text

from ..channel import Channel, Unwritten
from ..content import Content, Envelope, Site
from ..office_settings import OfficeSettings
from ..store import addresses, deliveries, digests
from ..store.addresses import NO_MANNER, Address, Manner
from ..store.deliveries import NewDelivery, Salts
from ..store.digests import DIGEST, Named, Run
from .gathering import Page, Scene, read_scene
from .hours import leaves_at
from .moments import begin, find_due
from .view import Reader
from .writing import Writer

READERS: Final = 500  # of a page
log = structlog.get_logger("duban.digests")


@dataclass(kw_only=True, slots=True)
class DigestsRan:
    """What a round did."""

    begun: int = 0  # moments
    done: int = 0  # moments of which every reader was served
    made: int = 0  # digests that wait to be sent
    empty: int = 0  # readers for whom there was nothing
    off: int = 0  # readers who have switched it off
    nowhere: int = 0  # readers who can't be reached by any channel
    unwritable: int = 0  # digests that no channel could give a form


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A digest as somebody would read it, for a preview."""

    name: str
    label: Text
    number: int
    content: Content
    unsubscribe: str | None


@dataclass(kw_only=True, slots=True)
class _Prepared:
    """A page that is ready to be kept."""

    reached: int  # the last of its people
    last: bool  # there is no further page
    deliveries: list[NewDelivery] = field(default_factory=list)
    digests: list[tuple[int, int]] = field(default_factory=list)  # person, number
    ran: DigestsRan = field(default_factory=DigestsRan)


@dataclass(frozen=True, kw_only=True, slots=True)
class _People:
    """What is known of the people of a page."""

    ids: Sequence[int]
    names: Mapping[int, Named]
    places: Mapping[int, list[int]]
    manners: Mapping[int, Manner]
    addresses: Mapping[int, list[Address]]
    off: Mapping[int, tuple[str, ...]]
    numbers: Mapping[int, tuple[int, int]]


class Digests:
    """The digests of every campaign in a database. `run_once` is all it does."""

    def __init__(
        self,
        port: Port,
        library: Library,
        channels: Mapping[str, Channel],
        settings: OfficeSettings,
        site: Site,
        salts: Salts,
        *,
        page: int = READERS,
    ) -> None:
        self._port, self._library, self._channels = port, library, channels
        self._settings, self._site, self._salts, self._size = settings, site, salts, page
        self._settling = Settling(port)
        self._by_kind: Mapping[str, Channel] = {one.kind: one for one in reversed(tuple(channels.values()))}

    def run_once(self, now: int) -> DigestsRan:
        """Begin every moment that has come, and serve the readers of all that are open."""
        ran = DigestsRan()
        self._begin(now, ran)
        with self._port.read() as tx:
            runs = digests.open_runs(tx)
        for run in runs:
            ran.done += self._work_off(run, now, ran)
        return ran

    def samples(self, now: int) -> Iterator[Sample]:
        """Of each digest that is due the one that tells most, in every language; none is sent or numbered."""
        self._begin(now, DigestsRan())
        with self._port.read() as tx:
            frame = self._library.frame(tx, now)
            for run in digests.open_runs(tx):
                scene = read_scene(frame, run)
                if scene is not None:
                    yield from self._sampled(frame, scene, run)

    def _sampled(self, frame: Frame, scene: Scene, run: Run) -> Iterator[Sample]:
        readers = list(self._readers(frame, scene, self._people(frame, scene, run), DigestsRan()))
        if not readers:
            return
        chosen = max(readers, key=lambda one: sum(section.total for section in one.sections))
        unsubscribe = self._site.unsubscribe(chosen.person_id, f"digest:{run.name}")
        writer = Writer(scene, self._site, frame.now)
        for language in LANGUAGES:
            yield Sample(
                name=run.name,
                label=scene.digest.label,
                number=chosen.number,
                content=writer.content(replace(chosen, language=language), unsubscribe),
                unsubscribe=unsubscribe,
            )

    # --- moments --------------------------------------------------------------------------------------

    def _begin(self, now: int, ran: DigestsRan) -> None:
        with self._port.read() as tx:
            frame = self._library.frame(tx, now)
            due = [(one, moment) for one in frame.campaigns.values() for moment in find_due(frame, one)]
        if not due:
            return
        settled = self._settling.settled()
        for in_force, moment in due:
            try:
                with self._port.write("clock") as tx:
                    begin(self._library.frame(tx, now), in_force, moment, settled)
                ran.begun += 1
            except Overtaken:
                log.info("digest begun elsewhere", digest=moment.round.name, nominal=moment.nominal)

    def _work_off(self, run: Run, now: int, ran: DigestsRan) -> bool:
        with self._port.read() as tx:
            scene = read_scene(self._library.frame(tx, now), run)
        if scene is None:  # the campaign says nothing of it any more: there is nobody to serve
            return self._keep(run, _Prepared(reached=run.cursor, last=True), now) is not None
        writer = Writer(scene, self._site, now)
        left: Run | None = run
        while left is not None:
            prepared = self._prepare(scene, writer, left, now)
            _add(ran, prepared.ran)
            kept = self._keep(left, prepared, now)
            if kept is None:
                return False  # another daemon serves them
            left = None if prepared.last else kept
        return True

    # --- a page ---------------------------------------------------------------------------------------

    def _prepare(self, scene: Scene, writer: Writer, run: Run, now: int) -> _Prepared:
        with self._port.read() as tx:
            frame = self._library.frame(tx, now)
            people = self._people(frame, scene, run)
            prepared = _Prepared(
                reached=people.ids[-1] if people.ids else run.cursor, last=len(people.ids) < self._size
            )
            readers = list(self._readers(frame, scene, people, prepared.ran))
        with self._port.write("clock") as tx:
            idents = deliveries.draw_deliveries(tx, len(readers))
        for ident, reader in zip(idents, readers, strict=True):
            delivery = self._delivery(scene, writer, reader, people, ident, now)
            if delivery is None:
                prepared.ran.unwritable += 1
            else:
                prepared.deliveries.append(delivery)
                prepared.digests.append((reader.person_id, reader.number))
        prepared.ran.made = len(prepared.deliveries)
        return prepared

    def _people(self, frame: Frame, scene: Scene, run: Run) -> _People:
        tx, readers = frame.tx, scene.digest.readers
        ids = digests.page_of_readers(tx, readers, run.cursor, self._size, frame.now)
        return _People(
            ids=ids,
            names=digests.names_of(tx, ids),
            places=digests.places_of(tx, readers, ids, frame.now),
            manners=addresses.manners_of(tx, ids),
            addresses=addresses.addresses_of(tx, ids),
            off=addresses.switched_off(tx, ids),
            numbers=digests.numbers_of(tx, run.campaign_id, run.name, ids),
        )

    def _readers(self, frame: Frame, scene: Scene, people: _People, ran: DigestsRan) -> Iterator[Reader]:
        topic = f"digest:{scene.digest.name}"
        off = {one for one in people.ids if topic in people.off.get(one, ())}
        nowhere = {one for one in people.ids if one not in off and self._where(people, one) is None}
        wanted = [one for one in people.ids if one not in off and one not in nowhere]
        ran.off, ran.nowhere = len(off), len(nowhere)
        scopes = {one: scene.tree.scope_of(people.places[one]) for one in wanted}
        page = Page(frame, scene)
        page.read(scopes)
        for person in wanted:
            sections = page.sections(person, scopes[person])
            wants_empty = people.manners.get(person, NO_MANNER).empty_digests
            if not wants_empty and all(one.says_nothing for one in sections):
                ran.empty += 1
                continue
            previous, named = people.numbers.get(person), people.names[person]
            yield Reader(
                person_id=person,
                name=Text(named.zh, named.en),
                language=named.language,
                units=people.places[person],
                scope=scopes[person],
                number=previous[0] + 1 if previous is not None else 1,
                previous=previous,
                sections=sections,
            )

    def _where(self, people: _People, person: int) -> Address | None:
        """The first address that a channel serves and nothing has come back from."""
        known = people.addresses.get(person, ())
        return next((one for one in known if one.broken_at is None and one.kind in self._by_kind), None)

    def _delivery(
        self, scene: Scene, writer: Writer, reader: Reader, people: _People, ident: int, now: int
    ) -> NewDelivery | None:
        address = self._where(people, reader.person_id)
        if address is None:
            return None
        channel = self._by_kind[address.kind]
        envelope = self._envelope(scene, reader, address, ident, now)
        content = writer.content(reader, envelope.unsubscribe)
        try:
            body = channel.write(content, envelope)
        except Unwritten as error:
            log.warning(
                "digest not written", digest=scene.digest.name, person=reader.person_id, why=error.why.en
            )
            return None
        manner = people.manners.get(reader.person_id, NO_MANNER)
        return NewDelivery(
            id=ident,
            person_id=reader.person_id,
            channel=channel.name,
            kind=address.kind,
            address=address.value,
            language=content.language,
            class_="information",
            about="digest",
            due_at=leaves_at(scene.run.at, now, manner, self._settings, scene.calendar),
            created_at=now,
            message_id=envelope.message_id,
            unit_id=reader.units[0],
            body=body,
        )

    def _envelope(self, scene: Scene, reader: Reader, address: Address, ident: int, now: int) -> Envelope:
        language: Language = "en" if reader.language == LANGUAGES[1] else "zh"
        return Envelope(
            delivery_id=ident,
            address=address.value,
            name=reader.name.to(language),
            message_id=deliveries.message_id(ident, self._salts(), self._site.domain),
            class_="information",
            about="digest",
            date=now,
            zone=scene.campaign.zone,
            digest_number=reader.number,
            unsubscribe=self._site.unsubscribe(reader.person_id, f"digest:{scene.digest.name}"),
        )

    # --- keeping it -----------------------------------------------------------------------------------

    def _keep(self, run: Run, prepared: _Prepared, now: int) -> Run | None:
        """Deliveries, numbers and cursor together; None if the page was served by somebody else."""
        many = len(prepared.digests)
        try:
            with self._port.write("clock") as tx:
                if not digests.advance(tx, run, prepared.reached, many, done=prepared.last):
                    return None
                deliveries.new_deliveries(tx, prepared.deliveries)
                rows = zip(tx.draw("row_id", many), prepared.digests, prepared.deliveries, strict=True)
                tx.insert(
                    DIGEST,
                    [
                        (ident, run.id, run.campaign_id, run.name, person, number, delivery.id, now)
                        for ident, (person, number), delivery in rows
                    ],
                )
                self._site.keep(tx, now)
        except Overtaken:
            return None
        return replace(run, cursor=prepared.reached, served=run.served + many)


def _add(ran: DigestsRan, page: DigestsRan) -> None:
    for name in ("made", "empty", "off", "nowhere", "unwritable"):
        setattr(ran, name, getattr(ran, name) + getattr(page, name))
