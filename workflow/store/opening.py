"""Opening a database by its URL, and bringing its tables to the program's migration."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from ..errors import DatabaseNewer, DatabaseOutdated, DatabaseUnreachable, UsageError
from .ports import Port, Probe, no_probe

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_UPGRADING = threading.Lock()  # Alembic keeps what it is at in the module: one at a time in a process
_PASSWORD = re.compile(r"&\w*password=[^&]*|(?<=\?)\w*password=[^&]*&?")  # among the options of a URL
_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgresql+psycopg://", "postgres://")


def revisions() -> tuple[str, ...]:
    """Every migration this program knows, the oldest first, by the names of its files."""
    return tuple(sorted(file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def port_for(url: str, *, probe: Probe = no_probe, durable: bool = True) -> Port:
    """The port to a database.

    Args:
        url: `sqlite:///FILE`, a bare path of a file, or `postgresql://…`.
        durable: a commit is on the disk when it returns. Without, a machine that fails may take the last
            ones along: for what can be made again, such as a simulation.

    Raises:
        UsageError: the URL names no database that Duban knows.
        StoreError: it can't be used.
    """
    if url.startswith(_POSTGRES):
        from .postgresql import PostgresPort

        return PostgresPort(libpq(url), probe=probe, durable=durable)
    if url.startswith(_SQLITE) or "://" not in url:
        from .sqlite import SqlitePort

        return SqlitePort(Path(url.removeprefix(_SQLITE)), probe=probe, durable=durable)
    raise UsageError(
        f"不认识的数据库地址 {shown(url)}。请用 sqlite:///文件 或 postgresql://…。",
        f"The database address {shown(url)} isn't known. Use sqlite:///FILE or postgresql://….",
    )


def libpq(url: str) -> str:
    """The URL as the driver of PostgreSQL wants it."""
    return "postgresql://" + url.split("://", 1)[1]


def open_port(url: str, *, probe: Probe = no_probe, durable: bool = True) -> Port:
    """The port to a database whose tables fit this program. `durable` as for `port_for`.

    Raises:
        DatabaseUnreachable: there are no tables yet.
        DatabaseOutdated, DatabaseNewer: the tables are of another version.
    """
    port = port_for(url, probe=probe, durable=durable)
    found, known = port.revision(), revisions()
    if found == known[-1]:
        return port
    port.close()
    if found is None:
        raise DatabaseUnreachable(
            f"数据库 {shown(url)} 还没有建立。请先运行 duban init。",
            f"The database {shown(url)} has not been made yet. Run duban init first.",
        )
    if found in known:
        raise DatabaseOutdated(
            f"数据库 {shown(url)} 的版本是 {found}，程序需要 {known[-1]}。请先备份，再运行 duban init 升级。",
            f"The database {shown(url)} is at version {found}, the program needs {known[-1]}. Back it up, "
            "then run duban init.",
        )
    raise DatabaseNewer(
        f"数据库 {shown(url)} 由更新的程序写成（版本 {found}），本程序只到 {known[-1]}。请升级 Duban。",
        f"The database {shown(url)} was written by a newer program (version {found}); this one knows "
        f"{known[-1]}. Upgrade Duban.",
    )


def shown(url: str) -> str:
    """The URL without its password, as it may be printed."""
    scheme, mark, rest = _PASSWORD.sub("", url).partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}{mark}{user.split(':')[0]}{at}{place}"


def migrate(url: str) -> None:
    """Make the tables, or bring them to the newest migration. Nothing happens when they are there.

    Raises:
        DatabaseNewer: they are beyond it already.
        DatabaseUnreachable: tables of another program are in the way.
        StoreError: the database can't be written.
    """
    port = port_for(url)
    try:
        found, known = port.revision(), revisions()
        if found == known[-1]:
            return
        if found is not None and found not in known:
            open_port(url)  # says what is wrong
        if found is None:
            _check_free(port, url)
        _upgrade(url, port)
    finally:
        port.close()


def _check_free(port: Port, url: str) -> None:
    """Migrations run in one transaction: tables without a version are somebody else's.

    The version is asked for after the tables: whoever migrated meanwhile has left both.
    """
    from sqlmodel import SQLModel

    from .. import models  # noqa: F401  (fills the metadata)

    taken = sorted(port.tables() & set(SQLModel.metadata.tables))
    if taken and port.revision() is None:
        raise DatabaseUnreachable(
            f"数据库 {shown(url)} 中已有别的程序的表（{taken[0]}），未作改动。请换一个空的数据库。",
            f"The database {shown(url)} holds tables of another program ({taken[0]}); nothing was changed. "
            "Name an empty database.",
        )


def _upgrade(url: str, port: Port) -> None:
    """Alembic is imported here only: reading a database needs none of it."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    try:
        with _UPGRADING:
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise port.said(error.orig or error) from error
