"""Whether the files that come with an act are worth keeping."""

from __future__ import annotations

from ..decision import Act
from ..engine import Frame
from ..store import organisation
from .acts import rehearse
from .subject import Subject


def would_be_taken(
    frame: Frame, subject: Subject, wanted: Act, *, revision: int | None, request_id: str | None
) -> bool:
    """Whether the files are worth keeping: a refusal must leave everything as it was.

    False where the engine has the answer already, or refuses before it looks at evidence.

    Raises:
        DubanError: the act would be refused.
    """
    stale = revision is not None and revision != subject.loaded.task.revision
    answered = request_id is not None and organisation.request(frame.tx, request_id) is not None
    if frame.stamp.held or stale or answered:
        return False
    rehearse(subject, wanted)
    return True
