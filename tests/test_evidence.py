"""Evidence: a file lies under its hash, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tests.storing import opened
from workflow import evidence
from workflow.errors import BadValue, DatabaseFull, DatabaseReadOnly, StoreError, Unknown
from workflow.evidence import Folder, Stored

CONTENT = "整改照片".encode() * 1_000
HASH = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "evidence", largest=100_000)


def _files(folder: Folder) -> list[Path]:
    return [path for path in folder.root.rglob("*") if path.is_file()]


def test_a_file_lies_under_its_hash(folder: Folder) -> None:
    stored = folder.store(io.BytesIO(CONTENT))
    assert stored == Stored(sha256=HASH, size=len(CONTENT)) == folder.measure(io.BytesIO(CONTENT))
    assert folder.path_of(HASH).read_bytes() == CONTENT
    assert folder.lies(stored)
    assert folder.fits(stored)


def test_the_same_file_is_kept_once(folder: Folder) -> None:
    folder.store(io.BytesIO(CONTENT))
    folder.store(io.BytesIO(CONTENT))
    assert _files(folder) == [folder.path_of(HASH)]


def test_measuring_keeps_nothing(folder: Folder) -> None:
    folder.measure(io.BytesIO(CONTENT))
    assert not folder.root.exists()


@pytest.mark.parametrize("size", [0, 100_001])
def test_what_is_empty_or_too_large_is_refused(folder: Folder, size: int) -> None:
    with pytest.raises(BadValue):
        folder.store(io.BytesIO(b"x" * size))
    assert _files(folder) == []


def test_the_largest_allowed_is_taken(folder: Folder) -> None:
    assert folder.store(io.BytesIO(b"x" * 100_000)).size == 100_000


@pytest.mark.parametrize("damage", [b"", b"other content", b"y" * len(CONTENT)])
def test_a_damaged_file_is_found_and_healed(folder: Folder, damage: bytes) -> None:
    stored = folder.store(io.BytesIO(CONTENT))
    folder.path_of(HASH).write_bytes(damage)
    assert not folder.fits(stored)
    folder.store(io.BytesIO(CONTENT))
    assert folder.fits(stored)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", HASH.upper(), HASH + "\n", f"/{HASH}"])
def test_only_a_hash_becomes_a_path(folder: Folder, name: str) -> None:
    with pytest.raises(Unknown):
        folder.path_of(name)


class _Breaking(io.BytesIO):
    """A source that fails after its first block."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 0:
            raise OSError(errno.EIO, "broken")
        return super().read(10 if size is None else min(size, 10))


def test_a_source_that_breaks_leaves_nothing(folder: Folder) -> None:
    with pytest.raises(StoreError, match="broken"):
        folder.store(cast("BinaryIO", _Breaking(CONTENT)))
    assert _files(folder) == []


@pytest.mark.parametrize(
    ("code", "error"),
    [(errno.ENOSPC, DatabaseFull), (errno.EROFS, DatabaseReadOnly), (errno.EIO, StoreError)],
)
def test_a_disk_that_fails_leaves_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, code: int, error: type[StoreError]
) -> None:
    def fail(_handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(error):
        folder.store(io.BytesIO(CONTENT))
    assert _files(folder) == []


def test_stored_files_are_entered_once(database_url: str) -> None:
    one, other = Stored(sha256=HASH, size=5), Stored(sha256="0" * 64, size=6)
    with opened(database_url) as port:
        for files in ([one, one], [one, other]):
            with port.write("people") as tx:
                evidence.record(tx, files, 1_000)
        with port.read() as tx:
            assert evidence.recorded(tx, HASH) == one
            assert evidence.recorded(tx, "1" * 64) is None
            assert evidence.all_recorded(tx) == [other, one]
