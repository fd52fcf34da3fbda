"""Who a task waits for, as a decision would see it now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..definition.model import Definition
from ..engine import Frame
from ..errors import DubanError
from ..people import Resolved, resolve
from ..store import tasks
from ..task import Task


def task_or_none(row: Sequence[Any]) -> Task | None:
    """The task of a row; None for one whose data can't be read, which is listed all the same."""
    try:
        return tasks.task_of(row)
    except (ValueError, TypeError, KeyError):
        return None


def definition_of(frame: Frame, version_id: int, kind: str) -> Definition | None:
    """A task's definition; None where its version can't be read."""
    try:
        book = frame.version(version_id).books.get(kind)
    except DubanError:
        return None
    return book.definition if book is not None else None


def waited_for(frame: Frame, task: Task) -> Resolved | None:
    """Who a task waits for now; None if for nobody. Its units must be known to the frame."""
    definition = definition_of(frame, task.version_id, task.kind)
    if task.waits_for is None or definition is None or task.waits_for not in definition.roles:
        return None
    directory = frame.around(task.version_id).directory
    return resolve(directory, definition, task.waits_for, task, frame.now)
