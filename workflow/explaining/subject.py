"""A task with all that an explanation of it needs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..decision import Loaded, Surroundings
from ..decision.case import Case
from ..decision.planning import MILESTONE
from ..definition.model import Definition
from ..definition.sentences import Labels, labels_of
from ..engine import Frame
from ..reading.history import words_of
from ..reading.names import Names, names, persons_of
from ..reading.standing import load_one
from ..reading.words import Words
from ..store.milestones import MovedMilestone
from ..task import Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A task and all that an explanation of it needs."""

    loaded: Loaded
    around: Surroundings
    words: Words
    moved: MovedMilestone | None = None  # the milestone that the deadline rests on, if people have moved it

    @property
    def definition(self) -> Definition:
        """The definition that the task follows."""
        return self.around.books[self.loaded.task.kind].definition

    @property
    def case(self) -> Case:
        """The task as the engine would begin to decide it."""
        return Case(self.loaded, self.around)

    @property
    def labels(self) -> Labels:
        """What the names of conditions are called."""
        return labels_of(self.definition, self.words.kinds)


def subject_of(frame: Frame, task_id: int) -> Subject:
    """The task with what an explanation needs: the only function here that reads.

    Raises:
        Unknown: there is no such task.
        Undecidable: its data can't be read.
    """
    loaded, around = load_one(frame, task_id)
    moved = _moved(frame, loaded.task)
    bare = Subject(loaded=loaded, around=around, words=words_of(frame, loaded.task, Names()), moved=moved)
    called = names(frame.tx, persons(bare), {*loaded.task.parties.values(), loaded.task.unit_id})
    return replace(bare, words=words_of(frame, loaded.task, called))


def _moved(frame: Frame, task: Task) -> MovedMilestone | None:
    ident = frame.around(task.version_id).moves.get(task.deadline_basis.removeprefix(MILESTONE))
    return next((one for one in frame.moves(task.version_id) if one.id == ident), None)


def persons(subject: Subject) -> set[int]:
    """Everybody whom an explanation may name: who holds the roles, and who acted."""
    case = subject.case
    found = {person for role in subject.definition.roles for person in persons_of(case.resolve(role))}
    found.update(person for acted in subject.loaded.task.actors.values() for person in acted)
    found.update(person for team in subject.loaded.task.teams.values() for person in team.members)
    found.update(() if subject.moved is None else (subject.moved.person_id,))
    return found.union(*(one.asker for one in subject.loaded.task.pending))
