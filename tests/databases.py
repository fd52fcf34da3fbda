"""What one pytest run shares between its workers: a folder, and in it one PostgreSQL server.

The first worker that needs the server starts it; the controller, which outlives all workers, stops
it and removes the folder. A run that was killed leaves its folder behind, with the server still at
work in it; the next run finds both by the name of their owner, and ends them.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests import postgres

PREFIX = "duban-tests-"
TEMPLATE = "duban_template"


def prepare(url: str) -> None:
    """Bring an empty database to the newest schema, by the product's own migrations.

    Until `workflow.store` has a `migrate`, databases stay empty.
    """
    try:
        store = importlib.import_module("workflow.store")
    except ModuleNotFoundError as missing:
        if missing.name != "workflow.store":
            raise
        return
    if migrate := getattr(store, "migrate", None):
        migrate(url)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of pytest, with all its workers."""

    folder: Path

    @classmethod
    def begin(cls) -> Run:
        """For the controller: a new folder, after ending what killed runs left behind."""
        _sweep()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        (folder / "owner").write_text(_owner_of(psutil.Process()))
        folder.chmod(0o711)  # as root, the server runs as somebody else, who must get through here
        return cls(folder=folder)

    def end(self) -> None:
        """For the controller, when all workers have ended: stop the server, remove the folder."""
        if server := postgres.running(self._directory):
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def server(self) -> postgres.Server:
        """The server of this run, started by whoever comes first. Raises `postgres.Unavailable`."""
        with self._lock():
            if reason := self.unavailable():
                raise postgres.Unavailable(reason)
            return postgres.running(self._directory) or self._start()

    def template(self, server: postgres.Server) -> str:
        """The name of a database that `prepare` has been over, to make copies of."""
        prepared = self.folder / "prepared"
        with self._lock():
            if not prepared.exists():
                server.drop(TEMPLATE)
                prepare(server.create(TEMPLATE).url)
                prepared.touch()
        return TEMPLATE

    def unavailable(self) -> str:
        """Why there is no PostgreSQL in this run; empty if there is, or if nobody has asked yet."""
        return self._refusal.read_text() if self._refusal.exists() else ""

    def _start(self) -> postgres.Server:
        try:
            return postgres.start(self._directory, durable=False)
        except postgres.Unavailable as reason:
            self._refusal.write_text(str(reason))
            raise

    @property
    def _directory(self) -> Path:
        return self.folder / "pg"

    @property
    def _refusal(self) -> Path:
        return self.folder / "unavailable"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _owner_of(process: psutil.Process) -> str:
    """The number alone is not enough: after a while the system gives it to somebody else."""
    return f"{process.pid} {process.create_time()}"


def _sweep() -> None:
    """End what runs that were killed left behind. Runs that are still at work are let be."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # its own controller is just removing it
            if folder.stat().st_uid == os.geteuid() and _abandoned(folder):
                Run(folder=folder).end()


def _abandoned(folder: Path) -> bool:
    owner = (folder / "owner").read_text()
    with contextlib.suppress(psutil.NoSuchProcess, ValueError, IndexError):
        return _owner_of(psutil.Process(int(owner.split()[0]))) != owner
    return bool(owner)
