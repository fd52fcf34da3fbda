"""A list of tasks from a workbook: template, check of every cell, then all of it or nothing.

Between check and import the file is kept here, under its hash: what was checked is what is imported, and
nobody sends it a second time. It goes when it is imported, when the same person checks another, or after
an hour.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from workflow.engine import Frame
from workflow.errors import BadValue, DubanError, NotNow
from workflow.text import Text

from ..books import Checked
from ..store import books
from ..store.books import CheckedBook
from .asking import Asking
from .errors import status_of
from .ledger import books_of, sent
from .seeing import person_of
from .visits import Visit

router = APIRouter()
MOST_SHOWN = 200  # wrong cells on the page; the marked copy has all
LARGEST = 20_000_000  # bytes of a workbook


@router.get("/ledger/import")
def begin(visit: Asking, kind: str = "", done: str = "", lines: str = "") -> Response:
    """What to do, and the file to choose."""
    person_of(visit)
    return _page(visit, kind=kind, done=done, lines=lines if lines.isdecimal() else "")


def _page(
    visit: Visit,
    *,
    kind: str = "",
    done: str = "",
    lines: str = "",
    checked: Checked | None = None,
    sha256: str = "",
    error: DubanError | None = None,
) -> Response:
    with visit.place.frame() as frame:
        kinds = _kinds(frame)
    return visit.page(
        "import.html",
        status_of(error) if error else 422 if checked is not None and checked.wrong else 200,
        kinds=kinds,
        kind=kind,
        done=done,
        lines=lines,
        checked=checked,
        sha256=sha256,
        most=MOST_SHOWN,
        largest=LARGEST // 1_000_000,
        why=error.text if error else None,
    )


def _kinds(frame: Frame) -> dict[str, Text]:
    """What can be imported: `campaign/kind`, with what it is called. Drafts are the machine's."""
    several = len(frame.campaigns) > 1
    found: dict[str, Text] = {}
    for one in frame.campaigns.values():
        version = frame.version(one.version_id)
        own = version.pack.campaign.label
        for kind, book in version.books.items():
            if book.definition.draft_state is None:
                label = book.definition.label
                both = Text(f"{label.zh}（{own.zh}）", f"{label.en} ({own.en})")
                found[f"{one.name}/{kind}"] = both if several else label
    return found


def _kind(visit: Visit, typed: str) -> tuple[str, str]:
    """(campaign, kind) as they were chosen."""
    with visit.place.frame() as frame:
        known = _kinds(frame)
    if typed not in known:
        raise BadValue(
            "请先选择事项类型，再下载模板或上传文件。",
            "Choose a kind of task first; then take its template or send a file.",
        )
    campaign, _, kind = typed.partition("/")
    return campaign, kind


@router.get("/ledger/import/template")
def template(visit: Asking, kind: str = "") -> Response:
    """An empty workbook to fill in."""
    person_of(visit)
    own, (campaign, name) = books_of(visit), _kind(visit, kind)
    return sent(lambda file: own.template(name, campaign, file, visit.now), f"{name}.xlsx")


@contextmanager
def _as_file(body: bytes) -> Iterator[Path]:
    """The workbook as a file, for as long as it is looked at."""
    with tempfile.TemporaryDirectory(prefix="duban-") as folder:
        file = Path(folder) / "workbook.xlsx"
        file.write_bytes(body)
        yield file


# --- checking ---------------------------------------------------------------------------------------


@router.post("/ledger/import")
def check(visit: Asking) -> Response:
    """Look at every cell; nothing becomes a task yet."""
    form, person, own = visit.checked(), person_of(visit), books_of(visit)
    typed = str(form.get("kind", ""))
    try:
        campaign, kind = _kind(visit, typed)
        body = _sent_file(form.get("workbook"))
        with _as_file(body) as file:
            found = own.check(file, kind, campaign, person, visit.now)
        digest = sha256(body).hexdigest()
        kept = CheckedBook(kind=kind, campaign=campaign, sha256=digest, body=body)
        with visit.place.engine.port.write("people") as tx:
            books.keep(tx, person, kept, visit.now)
    except DubanError as error:
        return _page(visit, kind=typed, error=error)
    return _page(visit, kind=typed, checked=found, sha256=digest)


def _sent_file(sent_file: object) -> bytes:
    if not isinstance(sent_file, UploadFile) or not sent_file.filename:
        raise BadValue(
            "没有收到文件。请选择填好的工作簿（.xlsx）。",
            "No file came. Choose the filled-in workbook (.xlsx).",
        )
    body = sent_file.file.read(LARGEST + 1)
    if len(body) > LARGEST:
        most = LARGEST // 1_000_000
        raise BadValue(
            f"没有读取：文件超过 {most} MB，什么都没有保存。请分成几份。",
            f"Not read: the file is larger than {most} MB; nothing was kept. Divide it.",
        )
    return body


# --- taking -----------------------------------------------------------------------------------------


@router.post("/ledger/import/take")
def take(visit: Asking) -> Response:
    """Import what was checked, if nothing is wrong with it still."""
    form, person, own = visit.checked(), person_of(visit), books_of(visit)
    digest = str(form.get("sha256", ""))
    kept = _kept(visit, person, digest)
    typed = f"{kept.campaign}/{kept.kind}"
    try:
        with _as_file(kept.body) as file:
            found = own.take(file, kept.kind, kept.campaign, person, visit.now)
    except DubanError as error:
        return _page(visit, kind=typed, error=error)
    if found.wrong:  # units or people have changed since
        return _page(visit, kind=typed, checked=found, sha256=digest)
    with visit.place.engine.port.write("people") as tx:
        books.forget(tx, person, digest)
    return visit.go(f"/ledger/import?done=1&lines={found.added}")


@router.post("/ledger/import/marked")
def marked(visit: Asking) -> Response:
    """A copy of what was checked in which every wrong cell is marked."""
    form, person, own = visit.checked(), person_of(visit), books_of(visit)
    kept = _kept(visit, person, str(form.get("sha256", "")))
    with _as_file(kept.body) as file:
        found = own.check(file, kept.kind, kept.campaign, person, visit.now)
        name = f"{kept.kind}-{visit.say('标注', 'marked')}.xlsx"
        return sent(lambda copy: own.mark(file, found.wrong, copy), name)


def _kept(visit: Visit, person: int, digest: str) -> CheckedBook:
    with visit.place.engine.port.read() as tx:
        found = books.kept(tx, person, digest, visit.now)
    if found is None or sha256(found.body).hexdigest() != digest:
        raise NotNow(
            "没有导入：检查过的文件已不在（超过一小时、已导入，或之后又检查了另一份）。请重新检查。",
            "Nothing was imported: the file that was checked is gone (an hour has passed, it was imported, "
            "or another was checked since). Check it again.",
        )
    return found
