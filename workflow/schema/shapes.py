"""The few shapes that values of the language have, as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Shape = dict[str, Any]
Words = Mapping[str, tuple[Shape, str, str]]  # word -> shape, meaning in Chinese, meaning in English

NAME = "[a-z][a-z0-9_]{0,39}"
NUMBER = r"-?[0-9]{1,9}(\.[0-9]{1,6})?"


def pattern(regex: str, *examples: str) -> Shape:
    """A string of that form, as a whole."""
    shape: Shape = {"type": "string", "pattern": f"^(?:{regex})$"}
    return {**shape, "examples": list(examples)} if examples else shape


def enum(*values: str) -> Shape:
    """Exactly one of these words."""
    return {"type": "string", "enum": list(values)}


def either(*shapes: Shape) -> Shape:
    """One of several shapes."""
    return {"anyOf": list(shapes)}


def several(shape: Shape, *, least: int = 1) -> Shape:
    """One such value, or a list of them, none twice."""
    listed: Shape = {"type": "array", "items": shape, "minItems": least, "uniqueItems": True}
    return either(shape, listed)


def named(shape: Shape, *, least: int = 0, names: str = NAME) -> Shape:
    """A mapping from names that the writer invents."""
    found: Shape = {
        "type": "object",
        "propertyNames": {"pattern": f"^(?:{names})$"},
        "additionalProperties": shape,
    }
    return {**found, "minProperties": least} if least else found


def words(known: Words, required: tuple[str, ...] = (), **more: Any) -> Shape:
    """A mapping whose keys are words of the language, each with its meaning."""
    properties = {word: {**shape, "description": f"{zh}\n\n{en}"} for word, (shape, zh, en) in known.items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


# A value that is only words; an editor may have read it as a number.
TEXT: Shape = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
A_NAME = pattern(NAME)
NUMERIC: Shape = {"type": ["number", "string"], "pattern": f"^(?:{NUMBER})$"}
WHOLE: Shape = {"type": ["integer", "string"], "pattern": "^[0-9]{1,3}$", "minimum": 0, "maximum": 999}
SOME: Shape = {**WHOLE, "minimum": 1, "pattern": "^0*[1-9][0-9]{0,2}$"}
TWO: Shape = {**WHOLE, "minimum": 2, "pattern": "^(?:0*[2-9]|0*[1-9][0-9]{1,2})$"}  # or more
YES_NO = enum("yes", "no")
BILINGUAL = words(
    {
        "zh": (TEXT, "中文。", "In Chinese."),
        "en": (TEXT, "英文。", "In English."),
    },
    ("zh", "en"),
)
