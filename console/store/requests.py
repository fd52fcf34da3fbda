"""What programs have asked for and sent: bodies under an idempotency key, files for a task."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, func, insert, select

from workflow.store import Transaction
from workflow.store.sql import OneOf, Statement

from ..models import RequestBodyRow, UploadRow

BODY = RequestBodyRow.__table__  # type: ignore[attr-defined]
UPLOAD = UploadRow.__table__  # type: ignore[attr-defined]

_BODY = Statement(select(BODY.c.hash).where(BODY.c.id == bindparam("request")))
_ADD_BODY = Statement(
    insert(BODY).values(id=bindparam("request"), hash=bindparam("hashed"), at=bindparam("now"))
)
_mine = (UPLOAD.c.task_id == bindparam("task"), UPLOAD.c.person_id == bindparam("person"))
_UPLOADED = Statement(select(UPLOAD.c.sha256).where(*_mine, OneOf(UPLOAD.c.sha256, "hashes", words=True)))
_UPLOADS = Statement(select(func.count()).select_from(UPLOAD).where(*_mine))
_ADD_UPLOAD = Statement(
    insert(UPLOAD).values(
        task_id=bindparam("task"),
        person_id=bindparam("person"),
        sha256=bindparam("file"),
        at=bindparam("now"),
    )
)


def body_of(tx: Transaction, request: str, hashed: str, now: int) -> str:
    """The hash of the body that first came under a key: this one, if none came before.

    Raises:
        Overtaken: another came at the same moment.
    """
    row = tx.one(_BODY, request=request)
    if row is None:
        tx.run(_ADD_BODY, request=request, hashed=hashed, now=now)
        return hashed
    return str(row[0])


def uploaded(tx: Transaction, task: int, person: int, hashes: Collection[str]) -> set[str]:
    """Those of these files that somebody has sent for a task."""
    if not hashes:
        return set()
    return {row[0] for row in tx.all(_UPLOADED, task=task, person=person, hashes=list(hashes))}


def uploads(tx: Transaction, task: int, person: int) -> int:
    """How many files somebody has sent for a task."""
    (row,) = tx.all(_UPLOADS, task=task, person=person)
    return int(row[0])


def add_upload(tx: Transaction, task: int, person: int, sha256: str, now: int) -> None:
    """Somebody has sent a file for a task; twice is once.

    Raises:
        Overtaken: the same file came at the same moment.
    """
    if not uploaded(tx, task, person, [sha256]):
        tx.run(_ADD_UPLOAD, task=task, person=person, file=sha256, now=now)
