"""All letters of a batch at once: a fixed number of statements, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from workflow.definition.model import LIGHT_LABELS
from workflow.engine import Frame
from workflow.errors import DubanError, StoreError, Undecidable
from workflow.reading.dates import Dates
from workflow.text import Text, same

from ..content import Attachment, Content, Gathered, Site, Unwritable
from ..rendering import CALM, MARKS, plain, render_html, render_text
from ..wording import Wording
from .cards import Card, Dealer
from .facts import Facts, gather, shown_of
from .telling import by_gravity

PAGES: Final = ("mail", "folder")  # what shows HTML
Written = Mapping[int, Content | Unwritable]
BROKEN: Final = (DubanError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What data that can't be handled may raise. A database that fails is nobody's letter."""


def write_notices(frame: Frame, letters: Sequence[Gathered], site: Site) -> Written:
    """What each letter says, by its delivery.

    What is wrong with one letter makes that one unwritable. In a letter about several tasks one that
    can't be read is told of by its number, and the others as ever.
    """
    if not letters:
        return {}
    wording = Wording(site.words)
    try:
        facts = gather(frame, letters, site)
    except StoreError:
        raise
    except BROKEN as error:
        if len(letters) == 1:
            return {letters[0].delivery_id: _unwritable(letters[0], error)}
        return {key: one for letter in letters for key, one in write_notices(frame, [letter], site).items()}
    return {letter.delivery_id: _written(facts, letter, site, wording) for letter in letters}


def _written(facts: Facts, letter: Gathered, site: Site, wording: Wording) -> Content | Unwritable:
    try:
        return _Letter(facts, letter, site, wording).content()
    except StoreError:
        raise
    except BROKEN as error:
        return _unwritable(letter, error)


def _unwritable(letter: Gathered, error: Exception) -> Unwritable:
    ids = ", ".join(str(ident) for ident in sorted({part.task_id for part in letter.parts}))
    why = error.text if isinstance(error, DubanError) else same(repr(error))
    return Unwritable(
        why=Text(
            f"通知无法成文（事项 {ids}）：{why.zh}。请运行 duban doctor。",
            f"A notice can't be written (task {ids}): {why.en}. Run duban doctor.",
        )
    )


class _Letter:
    """One letter on its way to being content."""

    def __init__(self, facts: Facts, letter: Gathered, site: Site, wording: Wording) -> None:
        self.facts, self.letter, self.site, self.wording = facts, letter, site, wording
        self.language = letter.language
        self.parts = by_gravity(letter.parts, facts)
        self.shown = shown_of(letter, facts.lines)
        if not any(one in facts.loaded for one in self.shown):
            raise Undecidable("其中没有可以读取的事项", "none of its tasks can be read")
        self.light = facts.lines[self.shown[0]].light  # the gravest
        zone = facts.lines[self.shown[0]].zone
        self.dates = Dates(calendar=facts.frame.calendar(zone), now=facts.frame.now)

    def content(self) -> Content:
        """What it says."""
        cards, many = self._cards(), len({part.task_id for part in self.letter.parts})
        first, kind = cards[0], "notice" if many == 1 else "list"
        subject = self._subject(first, many)
        files = self._attachments()
        view = {
            "cards": cards,
            "card": first,
            "title": self._title(first, many),
            "preheader": first.ask if many == 1 else first.what,
            "accent": MARKS[self.light].fill if self.light != "green" else CALM,
            "more": self._say("page.more", count=same(str(many - len(cards)))) if many > len(cards) else None,
            "console": self.site.base_url,
            "attached": self._attached(files),
            "formal": self.letter.class_ == "formal",
            "unsubscribe": self._unsubscribe(),
            "say": self.wording.speaker(self.language),
        }
        return Content(
            language=self.language,
            subject=plain(subject),
            text=render_text(f"{kind}.txt", self.language, **view),
            html=render_html(f"{kind}.html", self.language, **view) if self.letter.kind in PAGES else None,
            phrases=tuple(plain(one) for one in self._phrases(first, many)),
            values={key: plain(value) for key, value in self._values(first, many).items()},
            attachments=files,
        )

    def _cards(self) -> list[Card]:
        dealer = Dealer(
            facts=self.facts, wording=self.wording, letter=self.letter, site=self.site, dates=self.dates
        )
        full = len({part.task_id for part in self.letter.parts}) == 1
        found = [
            dealer.card(task_id, [one for one in self.parts if one.task_id == task_id], full=full)
            for task_id in self.shown
        ]
        if not full and found[0].wants:  # what happens next is told of the gravest alone
            found[0] = replace(found[0], ahead=dealer.ahead(self.shown[0]))
        return sorted(found, key=lambda one: not one.wants)  # what still wants something stands first

    # --- the line that is seen first ----------------------------------------------------------------

    def _subject(self, first: Card, many: int) -> str:
        light = self._light("notice.subject.light", self.light)
        if many == 1:
            known = {"number": same(first.number), "unit": same(first.unit), "what": same(first.bare)}
            return self._say("notice.subject", light=same(light), **known)
        name = "notice.subject.many" if self.letter.class_ == "formal" else "notice.subject.news"
        return self._say(name, light=same(light), count=same(str(many)))

    def _light(self, name: str, light: str) -> str:
        """A light in words; a green one is no news."""
        return "" if light == "green" else self._say(name, light=self._capital(LIGHT_LABELS[light]))

    @staticmethod
    def _capital(label: Text) -> Text:
        return Text(label.zh, label.en.capitalize())

    def _title(self, first: Card, many: int) -> str:
        if many == 1:
            return first.what
        name = "page.many" if self.letter.class_ == "formal" else "page.news"
        return self._say(name, count=same(str(many)))

    # --- what goes along ----------------------------------------------------------------------------

    def _attachments(self) -> tuple[Attachment, ...]:
        keys = dict.fromkeys((part.task_id, part.seq) for part in self.parts)
        return tuple(one for key in keys for one in self.facts.attachments.get(key, ()))

    def _attached(self, files: Sequence[Attachment]) -> str | None:
        names = "、" if self.language == "zh" else ", "
        return (
            self._say("page.attached", names=same(names.join(one.name for one in files))) if files else None
        )

    def _unsubscribe(self) -> str | None:
        if self.letter.class_ == "formal":
            return None
        return self.site.unsubscribe(self.letter.person_id, "notices")

    # --- a text message -----------------------------------------------------------------------------

    def _phrases(self, first: Card, many: int) -> Iterator[str]:
        """The most important first; each can be read without those after it."""
        light = self._light("text.light", first.light)
        known = {"number": same(first.number), "unit": same(first.unit), "what": same(first.bare)}
        yield self._say("text.what", light=same(light), **known)
        if first.due is not None:
            yield first.due
        if many > 1:
            yield self._say("text.more", count=same(str(many - 1)))
        elif first.can is not None:
            yield first.can

    def _values(self, first: Card, many: int) -> dict[str, str]:
        """For a provider's template."""
        return {
            "light": LIGHT_LABELS[first.light].to(self.language),
            "number": first.number,
            "unit": first.unit,
            "what": first.bare,
            "due": first.due or "",
            "count": str(many),
        }

    def _say(self, name: str, **values: Text) -> str:
        return self.wording.text(name, **values).to(self.language)
