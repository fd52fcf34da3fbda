"""Evidence: files kept by what they hold, never by what they are called.

They lie in a folder, or in a bucket (`evidence_bucket.py`); whoever keeps and shows them knows an
`EvidenceStore`. Of a folder:

A file lies under its SHA-256 (`ab/abcdef…`), so the same file is kept once, and a changed one is
found out. It is written beside its place, brought to the disk, and only then named: whoever dies in
the middle leaves a stray in `incoming/`, never half a file that looks whole. The table `evidence`
holds hash and size of what is stored; the history of a task holds the hashes that were attached.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from sqlalchemy import bindparam, select

from .errors import BadValue, DatabaseFull, DatabaseReadOnly, DubanError, StoreError, Unknown
from .store.organisation import EVIDENCE, stored_evidence
from .store.ports import Transaction
from .store.sql import Statement

LARGEST = 100 * 1024 * 1024  # bytes of one file
_BLOCK = 1024 * 1024
_HASH = re.compile(r"[0-9a-f]{64}")
_INCOMING, _SMALL = "incoming", "small"
_ALL = Statement(select(EVIDENCE.c.sha256, EVIDENCE.c.size).order_by(EVIDENCE.c.sha256))
_SIZE = Statement(select(EVIDENCE.c.size).where(EVIDENCE.c.sha256 == bindparam("sha256")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A file as it is known by."""

    sha256: str  # hex
    size: int  # bytes


class EvidenceStore(Protocol):
    """Where files lie under their SHA-256, and photos drawn small beside them."""

    @property
    def where(self) -> str:
        """The place, as an operator knows it."""

    def measure(self, source: BinaryIO, largest: int | None = None) -> Stored:
        """Hash and size of a file, without keeping it.

        Args:
            largest: bytes; None: as large as this store takes.

        Raises:
            BadValue: it is empty or too large.
        """

    def store(self, source: BinaryIO) -> Stored:
        """Keep a file. The same file twice is kept once.

        Raises:
            BadValue: it is empty or too large.
            StoreError: it can't be kept.
        """

    def open(self, sha256: str) -> BinaryIO:
        """A file, to be read and closed.

        Raises:
            Unknown: that is no SHA-256, or it isn't there.
        """

    def lies(self, stored: Stored) -> bool:
        """Whether a file of that size lies there; a glance, without reading it."""

    def fits(self, stored: Stored) -> bool:
        """Whether the file is there, with the right size and content."""

    def small(self, sha256: str) -> bytes | None:
        """A photo drawn small, if it was kept."""

    def keep_small(self, sha256: str, drawn: bytes) -> None:
        """Keep a photo drawn small. It can be drawn again: where it can't be kept, nothing is said."""


class Folder:
    """The folder that the files lie in."""

    def __init__(self, root: Path, *, largest: int = LARGEST) -> None:
        self.root = root
        self._largest = largest

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.root)

    def measure(self, source: BinaryIO, largest: int | None = None) -> Stored:
        """Hash and size of a file, without keeping it.

        Args:
            largest: bytes; None: as large as this folder takes.

        Raises:
            BadValue: it is empty or too large.
        """
        return measured(source, None, self._largest if largest is None else largest)

    def store(self, source: BinaryIO) -> Stored:
        """Keep a file. The same file twice is kept once.

        Raises:
            BadValue: it is empty or too large.
            StoreError: the folder can't be written.
        """
        try:
            return self._store(source)
        except OSError as error:
            raise _said(error, self.root) from error

    def path_of(self, sha256: str) -> Path:
        """Where a file lies. The name comes from the hash alone.

        Raises:
            Unknown: that is no SHA-256.
        """
        check_hash(sha256)
        return self.root / sha256[:2] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """A file, to be read and closed.

        Raises:
            Unknown: that is no SHA-256, or it isn't there.
        """
        try:
            return self.path_of(sha256).open("rb")
        except OSError as error:
            raise not_there() from error

    def small(self, sha256: str) -> bytes | None:
        """A photo drawn small, if it was kept."""
        try:
            return self._small_of(sha256).read_bytes()
        except OSError:
            return None

    def keep_small(self, sha256: str, drawn: bytes) -> None:
        """Keep a photo drawn small. It can be drawn again: where it can't be kept, nothing is said."""
        place = self._small_of(sha256)
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=place.parent)
            with os.fdopen(handle, "wb") as target:
                target.write(drawn)
            Path(name).replace(place)

    def _small_of(self, sha256: str) -> Path:
        return self.root / _SMALL / self.path_of(sha256).relative_to(self.root)

    def lies(self, stored: Stored) -> bool:
        """Whether a file of that size lies there; a glance, without reading it."""
        with suppress(OSError):
            return self.path_of(stored.sha256).stat().st_size == stored.size
        return False

    def fits(self, stored: Stored) -> bool:
        """Whether the file is there, with the right size and content."""
        try:
            with self.path_of(stored.sha256).open("rb") as file:
                return (
                    os.fstat(file.fileno()).st_size == stored.size
                    and measured(file, None, self._largest) == stored
                )
        except OSError:
            return False

    def _store(self, source: BinaryIO) -> Stored:
        incoming = self.root / _INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=incoming)
        try:
            with os.fdopen(handle, "wb") as target:
                stored = measured(source, target, self._largest)
                target.flush()
                os.fsync(target.fileno())
            self._name(Path(name), stored)
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()
        return stored

    def _name(self, file: Path, stored: Stored) -> None:
        """Move a whole file to its place, unless it lies there already, undamaged."""
        place = self.path_of(stored.sha256)
        if self.fits(stored):
            return
        place.parent.mkdir(exist_ok=True)
        file.replace(place)
        for folder in (place.parent, self.root):  # the names themselves must reach the disk too
            _sync(folder)


