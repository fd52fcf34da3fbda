"""Letters as documents: drawn up once for each signature, kept, attached to its notices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
import structlog

from notifier.content import Attachment
from notifier.store import documents as store
from notifier.store.documents import ActLine, Document
from workflow.engine import Frame, Library
from workflow.errors import BadValue, NotNow, Undecidable, Unknown
from workflow.reading import load_one, number_of, plain
from workflow.store import organisation
from workflow.store.ports import Port
from workflow.store.settling import Settling
from workflow.text import Language, Text

from .gathering import Drawable, Event, Signature, Undrawn, gather, letter_of, signature_of
from .kept import checked, file_name
from .rendering import letter_bytes
from .templates import BadTemplate

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LETTER: Final = "letter"
BATCH: Final = 500  # acts that one look at the history reads
MOST: Final = 200  # looks of one run: the next goes on
_CURSOR, _LEFT = "documents.cursor", "documents.left"

log = structlog.get_logger("duban.documents")


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentsRan:
    """What one run did."""

    drawn: tuple[str, ...] = ()  # names of the letters that were drawn up
    left: Mapping[Event, Text] = field(default_factory=dict)  # those that can't be, and why


@dataclass(kw_only=True, slots=True)
class _Batch:
    """What one look at the history found."""

    found: list[Drawable | Undrawn]
    upto: int  # id of the last event that was looked at
    more: bool


class Documents:
    """Draws up what was signed, once, and hands it out. Safe to share between threads."""

    def __init__(self, port: Port, library: Library, *, language: Language = "zh") -> None:
        """The language is that of the installation's letters."""
        self._port, self._library, self._language = port, library, language
        self._settling = Settling(port)

    def run_once(self, now: int) -> DocumentsRan:
        """Draw up the letter of every act that has none yet.

        One that can't be drawn up stops no other: it is remembered, and tried again each time.
        """
        with self._port.read() as tx:
            cursor = int(organisation.remembered(tx, _CURSOR) or 0)
            before = [(one[0], one[1]) for one in orjson.loads(organisation.remembered(tx, _LEFT) or "[]")]
        names, left, upto = [], dict[Event, Text](), cursor
        for number in range(MOST):
            batch = self._look(now, upto, before if number == 0 else [])
            drawn, undrawn = drawn_up(batch.found, now)
            names += self._keep(drawn)
            left |= undrawn
            upto = batch.upto
            if not batch.more:
                break
        if upto > cursor:  # what is not final yet is looked at again
            cursor = max(cursor, min(upto, self._settling.settled()))
        self._remember(cursor, sorted(left))
        for (task, seq), why in left.items():
            log.error("letter not drawn up", task=task, seq=seq, why=why.en)
        return DocumentsRan(drawn=tuple(names), left=left)

    def _look(self, now: int, after: int, again: Sequence[Event]) -> _Batch:
        with self._port.read() as tx:
            frame = self._library.frame(tx, now)
            lines = store.acts_after(tx, after, BATCH)
            signed = _missing(frame, [*(store.acts_of(tx, again) if again else ()), *lines])
            return _Batch(
                found=gather(frame, signed, self._language),
                upto=lines[-1].event_id if lines else after,
                more=len(lines) == BATCH,
            )

    def _keep(self, drawn: Sequence[Document]) -> list[str]:
        """Store those that nobody else has stored meanwhile; their names."""
        if not drawn:
            return []
        with self._port.write("clock") as tx:
            # Writing it again takes its lock: two daemons that have drawn up the same letter store one.
            organisation.remember(tx, _CURSOR, organisation.remembered(tx, _CURSOR) or "0")
            known = store.drawn(tx, {one.task_id for one in drawn if one.task_id is not None})
            new = [one for one in drawn if (one.task_id, one.seq) not in known]
            store.add(tx, new)
        return [one.name for one in new]

    def _remember(self, cursor: int, left: Sequence[Event]) -> None:
        """Where the next run begins; an idle one writes nothing."""
        said = {_CURSOR: str(cursor), _LEFT: orjson.dumps(left).decode()}
        with self._port.read() as tx:
            known = {key: organisation.remembered(tx, key) for key in said}
        if known == said or (known[_CURSOR] is None and cursor == 0 and not left):
            return
        with self._port.write("clock") as tx:
            for key, value in said.items():
                organisation.remember(tx, key, value)

    def attachments(self, frame: Frame, events: Sequence[Event]) -> Mapping[Event, tuple[Attachment, ...]]:
        """The letters that these events have made final, to go along with what is told of them.

        One that was signed a moment ago and is not stored yet is drawn up here; the next run stores it.
        """
        wanted = set(events)
        stored = store.of_tasks(frame.tx, {task for task, _ in wanted}) if wanted else []
        found = {(one.task_id, one.seq): one for one in stored}
        late = store.acts_of(frame.tx, wanted - found.keys()) if wanted - found.keys() else []
        drawn, _ = drawn_up(gather(frame, _missing(frame, late), self._language), frame.now)
        found |= {(one.task_id, one.seq): one for one in drawn}
        return {event: (_attachment(found[event]),) for event in events if event in found}

    def letters(self, task_id: int, now: int) -> list[Document]:
        """The letters of a task, the oldest first; one that was signed and is missing is drawn up now.

        Raises:
            Refused: there is no such task, its kind has no letter, or it was not signed yet.
            Undecidable: one can't be drawn up.
            HistoryBroken: a stored one was changed.
        """
        with self._port.read() as tx:
            frame = self._library.frame(tx, now)
            task = load_one(frame, task_id)[0].task
            number = number_of(frame, task_id, task.campaign_id)
            own = letter_of(frame, task.version_id, task.kind)
            found = gather(frame, _missing(frame, store.acts_of_task(tx, task_id)), self._language)
        drawn, left = drawn_up(found, now)
        for why in left.values():
            raise Undecidable(why.zh, why.en)
        self._keep(drawn)
        with self._port.read() as tx:
            letters = [checked(one) for one in store.of_tasks(tx, [task_id])]
        if not letters:
            raise no_letter(number) if own is None else not_signed(number)
        return letters


