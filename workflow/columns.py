"""Columns as all tables have them: ids, instants, long texts, flags. For the models alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, SmallInteger, text
from sqlalchemy import Text as LongText
from sqlmodel import Field

# BIGINT is no alias of the row id on SQLite: a plain INTEGER is.
Id = BigInteger().with_variant(Integer(), "sqlite")


def key() -> Any:
    """A primary key, or a part of one, that the engine draws."""
    return Field(default=None, sa_column=Column(Id, primary_key=True, autoincrement=False))


def auto() -> Any:
    """A primary key that the database draws: for rows that people edit."""
    return Field(default=None, sa_column=Column(Id, primary_key=True, autoincrement=True))


def key_to(target: str) -> Any:
    """A primary key, or a part of one, that is the id of a row elsewhere."""
    return Field(sa_column=Column(Id, ForeignKey(target), primary_key=True, autoincrement=False))


def to(target: str, *, null: bool = False) -> Any:
    """The id of a row elsewhere, which must exist."""
    return Field(default=None, sa_column=Column(Id, ForeignKey(target), nullable=null))


def big(*, null: bool = False) -> Any:
    """An instant in ms, or an id whose row nobody promises."""
    return Field(default=None, sa_column=Column(BigInteger, nullable=null))


def words(*, null: bool = False) -> Any:
    """A long text, or JSON."""
    return Field(default=None, sa_column=Column(LongText, nullable=null))


def flag(value: int = 0) -> Any:
    """1 or 0."""
    return Field(
        default=value, sa_column=Column(SmallInteger, nullable=False, server_default=text(str(value)))
    )


def blob(*, null: bool = False) -> Any:
    """Bytes."""
    return (
        Field(default=None, sa_column=Column(LargeBinary, nullable=True))
        if null
        else Field(sa_column=Column(LargeBinary, nullable=False))
    )


def where(condition: str) -> dict[str, Any]:
    """The condition of a partial index, for both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
