"""Many tasks at once: read as one set, each then a subject of its own."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine import Frame
from ..engine.claimed import tasks_of
from ..reading.history import words_of
from ..reading.names import Names
from ..store import tasks
from .subject import Subject


def subjects_of(frame: Frame, ids: Sequence[int]) -> dict[int, Subject]:
    """These tasks, in a fixed number of statements; those whose data can't be read are left out.

    Nobody is called by name: what one of these says of people, says their numbers.
    """
    readable, _ = tasks_of(frame.tx, tasks.read_these(frame.tx, ids) if ids else [])
    found = tasks.load(frame.tx, readable, frame)
    frame.know(found)
    return {
        one.task.id: Subject(
            loaded=one, around=frame.around(one.task.version_id), words=words_of(frame, one.task, Names())
        )
        for one in found
    }
