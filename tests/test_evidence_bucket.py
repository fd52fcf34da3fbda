"""A bucket keeps evidence as a folder does: by its hash, once, whole, and drawn small beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from moto import mock_aws

from commands.desk import bucket_of
from notifier.settings import EvidenceTable, SettingsError, read_settings
from workflow.errors import BadValue, StoreError, Unknown, UsageError
from workflow.evidence import EvidenceStore, Folder, Stored
from workflow.evidence_bucket import Bucket, client

NAME = "evidence-of-the-county"
LETTER = b"%PDF-1.7 a letter"


def known(content: bytes) -> Stored:
    return Stored(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        service = client(endpoint=None)
        service.create_bucket(Bucket=NAME)
        yield Bucket(service, NAME, prefix="duban/", largest=1_000)


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    if request.param == "folder":
        return Folder(tmp_path / "evidence", largest=1_000)
    found: Bucket = request.getfixturevalue("bucket")
    return found


def test_a_file_is_kept_by_its_hash_and_comes_back_whole(store: EvidenceStore) -> None:
    stored = store.store(BytesIO(LETTER))
    assert stored == known(LETTER) == store.measure(BytesIO(LETTER))
    assert store.store(BytesIO(LETTER)) == stored
    assert store.lies(stored)
    assert store.fits(stored)
    with store.open(stored.sha256) as file:
        assert file.read() == LETTER


def test_what_is_not_there_is_said_so(store: EvidenceStore) -> None:
    other = known(b"another")
    assert not store.lies(other)
    assert not store.fits(other)
    for name in (other.sha256, "../../etc/passwd", ""):
        with pytest.raises(Unknown):
            store.open(name)


@pytest.mark.parametrize("content", [b"", b"x" * 1_001])
def test_what_is_empty_or_too_large_is_not_kept(store: EvidenceStore, content: bytes) -> None:
    with pytest.raises(BadValue):
        store.store(BytesIO(content))
    assert not store.lies(known(content))


def test_a_photo_drawn_small_is_kept_beside_it(store: EvidenceStore) -> None:
    sha256 = store.store(BytesIO(LETTER)).sha256
    assert store.small(sha256) is None
    store.keep_small(sha256, b"small")
    assert store.small(sha256) == b"small"
    assert store.fits(known(LETTER))


def test_what_was_changed_in_the_bucket_is_found_out(bucket: Bucket) -> None:
    stored = bucket.store(BytesIO(LETTER))
    key = f"duban/{stored.sha256[:2]}/{stored.sha256}"
    bucket._service.put_object(Bucket=NAME, Key=key, Body=LETTER[::-1])
    assert bucket.lies(stored)
    assert not bucket.fits(stored)


def test_a_bucket_that_is_not_there_is_refused_in_words(bucket: Bucket) -> None:
    other = Bucket(bucket._service, "no-such-bucket-here")
    with pytest.raises(StoreError, match="NoSuchBucket"):
        other.store(BytesIO(LETTER))


def test_the_settings_name_a_bucket_and_where_its_keys_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "duban.toml"
    lines = [
        "[evidence]",
        f'bucket = "{NAME}"',
        'endpoint = "https://s3.example.org"',
        'access_key = "env:BUCKET_KEY"',
        'secret_key = "env:BUCKET_SECRET"',
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    table = read_settings(file).evidence
    with pytest.raises(UsageError, match="BUCKET_KEY"):
        bucket_of(table)
    monkeypatch.setenv("BUCKET_KEY", "k")
    monkeypatch.setenv("BUCKET_SECRET", "s")
    assert bucket_of(table).where == f"s3://{NAME}/"
    file.write_text(f'[evidence]\nbucket = "{NAME}"\nsecret_key = "hush-hush"\n', encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings(file)
    assert "hush" not in str(refused.value)


def test_without_a_bucket_evidence_lies_in_a_folder() -> None:
    assert EvidenceTable().bucket is None
