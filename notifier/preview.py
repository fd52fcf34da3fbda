"""Every notice and digest as files, from a demonstration that is played in a temporary database.

For whoever changes the organisation's sentences, or wonders what people will read: each reason, formal and
information, each digest, in both languages, about one task and about many, as text, HTML and text message,
and in the form that `channels` send, mail first of all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from workflow.decision import Act
from workflow.decision.everyday import COPY, MERGE, TRANSFER, URGE
from workflow.definition import Pack
from workflow.engine import Engine, Frame, Library
from workflow.engine.handing import hand_over
from workflow.errors import Refused
from workflow.reading.outgoing import REASONS
from workflow.simulation import simulate
from workflow.store import Port, open_port
from workflow.store.applying import EVENT, OUTGOING
from workflow.store.sql import Statement
from workflow.store.tasks import TASK
from workflow.text import LANGUAGES, Language, Text

from .addresses import NOTICES
from .channel import Channel
from .content import About, Class, Content, Envelope, Gathered, Part, Site, Wish
from .digests import Digests
from .folder import FolderSettings, folder_channel, with_pictures
from .mail import MailSettings, mail_channel
from .notices import class_of, write_notices
from .office_settings import OfficeSettings
from .rendering import render_html
from .retention import DAY_MS
from .store.addresses import address_everybody

DAYS: Final = 45  # played: enough for a few of everything
_MANY: Final = 400  # messages of one person, at most, in one letter
_TRIES: Final = 60  # tasks that an act is tried on …
_PEOPLE: Final = 12  # … by so many people
_WEEK: Final = 7  # days
_EVERY_MS: Final = 3 * 3_600_000  # between two rounds of digests
_MAIL: Final = mail_channel("mail", MailSettings(host="localhost", sender="duban@duban.example"))
_MANY_LABELS: Final = {
    "many_formal": Text("多件并为一封（正式）", "many in one, formal"),
    "many_information": Text("多件并为一封（提醒）", "many in one, information"),
}
_LAST: Final = Statement(select(func.max(EVENT.c.recorded_at)))
_MESSAGES: Final = Statement(
    select(OUTGOING, TASK.c.seq, TASK.c.ended_at)
    .join(TASK, TASK.c.id == OUTGOING.c.task_id)
    .where(OUTGOING.c.person_id.is_not(None))
    .order_by(OUTGOING.c.id.desc())
)
_OPEN: Final = Statement(
    select(TASK.c.id, TASK.c.kind, TASK.c.unit_id)
    .where(TASK.c.ended_at.is_(None))
    .order_by(TASK.c.id.desc())
    .limit(bindparam("most"))
)


def _sample_link(wish: Wish) -> str:
    return f"https://duban.example/a/SAMPLE-{wish.task_id}"


def _sample_address(person: int, topic: str) -> str:
    return f"https://duban.example/u/SAMPLE-{person}-{topic}"


SITE: Final = Site(
    base_url="https://duban.example", domain="duban.example", mint=_sample_link, unsubscribe=_sample_address
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Letter:
    """A message that is to be shown."""

    name: str  # of its files, without their endings
    label: Text
    content: Content
    class_: Class
    about: About = "notice"
    number: int | None = None  # of a digest
    unsubscribe: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One message among the files."""

    name: str
    label: str
    subject: str
    endings: tuple[str, ...]


