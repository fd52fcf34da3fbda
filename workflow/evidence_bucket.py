"""Evidence in a bucket of a service that speaks S3, under the same names as in a folder.

A file is sent with its SHA-256, which the service checks before it keeps it: half a file that looks whole
can't come about. Nothing is ever overwritten with something else: the name is the content's hash.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from .errors import StoreError, UsageError
from .evidence import LARGEST, Stored, check_hash, measured, not_there

_IN_MEMORY = 1024 * 1024  # bytes of a file that is read; what is larger lies on the disk meanwhile
_SECONDS = 10  # to connect, and between two pieces
_MISSING = ("404", "NoSuchKey", "NotFound")


def client(*, endpoint: str | None, access_key: str | None = None, secret_key: str | None = None) -> Any:
    """The client of a service: where it stands and its keys as given, else as the machine is set up.

    Raises:
        UsageError: boto3 is not installed.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise UsageError(
            "存储桶所需的程序库 boto3 未安装，请安装 duban[s3]。",
            "The library boto3 that a bucket needs is missing: install duban[s3].",
        ) from error
    config = Config(
        connect_timeout=_SECONDS,
        read_timeout=_SECONDS,
        retries={"max_attempts": 3, "mode": "standard"},
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=config,
    )


class Bucket:
    """The bucket that the files lie in."""

    def __init__(self, service: Any, name: str, *, prefix: str = "", largest: int = LARGEST) -> None:
        """`service`: a client of boto3, which several threads may use at once."""
        self._service, self._name, self._prefix, self._largest = service, name, prefix, largest

    @property
    def where(self) -> str:
        """The bucket, with what stands before its names."""
        return f"s3://{self._name}/{self._prefix}"

    def measure(self, source: BinaryIO, largest: int | None = None) -> Stored:
        """Hash and size of a file, without keeping it.

        Args:
            largest: bytes; None: as large as this bucket takes.

        Raises:
            BadValue: it is empty or too large.
        """
        return measured(source, None, self._largest if largest is None else largest)

    def store(self, source: BinaryIO) -> Stored:
        """Keep a file. The same file twice is kept once.

        Raises:
            BadValue: it is empty or too large.
            StoreError: the bucket can't be written.
        """
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
            stored = measured(source, cast("BinaryIO", copy), self._largest)
            if not self.lies(stored):
                copy.seek(0)
                self._put(self._key(stored.sha256), copy, bytes.fromhex(stored.sha256))
        return stored

    def open(self, sha256: str) -> BinaryIO:
        """A file, to be read and closed.

        Raises:
            Unknown: that is no SHA-256, or it isn't there.
            StoreError: the bucket can't be read.
        """
        found = self._get(self._key(sha256))
        if found is None:
            raise not_there()
        return found

    def lies(self, stored: Stored) -> bool:
        """Whether a file of that size lies there; a glance, without reading it."""
        key = self._key(stored.sha256)
        told = self._ask(lambda: self._service.head_object(Bucket=self._name, Key=key))
        return told is not None and told["ContentLength"] == stored.size

    def fits(self, stored: Stored) -> bool:
        """Whether the file is there, with the right size and content."""
        file = self._get(self._key(stored.sha256))
        if file is None:
            return False
        with file:
            return measured(file, None, self._largest) == stored

    def small(self, sha256: str) -> bytes | None:
        """A photo drawn small, if it was kept."""
        file = self._get(self._small_key(sha256))
        if file is None:
            return None
        with file:
            return file.read()

    def keep_small(self, sha256: str, drawn: bytes) -> None:
        """Keep a photo drawn small. It can be drawn again: where it can't be kept, nothing is said."""
        key = self._small_key(sha256)
        with suppress(StoreError), self._said():
            self._service.put_object(Bucket=self._name, Key=key, Body=drawn)

    def _key(self, sha256: str) -> str:
        check_hash(sha256)
        return f"{self._prefix}{sha256[:2]}/{sha256}"

    def _small_key(self, sha256: str) -> str:
        check_hash(sha256)
        return f"{self._prefix}small/{sha256[:2]}/{sha256}"

    def _put(self, key: str, body: Any, digest: bytes) -> None:
        checksum = base64.b64encode(digest).decode()
        with self._said():
            self._service.put_object(Bucket=self._name, Key=key, Body=body, ChecksumSHA256=checksum)

    def _get(self, key: str) -> BinaryIO | None:
        answer = self._ask(lambda: self._service.get_object(Bucket=self._name, Key=key))
        if answer is None:
            return None
        copy = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  (whoever asked closes it)
        with self._said():
            for block in answer["Body"].iter_chunks(_IN_MEMORY):
                copy.write(block)
        copy.seek(0)
        return cast("BinaryIO", copy)

    def _ask(self, question: Callable[[], Any]) -> Any:
        """An answer; None where nothing lies under that name."""
        from botocore.exceptions import ClientError

        with self._said():
            try:
                return question()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _MISSING:
                    return None
                raise

    @contextmanager
    def _said(self) -> Iterator[None]:
        """An error of the service in the words of Duban; it names no key and no secret."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
            why = code or type(error).__name__
            raise StoreError(
                f"佐证材料存储桶 {self.where} 不能用（{why}），一切未变。请检查该桶、网络与密钥后再试。",
                f"The bucket of evidence {self.where} can't be used ({why}), and nothing has changed. Check "
                "the bucket, the network and its keys, then try again.",
            ) from error
