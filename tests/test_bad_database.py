"""A database that can't be used: each way has an error of its own, which says what to do.

Whatever happens, everything stays as it was, and the next use works again once the fault is gone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pysqlite3
import pytest
from psycopg import errors

from tests import postgres
from tests.storing import a_task, ids, opened, put, raw
from workflow.errors import (
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnreachable,
    DatabaseUnsafe,
    DubanError,
    Overtaken,
    StoreError,
    Undecidable,
    UsageError,
)
from workflow.store import Port, migrate, open_port, port_for, shown, sqlite, tasks
from workflow.store import postgresql as pg


def refusal(kind: type[DubanError], use: Callable[[], object]) -> DubanError:
    """The error that a use meets: of its own kind, in both languages, with something to do."""
    with pytest.raises(DubanError) as met:
        use()
    assert type(met.value) is kind, met.value
    zh, en = met.value.text
    assert zh != en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
    assert len(en.split(". ")) > 1 or ";" in en or ":" in en, "what to do is missing"
    return met.value


def known(port: Port) -> list[int]:
    """The tasks that are there."""
    with port.read() as tx:
        return ids(tasks.read_these(tx, list(range(1, 200))))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Don't wait seconds for a lock that nobody gives back."""
    monkeypatch.setattr(sqlite, "BUSY_MS", 50)


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


# --- any --------------------------------------------------------------------------------------------


def test_an_address_that_nobody_knows() -> None:
    error = refusal(UsageError, lambda: port_for("mysql://root:secret@host/db"))
    assert error.exit_code == 2
    assert "secret" not in error.text.en + error.text.zh


def test_passwords_are_not_shown() -> None:
    assert shown("postgresql://li:geheim@db:5432/duban") == "postgresql://li@db:5432/duban"
    assert shown("postgresql://db/duban?user=li&password=geheim") == "postgresql://db/duban?user=li"
    assert shown("postgresql://db/duban?password=geheim&user=li") == "postgresql://db/duban?user=li"
    assert shown("sqlite:////var/duban.db") == "sqlite:////var/duban.db"


# --- SQLite: where it lies --------------------------------------------------------------------------


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere' / 'duban.db'}"
    for use in (open_port, migrate):
        assert "nowhere" in refusal(DatabaseUnreachable, lambda use=use: use(url)).text.zh  # type: ignore[misc]
    assert not (tmp_path / "nowhere").exists()


def test_looking_makes_no_file(tmp_path: Path) -> None:
    refusal(DatabaseUnreachable, lambda: open_port(f"sqlite:///{tmp_path / 'duban.db'}"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 100, b"x" * 4096])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "duban.db"
    file.write_bytes(content)
    for use in (open_port, migrate):
        refusal(DatabaseUnreachable, lambda use=use: use(f"sqlite:///{file}"))  # type: ignore[misc]
    assert file.read_bytes() == content


def test_a_file_that_is_damaged(sqlite_url: str) -> None:
    with opened(sqlite_url) as port:
        put(port, *(a_task(n) for n in range(1, 200)))
    file = file_of(sqlite_url)
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    error = refusal(DatabaseUnreachable, lambda: _open_and(known, sqlite_url))
    assert "备份" in error.text.zh
    file.write_bytes(whole)
    with opened(sqlite_url) as port:
        assert len(known(port)) == 199


def _open_and(use: Callable[[Port], object], url: str) -> None:
    with opened(url) as port:
        use(port)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs"])
def test_a_network_share(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    share = tmp_path / "shared drive"
    share.mkdir()
    escaped = str(share).replace(" ", "\\040")
    table = f"/dev/vda / ext4 rw 0 0\nserver:/x {escaped} {kind} rw 0 0\n"
    monkeypatch.setattr(sqlite, "_mounts", lambda: table)
    url = f"sqlite:///{share / 'duban.db'}"
    for use in (open_port, migrate):
        assert kind in refusal(DatabaseUnsafe, lambda use=use: use(url)).text.zh  # type: ignore[misc]
    assert list(share.iterdir()) == []
    link = tmp_path / "duban.db"  # a link to it is no way around
    link.symlink_to(share / "duban.db")
    refusal(DatabaseUnsafe, lambda: migrate(f"sqlite:///{link}"))
    migrate(f"sqlite:///{tmp_path / 'local.db'}")


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/data", "xfs"),
        ("/data/a/b", "xfs"),
        ("/database", "ext4"),
        ("/data/share", "nfs"),
        ("/data/a b", "cifs"),
        ("/data/a\\b", "smb3"),
    ],
)
def test_the_kind_of_a_file_system(folder: str, kind: str) -> None:
    mounts = (
        "/dev/a / ext4 rw 0 0\nbroken line\n/dev/b /data xfs rw 0 0\nh:/x /data/share nfs rw 0 0\n"
        "//h/y /data/a\\040b cifs rw 0 0\n//h/z /data/a\\134b smb3 rw 0 0\n"
    )
    assert sqlite.filesystem_of(Path(folder), mounts) == kind
    assert sqlite.filesystem_of(Path(folder), "") == ""


