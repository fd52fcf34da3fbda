"""Open deliveries whose time has come: rendered together, their bytes fixed one transaction later.

Rendering reads only, so that it keeps nobody from writing. What has gained a notice meanwhile is left for
the next batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import structlog

from workflow.calendar import USUAL_ZONE
from workflow.engine import Frame
from workflow.errors import Overtaken, StoreError
from workflow.text import Language, Text

from ..channel import Unwritten
from ..content import Class, Content, Envelope, Gathered, Kind, Part, Unwritable
from ..manners import next_allowed
from ..recipients import NOTICES
from ..store import addresses, deliveries, taking
from ..store.addresses import NO_MANNER
from .desk import Desk, OfficeRan, campaign_of, home_zone
from .failing import give_up
from .people import habits_of

log = structlog.get_logger("duban.notifier")
_FAILED: Final = Text(
    "成文时程序出错，未发送（{kind}）。请将日志交开发者处理。",
    "Not sent: writing it met an error of the program ({kind}). Give the log to the developers.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """An open delivery whose time has come."""

    id: int
    person_id: int
    channel: str
    kind: Kind
    address: str
    language: Language
    class_: Class
    message_id: str
    thread_id: int | None
    urgent: bool


@dataclass(kw_only=True, slots=True)
class _Pile:
    """What a batch came to."""

    counts: dict[int, int] = field(default_factory=dict)  # delivery -> its parts, as they were read
    bodies: dict[int, bytes] = field(default_factory=dict)
    failed: dict[int, Text] = field(default_factory=dict)
    later: dict[int, int] = field(default_factory=dict)  # delivery -> when it may be told


class Writing:
    """Writes what is due."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def run(self, now: int, ran: OfficeRan) -> None:
        """Everything that is due, batch by batch."""
        while self._batch(now, ran):
            pass

    def _batch(self, now: int, ran: OfficeRan) -> bool:
        """One batch; whether there may be more."""
        desk = self._desk
        with desk.port.read() as tx:
            found = [_open(row) for row in deliveries.to_write(tx, now, desk.settings.write)]
            if not found:
                return False
            frame = desk.library.frame(tx, now)
            pile = self._written(frame, found)
        return self._keep(pile, now, ran) and len(found) == desk.settings.write

    def _written(self, frame: Frame, found: Sequence[Open]) -> _Pile:
        parts = deliveries.parts_of(frame.tx, [one.id for one in found])
        pile = _Pile(counts={one.id: len(parts[one.id]) for one in found})
        pile.later.update(_too_early(frame, found, self._desk))
        ready = [one for one in found if one.id not in pile.later]
        letters = [_letter(one, parts[one.id]) for one in ready]
        contents = self._render(frame, letters) if letters else {}
        envelopes = self._envelopes(frame, ready, parts)
        for one in ready:
            self._form(one, contents.get(one.id), envelopes[one.id], pile)
        return pile

    def _render(self, frame: Frame, letters: Sequence[Gathered]) -> Mapping[int, Content | Unwritable]:
        """All together; if that fails each alone, so that one letter keeps no other back."""
        try:
            return self._desk.writer(frame, letters, self._desk.site)
        except StoreError:
            raise
        except Exception as error:
            if len(letters) == 1:
                log.exception("writing failed", delivery=letters[0].delivery_id)
                return {letters[0].delivery_id: Unwritable(why=_FAILED.fill(kind=type(error).__name__))}
        contents: dict[int, Content | Unwritable] = {}
        for letter in letters:
            contents.update(self._render(frame, [letter]))
        return contents

    def _form(self, one: Open, content: Content | Unwritable | None, to: Envelope, pile: _Pile) -> None:
        channel = self._desk.channels.get(one.channel)
        if isinstance(content, Unwritable):
            pile.failed[one.id] = content.why
        elif content is None or channel is None:
            pile.failed[one.id] = _FAILED.fill(kind="missing")
        else:
            try:
                pile.bodies[one.id] = channel.write(content, to)
            except Unwritten as error:
                pile.failed[one.id] = error.why
            except Exception as error:
                log.exception("writing failed", delivery=one.id, channel=one.channel)
                pile.failed[one.id] = _FAILED.fill(kind=type(error).__name__)

    def _envelopes(
        self, frame: Frame, found: Sequence[Open], parts: Mapping[int, Sequence[Part]]
    ) -> dict[int, Envelope]:
        desk = self._desk
        persons = taking.persons(frame.tx, sorted({one.person_id for one in found}))
        about = taking.about(frame.tx, sorted({part.task_id for one in found for part in parts[one.id][:1]}))
        return dict(_each_envelope(frame, found, parts, persons, about, desk))

    def _keep(self, pile: _Pile, now: int, ran: OfficeRan) -> bool:
        desk = self._desk
        try:
            with desk.port.write("clock") as tx:
                whole = deliveries.still_complete(tx, pile.counts)
                bodies = {ident: body for ident, body in pile.bodies.items() if ident in whole}
                failed = {ident: why for ident, why in pile.failed.items() if ident in whole}
                later = {ident: due for ident, due in pile.later.items() if ident in whole}
                deliveries.keep_written(tx, bodies, now)
                deliveries.postpone(tx, later, dict.fromkeys(later, "gathering"))
                desk.site.keep(tx, now)
                ran.given_up += give_up(tx, desk, failed, "gathering", now)
        except Overtaken:
            return False  # another daemon was faster: the next round looks again
        ran.written += len(bodies)
        return True


