"""Files that come with a form: counted, measured and recognised before anything is kept.

What a file was called is not kept: a name may tell of a person. It is served under a name made of the
task's number and its hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from starlette.datastructures import UploadFile

from workflow.errors import BadValue, NotNow
from workflow.evidence import EvidenceStore, Stored, record
from workflow.evidence_kinds import kind_of

from .place import Place
from .visits import Visit

FIELD = "evidence"
DECLARED = "nothing_classified"


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that was sent, as it is known by."""

    source: BinaryIO
    stored: Stored


def uploads_of(visit: Visit) -> tuple[Upload, ...]:
    """The files of a form, measured, nothing kept.

    Raises:
        BadValue: not declared, too many, too large, empty, or of a kind that isn't taken.
    """
    files = [one for one in visit.files if isinstance(one, UploadFile) and one.filename]
    if not files:
        return ()
    _check_declared(visit)
    most = visit.place.settings.most_files
    if len(files) > most:
        raise BadValue(
            f"未办理：一次最多附 {most} 份文件，现有 {len(files)} 份。请减少或合并后重新选择。",
            f"Not done: at most {most} files at once, {len(files)} came. Choose fewer, or join them.",
        )
    return tuple(_upload(visit.place, one.file) for one in files)


def upload_of(visit: Visit, file: UploadFile) -> Upload:
    """One file of a form, measured, not kept.

    Raises:
        BadValue: not declared, too large, empty, or of a kind that isn't taken.
    """
    _check_declared(visit)
    return _upload(visit.place, file.file)


def _check_declared(visit: Visit) -> None:
    if not visit.form.get(DECLARED):
        raise BadValue(
            "未办理，文件未保存：上传文件须勾选“不含涉密内容”。请确认后勾选，并重新选择文件。",
            "Not done, and no file was kept: to upload files, tick “Nothing classified”. Make sure of it, "
            "tick it, and choose the files again.",
        )


def _upload(place: Place, source: BinaryIO) -> Upload:
    source.seek(0)
    stored = folder_of(place).measure(source, place.settings.largest_file)
    kind_of(source)
    return Upload(source=source, stored=stored)


def keep(place: Place, uploads: Sequence[Upload], now: int) -> None:
    """Keep files whose act would be taken."""
    folder = folder_of(place)
    for one in uploads:
        one.source.seek(0)
        folder.store(one.source)
    with place.engine.port.write("people") as tx:
        record(tx, [one.stored for one in uploads], now)


def folder_of(place: Place) -> EvidenceStore:
    """Where evidence lies.

    Raises:
        NotNow: this console was started without one.
    """
    if place.folder is None:
        raise NotNow(
            "未办理：本系统未设佐证材料文件夹。请告诉系统管理员。",
            "Not done: no evidence folder is set up here. Tell the system administrator.",
        )
    return place.folder
