"""A forecast in words, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..definition.model import CONFIRM, LIGHT_LABELS
from ..engine import Frame
from ..forecast import INVENTED, Branch, Forecast, Position, Step, World
from ..text import Text, join, same
from .history import words_of
from .names import names
from .screens import NONE, Block, Row
from .words import Words


def step_text(step: Step, words: Words) -> Text:
    """A step as a sentence, with who will be told."""
    opened = [one.kind if one.task >= INVENTED else one.task for one in step.opened]
    header = {**step.header, "tasks": opened, "at": step.at, "recorded": step.recorded_at}
    told = words.event(step.kind, header)
    heard = [one.person_id for one in step.told if one.person_id is not None]
    if heard:
        who = join([words.names.person(person) for person in dict.fromkeys(heard)])
        told = Text(f"{told.zh}；通知{who.zh}", f"{told.en}; {who.en} will be told")
    if any(one.person_id is None for one in step.told):
        told = Text(f"{told.zh}；应通知的岗位空缺", f"{told.en}; nobody holds the post that should be told")
    return told


_FURTHER = Text(
    "此后还会继续：用 --until、--steps 看得更远。", "It goes on: look further with --until and --steps."
)


@dataclass(frozen=True, kw_only=True)
class Foreteller:
    """The words of a task's forecast and of its branches."""

    words: Words
    definitions: Mapping[str, Words]  # by kind
    focus: int
    numbers: Mapping[int, str]  # of tasks that do not exist yet: +1, +2 …
    further: Text = _FURTHER  # what is said where it goes on

    def screens(self, found: Forecast, ways: Sequence[Branch]) -> Iterator[Block]:
        """What happens if nobody acts, then where each act would lead."""
        until = self.words.when(found.until)
        title = Text(f"若无人办理（看到 {until}）", f"If nobody acts (until {until})")
        nothing = (same(""), Text("不再变化", "nothing happens any more"))
        rows = tuple(row for step in found.steps for row in self._rows(step))
        yield Block(title=title, rows=rows or (nothing,))
        if found.more:
            yield Block(title=self.further)
        for note in found.notes:
            yield Block(title=Text(f"注意：{note.zh}。", f"Mind: {note.en}."))
        for way in ways:
            yield Block(title=self._way(way), rows=tuple(self._after(way)))

    def _rows(self, step: Step) -> Iterator[Row]:
        if step.kind == "opened" and step.task != self.focus:
            return  # told with what opened it
        when, whose = same(self.words.when(step.recorded_at)), self._whose(step.task, step.task_kind)
        words = self.definitions.get(step.task_kind, self.words)
        yield when, whose, step_text(replace(step, opened=()), words)
        for one in step.opened:
            yield same(""), same(""), self._stands(one, "→ ")

    def _whose(self, task: int, kind: str) -> Text:
        if task == self.focus:
            return same(self.words.number(task))
        label = self.words.kind(kind)
        return Text(f"{label.zh} {self._number(task)}", f"{label.en} {self._number(task)}")

    def _number(self, task: int) -> str:
        return self.numbers.get(task) or self.words.number(task)

    def _stands(self, one: Position, before: str) -> Text:
        whose = self._whose(one.task, one.kind)
        parts = [
            Text(f"{before}{whose.zh}：{one.state_label.zh}", f"{before}{whose.en}: {one.state_label.en}")
        ]
        parts.extend(self._waits(one))
        return join(parts, "，", ", ")

    def _waits(self, one: Position) -> Iterator[Text]:
        if one.waits_label is not None:
            people = join([self.words.names.person(person) for person in one.people])
            who = people if one.people else Text("（空缺）", "(vacant)")
            yield Text(f"等{one.waits_label.zh}{who.zh}", f"waits for the {one.waits_label.en} {who.en}")
        if one.until is not None:
            until = self.words.when(one.until)
            yield Text(f"至 {until}", f"until {until}")

    # --- branches ---------------------------------------------------------------------------------

    def _way(self, way: Branch) -> Text:
        by = join([*way.by, *(self.words.names.person(person) for person in way.people)])
        label = _called(way)
        head = Text(f"若{label.zh}（{way.act}；{by.zh}）", f"If {label.en} ({way.act}; {by.en})")
        if way.quorum is not None:
            joint = signed_by(way.quorum)
            head = Text(f"{head.zh}，经{joint.zh}", f"{head.en}, {joint.en}")
        if way.confirmed_by is not None:
            head = Text(
                f"{head.zh}，经{way.confirmed_by.zh}确认",
                f"{head.en}, confirmed by the {way.confirmed_by.en}",
            )
        light = LIGHT_LABELS[way.leads_to.light]
        stands = join([way.leads_to.state_label, light, *self._waits(way.leads_to)], "，", ", ")
        return Text(f"{head.zh}：{stands.zh}", f"{head.en}: {stands.en}")

    def _after(self, way: Branch) -> Iterator[Row]:
        for one in way.opened:
            yield same(""), same(""), self._stands(one, "→ ")
        rows = [row for step in way.steps for row in self._rows(step)]
        yield from rows or [(NONE, same(""), Text("此后不再变化", "nothing happens after that"))]


def foreteller(frame: Frame, world: World, found: Forecast, ways: Sequence[Branch]) -> Foreteller:
    """The words for a forecast; the names of everybody in it are read at once."""
    task = world.tasks[world.focus].task
    steps = [*found.steps, *(step for way in ways for step in way.steps)]
    stands = [*(way.leads_to for way in ways), *(one for way in ways for one in way.opened)]
    stands.extend(one for step in steps for one in step.opened)
    people = {one.person_id for step in steps for one in step.told if one.person_id is not None}
    people.update(person for one in stands for person in one.people)
    people.update(person for way in ways for person in way.people)
    numbers = _numbers(stands)
    base = words_of(frame, task, names(frame.tx, people, {one.unit_id for one in stands}))
    words = replace(base, number=lambda ident: numbers.get(ident) or base.number(ident))
    books = frame.version(task.version_id).books
    return Foreteller(
        words=words,
        definitions={kind: replace(words, definition=book.definition) for kind, book in books.items()},
        focus=world.focus,
        numbers=numbers,
    )


def signed_by(quorum: int | str) -> Text:
    """How many sign a joint act."""
    if isinstance(quorum, int):
        return Text(f"{quorum} 人共同签署", f"signed by {quorum} people")
    return Text("各角色共同签署", "signed by all of its roles")


def _called(way: Branch) -> Text:
    """What is done: the act itself, or how one that waits is answered."""
    verb, _, waits = way.act.partition(":")
    if not waits:
        return Text(f"“{way.label.zh}”", way.label.en)
    zh, en = ("同意", "Agree to") if verb == CONFIRM else ("不同意", "Refuse")
    return Text(f"{zh}“{way.label.zh}”", f"{en} {way.label.en}")


def _numbers(stands: Sequence[Position]) -> dict[int, str]:
    """Tasks that do not exist yet, numbered as they come. Each branch invents its own."""
    invented = dict.fromkeys(one.task for one in stands if one.task >= INVENTED)
    return {ident: f"+{position}" for position, ident in enumerate(sorted(invented), 1)}