def test_a_sqlite_that_is_too_old(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "OLDEST_SAFE", (99, 0, 0))
        for use in (open_port, migrate):
            assert "99.0.0" in refusal(DatabaseUnsafe, lambda use=use: use(sqlite_url)).text.zh  # type: ignore[misc]
    with opened(sqlite_url):
        pass


# --- SQLite: who may write --------------------------------------------------------------------------


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that an unprivileged account can reach; pytest's own are closed to everybody else."""
    folder = Path(tempfile.mkdtemp(prefix="duban-public-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write whatever is read-only: be somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_is_read_only(sqlite_url: str, public_folder: Path) -> None:
    file = public_folder / "duban.db"
    shutil.copy(file_of(sqlite_url), file)
    file.chmod(0o444)
    public_folder.chmod(0o777)
    url = f"sqlite:///{file}"
    with unprivileged(), opened(url) as port:
        refusal(DatabaseReadOnly, lambda: put(port, a_task(1)))
        refusal(DatabaseReadOnly, lambda: put(port, a_task(1)))
    for one in public_folder.iterdir():  # what SQLite put beside it is read-only like it
        one.chmod(0o666)
    with unprivileged(), opened(url) as port:
        assert known(port) == []
        put(port, a_task(1))
        assert known(port) == [1]


def test_a_folder_that_is_read_only(sqlite_url: str, public_folder: Path) -> None:
    """SQLite writes beside its file too, so it can't even read there."""
    file = public_folder / "duban.db"
    shutil.copy(file_of(sqlite_url), file)
    file.chmod(0o666)
    with unprivileged():
        refusal(DatabaseReadOnly, lambda: _open_and(lambda port: put(port, a_task(1)), f"sqlite:///{file}"))
        refusal(DatabaseReadOnly, lambda: migrate(f"sqlite:///{public_folder / 'new.db'}"))
    assert [one.name for one in public_folder.iterdir()] == ["duban.db"]


def test_another_program_holds_the_lock(sqlite_url: str, quick: None) -> None:
    with opened(sqlite_url) as port, raw(sqlite_url) as other:
        other.execute("BEGIN IMMEDIATE")
        refusal(DatabaseLocked, lambda: put(port, a_task(1)))
        assert known(port) == []  # reading goes on
        other.execute("ROLLBACK")
        put(port, a_task(1))
        assert known(port) == [1]


def test_another_program_holds_the_lock_while_the_tables_are_made(empty_sqlite_url: str, quick: None) -> None:
    with raw(empty_sqlite_url) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        refusal(DatabaseLocked, lambda: migrate(empty_sqlite_url))
        other.execute("ROLLBACK")
    migrate(empty_sqlite_url)


# --- SQLite: the disk -------------------------------------------------------------------------------


def test_a_disk_that_is_full(sqlite_url: str) -> None:
    with opened(sqlite_url) as port:
        put(port, a_task(1))
        writer: Any = port._writer  # type: ignore[attr-defined]
        ((pages,),) = writer.execute("PRAGMA page_count").fetchall()
        writer.execute(f"PRAGMA max_page_count = {pages}")
        refusal(DatabaseFull, lambda: put(port, *(a_task(n) for n in range(2, 190))))
        assert known(port) == [1]
        writer.execute("PRAGMA max_page_count = 4294967294")  # room was made
        put(port, *(a_task(n) for n in range(2, 190)))
        assert len(known(port)) == 189


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(
            "only root may mount a disk of one megabyte: a disk that is really full at COMMIT was not tried "
            "here, only a database that may not grow (above)"
        )
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_fills_up_at_commit(sqlite_url: str, small_disk: Path) -> None:
    """A full disk is mostly met at COMMIT, when the WAL is written."""
    file = small_disk / "duban.db"
    shutil.copy(file_of(sqlite_url), file)
    texts: list[str] = []
    with opened(f"sqlite:///{file}", lambda _moment, text: texts.append(text)) as port:
        put(port, a_task(1))
        ballast = small_disk / "ballast"
        fill_up(ballast)
        refusal(DatabaseFull, lambda: put(port, *(a_task(n) for n in range(2, 60))))
        assert texts[-1] == "COMMIT"
        assert known(port) == [1]
        ballast.unlink()
        put(port, a_task(2))
        assert known(port) == [1, 2]
    with opened(f"sqlite:///{file}") as port:
        assert known(port) == [1, 2]


def fill_up(ballast: Path) -> None:
    """Write until nothing more fits."""
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(bytes(4096)):
            pass


def test_a_disk_that_is_full_before_the_tables_are_made(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(1024 * 1024 - 40_960))
    url = f"sqlite:///{small_disk / 'duban.db'}"
    refusal(DatabaseFull, lambda: migrate(url))
    (small_disk / "ballast").unlink()
    migrate(url)
    with opened(url):
        pass


# --- PostgreSQL -------------------------------------------------------------------------------------


def test_a_server_that_is_down(tmp_path: Path) -> None:
    for use in (open_port, migrate):
        refusal(DatabaseUnreachable, lambda use=use: use(f"postgresql:///duban?host={tmp_path}"))  # type: ignore[misc]


def test_a_server_that_is_too_old(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One without transaction_timeout would keep the locks of a frozen node for ever."""
    monkeypatch.setattr(pg, "_SESSION", "-c no_such_timeout=30s")
    assert "17" in refusal(DatabaseUnsafe, lambda: open_port(postgresql_url)).text.zh


def test_a_database_that_is_missing(postgres_server: postgres.Server) -> None:
    refusal(DatabaseUnreachable, lambda: open_port(postgres_server.database("nowhere").url))


def test_a_password_that_is_wrong(postgres_server: postgres.Server, postgresql_database: Any) -> None:
    """The server of the tests trusts everybody: it is asked to be strict for one account."""
    rules = postgres_server.directory / "data" / "pg_hba.conf"
    before = rules.read_text()
    with psycopg.connect(postgres_server.libpq_url, autocommit=True) as server:
        server.execute("CREATE ROLE strict LOGIN PASSWORD 'right'")
        try:
            rules.write_text(f"local all strict scram-sha-256\n{before}")
            server.execute("SELECT pg_reload_conf()")
            rest = postgresql_database.libpq_url.partition("@")[2]
            error = refusal(DatabaseUnreachable, lambda: _until_strict(f"postgresql://strict:wrong@{rest}"))
            assert "密码" in error.text.zh
            assert "wrong" not in error.text.en + error.text.zh
            with opened_anyhow(f"postgresql://strict:right@{rest}") as port:
                assert port.now()
        finally:
            rules.write_text(before)
            server.execute("SELECT pg_reload_conf()")
            server.execute("DROP ROLE strict")


def _until_strict(url: str) -> None:
    """The server reads its rules again a moment after it was told to."""
    for _ in range(200):
        with opened_anyhow(url) as port:
            port.now()


@contextmanager
def opened_anyhow(url: str) -> Iterator[Port]:
    port = port_for(url)
    try:
        yield port
    finally:
        port.close()


def test_a_session_that_may_only_read(postgresql_url: str, empty_postgresql_url: str) -> None:
    """A standby, mostly."""
    only = "&options=-c%20default_transaction_read_only%3Don"
    url = f"{postgresql_url}{only}"
    with opened(url) as port:
        refusal(DatabaseReadOnly, lambda: put(port, a_task(1)))
        assert known(port) == []
    refusal(DatabaseReadOnly, lambda: migrate(f"{empty_postgresql_url}{only}"))
    with opened(postgresql_url) as port:
        put(port, a_task(1))
        assert known(port) == [1]


def test_an_account_that_may_not_write(postgres_server: postgres.Server, postgresql_database: Any) -> None:
    with psycopg.connect(postgresql_database.libpq_url, autocommit=True) as server:
        server.execute("DROP ROLE IF EXISTS looker")
        server.execute("CREATE ROLE looker LOGIN")
        server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
        rest = postgresql_database.libpq_url.partition("@")[2]
        with opened(f"postgresql://looker@{rest}") as port:
            assert known(port) == []
            refusal(DatabaseReadOnly, lambda: put(port, a_task(1)))
        server.execute("DROP OWNED BY looker")
        server.execute("DROP ROLE looker")


def test_a_connection_that_is_lost_in_the_middle(postgresql_url: str) -> None:
    """A restart, an administrator, a time-out of the session: the transaction is gone, and said to be."""
    with opened(postgresql_url) as port, raw(postgresql_url) as administrator:

        def interrupted() -> None:
            with port.write("clock") as tx:
                tx.insert(tasks.TASK, [tasks.row_of(a_task(1))])
                end_the_others(administrator)
                tx.insert(tasks.TASK, [tasks.row_of(a_task(2))])

        refusal(DatabaseUnreachable, interrupted)
        assert known(port) == []
        put(port, a_task(3))
        assert known(port) == [3]


def test_a_connection_that_is_lost_at_commit(postgresql_url: str) -> None:
    with opened(postgresql_url) as port, raw(postgresql_url) as administrator:

        def interrupted() -> None:
            with port.write("clock") as tx:
                tx.insert(tasks.TASK, [tasks.row_of(a_task(1))])
                end_the_others(administrator)

        refusal(DatabaseUnreachable, interrupted)
        assert known(port) == []


def test_a_connection_that_was_lost_in_idleness_is_not_noticed(postgresql_url: str) -> None:
    """Nothing was under way: a server that was restarted at night must not cost the first act of the day."""
    with opened(postgresql_url) as port, raw(postgresql_url) as administrator:
        put(port, a_task(1))
        end_the_others(administrator)
        put(port, a_task(2))
        end_the_others(administrator)
        assert port.now()
        end_the_others(administrator)
        assert known(port) == [1, 2]


def end_the_others(administrator: Any) -> None:
    administrator.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_a_session_that_freezes_lets_go(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PROMISES P5, in small: its locks are gone, its late write is refused."""
    short = "-c idle_in_transaction_session_timeout=200ms -c transaction_timeout=30s -c lock_timeout=5s"
    monkeypatch.setattr(pg, "_SESSION", short)
    with opened(postgresql_url) as frozen, opened(postgresql_url) as other:
        put(other, a_task(1, wake_at=1))

        def freeze() -> None:
            with frozen.write("clock") as tx:
                tasks.claim_due(tx, 10, 1)
                with other.write("clock") as theirs:  # waits until the locks are gone
                    assert ids(tasks.claim_these(theirs, [1])) == [1]
                    theirs.update(tasks.TASK, ("light",), ("id", "seq"), [("red", 1, 1)])
                tx.update(tasks.TASK, ("light",), ("id", "seq"), [("blue", 1, 1)])

        refusal(DatabaseUnreachable, freeze)
        with frozen.read() as tx:
            assert tasks.task_of(tasks.read_these(tx, [1])[0]).light == "red"


def test_a_lock_that_nobody_gives_back(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(postgresql_url) as port, raw(postgresql_url) as other:
        put(port, a_task(1))
    monkeypatch.setattr(pg, "_SESSION", "-c lock_timeout=100ms")
    with opened(postgresql_url) as port, raw(postgresql_url) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE task")

        def claim() -> None:
            with port.write("people") as tx:
                tasks.claim_these(tx, [1])

        refusal(DatabaseLocked, claim)
        other.execute("ROLLBACK")
        claim()


# --- what the drivers say ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.UniqueViolation("duplicate key"), Overtaken),
        (errors.DeadlockDetected("deadlock detected"), Overtaken),
        (errors.SerializationFailure("could not serialize"), Overtaken),
        (errors.LockNotAvailable("lock timeout"), DatabaseLocked),
        (errors.TransactionTimeout("transaction timeout"), DatabaseLocked),
        (errors.ReadOnlySqlTransaction("read-only"), DatabaseReadOnly),
        (errors.InsufficientPrivilege("permission denied"), DatabaseReadOnly),
        (errors.DiskFull("could not extend file: No space left on device"), DatabaseFull),
        (errors.NumericValueOutOfRange("bigint out of range"), Undecidable),
        (errors.NotNullViolation("null value"), Undecidable),
        (psycopg.DataError("text fields cannot contain NUL (0x00) bytes"), Undecidable),
        (psycopg.OperationalError("server closed the connection"), DatabaseUnreachable),
        (errors.AdminShutdown("terminating connection"), DatabaseUnreachable),
        (errors.UndefinedTable("no such table"), DatabaseUnreachable),
        (psycopg.OperationalError(), DatabaseUnreachable),
    ],
)
def test_what_the_driver_of_postgresql_says(error: Exception, kind: type[DubanError]) -> None:
    said = pg.said(error)
    assert type(said) is kind
    assert said.text.zh != said.text.en


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (5, "database is locked", DatabaseLocked),
        (6, "database table is locked", DatabaseLocked),
        (8, "attempt to write a readonly database", DatabaseReadOnly),
        (10, "disk I/O error", DatabaseUnreachable),
        (11, "database disk image is malformed", DatabaseUnreachable),
        (13, "database or disk is full", DatabaseFull),
        (14, "unable to open database file", DatabaseUnreachable),
        (18, "string or blob too big", Undecidable),
        (19, "UNIQUE constraint failed: event.task_id, event.seq", Overtaken),
        (19, "NOT NULL constraint failed: nudge.task_id", Undecidable),
        (26, "file is not a database", DatabaseUnreachable),
        (1, "no such column: locked_readonly_full", DatabaseUnreachable),
    ],
)
def test_what_the_driver_of_sqlite_says(
    code: int, message: str, kind: type[StoreError], tmp_path: Path
) -> None:
    base = pysqlite3.IntegrityError if code == 19 else pysqlite3.OperationalError
    error = base(message)
    error.sqlite_errorcode = code
    said = sqlite.said(error, tmp_path / "duban.db")
    assert type(said) is kind
    assert said.text.zh != said.text.en