def _open(row: Sequence[Any]) -> Open:
    ident, person, channel, kind, address, language, class_, message_id, thread, urgent = row
    return Open(
        id=ident,
        person_id=person,
        channel=channel,
        kind=cast(Kind, kind),
        address=address,
        language=cast(Language, language),
        class_=cast(Class, class_),
        message_id=message_id,
        thread_id=thread,
        urgent=bool(urgent),
    )


def _letter(one: Open, parts: tuple[Part, ...]) -> Gathered:
    return Gathered(
        delivery_id=one.id,
        person_id=one.person_id,
        kind=one.kind,
        language=one.language,
        class_=one.class_,
        parts=parts,
    )


def _too_early(frame: Frame, found: Sequence[Open], desk: Desk) -> dict[int, int]:
    """Those whose hour has passed while nothing ran, and whose readers are not to be told now."""
    return not_now(frame, {one.id: one.person_id for one in found if not one.urgent}, desk)


def not_now(frame: Frame, readers: Mapping[int, int], desk: Desk) -> dict[int, int]:
    """delivery -> when its reader may be told, of those who may not be told now."""
    if not readers:
        return {}
    calendar = frame.calendar(home_zone(frame))
    manners = addresses.manners_of(frame.tx, sorted(set(readers.values())))
    allowed = {
        person: next_allowed(frame.now, habits_of(manners.get(person, NO_MANNER), desk.settings), calendar)
        for person in set(readers.values())
    }
    return {ident: allowed[person] for ident, person in readers.items() if allowed[person] > frame.now}


def _each_envelope(
    frame: Frame,
    found: Sequence[Open],
    parts: Mapping[int, Sequence[Part]],
    persons: Mapping[int, Sequence[Any]],
    about: Mapping[int, tuple[int, int | None]],
    desk: Desk,
) -> Iterator[tuple[int, Envelope]]:
    for one in found:
        first = parts[one.id][0].task_id if parts[one.id] else 0
        campaign = campaign_of(frame, about.get(first, (None, None))[0])
        _, _, zh, en = persons[one.person_id]
        name = None if campaign is None else campaign.name
        thread = () if one.thread_id is None or name is None else (desk.thread(one.thread_id, name),)
        information = one.class_ == "information"
        yield (
            one.id,
            Envelope(
                delivery_id=one.id,
                address=one.address,
                name=Text(zh, en).to(one.language),
                message_id=one.message_id,
                thread=thread,
                class_=one.class_,
                about="notice",
                date=frame.now,
                zone=USUAL_ZONE if campaign is None else campaign.zone,
                unsubscribe=desk.site.unsubscribe(one.person_id, NOTICES) if information else None,
            ),
        )
