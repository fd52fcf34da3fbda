"""Statements: Core constructs compiled once to the text and the parameter order of a database.

They run on the driver's connection with tuples. No ORM object is on the path of a transition or a
sweep, and no statement is written twice for two databases: what differs is compiled here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Executable, String, bindparam, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import NullType

Dialect = Literal["sqlite", "postgresql"]
_DIALECTS: Mapping[str, Any] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}


class OneOf(ColumnElement[bool]):
    """`column` is among the values of a list parameter, however long: one statement for any length."""

    inherit_cache = False

    def __init__(self, column: Any, name: str, *, words: bool = False) -> None:
        self.column = column
        self.array = "text[]" if words else "bigint[]"
        self.param = bindparam(name, type_=NullType())


@compiles(OneOf, "sqlite")
def _one_of_sqlite(element: OneOf, compiler: SQLCompiler, **kw: Any) -> str:
    column, param = compiler.process(element.column, **kw), compiler.process(element.param, **kw)
    return f"{column} IN (SELECT value FROM json_each({param}))"  # noqa: S608


@compiles(OneOf, "postgresql")
def _one_of_postgresql(element: OneOf, compiler: SQLCompiler, **kw: Any) -> str:
    column, param = compiler.process(element.column, **kw), compiler.process(element.param, **kw)
    return f"{column} = ANY({param}::{element.array})"


class Paired(ColumnElement[bool]):
    """A number and a word are together among the pairs of a list parameter, each as `number/word`."""

    inherit_cache = False

    def __init__(self, number: Any, word: Any, name: str) -> None:
        self.number, self.word = number, word
        self.param = bindparam(name, type_=NullType())


@compiles(Paired, "sqlite")
def _paired_sqlite(element: Paired, compiler: SQLCompiler, **kw: Any) -> str:
    number, word = compiler.process(element.number, **kw), compiler.process(element.word, **kw)
    parts = "CAST(value AS INTEGER), substr(value, instr(value, '/') + 1)"
    pairs = f"json_each({compiler.process(element.param, **kw)})"
    return f"({number}, {word}) IN (SELECT {parts} FROM {pairs})"  # noqa: S608


@compiles(Paired, "postgresql")
def _paired_postgresql(element: Paired, compiler: SQLCompiler, **kw: Any) -> str:
    number, word = compiler.process(element.number, **kw), compiler.process(element.word, **kw)
    parts = "split_part(pair, '/', 1)::bigint, split_part(pair, '/', 2)"
    pairs = f"unnest({compiler.process(element.param, **kw)}::text[]) AS pair"
    return f"({number}, {word}) IN (SELECT {parts} FROM {pairs})"  # noqa: S608


class Among(ColumnElement[bool]):
    """A column of ids is among these, which stand in the statement; none: never."""

    inherit_cache = False

    def __init__(self, column: Any, ids: Iterable[int]) -> None:
        self.column = column
        self.ids = sorted({int(one) for one in ids})


@compiles(Among)
def _among(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column = compiler.process(element.column, **kw)
    return f"{column} IN ({', '.join(map(str, element.ids)) or 'NULL'})"


class Unindexed(ColumnElement[Any]):
    """A column that leads into no index on SQLite, which without statistics takes the wrong one."""

    inherit_cache = False

    def __init__(self, column: Any) -> None:
        self.column = column
        self.type = column.type


@compiles(Unindexed, "sqlite")
def _unindexed_sqlite(element: Unindexed, compiler: SQLCompiler, **kw: Any) -> str:
    return f"+{compiler.process(element.column, **kw)}"


@compiles(Unindexed, "postgresql")
def _unindexed_postgresql(element: Unindexed, compiler: SQLCompiler, **kw: Any) -> str:
    return str(compiler.process(element.column, **kw))


class Holds(ColumnElement[bool]):
    """A text has a part in it, letter for letter."""

    inherit_cache = False

    def __init__(self, column: Any, name: str) -> None:
        self.column = column
        self.param = bindparam(name, type_=String())


@compiles(Holds, "sqlite")
def _holds_sqlite(element: Holds, compiler: SQLCompiler, **kw: Any) -> str:
    column, param = compiler.process(element.column, **kw), compiler.process(element.param, **kw)
    return f"instr({column}, {param}) > 0"


@compiles(Holds, "postgresql")
def _holds_postgresql(element: Holds, compiler: SQLCompiler, **kw: Any) -> str:
    column, param = compiler.process(element.column, **kw), compiler.process(element.param, **kw)
    return f"strpos({column}, {param}::text) > 0"


class Inside(ColumnElement[str]):
    """A value inside a column of JSON, as text; NULL where there is none, or where it is no JSON."""

    inherit_cache = False
    type = String()

    def __init__(self, column: Any, *path: str) -> None:
        self.column = column
        self.path = path  # names as definitions write them: letters, digits, underscores


@compiles(Inside, "sqlite")
def _inside_sqlite(element: Inside, compiler: SQLCompiler, **kw: Any) -> str:
    column, path = compiler.process(element.column, **kw), ".".join(element.path)
    return f"CASE WHEN json_valid({column}) THEN CAST(json_extract({column}, '$.{path}') AS TEXT) END"


@compiles(Inside, "postgresql")
def _inside_postgresql(element: Inside, compiler: SQLCompiler, **kw: Any) -> str:
    column, path = compiler.process(element.column, **kw), ",".join(element.path)
    return f"CASE WHEN pg_input_is_valid({column}, 'jsonb') THEN {column}::jsonb #>> '{{{path}}}' END"


class Statement:
    """One statement for both databases."""

    def __init__(self, core: Executable) -> None:
        self._core = core
        self._compiled: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {}

    def on(self, dialect: Dialect) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        """(text, names of the parameters in order, values that stand in the statement itself)."""
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = self._compile(dialect)
        return found

    def _compile(self, dialect: Dialect) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        compiled: Any = self._core.compile(  # type: ignore[attr-defined]
            dialect=_DIALECTS[dialect], compile_kwargs={"render_postcompile": True}
        )
        order = tuple(compiled.positiontup or ())
        # Of `in_` each value has a name that no parameter has.
        needed = {name for name, one in compiled.binds.items() if one.required}
        fixed = {name: compiled.params[name] for name in order if name not in needed}
        return str(compiled), order, fixed

    def bind(self, dialect: Dialect, params: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The text and the parameters in its order. A parameter that is forgotten is a KeyError, no NULL."""
        text, order, fixed = self.on(dialect)
        return text, [params[name] if name in params else fixed[name] for name in order]


def kind_of(column: Column[Any]) -> str:
    """A column's type in a JSON record of PostgreSQL: bytes travel as hex."""
    name = type(column.type).__name__
    if name == "LargeBinary":
        return "text"
    if name in ("BigInteger", "Integer", "SmallInteger"):
        return "bigint"
    return "text"


def columns_of(table: Any, names: Sequence[str]) -> list[Column[Any]]:
    """The columns of a table by name, in that order."""
    return [table.c[name] for name in names]


__all__ = [
    "Among",
    "Dialect",
    "Holds",
    "Inside",
    "OneOf",
    "Paired",
    "Statement",
    "Unindexed",
    "columns_of",
    "kind_of",
    "literal_column",
]
