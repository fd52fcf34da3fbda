"""The port to a database: what differs between SQLite and PostgreSQL, and nothing else.

A `Port` opens transactions. A `Transaction` runs `Statement`s, writes rows in bulk, draws ids. Tests
give a port a `probe` that is called before and after every statement and commit: a fault can be put
at each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

from sqlalchemy import Table

from .sql import Dialect, Statement
from .turns import Who

Moment = Literal["before", "after"]
Probe = Callable[[Moment, str], None]
"""Called with the text of each statement, BEGIN and COMMIT included, before and after it runs."""


def no_probe(_moment: Moment, _text: str) -> None:
    """The probe of everyday use."""


class Transaction(Protocol):
    """What a transaction can do on either database."""

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

    def close(self) -> None:
        """Close every connection."""


def by_position(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows as tuples in the order of `names`."""
    return [tuple(row[name] for name in names) for row in rows]
