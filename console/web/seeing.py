"""Who works with tasks, and which of them somebody may look at."""

from __future__ import annotations

from typing import Final

from workflow.engine import Frame
from workflow.errors import NotAllowed
from workflow.explaining import Subject, subject_of
from workflow.reading import check_sight, read_number, scope_of
from workflow.text import Text

from .visits import Visit

NO_PART: Final = Text(
    "管理员账号不参与事项办理，看不到事项。请用办理人员的账号登录。",
    "Administrators have no part in tasks and see none. Use an account that works with them.",
)


def person_of(visit: Visit) -> int:
    """Whoever works with tasks.

    Raises:
        NotAllowed: an administrator, who has no part in them.
    """
    account = visit.who.account
    if account.duty is not None or account.person_id is None:
        raise NotAllowed(*NO_PART)
    return account.person_id


def seen(frame: Frame, number: str, person: int) -> tuple[int, Subject]:
    """A task that somebody may look at.

    Raises:
        Unknown: there is none of that number.
        NotAllowed: it is none of their business.
    """
    ident = read_number(frame, number)
    subject = subject_of(frame, ident)
    if not _acts_on(subject, person):
        check_sight(scope_of(frame, person), subject.loaded.task)
    return ident, subject


def _acts_on(subject: Subject, person: int) -> bool:
    """Whether somebody fills a role of the task now, from wherever that role is looked for."""
    case = subject.case
    return any(person in case.resolve(role).persons for role in subject.definition.roles)
