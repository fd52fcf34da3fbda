"""Frozen snapshots of the ledger. They are added and read, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select

from ..models import LedgerSnapshot
from .ports import Transaction
from .sql import Statement

SNAPSHOT = LedgerSnapshot.__table__  # type: ignore[attr-defined]
_about = ("name", "frozen_at", "person_id", "filters", "lines", "sha256")
_ADD = Statement(insert(SNAPSHOT).values({name: bindparam(name) for name in (*_about, "body")}))
_ALL = Statement(select(*(SNAPSHOT.c[name] for name in _about)).order_by(SNAPSHOT.c.id))
_ONE = Statement(
    select(*(SNAPSHOT.c[name] for name in (*_about, "body"))).where(SNAPSHOT.c.name == bindparam("name"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What is known of a snapshot without its lines."""

    name: str
    frozen_at: int  # ms
    person_id: int  # who froze it
    filters: str  # JSON
    lines: int  # how many
    sha256: str  # of the body in UTF-8, hex


def add(tx: Transaction, snapshot: Snapshot, body: str) -> None:
    """Keep a snapshot."""
    tx.run(_ADD, **{name: getattr(snapshot, name) for name in _about}, body=body)


def every(tx: Transaction) -> list[Snapshot]:
    """All snapshots, the oldest first."""
    return [_snapshot(row) for row in tx.all(_ALL)]


def named(tx: Transaction, name: str) -> tuple[Snapshot, str] | None:
    """A snapshot with its body."""
    row = tx.one(_ONE, name=name)
    return None if row is None else (_snapshot(row), str(row[-1]))


def _snapshot(row: tuple[Any, ...]) -> Snapshot:
    return Snapshot(**dict(zip(_about, row, strict=False)))
