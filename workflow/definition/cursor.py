"""Reading a tree of nodes word by word, collecting every problem on the way.

A `Cursor` is a node, where it stands, and the list that its problems go to. A reader takes a cursor
and gives a value, or None after it has complained; nobody stops at the first mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

from ..calendar import Duration, parse_duration
from ..text import Text, same
from .terms import MICRO
from .yaml import NOTHING, Node, Problem, nearest

T = TypeVar("T")
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = Text(
    "小写字母开头、只含小写字母、数字和下划线、最多 40 个字的名字",
    "a name of at most 40 lower-case letters, digits and underscores that begins with a letter",
)
_YEARS = range(1949, 2200)  # outside lies a slip of the keyboard, and no calendar


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """A node and its place in a file of the pack."""

    file: str
    path: tuple[str, ...]
    node: Node
    problems: list[Problem]

    def down(self, key: str, node: Node) -> Cursor:
        """The cursor of an entry below."""
        return replace(self, path=(*self.path, key), node=node)

    def fail(self, zh: str, en: str, *, found: str | Text | None = None, words: Collection[str] = ()) -> None:
        """Note that something else was expected here."""
        node = Node(value=found) if isinstance(found, str) else self.node
        problem = Problem(
            file=self.file,
            line=self.node.line,
            key=".".join(self.path) or "(top)",
            found=found if isinstance(found, Text) else same(node.shown()),
            expected=Text(zh, en),
            nearest=nearest(node.value, words) if isinstance(node.value, str) else None,
        )
        self.problems.append(problem)

    def quiet(self) -> Cursor:
        """The same place, for a look at it that complains to nobody."""
        return replace(self, problems=[])

    def has(self, key: str) -> bool:
        """Whether this is a mapping with that key."""
        return isinstance(self.node.value, dict) and key in self.node.value

    def entries(self) -> list[tuple[str, Cursor]]:
        """The entries of a mapping; complains about anything else."""
        if isinstance(self.node.value, dict):
            return [(key, self.down(key, node)) for key, node in self.node.value.items()]
        self.fail("键值对（每行 键: 值）", "a mapping of keys to values")
        return []

    def keys(self) -> tuple[str, ...]:
        """The keys of a mapping, none of anything else, without complaint."""
        return tuple(self.node.value) if isinstance(self.node.value, dict) else ()

    def get(self, key: str) -> Cursor | None:
        """The entry under that key, if this is a mapping that has it."""
        if isinstance(self.node.value, dict) and key in self.node.value:
            return self.down(key, self.node.value[key])
        return None

    def items(self) -> list[Cursor]:
        """One or several: the items of a sequence, or the value itself."""
        if isinstance(self.node.value, tuple):
            return [self.down(str(n), node) for n, node in enumerate(self.node.value, 1)]
        return [self]

    @property
    def is_text(self) -> bool:
        """Whether a plain word or sentence stands here."""
        return isinstance(self.node.value, str)


Reader = Callable[[Cursor], Any]


def words(cursor: Cursor, known: Mapping[str, Reader], required: Collection[str] = ()) -> dict[str, Any]:
    """Read a mapping whose keys are words of the language; values that failed are left out."""
    values: dict[str, Any] = {}
    for key, entry in cursor.entries():
        reader = known.get(key)
        if reader is None:
            listed = "、".join(known)
            entry.fail(f"这些词之一：{listed}", f"one of: {', '.join(known)}", found=key, words=known)
            continue
        value = reader(entry)
        if value is not None:
            values[key] = value
    if isinstance(cursor.node.value, dict):
        for key in required:
            if key not in cursor.node.value:
                cursor.fail(f"必填的 {key}", f"the required word {key}", found=NOTHING)
    return values


def named(cursor: Cursor, reader: Callable[[str, Cursor], T | None]) -> dict[str, T]:
    """Read a mapping from free names to constructs; the order of the file is kept."""
    values: dict[str, T] = {}
    for key, entry in cursor.entries():
        if not NAME.fullmatch(key):
            entry.fail(*_NAME, found=key)
            continue
        value = reader(key, entry)
        if value is not None:
            values[key] = value
    return values


def name_of(cursor: Cursor) -> str | None:
    """A name as constructs have them, for words that other places refer to."""
    value = cursor.node.value
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    cursor.fail(*_NAME)
    return None


def text(cursor: Cursor) -> str | None:
    """A non-empty string."""
    value = cursor.node.value
    if isinstance(value, str) and value.strip():
        return value
    cursor.fail("一段文字", "a text")
    return None


def bilingual(cursor: Cursor) -> Text | None:
    """`{zh: …, en: …}`."""
    values = words(cursor, {"zh": text, "en": text}, required=("zh", "en"))
    return Text(values["zh"], values["en"]) if len(values) == 2 else None


def duration(cursor: Cursor) -> Duration | None:
    """`2 workdays`, `10 days`, `36 hours`, `15 minutes`, `1 month`."""
    value = cursor.node.value
    try:
        return parse_duration(value if isinstance(value, str) else "")
    except ValueError:
        cursor.fail(*DURATION)
        return None


DURATION = Text(
    "时限，如 2 workdays、10 days、36 hours、15 minutes、1 month",
    "a duration such as 2 workdays, 10 days, 36 hours, 15 minutes or 1 month",
)


def day(cursor: Cursor) -> date | None:
    """`2026-03-31`."""
    value = cursor.node.value
    found = as_day(value) if isinstance(value, str) else None
    if found is None:
        cursor.fail(*DAY)
    return found


DAY = Text("1949 至 2199 年间的日期，如 2026-03-31", "a date such as 2026-03-31, from 1949 to 2199")


def as_day(value: str) -> date | None:
    """A date written as 2026-03-31, None if it is no such date."""
    try:
        found = date.fromisoformat(value if _DAY.fullmatch(value) else "")
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def micro(value: str) -> int | None:
    """A decimal number as whole millionths, None if it is no such number."""
    if not _NUMBER.fullmatch(value):
        return None
    whole, _, fraction = value.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return int(whole) * MICRO + sign * int((fraction + "000000")[:6])


def number(cursor: Cursor) -> int | None:
    """A number with at most 9 digits before and 6 after the point, as millionths."""
    value = cursor.node.value
    parsed = micro(value) if isinstance(value, str) else None
    if parsed is None:
        cursor.fail("数字（小数点后最多 6 位）", "a number with at most 6 decimals")
    return parsed


def whole(cursor: Cursor) -> int | None:
    """A whole number from 0 to 999."""
    value = cursor.node.value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}", value):
        return int(value)
    cursor.fail("0 至 999 的整数", "a whole number from 0 to 999")
    return None


def yes(cursor: Cursor) -> bool | None:
    """`yes` or `no`."""
    found = choice("yes", "no")(cursor)
    return None if found is None else found == "yes"


def choice(*values: str) -> Callable[[Cursor], str | None]:
    """A reader for exactly one of these words."""

    def reader(cursor: Cursor) -> str | None:
        value = cursor.node.value
        if isinstance(value, str) and value in values:
            return value
        cursor.fail(f"{'、'.join(values)} 之一", f"one of: {', '.join(values)}", words=values)
        return None

    return reader


def reference(cursor: Cursor, names: Collection[str], what: Text) -> str | None:
    """A name that is declared elsewhere."""
    value = cursor.node.value
    if isinstance(value, str) and value in names:
        return value
    known = sorted(names)
    zh = f"已声明的{what.zh}（{'、'.join(known) or '尚无'}）"
    en = f"a declared {what.en} ({', '.join(known) or 'there are none'})"
    cursor.fail(zh, en, words=known)
    return None


def declared(zh: str, en: str, known: Collection[str]) -> tuple[str, str]:
    """What is expected where a name that is declared elsewhere should stand."""
    listed = sorted(known)
    return (
        f"已声明的{zh}（{'、'.join(listed) or '尚无'}）",
        f"a declared {en} ({', '.join(listed) or 'there are none'})",
    )


def references(cursor: Cursor, names: Collection[str], what: Text) -> tuple[str, ...] | None:
    """One such name or a list of them, each named once."""
    found = [reference(item, names, what) for item in cursor.items()]
    known = tuple(name for name in found if name is not None)
    if not found or len(set(known)) < len(known):
        cursor.fail(f"至少一个{what.zh}，不重复", f"at least one {what.en}, none of them twice")
        return None
    return known if len(known) == len(found) else None