def preview(
    folder: Path,
    pack: Pack,
    *,
    site: Site = SITE,
    channels: Sequence[Channel] = (),
    days: int = DAYS,
    seed: int = 1,
) -> tuple[Page, ...]:
    """Write every message into a folder, with an `index.html`; what is there of the same name is replaced.

    Args:
        pack: the campaign that is played; nothing of it leaves the temporary database.
        site: whose words and addresses are shown; its links open nothing.
        channels: in whose form they are written as well; a mail as mail without one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="duban-") as place:
        url = f"sqlite:///{Path(place) / 'preview.db'}"
        rung = _Digesting(site, Path(place), days - _WEEK)
        simulate(pack, days=days, seed=seed, url=url, beside=rung)
        with closing(open_port(url, durable=False)) as port:
            now = _last(port)
            digests = [*_digests(rung.over(port), now)]
            _everyday_acts(Engine(port, salts=_no_salt), pack, now)
            letters = [*_notices(port, site, now), *digests]
    ways = channels if any(one.kind == "mail" for one in channels) else (*channels, _MAIL)
    pages = tuple(_file(folder, one, ways, now, pack.campaign.zone) for one in letters)
    _index(folder, pages)
    return pages


def _no_salt() -> bytes:
    return bytes(16)


def _last(port: Port) -> int:
    with port.read() as tx:
        row = tx.one(_LAST)
    return int(row[0]) if row and row[0] is not None else 0


# --- what a simulation doesn't do by itself -----------------------------------------------------------


def _everyday_acts(engine: Engine, pack: Pack, now: int) -> None:
    """Somebody asks, urges, copies, passes on and merges, so that those messages are there too."""
    with engine.port.read() as tx:
        people = list(dict.fromkeys(row[3] for row in tx.all(_MESSAGES)))[:_PEOPLE]
        open_tasks = tx.all(_OPEN, most=_TRIES)
    units = list(dict.fromkeys(unit for *_, unit in open_tasks))
    for tries in (
        [(task, act, {"reason": "……"}) for task, kind, _ in open_tasks for act in _requests(pack, kind)],
        [(task, URGE, {"reason": "……"}) for task, *_ in open_tasks[1:]],
        [(task, COPY, {"reason": "……", "persons": people[:1]}) for task, *_ in open_tasks[2:]],
        [
            (task, TRANSFER, {"reason": "……", "unit": unit})
            for task, _, own in open_tasks[3:]
            for unit in units
            if unit != own
        ],
        [
            (one[0], MERGE, {"reason": "……", "into": other[0]})
            for one in reversed(open_tasks)
            for other in open_tasks[4:]
            if one[1] == other[1] and one != other
        ],
    ):
        _first(engine, now, people, tries[:_TRIES])
    engine.run_once(now)
    _hand_over(engine, now)


def _requests(pack: Pack, kind: str) -> Iterator[str]:
    """The acts that somebody else must agree to, and that need nothing but a reason."""
    for one in pack.definitions[kind].transitions.values():
        if one.confirmed_by is not None and set(one.asks) <= {"reason"} and not one.evidence.most:
            yield one.name


def _hand_over(engine: Engine, now: int) -> None:
    """Somebody leaves: the first whose posts anybody may pass on."""
    with engine.port.read() as tx:
        people = list(dict.fromkeys(row[3] for row in tx.all(_MESSAGES)))
    for leaver, successor in pairwise(people):
        for person in people:
            with suppress(Refused):
                hand_over(engine.batches, leaver, successor, None, person, now)
                return


def _first(
    engine: Engine, now: int, people: Sequence[int], tries: Sequence[tuple[int, str, dict[str, Any]]]
) -> None:
    """Do it once, to the first task on which somebody may."""
    for task, name, facts in tries:
        for person in people:
            with suppress(Refused):
                engine.act(task, Act(name=name, person_id=person, facts=facts), now)
                return


# --- digests ------------------------------------------------------------------------------------------


class _Digesting:
    """Digests meanwhile, so that numbers, comparisons and trends are there; those of the last week are left
    to be shown."""

    def __init__(self, site: Site, folder: Path, days: int) -> None:
        self._site, self._left = site, days * DAY_MS
        self._folder = folder_channel("folder", FolderSettings(folder=folder))
        self._until = self._next = 0

    def over(self, port: Port) -> Digests:
        """The digests of this database."""
        channels = {self._folder.name: self._folder}
        return Digests(port, Library(), channels, OfficeSettings(), self._site, _no_salt)

    def __call__(self, port: Port, now: int) -> None:
        if not self._until:
            self._until = now + self._left
            with port.write("people") as tx:
                address_everybody(tx, "folder", now)
        if self._next <= now < self._until:
            self._next = now + _EVERY_MS
            self.over(port).run_once(now)


def _digests(digests: Digests, now: int) -> Iterator[_Letter]:
    for one in digests.samples(now):
        yield _Letter(
            name=f"digest_{one.name}.{one.content.language}",
            label=one.label,
            content=one.content,
            class_="information",
            about="digest",
            number=one.number,
            unsubscribe=one.unsubscribe,
        )


# --- the letters --------------------------------------------------------------------------------------


def _notices(port: Port, site: Site, now: int) -> Iterator[_Letter]:
    engine = Engine(port, salts=_no_salt)
    with port.read() as tx:
        frame = engine.library.frame(tx, now)
        letters = [*_one_each(tx.all(_MESSAGES)), *_many(tx.all(_MESSAGES))]
        for language in LANGUAGES:
            yield from _written(frame, letters, site, language)


def _written(
    frame: Frame, letters: Sequence[tuple[str, Gathered]], site: Site, language: Language
) -> Iterator[_Letter]:
    wanted = [
        replace(one, delivery_id=number, language=language) for number, (_, one) in enumerate(letters, 1)
    ]
    found = write_notices(frame, wanted, site)
    for (name, _), one in zip(letters, wanted, strict=True):
        content = found[one.delivery_id]
        if isinstance(content, Content):
            off = None if one.class_ == "formal" else site.unsubscribe(one.person_id, NOTICES)
            yield _Letter(
                name=f"{name}.{language}",
                label=_MANY_LABELS.get(name) or REASONS[name.replace("_", " ")],
                content=content,
                class_=one.class_,
                unsubscribe=off,
            )


def _one_each(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Gathered]]:
    """One letter for each reason, the newest; of a reason that never occurred the newest of another."""
    for reason in REASONS:
        row = max((one for one in rows if one[5] == reason), key=_freshness, default=None) or _like(
            rows, reason
        )
        if row is not None:
            part = replace(_part(row), reason=reason)
            yield reason.replace(" ", "_"), _letter(row[3], class_of(reason), (part,))


def _freshness(row: Sequence[Any]) -> tuple[bool, bool, int]:
    """Of an open task, the last thing that happened to it, the newest: it reads as on the day it came."""
    ident, _, seq, *_, last, ended = row
    return ended is None, seq == last, ident


def _like(rows: Sequence[Sequence[Any]], reason: str) -> Sequence[Any] | None:
    wanted = "escalation" if reason == "repeat" else "chosen"
    return next((one for one in rows if one[5] == wanted), rows[0] if rows else None)


def _many(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Gathered]]:
    """All messages of whoever has most, as one letter of either class."""
    counts: dict[int, list[Part]] = {}
    for row in rows:
        counts.setdefault(row[3], []).append(_part(row))
    if counts:
        person, parts = max(counts.items(), key=lambda one: len(one[1]))
        for class_ in ("formal", "information"):
            yield f"many_{class_}", _letter(person, class_, tuple(parts[:_MANY]))


def _letter(person: int, class_: Class, parts: tuple[Part, ...]) -> Gathered:
    return Gathered(delivery_id=0, person_id=person, kind="mail", language="zh", class_=class_, parts=parts)


def _part(row: Sequence[Any]) -> Part:
    ident, task, seq, _, role, reason, rule, created, *_ = row
    return Part(
        outgoing_id=ident, task_id=task, seq=seq, role=role, reason=reason, rule=rule, created_at=created
    )


# --- the files ----------------------------------------------------------------------------------------


def _file(folder: Path, letter: _Letter, channels: Sequence[Channel], now: int, zone: str) -> Page:
    name, content = letter.name, letter.content
    files = {"txt": f"{content.subject}\n\n{content.text}".encode(), "sms.txt": _text_message(content)}
    if content.html is not None:
        files["html"] = with_pictures(content).encode()
    for channel in channels:
        ending = "eml" if channel.kind == "mail" else f"{channel.name}.txt"
        files[ending] = channel.write(content, _envelope(letter, now, zone))
    for ending, data in files.items():
        (folder / f"{name}.{ending}").write_bytes(data)
    label = letter.label.to(content.language)
    return Page(name=name, label=label, subject=content.subject, endings=tuple(sorted(files)))


def _text_message(content: Content) -> bytes:
    return ("\n".join(content.phrases) + "\n").encode()


def _envelope(letter: _Letter, now: int, zone: str) -> Envelope:
    return Envelope(
        delivery_id=1,
        address="reader@duban.example",
        name=Text("收件人", "Reader").to(letter.content.language),
        message_id="<d1.preview@duban.example>",
        class_=letter.class_,
        about=letter.about,
        date=now,
        zone=zone,
        digest_number=letter.number,
        unsubscribe=letter.unsubscribe,
    )


def _index(folder: Path, pages: Sequence[Page]) -> None:
    (folder / "index.html").write_text(render_html("index.html", "zh", pages=pages), "utf-8")
