"""What happens next to some tasks if nobody acts: each looked at by itself, all read as one set.

Its neighbours stay as they are now: a digest says what comes first, `duban forecast` plays it all through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from workflow.engine import Frame
from workflow.engine.claimed import tasks_of
from workflow.errors import DubanError
from workflow.forecast import Step, World, forecast
from workflow.reading.foretelling import step_text
from workflow.reading.history import words_of
from workflow.reading.names import Names, names
from workflow.store import tasks
from workflow.task import Loaded
from workflow.text import Text

STEPS: Final = 2  # shown of each
_LOOKED_AT: Final = 8  # of which those are shown that make a difference
_OVER: Final = "episode_ended"  # one warning gives way to another
_AHEAD: Final = 90 * 86_400_000  # ms


def foresee(frame: Frame, ids: Sequence[int]) -> Mapping[int, tuple[Text, ...]]:
    """task -> what happens to it first, in words; nothing for one that can't be foreseen."""
    readable, _ = tasks_of(frame.tx, tasks.read_these(frame.tx, ids))
    loaded = tasks.load(frame.tx, readable, frame)
    frame.know_units({unit for one in loaded for unit in one.task.parties.values()})
    found = {one.task.id: (one, _steps(frame, one)) for one in loaded}
    told = {person.person_id for _, steps in found.values() for step in steps for person in step.told}
    called = names(frame.tx, {one for one in told if one is not None})
    return {ident: _sentences(frame, one, steps, called) for ident, (one, steps) in found.items()}


def _steps(frame: Frame, loaded: Loaded) -> tuple[Step, ...]:
    version = loaded.task.version_id
    try:
        world = World(
            focus=loaded.task.id,
            now=frame.now,
            tasks={loaded.task.id: loaded},
            arounds={version: frame.around(version)},
            merged=frame.merged,
            cut=True,
        )
        played = forecast(world, until=frame.now + _AHEAD, steps=_LOOKED_AT)
    except DubanError:
        return ()
    told = [step for step in played.steps if step.task == loaded.task.id and step.kind != _OVER]
    return tuple(told[:STEPS])


def _sentences(frame: Frame, loaded: Loaded, steps: Sequence[Step], called: Names) -> tuple[Text, ...]:
    words = words_of(frame, loaded.task, called)
    found = []
    for step in steps:
        told, when = step_text(step, words), words.when(step.recorded_at)
        found.append(Text(f"{when} {told.zh}", f"{when} {told.en}"))
    return tuple(found)
