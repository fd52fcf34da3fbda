"""Evidence of a task: listed, and served to whoever may see the task, as an attachment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from workflow.engine import Frame
from workflow.errors import BadValue, StoreError, Unknown
from workflow.evidence import EvidenceStore
from workflow.evidence_kinds import FileKind, kind_of, thumbnail
from workflow.reading import history, number_of
from workflow.reading.history import Entry
from workflow.reading.names import names
from workflow.reading.words import moment
from workflow.text import Text

from .asking import Asking
from .seeing import person_of, seen
from .uploads import folder_of
from .visits import Visit

router = APIRouter()
MOST = 50  # files that a page lists
_BLOCK = 256 * 1024  # bytes
_MINE = "private, max-age=3600"  # of a browser that may see it


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """A file of a task, as its page lists it."""

    sha256: str
    kind: FileKind | None  # None: the file isn't there, or can't be recognised
    size_text: str
    by: Text
    at: str


def hashes_of(entry: Entry) -> Sequence[str]:
    """The files that an event brought: evidence, and the paper of what was entered for somebody."""
    paper = entry.header.get("paper")
    return (*entry.header.get("evidence", ()), *((paper,) if isinstance(paper, str) else ()))


def attached(
    frame: Frame, folder: EvidenceStore | None, entries: Sequence[Entry], zone: str
) -> tuple[Attached, ...]:
    """The files of a task, the newest first, each once."""
    first = {sha256: entry for entry in reversed(entries) for sha256 in hashes_of(entry)}
    chosen = list(first.items())[:MOST]
    people = {entry.header["actor"] for _, entry in chosen if "actor" in entry.header}
    called, calendar = names(frame.tx, people), frame.calendar(zone)
    found = []
    for sha256, entry in chosen:
        kind, size = _looked_at(folder, sha256)
        by = called.person(entry.header["actor"]) if "actor" in entry.header else Text("系统", "the system")
        found.append(Attached(sha256=sha256, kind=kind, size_text=size, by=by, at=moment(calendar, entry.at)))
    return tuple(found)


_known: dict[str, tuple[FileKind, str]] = {}
_MOST_KNOWN = 20_000  # files; what a hash stands for never changes, so it is looked at once


def _looked_at(folder: EvidenceStore | None, sha256: str) -> tuple[FileKind | None, str]:
    if folder is None:
        return None, ""
    found = _known.get(sha256)
    if found is not None:
        return found
    try:
        with folder.open(sha256) as source:
            found = _kind(source), size_text(source.seek(0, 2))
    except (StoreError, Unknown):
        return None, ""
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[sha256] = found
    return found


OTHER = FileKind(
    ending="bin", media_type="application/octet-stream", label=Text("其他文件", "another kind of file")
)


def _kind(source: BinaryIO) -> FileKind:
    """What a kept file is; what the command line brought may be of any kind."""
    try:
        return kind_of(source)
    except BadValue:
        return OTHER


def size_text(size: int) -> str:
    """A size as people read it."""
    return f"{size / 1_048_576:.1f} MB" if size >= 1_048_576 else f"{max(1, size // 1024)} KB"


@router.get("/tasks/{number}/evidence/{sha256}")
def file(visit: Asking, number: str, sha256: str) -> Response:
    """A file of a task that one may see."""
    folder, number = _allowed(visit, number, sha256)
    return served(folder, number, sha256)


def served(folder: EvidenceStore, number: str, sha256: str) -> Response:
    """A file as an attachment; its name tells nothing but the task and the hash.

    Raises:
        Unknown: it isn't there.
    """
    source = folder.open(sha256)
    kind, size = _kind(source), source.seek(0, 2)
    source.seek(0)
    return StreamingResponse(
        _blocks(source),
        media_type=kind.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{number}-{sha256[:8]}.{kind.ending}"',
            "Content-Length": str(size),
            "X-Content-Type-Options": "nosniff",
        },
    )


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    with source:
        while block := source.read(_BLOCK):
            yield block


@router.get("/tasks/{number}/evidence/{sha256}/small")
def small(visit: Asking, number: str, sha256: str) -> Response:
    """A photo of a task that one may see, drawn small."""
    folder, _ = _allowed(visit, number, sha256)
    drawn = folder.small(sha256)
    if drawn is None:
        with folder.open(sha256) as source:
            drawn = thumbnail(source)
        folder.keep_small(sha256, drawn)
    return Response(drawn, media_type="image/jpeg", headers={"Cache-Control": _MINE})


def _allowed(visit: Visit, number: str, sha256: str) -> tuple[EvidenceStore, str]:
    """Where a file lies that is attached to a task that one may see.

    Raises:
        NotAllowed: the task is none of their business.
        Unknown: no such file is attached to it, or it is not there any more.
    """
    with visit.place.frame() as frame:
        ident, subject = seen(frame, number, person_of(visit))
        entries = history(frame, subject.loaded.task)
        number = number_of(frame, ident, subject.loaded.task.campaign_id)  # not as it was typed
    folder = folder_of(visit.place)
    if not any(sha256 in hashes_of(entry) for entry in entries):
        raise Unknown(
            "这件事项没有这份佐证材料，或文件已不在。请回到事项页查看。",
            "This task has no such evidence, or the file is gone. Look at the page of the task.",
        )
    return folder, number
