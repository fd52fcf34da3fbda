"""After a restore the outbox is held until a person releases it: what a backup holds as unsent was sent.

SQLite. Every batch that is claimed moves a mark in the database, and after the commit writes it to a file
beside it that belongs to the machine. The database comes from a backup if its mark is behind the file's, if
the file is missing although something was sent, or if the file was made by somebody else: it holds the time
at which the file system made it, which a copy does not keep. A crash between commit and file leaves the
file behind the database, which is no restore.

PostgreSQL. The system's identifier, its timeline and the identity of the table are kept in the database; a
dump that was read in, or a recovery to an earlier point, changes one of them.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import structlog
from sqlalchemy import text

from workflow.store import Port, Transaction
from workflow.store.organisation import remember, remembered
from workflow.store.sql import Statement
from workflow.text import Text

log = structlog.get_logger("duban.notifier")
MARK: Final = "outbox_mark"
IDENTITY: Final = "outbox_identity"
HELD: Final = "outbox_held"
_SLACK_NS: Final = 5_000_000_000  # between the time in the file and the file's own
_IDENTITY = Statement(
    text(
        "SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || "
        "(SELECT timeline_id FROM pg_control_checkpoint())::text || '/' || "
        "'delivery'::regclass::oid::text"
    )
)

_BEHIND: Final = Text(
    "数据库比本机已发送的记录旧，应是从备份恢复",
    "the database is older than what this machine has sent: it comes from a backup",
)
_NO_FILE: Final = Text(
    "数据库发送过消息，但旁边没有本机的发送记录，应是从备份恢复或迁自他机",
    "the database has sent messages, but this machine's record of them is not beside it: it comes from a "
    "backup or from another machine",
)
_COPIED: Final = Text(
    "发送记录文件是复制来的，数据库应是从备份恢复",
    "this machine's record of what was sent is a copy: the database comes from a backup",
)
_ELSEWHERE: Final = Text(
    "数据库所在的服务器、时间线或表已变，应是从备份恢复",
    "the server, its timeline or the table is another one: the database comes from a backup",
)
_HELD: Final = Text(
    "待发消息已扣留：{why}。备份之后发出的消息在库中仍为待发，放行会再次发送。"
    "请核对 duban outbox list，撤销已发的，再放行。",
    "The outbox is held: {why}. What was sent after the backup stands there as unsent, and would be sent "
    "again. Look through `duban outbox list`, drop what was sent, then release it.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxHold:
    """That nothing is sent, why, and since when."""

    why: Text
    since: int


def outbox_hold(tx: Transaction) -> OutboxHold | None:
    """Whether the outbox is held."""
    told = remembered(tx, HELD)
    if not told:
        return None
    found = orjson.loads(told)
    return OutboxHold(why=Text(found["zh"], found["en"]), since=found["since"])


def check(port: Port, now: int) -> OutboxHold | None:
    """Hold the outbox if the database comes from a backup; the hold that stands, if one does."""
    with port.read() as tx:
        standing = outbox_hold(tx)
        if standing is not None:
            return standing
        identity, before = _identity(tx), remembered(tx, IDENTITY)
        why = _doubt(tx, port, identity, before)
    if why is None:
        if identity != before and identity is not None:
            with port.write("clock") as tx:
                remember(tx, IDENTITY, identity)
        return None
    return _hold(port, why, now)


def _doubt(tx: Transaction, port: Port, identity: str | None, before: str | None) -> Text | None:
    """Why the database seems to come from a backup."""
    if identity is not None:
        return _ELSEWHERE if before is not None and before != identity else None
    path = side_file(port)
    return None if path is None else _doubt_of_file(int(remembered(tx, MARK) or 0), path)


def _doubt_of_file(mark: int, path: Path) -> Text | None:
    record = _read(path)
    if record is None:
        return _NO_FILE if mark > 0 else None
    known, made_at, changed_at = record
    if abs(changed_at - made_at) > _SLACK_NS:
        return _COPIED
    return _BEHIND if mark < known else None


def _hold(port: Port, why: Text, now: int) -> OutboxHold:
    whole = _HELD.fill(why="{why}")
    held = OutboxHold(why=Text(whole.zh.format(why=why.zh), whole.en.format(why=why.en)), since=now)
    with port.write("clock") as tx:
        remember(tx, HELD, _json({"zh": held.why.zh, "en": held.why.en, "since": now}))
    log.error("outbox held", why=held.why.en, zh=held.why.zh)
    return held


def release(port: Port, who: str, now: int) -> bool:
    """A person lets the outbox go on; False if it was not held."""
    with port.write("people") as tx:
        if outbox_hold(tx) is None:
            return False
        identity, path = _identity(tx), side_file(port)
        record = None if path is None else _read(path)
        mark = max(int(remembered(tx, MARK) or 0), 0 if record is None else record[0]) + 1
        remember(tx, MARK, str(mark))
        if identity is not None:
            remember(tx, IDENTITY, identity)
        remember(tx, HELD, "")
        remember(tx, f"{HELD}:released", _json({"by": who, "at": now}))
    keep_mark(port, mark)
    log.info("outbox released", by=who)
    return True


def mark_batch(tx: Transaction, port: Port) -> int | None:
    """Move the database's mark, in the transaction that claims a batch; None where no file keeps it."""
    if side_file(port) is None:
        return None
    mark = int(remembered(tx, MARK) or 0) + 1
    remember(tx, MARK, str(mark))
    return mark


def keep_mark(port: Port, mark: int | None) -> None:
    """Write the mark beside the database, once it is committed. A full disk only delays it."""
    path = side_file(port)
    if path is None or mark is None:
        return
    try:
        _write(path, mark)
    except OSError as error:
        log.warning("outbox mark not written", why=str(error))


def side_file(port: Port) -> Path | None:
    """The machine's own record beside a SQLite database; None for PostgreSQL."""
    path: Path | None = getattr(port, "path", None)
    return None if path is None else path.with_name(path.name + ".outbox")


def _write(path: Path, mark: int) -> None:
    """A new file with the file system's own time in it, put in the old one's place."""
    beside = path.with_name(path.name + ".new")
    with suppress(OSError):
        beside.unlink()  # a crash left it: its time is not now
    try:
        with beside.open("xb") as file:
            made_at = os.fstat(file.fileno()).st_ctime_ns
            file.write(orjson.dumps({"mark": mark, "made_at": made_at}))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink()


def _read(path: Path) -> tuple[int, int, int] | None:
    """(mark, when it says it was made, when the file system says it was changed); None: there is none."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(1_000))
            return int(found["mark"]), int(found["made_at"]), os.fstat(file.fileno()).st_ctime_ns
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _identity(tx: Transaction) -> str | None:
    if tx.dialect != "postgresql":
        return None
    (row,) = tx.all(_IDENTITY)
    return str(row[0])


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