def measured(source: BinaryIO, target: BinaryIO | None, largest: int) -> Stored:
    """Hash and size of a file, copied to a target if there is one.

    Raises:
        BadValue: it is empty or too large.
    """
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        size += len(block)
        if size > largest:
            raise _too_large(largest)
        digest.update(block)
        if target is not None:
            target.write(block)
    if size == 0:
        raise BadValue(
            "佐证材料是空文件，未予保存。请检查文件。",
            "The evidence is an empty file and was not kept. Check the file.",
        )
    return Stored(sha256=digest.hexdigest(), size=size)


def check_hash(sha256: str) -> None:
    """Refuse what is no SHA-256: a name would lead anywhere.

    Raises:
        Unknown: it is none.
    """
    if not _HASH.fullmatch(sha256):
        raise Unknown(
            f"{sha256[:20]!r} 不是 SHA-256，无法查找佐证材料。请用留痕中记载的散列。",
            f"{sha256[:20]!r} is no SHA-256, so no evidence was looked for. Use the hash in the history.",
        )


def not_there() -> Unknown:
    """The refusal of a file that is not there."""
    return Unknown(
        "这份佐证材料不在存放处。请告诉系统管理员，从备份恢复。",
        "This evidence is not where evidence is kept. Tell the system administrator to restore it.",
    )


def record(tx: Transaction, files: Sequence[Stored], now: int) -> None:
    """Enter stored files in the table, each once; only then can an act attach them."""
    wanted = {one.sha256: one for one in files}
    known = stored_evidence(tx, list(wanted))
    tx.insert(EVIDENCE, [(one.sha256, one.size, now) for one in wanted.values() if one.sha256 not in known])


def recorded(tx: Transaction, sha256: str) -> Stored | None:
    """A file as the table knows it."""
    row = tx.one(_SIZE, sha256=sha256)
    return Stored(sha256=sha256, size=int(row[0])) if row else None


def all_recorded(tx: Transaction) -> list[Stored]:
    """Every file that the table knows."""
    return [Stored(sha256=sha256, size=size) for sha256, size in tx.all(_ALL)]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _too_large(largest: int) -> BadValue:
    size = f"{largest / 1024 / 1024:g} MiB" if largest >= 1024 * 1024 else f"{largest} B"
    return BadValue(
        f"佐证材料超过 {size}，未予保存。请压缩或拆分后再附。",
        f"The evidence is larger than {size} and was not kept. Make it smaller, or split it.",
    )


def _said(error: OSError, root: Path) -> DubanError:
    """An error of the file system in the words of Duban."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DatabaseFull(
            f"磁盘已满，佐证材料未能存入 {root}，一切未变。请腾出空间后再试。",
            f"The disk is full: the evidence was not stored in {root}, and nothing has changed. Make room "
            "and try again.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DatabaseReadOnly(
            f"佐证材料文件夹 {root} 不能写入。请检查其权限。",
            f"The evidence folder {root} can't be written. Check its permissions.",
        )
    return StoreError(
        f"佐证材料未能存入 {root}（{error.strerror or error}）。请检查该文件夹。",
        f"The evidence was not stored in {root} ({error.strerror or error}). Check that folder.",
    )
