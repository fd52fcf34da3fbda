"""The desk that a command works at: its settings, the database, the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from workflow.clock import Clock, VirtualClock
from workflow.text import Language, Text

from .screen import WARNINGS, Progress, columns, log_to_stderr

if TYPE_CHECKING:
    from notifier.settings import EvidenceTable, Settings
    from workflow.engine import Engine, Frame
    from workflow.evidence import EvidenceStore
    from workflow.reading.screens import Block
    from workflow.store import Port

DATABASE = "sqlite:///var/duban.db"  # relative to where duban is called


@dataclass(kw_only=True)
class Desk:
    """What a command works with: the settings, the database once it is needed, the screen."""

    language: Language
    url: str
    evidence: Path | None  # the folder, if one was named
    clock: Clock
    salts: Callable[[], bytes]  # 16 bytes that nobody can guess
    settings_file: Path | None = None  # if one was named
    stack: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def port(self) -> Port:
        """The database, whose tables must fit this program."""
        from workflow.store import open_port

        log_to_stderr(WARNINGS)
        port = open_port(self.url)
        self.stack.callback(port.close)
        self._set_clock_by(port)
        return port

    def _set_clock_by(self, port: Port) -> None:
        """A demonstration's time may be ahead of ours: whoever looks at it from outside looks at its own."""
        from workflow.store import life

        with port.read() as tx:
            sign = life.last_sign(tx) if life.is_demonstration(tx) else None
        if sign is not None and sign > self.clock.now():
            self.clock = VirtualClock(sign)

    @cached_property
    def engine(self) -> Engine:
        """The engine over this database."""
        from workflow.engine import Engine

        return Engine(self.port, salts=self.salts)

    @cached_property
    def settings(self) -> Settings | None:
        """What the settings file says; None without one: then nothing is sent.

        Raises:
            SettingsError: with everything that is wrong in it.
        """
        from notifier.settings import DEFAULT, read_settings

        file = self.settings_file or Path(DEFAULT)
        return read_settings(file) if self.settings_file or file.exists() else None

    @cached_property
    def folder(self) -> EvidenceStore:
        """Where evidence lies: in the folder that was named, in the bucket of the settings, else beside a
        SQLite file, or in var/.
        """
        from workflow.evidence import Folder

        own = self.settings.evidence if self.evidence is None and self.settings is not None else None
        return (
            bucket_of(own) if own is not None and own.bucket else Folder(self.evidence or beside(self.port))
        )

    @property
    def now(self) -> int:
        """The database's time where it decides, else the machine's, in ms."""
        told = self.port.now()
        return self.clock.now() if told is None else told

    def refuse_demonstration(self) -> None:
        """Nothing earnest is done with what is invented, and whose passwords everybody may know.

        Raises:
            NotNow: the database is a demonstration's.
        """
        from workflow.errors import NotNow
        from workflow.store import life

        with self.port.read() as tx:
            if not life.is_demonstration(tx):
                return
        raise NotNow(
            "未启动：这是演示数据库，人员和密码都是演示用的，不能作正式用途。请用 --database 另指一个；"
            "要看演示，请运行 duban demo。",
            "Not started: this is a demonstration's database, with invented people and a shared password. "
            "Name another with --database; to see the demonstration, run duban demo.",
        )

    @contextmanager
    def frame(self) -> Iterator[Frame]:
        """A transaction that only reads."""
        now, library = self.now, self.engine.library
        with self.port.read() as tx:
            yield library.frame(tx, now)

    def say(self, zh: str, en: str) -> None:
        """Print a sentence."""
        typer.echo(Text(zh, en).to(self.language))

    def warn(self, zh: str, en: str) -> None:
        """Say something beside the output."""
        typer.echo(Text(zh, en).to(self.language), err=True)

    def lines(self, texts: Iterable[Text], indent: str = "") -> None:
        """Print a line for each text."""
        for one in texts:
            typer.echo(indent + one.to(self.language))

    def blocks(self, blocks: Iterable[Block]) -> None:
        """Print titles, and rows in columns."""
        for block in blocks:
            if block.title is not None:
                self.lines([block.title])
            indent = "  " if block.title is not None else ""
            for line in columns([[cell.to(self.language) for cell in row] for row in block.rows]):
                typer.echo((indent + line).rstrip())

    def progress(self, zh: str, en: str) -> Progress:
        """A sign on a terminal of how far something is."""
        return Progress(Text(zh, en).to(self.language))

    def json(self, value: Any) -> None:
        """Print a record for a program."""
        import orjson

        from workflow.reading import plain

        typer.echo(orjson.dumps(plain(value), option=orjson.OPT_INDENT_2).decode())


def desk_of(ctx: typer.Context) -> Desk:
    """The desk of this call."""
    return cast("Desk", ctx.find_root().obj)


def bucket_of(table: EvidenceTable) -> EvidenceStore:
    """The bucket of the settings.

    Raises:
        UsageError: the library is missing, or a secret that they refer to.
    """
    from notifier.secrets import secret
    from workflow.evidence_bucket import Bucket, client

    keys = (table.access_key, table.secret_key)
    access, hidden = (None if one is None else secret(one) for one in keys)
    return Bucket(
        client(endpoint=table.endpoint, access_key=access, secret_key=hidden),
        str(table.bucket),
        prefix=table.prefix,
    )


def beside(port: Port) -> Path:
    """Where evidence lies unless a folder was named: beside a SQLite file, else in var/."""
    file: Path | None = getattr(port, "path", None)
    return Path("var/evidence") if file is None else file.parent / "evidence"
