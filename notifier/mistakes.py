"""What is wrong with settings, in words: the place, what was expected, the nearest valid word.

Values are not repeated: they may be secrets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel

from workflow.definition.yaml import nearest
from workflow.errors import DubanError
from workflow.text import Text

A_TABLE: Final = Text("应为一节", "expected a table")


class Wrong(ValueError):
    """What is wrong with a value, in both languages: for validators."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


def at(place: str, told: Text) -> Text:
    """What is wrong, with its place."""
    return Text(f"{place}：{told.zh}", f"{place}: {told.en}")


def unknown_word(where: Text, word: str, known: Collection[str]) -> Text:
    """A word that nobody knows, with the nearest that is known."""
    near = nearest(word, known)
    if near:
        return Text(
            f"{where.zh}：不认识“{word}”，是否为 {near}",
            f"{where.en}: {word!r} is unknown; did you mean {near}",
        )
    listed = sorted(known)
    return Text(
        f"{where.zh}：不认识“{word}”，可用 {'、'.join(listed)}",
        f"{where.en}: {word!r} is unknown; there are {', '.join(listed)}",
    )


def problem(model: type[BaseModel], error: Mapping[str, Any], place: str) -> Text:
    """One finding of pydantic at its place."""
    path = [str(one) for one in error["loc"]]
    if error["type"] == "extra_forbidden":
        where = " ".join([place, *path[:-1]])
        return unknown_word(Text(where, where), path[-1], _fields(model, error["loc"][:-1]))
    where = f"{place} {'.'.join(path)}".rstrip()
    return at(where, _expected(error))


def _fields(model: type[BaseModel], path: Sequence[Any]) -> Collection[str]:
    """The words that are known at a place."""
    here: Any = model
    for step in path:
        field_ = getattr(here, "model_fields", {}).get(step)
        here = next(_models_in(field_.annotation), None) if field_ is not None else here
    return list(getattr(here, "model_fields", {}))


def _models_in(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from _models_in(one)


_EXPECTED: Final[Mapping[str, Text]] = {
    "missing": Text("缺少此项", "it is missing"),
    "string_type": Text("应为文本", "expected a text"),
    "bool_type": Text("应为 true 或 false", "expected true or false"),
    "bool_parsing": Text("应为 true 或 false", "expected true or false"),
    "int_type": Text("应为整数", "expected a whole number"),
    "int_parsing": Text("应为整数", "expected a whole number"),
    "int_from_float": Text("应为整数", "expected a whole number"),
    "float_type": Text("应为数", "expected a number"),
    "float_parsing": Text("应为数", "expected a number"),
    "list_type": Text("应为数组", "expected an array"),
    "tuple_type": Text("应为数组", "expected an array"),
    "dict_type": A_TABLE,
    "model_type": A_TABLE,
    "path_type": Text("应为路径", "expected a path"),
    "greater_than": Text("应大于 {gt}", "must be greater than {gt}"),
    "greater_than_equal": Text("不能小于 {ge}", "must be {ge} or more"),
    "less_than": Text("应小于 {lt}", "must be less than {lt}"),
    "less_than_equal": Text("不能大于 {le}", "must be {le} or less"),
    "string_too_short": Text("至少 {min_length} 个字符", "needs {min_length} characters or more"),
    "string_too_long": Text("至多 {max_length} 个字符", "takes {max_length} characters at most"),
    "string_pattern_mismatch": Text("写法应符合 {pattern}", "must be written as {pattern}"),
    "literal_error": Text("应为 {expected} 之一", "expected {expected}"),
}


def _expected(error: Mapping[str, Any]) -> Text:
    context = error.get("ctx", {})
    own = context.get("error")
    if isinstance(own, Wrong):
        return own.why
    if isinstance(own, DubanError):
        return own.text
    if own is not None:
        en, separator, zh = str(own).partition(" · ")  # as the rooms write both languages
        return Text(zh if separator else en, en)
    if error["type"] in _EXPECTED:
        told = _EXPECTED[error["type"]]
        return Text(told.zh.format(**context), told.en.format(**context))
    return Text(f"不能接受（{error['msg']}）", f"it can't be taken ({error['msg']})")
