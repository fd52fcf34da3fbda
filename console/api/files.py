"""Evidence: sent for a task with a declaration, each time; served to whoever may see the task."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from workflow.errors import BadValue, NotAllowed, NotNow, Unknown
from workflow.evidence_kinds import kind_of
from workflow.explaining import Subject, possible
from workflow.reading import history, number_of

from ..store import requests
from ..web.asking import MOST_FIELDS, MOST_FILES, check_charset
from ..web.evidence import hashes_of, served
from ..web.seeing import seen
from ..web.uploads import DECLARED, FIELD, Upload, folder_of, keep, uploads_of
from ..web.visits import Visit
from . import shapes
from .asking import Acting, Caller, Reading
from .problems import problems
from .tasks import Number

router = APIRouter(tags=["evidence"])
_BYTES = {"type": "string", "format": "binary"}
MOST_KEPT = 50  # files that one person may have sent for one task
_FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FIELD, DECLARED],
                "properties": {
                    FIELD: {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": "Photos (JPEG, PNG, WebP), PDF, Office files without macros.",
                    },
                    DECLARED: {
                        "type": "string",
                        "enum": ["yes"],
                        "description": "That nothing classified is in them; each time.",
                    },
                },
            }
        }
    },
}


class Taken(BaseModel):
    """Files that were taken."""

    items: list[shapes.Uploaded]


@router.post(
    "/tasks/{number}/evidence",
    status_code=201,
    responses=problems(400, 404, 409, 411, 413),
    openapi_extra={"requestBody": _FORM},
    summary="Send files, to be attached to an act",
)
async def send(caller: Acting, number: Number) -> Taken:
    """All of them or none. Only whoever sent them may attach them, and only to this task."""
    form = await _form(caller.request)
    try:
        return await run_in_threadpool(_take, caller, number, form)
    finally:
        await form.close()


async def _form(request: Request) -> FormData:
    """Read once it is known who sends: nobody else's files are taken in."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return FormData()
    check_charset(request.headers["content-type"])
    return await request.form(max_fields=MOST_FIELDS, max_files=MOST_FILES)


def _take(caller: Caller, number: str, form: FormData) -> Taken:
    place = caller.place
    with place.frame() as frame:
        ident, subject = seen(frame, number, caller.person)
        _check_use(subject, caller.person)
        count = requests.uploads(frame.tx, ident, caller.person)
    visit = Visit(
        place=place,
        request=caller.request,
        now=caller.now,
        visitor=None,
        form=dict(form),
        files=form.getlist(FIELD),
    )
    files = uploads_of(visit)
    _check_count(len(files), count)
    keep(place, files, caller.now)
    _note(caller, ident, files)
    return Taken(items=[_uploaded(one) for one in files])


def _check_use(subject: Subject, person: int) -> None:
    """Refuse files of somebody who can't attach them to anything.

    Raises:
        NotAllowed: there is no act of theirs that takes files, now.
    """
    transitions = subject.definition.transitions
    if not any(one.may and one.name in transitions for one in possible(subject, person)):
        raise NotAllowed(
            "文件未接收：您现在没有可附佐证材料的操作。请看 /tasks/…/acts。",
            "The files were not taken: you may do nothing now that takes evidence. See /tasks/…/acts.",
        )


def _check_count(sent: int, before: int) -> None:
    if not sent:
        raise BadValue(
            f"没有收到文件。请用 multipart/form-data 的 {FIELD} 字段发送，并带 {DECLARED}=yes。",
            f"No file came. Send it as the field {FIELD} of multipart/form-data, with {DECLARED}=yes.",
        )
    if before + sent > MOST_KEPT:
        raise NotNow(
            f"文件未接收：您已为本事项上传 {before} 份，至多 {MOST_KEPT} 份。请先用已上传的办理。",
            f"The files were not taken: you have sent {before} for this task, {MOST_KEPT} at most. Act with "
            "those first.",
        )


def _note(caller: Caller, task: int, files: tuple[Upload, ...]) -> None:
    with caller.place.engine.port.write("people") as tx:
        for sha256 in dict.fromkeys(one.stored.sha256 for one in files):
            requests.add_upload(tx, task, caller.person, sha256, caller.now)


def _uploaded(one: Upload) -> shapes.Uploaded:
    kind = kind_of(one.source)
    return shapes.Uploaded(sha256=one.stored.sha256, size=one.stored.size, media_type=kind.media_type)


@router.get(
    "/tasks/{number}/evidence/{sha256}",
    responses=problems(404, 409)
    | {200: {"description": "The file, as what it is.", "content": {"*/*": {"schema": _BYTES}}}},
    response_class=StreamingResponse,
    summary="A file of a task",
)
def file(caller: Reading, number: Number, sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
    """As an attachment. The name tells nothing but the task and the hash."""
    with caller.place.frame() as frame:
        ident, subject = seen(frame, number, caller.person)
        known = any(sha256 in hashes_of(entry) for entry in history(frame, subject.loaded.task))
        shown = number_of(frame, ident, subject.loaded.task.campaign_id)
    if not known:
        raise Unknown(
            "这件事项没有这份佐证材料，或文件已不在。请看 /tasks/… 的 evidence。",
            "This task has no such evidence, or the file is gone. See `evidence` of /tasks/….",
        )
    return served(folder_of(caller.place), shown, sha256)