def draw_up(frame: Frame, task_id: int, seq: int, *, language: Language = "zh") -> Document:
    """The letter that an act has made final, as it would be stored.

    Raises:
        Unknown: that event makes no letter final.
        Undecidable: it can't be drawn up.
    """
    acts = store.acts_of(frame.tx, [(task_id, seq)])
    signed = [one for act in acts if (one := signature_of(frame, act)) is not None]
    if not signed:
        raise Unknown(
            f"事项 {task_id} 的第 {seq} 条留痕不产生函件。请看 duban history。",
            f"Line {seq} of the history of task {task_id} makes no letter final. See duban history.",
        )
    return _only(frame, signed, language)


def draft(frame: Frame, task_id: int, *, language: Language = "zh") -> Document:
    """What the letter of a task would say now: marked as a draft, without number, never stored.

    Raises:
        Unknown: there is no such task.
        Refused: its kind has no letter, or it was signed already.
    """
    task = load_one(frame, task_id)[0].task
    letter, number = letter_of(frame, task.version_id, task.kind), number_of(frame, task_id, task.campaign_id)
    if letter is None:
        raise no_letter(number)
    if task.acts.get(letter.on):
        raise NotNow(
            f"{number} 已签发，没有草稿。请用 duban letter {number} 取正式文本。",
            f"{number} was signed, there is no draft any more. See the letter itself: duban letter {number}.",
        )
    return _only(frame, [Signature(task_id=task_id, seq=0, at=frame.now, header={})], language)


def no_letter(number: str) -> BadValue:
    """A task whose kind has none."""
    return BadValue(
        f"{number} 这类事项没有函件。要有，请在流程定义里写 letter。",
        f"{number} is of a kind that has no letter. If it should have one, write letter: in its definition.",
    )


def not_signed(number: str) -> NotNow:
    """A task whose letter was not signed yet."""
    return NotNow(
        f"{number} 尚未签发，没有正式函件。看草稿请加 --draft。",
        f"{number} was not signed yet, there is no letter. See the draft with --draft.",
    )


def _only(frame: Frame, signed: Sequence[Signature], language: Language) -> Document:
    drawn, left = drawn_up(gather(frame, signed, language), frame.now)
    for why in left.values():
        raise Undecidable(why.zh, why.en)
    return drawn[0]


def _missing(frame: Frame, acts: Iterable[ActLine]) -> list[Signature]:
    """The signatures among these acts that have no letter yet, each once."""
    found = {(one.task_id, one.seq): one for act in acts if (one := signature_of(frame, act)) is not None}
    drawn = store.drawn(frame.tx, {task for task, _ in found}) if found else set()
    return [one for event, one in found.items() if event not in drawn]


def drawn_up(found: Iterable[Drawable | Undrawn], now: int) -> tuple[list[Document], dict[Event, Text]]:
    """Letters as documents, and why others can't be."""
    drawn: list[Document] = []
    left: dict[Event, Text] = {}
    for one in found:
        if isinstance(one, Undrawn):
            left[one.event] = one.why
            continue
        try:
            drawn.append(_document(one, now))
        except BadTemplate as error:
            left[one.event] = Text(
                f"函件模板不能用：应为 {error.why.zh}。请改正模板，重新 duban load 并迁移，或去掉 template。",
                f"The letter's template can't be used: it must be {error.why.en}. Mend it, "
                f"load the pack again and migrate.",
            )
    return drawn, left


def _document(one: Drawable, now: int) -> Document:
    body = letter_bytes(one.figures, one.template)
    return Document(
        id=0,
        kind=LETTER,
        name=one.name,
        campaign_id=one.campaign_id,
        task_id=one.event[0],
        seq=one.event[1],
        person_id=None,
        sha256=hashlib.sha256(body).hexdigest(),
        made_at=now,
        figures=orjson.dumps(plain(one.figures), option=orjson.OPT_SORT_KEYS).decode(),
        body=body,
    )


def _attachment(document: Document) -> Attachment:
    return Attachment(name=file_name(document), type=DOCX, data=document.body)
