"""One task as a letter shows it, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from workflow.definition.model import CONFIRM
from workflow.reading import Line
from workflow.reading.dates import Dates
from workflow.text import Language, Text, join, same

from ..content import Gathered, Part, Site
from ..wording import Wording
from .ahead import ahead
from .asking import Asked, Asker
from .facts import ABOUT, Facts
from .telling import Teller

_PEOPLE = 6  # who else was told, by name


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """Another task, in a line."""

    light: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A task with everything that is told of it. Sentences in one language, without markup."""

    number: str
    unit: str
    light: str
    what: str  # what happened, with the unit
    bare: str  # the same without it; no personal data
    ask: str
    wants: bool  # whether anything is to be done about it
    also: tuple[str, ...] = ()  # what else is told of the task
    why: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()
    about: tuple[Related, ...] = ()  # what led to it
    opened: tuple[Related, ...] = ()
    told: str | None = None
    acts: str | None = None
    ahead: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()  # label and value: state, due, who is waited for
    url: str | None = None  # of the task
    action: tuple[str, str] | None = None  # address and label of an act
    due: str | None = None  # for a text message
    can: str | None = None  # likewise: what can be done


@dataclass(frozen=True, kw_only=True, slots=True)
class Dealer:
    """Makes the cards of one letter."""

    facts: Facts
    wording: Wording
    letter: Gathered
    site: Site
    dates: Dates
    teller: Teller = field(init=False)
    asker: Asker = field(init=False)

    def __post_init__(self) -> None:
        own = {"facts": self.facts, "wording": self.wording, "letter": self.letter}
        object.__setattr__(self, "teller", Teller(**own))  # type: ignore[arg-type]
        object.__setattr__(self, "asker", Asker(**own, dates=self.dates))  # type: ignore[arg-type]

    @property
    def language(self) -> Language:
        """The reader's."""
        return self.letter.language

    def card(self, task_id: int, parts: Sequence[Part], *, full: bool) -> Card:
        """A task with what is told of it; in full where it is the letter's only one."""
        parts = sorted(_newest(parts), key=self.teller.is_over)
        line, first = self.facts.lines[task_id], parts[0]
        asked, what = self.asker.of(task_id, parts), self.teller.what(first)
        known = task_id in self.facts.loaded
        return Card(
            number=line.number,
            unit=line.unit.to(self.language),
            light=line.light,
            what=self._say("page.what", unit=line.unit, what=what),
            bare=what.to(self.language),
            ask=asked.text.to(self.language),
            wants=asked.wants,
            also=self._all(self._also(what, parts[1:])),
            why=self._all(self.teller.why(first, self.dates)) if full else (),
            reported=self._all(self.teller.reported(first)) if full or asked.wants else (),
            about=tuple(self._about(task_id)) if full else (),
            opened=tuple(self._opened(first)) if full else (),
            told=self._others(first) if full else None,
            acts=self._acts(asked) if full else None,
            ahead=self.ahead(task_id) if full and asked.wants else (),
            pairs=tuple(self._pairs(line, known=known)) if full else (),
            url=self.url(line),
            action=self._action(task_id, asked),
            due=self._due(asked),
            can=self._can(asked),
        )

    def _also(self, what: Text, parts: Sequence[Part]) -> list[Text]:
        told = dict.fromkeys(self.teller.what(one) for one in parts)
        return [one for one in told if one != what]

    def _say(self, name: str, **values: Text) -> str:
        return self.wording.text(name, **values).to(self.language)

    def _all(self, texts: Iterable[Text]) -> tuple[str, ...]:
        return tuple(one.to(self.language) for one in texts)

    # --- other tasks, other people ------------------------------------------------------------------

    def _about(self, task_id: int) -> Iterator[Related]:
        for about, rule in self.facts.about.get(task_id, ())[:ABOUT]:
            line = self.facts.lines.get(about)
            if line is not None:
                yield self._related(line, self._rule(line, rule))

    def _opened(self, part: Part) -> Iterator[Related]:
        heard = self.facts.told.get(part.outgoing_id)
        for ident in heard.header.get("tasks", ())[:ABOUT] if heard is not None else ():
            line = self.facts.lines.get(ident)
            if line is not None:
                yield self._related(line, None)

    def _related(self, line: Line, rule: Text | None) -> Related:
        known = {"number": same(line.number), "kind": line.kind_label, "unit": line.unit}
        known["state"] = line.state_label
        name = "why.about.plain" if rule is None else "why.about"
        if rule is not None:
            known["rule"] = rule
        return Related(light=line.light, text=self._say(name, **known))

    def _rule(self, line: Line, rule: str | None) -> Text | None:
        definition = self.facts.definition(line.id)
        found = definition.rules.get(rule or "") if definition is not None else None
        return found.because or found.label if found is not None else None

    def _others(self, part: Part) -> str | None:
        people = self.teller.others(part)
        if not people:
            return None
        named = join(people[:_PEOPLE])
        if len(people) > _PEOPLE:
            named = self.wording.text("page.told.more", people=named, count=same(str(len(people))))
        return self._say("page.told", people=named)

    # --- where it stands ----------------------------------------------------------------------------

    def _pairs(self, line: Line, *, known: bool) -> Iterator[tuple[str, str]]:
        def label(name: str) -> str:
            return self._say(name)

        yield label("page.state"), line.state_label.to(self.language)
        step = self.facts.loaded[line.id].task.step_end if known else None
        if line.ended_at is not None:
            return
        yield label("page.due"), self._limit(line.due_at, provisional=line.provisional)
        if step is not None and step != line.due_at:
            yield label("page.step"), self._limit(step)
        if line.waits_label is not None:
            people = join(line.waits_people)
            name = "page.waits.who" if line.waits_people else "page.waits.vacant"
            values = {"role": line.waits_label, **({"people": people} if line.waits_people else {})}
            yield label("page.waits"), self._say(name, **values)

    def _limit(self, instant: int | None, *, provisional: bool = False) -> str:
        if instant is None:
            return self._say("page.no_due")
        if instant < self.facts.frame.now:
            return self._say("page.overdue", day=self.dates.day(instant))
        return self.dates.limit(instant, provisional=provisional).to(self.language)

    def ahead(self, task_id: int) -> tuple[str, ...]:
        """What happens next if nobody acts; of the letters whose class and length allow it."""
        world = self.facts.worlds.get(task_id)
        if world is None or self.letter.class_ != "formal":
            return ()
        found = self.facts.foreseen.get(task_id)
        if found is None:
            found = ahead(world, self.facts.words(task_id), self.wording, self.dates)
            self.facts.foreseen[task_id] = found
        return self._all(found)

    # --- what can be done ---------------------------------------------------------------------------

    def url(self, line: Line) -> str | None:
        """Where the console shows the task."""
        return f"{self.site.base_url}/tasks/{line.number}" if self.site.base_url else None

    def _action(self, task_id: int, asked: Asked) -> tuple[str, str] | None:
        address = self.asker.link(self.site, task_id, asked)
        if address is None or asked.label is None:
            return None
        name = "page.decide" if asked.act is not None and asked.act.startswith(CONFIRM) else "page.act"
        return address, self._say(name, act=asked.label)

    def _acts(self, asked: Asked) -> str | None:
        return self._say("page.acts", acts=join(asked.acts)) if asked.acts else None

    def _due(self, asked: Asked) -> str | None:
        if asked.by is None:
            return None
        name = "text.late" if asked.by < self.facts.frame.now else "text.due"
        return self._say(name, day=self.dates.day(asked.by))

    def _can(self, asked: Asked) -> str | None:
        own = asked.label is not None and not (asked.act or "").startswith(CONFIRM)  # else it is said already
        return self._say("text.act", acts=asked.label) if own and asked.label is not None else None


def _newest(parts: Sequence[Part]) -> list[Part]:
    """Of several parts with the same rule, or that all say whose turn it is, the newest."""
    last = {(one.reason, one.rule): one.outgoing_id for one in sorted(parts, key=lambda one: one.outgoing_id)}
    alike = ("assigned", "escalation", "repeat")
    return [one for one in parts if one.reason not in alike or last[one.reason, one.rule] == one.outgoing_id]
