"""A channel that writes files instead of sending: for demonstrations and previews.

A file bears the number of its delivery and nothing else: no name, no address. A second try writes the
same file again, so nothing is there twice.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from workflow.text import Text

from .channel import Outcome, Receipt, Send
from .content import Content, Envelope, Kind, Parcel

Form = Literal["text", "html"]

ENDINGS: Final[dict[Form, str]] = {"text": ".txt", "html": ".html"}


class FolderSettings(BaseModel):
    """Where files are written, and whose addresses they stand for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["folder"] = "folder"
    folder: Path  # made if it isn't there
    serves: Kind = "folder"  # the kind of addresses that this channel takes over
    form: Form = "text"  # html: the document as it would be mailed, pictures inside


class FolderChannel:
    """Writes each message as a file named by its delivery."""

    def __init__(self, name: str, settings: FolderSettings) -> None:
        self.name = name
        self.kind: Kind = settings.serves
        self._folder = settings.folder
        self._form = settings.form

    def write(self, content: Content, envelope: Envelope) -> bytes:  # noqa: ARG002 - nothing of it is told
        """The file as it will be. A content without HTML is written as text in either form."""
        if self._form == "html" and content.html is not None:
            return with_pictures(content).encode("utf-8", "replace")
        return _text(content, short=self.kind == "sms").encode("utf-8", "replace")

    def session(self) -> AbstractContextManager[Send]:
        """Something to write with; a folder needs no connection."""
        return _session(self._put)

    def receipts(self, keep: Callable[[Receipt], None]) -> int:  # noqa: ARG002 - a folder answers at once
        """None ever comes."""
        return 0

    def _put(self, parcel: Parcel) -> Outcome:
        ending = ENDINGS["html" if _is_html(parcel.body) else "text"]
        path = self._folder / f"{parcel.delivery_id}{ending}"
        try:
            _write_whole(path, parcel.body)
        except OSError as error:
            return Outcome.unreachable(_unwritable(self._folder, error), code=str(error.errno or ""))
        return Outcome.accepted(reference=path.name)


def folder_channel(name: str, settings: FolderSettings) -> FolderChannel:
    """The channel that these settings describe."""
    return FolderChannel(name, settings)


@contextmanager
def _session(send: Send) -> Iterator[Send]:
    yield send


def _text(content: Content, *, short: bool) -> str:
    said = "\n".join(content.phrases) if short and content.phrases else content.text
    return f"{content.subject}\n\n{said}\n"


def with_pictures(content: Content) -> str:
    """The document as a browser shows it by itself, pictures inside."""
    document = content.html or ""
    for picture in content.pictures:
        data = base64.b64encode(picture.data).decode()
        document = document.replace(f"cid:{picture.id}", f"data:image/png;base64,{data}")
    return document


def _is_html(body: bytes) -> bool:
    return body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))


def _write_whole(path: Path, body: bytes) -> None:
    """Another program never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    half.write_bytes(body)
    os.replace(half, path)


def _unwritable(folder: Path, error: OSError) -> Text:
    reason = error.strerror or type(error).__name__
    return Text(
        f"没有写成文件：文件夹 {folder} 无法写入（{reason}）。请检查权限和磁盘空间，之后会再试。",
        f"No file was written: the folder {folder} can't be written to ({reason}). Check its permissions "
        "and the disk's space; it is tried again later.",
    )
