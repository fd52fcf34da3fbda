"""Everything that the letters of a batch look at, read in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workflow.decision import Loaded
from workflow.decision.case import Case
from workflow.definition import Definition
from workflow.engine import Frame
from workflow.explaining import Subject
from workflow.forecast import World
from workflow.people import Actor, resolve
from workflow.reading import Line, Names, Words, names
from workflow.reading.history import persons_of_line, units_of_line, words_of
from workflow.reading.ledger import lines_of
from workflow.reading.waited import definition_of, task_or_none
from workflow.reading.worlds import bare_worlds
from workflow.store import tasks
from workflow.task import Task
from workflow.text import Text

from ..content import Attachment, Gathered, Site
from ..store.notices import Told, reasons_of, told

SHOWN = 20  # tasks of one letter; of the others it says how many
ABOUT = 5  # tasks that led to one


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of the tasks and events of a batch."""

    frame: Frame
    told: Mapping[int, Told]  # by outgoing row
    lines: Mapping[int, Line]  # of those that can't be read too
    versions: Mapping[int, int]  # task -> pack version, of those
    loaded: Mapping[int, Loaded]  # of those that are shown
    about: Mapping[int, Sequence[tuple[int, str | None]]]  # task -> other tasks, and because of which rule
    worlds: Mapping[int, World]  # of those whose future is told
    names: Names
    attachments: Mapping[tuple[int, int], tuple[Attachment, ...]]  # by task and event
    # What several letters of a batch need of the same task.
    foreseen: dict[int, list[Text]] = field(default_factory=dict)
    _words: dict[int, Words] = field(default_factory=dict)

    def words(self, task_id: int) -> Words:
        """What the words of a task's definition are called. It must have been loaded."""
        found = self._words.get(task_id)
        if found is None:
            task = self.loaded[task_id].task
            found = self._words[task_id] = words_of(self.frame, task, self.names)
        return found

    def definition(self, task_id: int) -> Definition | None:
        """What a task on a line follows; None where it can't be read."""
        version = self.versions.get(task_id)
        return definition_of(self.frame, version, self.lines[task_id].kind) if version is not None else None

    def subject(self, task_id: int) -> Subject:
        """A task as explanations want it."""
        loaded = self.loaded[task_id]
        around = self.frame.around(loaded.task.version_id)
        return Subject(loaded=loaded, around=around, words=self.words(task_id))

    def case(self, task_id: int) -> Case:
        """A task as the engine would begin to decide it."""
        loaded = self.loaded[task_id]
        return Case(loaded, self.frame.around(loaded.task.version_id))

    def acting_for(self, task_id: int, role: str, person_id: int) -> Text | None:
        """On whose behalf a person stands in that role now; None for themselves."""
        task = self.loaded[task_id].task
        around = self.frame.around(task.version_id)
        definition = around.books[task.kind].definition
        if role not in definition.roles:
            return None
        found = resolve(around.directory, definition, role, task, self.frame.now)
        own = [one for one in found.actors if one.person_id == person_id]
        if not own or Actor(person_id, None) in own or own[0].on_behalf is None:
            return None
        return self.names.person(own[0].on_behalf)


def gather(frame: Frame, letters: Sequence[Gathered], site: Site) -> Facts:
    """Read what the letters of a batch look at."""
    parts = [part for letter in letters for part in letter.parts]
    lines, parsed = _tasks(frame, {part.task_id for part in parts})
    shown = {ident for letter in letters for ident in shown_of(letter, lines)}
    heard = told(frame.tx, {part.outgoing_id for part in parts})
    about = _about(frame, sorted(shown))
    others = {ident for one in about.values() for ident, _ in one} | _opened(heard.values())
    more, parsed_more = _tasks(frame, others - lines.keys())
    lines, parsed = lines | more, parsed | parsed_more
    readable = [parsed[ident] for ident in sorted(shown & parsed.keys()) if _has_book(frame, parsed[ident])]
    loaded = tasks.load(frame.tx, readable, frame)
    frame.know(loaded)
    first = {
        ident for letter in letters if letter.class_ == "formal" for ident in shown_of(letter, lines)[:1]
    }
    return Facts(
        frame=frame,
        told=heard,
        lines=lines,
        versions={ident: task.version_id for ident, task in parsed.items()},
        loaded={one.task.id: one for one in loaded},
        about=about,
        worlds=bare_worlds(frame, [one for one in loaded if one.task.id in first and _goes_on(one)]),
        names=_names(frame, letters, heard.values(), loaded),
        attachments=site.attachments(frame, sorted({(part.task_id, part.seq) for part in parts})),
    )


def shown_of(letter: Gathered, lines: Mapping[int, Line]) -> list[int]:
    """The tasks that a letter shows: the gravest first, then the nearest deadline; ended ones last."""
    own = [lines[ident] for ident in dict.fromkeys(part.task_id for part in letter.parts) if ident in lines]
    own.sort(key=_weight)
    return [one.id for one in own[:SHOWN]]


def _weight(line: Line) -> tuple[bool, int, bool, int, int]:
    return line.ended_at is not None, -_GRAVITY[line.light], line.due_at is None, line.due_at or 0, line.id


_GRAVITY = {"green": 0, "blue": 1, "yellow": 2, "red": 3}


def _tasks(frame: Frame, wanted: Collection[int]) -> tuple[dict[int, Line], dict[int, Task]]:
    """Lines of the tasks, and those of the tasks that can be read."""
    rows = tasks.read_these(frame.tx, sorted(wanted)) if wanted else []
    parsed = {row[0]: task for row in rows if (task := task_or_none(row)) is not None}
    lines = {line.id: line for line in lines_of(frame, rows)} if rows else {}
    return lines, parsed


def _has_book(frame: Frame, task: Task) -> bool:
    return definition_of(frame, task.version_id, task.kind) is not None


def _goes_on(loaded: Loaded) -> bool:
    return loaded.task.ended_at is None


def _about(frame: Frame, shown: Sequence[int]) -> dict[int, list[tuple[int, str | None]]]:
    return reasons_of(frame.tx, shown) if shown else {}


def _opened(heard: Collection[Told]) -> set[int]:
    """The tasks that these events opened or joined."""
    return {ident for one in heard for ident in one.header.get("tasks", ())[:ABOUT]}


def _names(
    frame: Frame, letters: Sequence[Gathered], heard: Collection[Told], loaded: Collection[Loaded]
) -> Names:
    persons = {one.person_id for one in heard if one.person_id is not None}
    persons.update(letter.person_id for letter in letters)
    units: set[int] = set()
    for one in heard:
        persons |= persons_of_line(one.header)
        units |= units_of_line(one.header)
        numbers = {value for value in one.values.values() if isinstance(value, int)}
        persons, units = persons | numbers, units | numbers
    for each in loaded:
        persons.update(_of_task(frame, each))
        units.update(each.task.parties.values())
    return names(frame.tx, persons, units)


def _of_task(frame: Frame, loaded: Loaded) -> Iterator[int]:
    """Whom a letter may name: who is waited for, who asked, and those for whom somebody stands in."""
    around, task = frame.around(loaded.task.version_id), loaded.task
    definition = around.books[task.kind].definition
    for role in definition.roles:
        for actor in resolve(around.directory, definition, role, task, frame.now).actors:
            yield actor.person_id
            if actor.on_behalf is not None:
                yield actor.on_behalf
    for one in task.pending:
        yield from one.asker
