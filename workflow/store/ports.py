"""The port to a database: what differs between SQLite and PostgreSQL, and nothing else.

A `Port` opens transactions. A `Transaction` runs `Statement`s, writes rows in bulk, draws ids. Tests
give a port a `probe` that is called before and after every statement and commit: a fault can be put
at each of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal, Protocol

from sqlalchemy import Table

from ..errors import DubanError, Undecidable
from .sql import Dialect, Statement
from .turns import Who

Moment = Literal["before", "after"]
Probe = Callable[[Moment, str], None]
"""Called with the text of each statement, BEGIN and COMMIT included, before and after it runs."""


def no_probe(_moment: Moment, _text: str) -> None:
    """The probe of everyday use."""


class Transaction(Protocol):
    """What a transaction can do on either database.

    Every error of a driver comes out in the words of Duban, at the statement that met it: whoever
    decides between two statements must be able to tell a broken database from a broken task. After
    one the transaction takes no further statement and does not commit, whatever becomes of the error.
    """

    dialect: Dialect

    def all(self, statement: Statement, **params: Any) -> list[tuple[Any, ...]]:
        """Run a statement and give every row."""

    def one(self, statement: Statement, **params: Any) -> tuple[Any, ...] | None:
        """Run a statement and give its first row, if any."""

    def run(self, statement: Statement, **params: Any) -> int:
        """Run a statement and say how many rows it changed."""

    def insert(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows in bulk, each with every column of the table in its order."""

    def update(
        self, table: Table, names: Sequence[str], guard: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> int:
        """Write columns of many rows in bulk where the guard columns fit; how many fitted."""

    def draw(self, name: str, count: int) -> Sequence[int]:
        """Draw so many new ids."""


class Port(Protocol):
    """What a database must offer to the store."""

    dialect: Dialect

    def write(self, who: Who) -> AbstractContextManager[Transaction]:
        """A transaction that writes: committed at the end, rolled back on any error."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads, and sees one moment of the database."""

    def now(self) -> int | None:
        """The database's own time in ms since the epoch; None where the machine's decides."""

    def revision(self) -> str | None:
        """The migration that the tables stand at; None for an empty database."""

    def tables(self) -> set[str]:
        """The names of the tables that are there."""

    def said(self, error: BaseException) -> DubanError:
        """An error of the driver in the words of Duban."""

    def close(self) -> None:
        """Close every connection."""


class Alone:
    """Refuses a transaction inside another one of the same thread.

    On PostgreSQL the inner COMMIT would commit the outer half, on SQLite the thread would wait for itself.
    """

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """One transaction of this thread."""
        if getattr(self._local, "inside", False):
            raise RuntimeError("a transaction inside a transaction of the same thread")
        self._local.inside = True
        try:
            yield
        finally:
            self._local.inside = False


def unfit(message: str) -> Undecidable:
    """A value that the database does not take. The fault is the data's: the rest may go on."""
    return Undecidable(
        f"有数据无法写入数据库（{message}），本次写入已撤回。请运行 duban doctor 查看是哪个事项。",
        f"Some data can't be stored ({message}); the write was rolled back. Run duban doctor to see "
        "which task it is.",
    )
