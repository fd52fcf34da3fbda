"""The strict reader: YAML as a tree of nodes that remember where they stand.

It works on the event stream of PyYAML, so that nothing is ever converted behind the writer's back:
every scalar stays the string that was written (`on` is not true, `12:30` is no number). Refused are
duplicate keys, anchors and aliases, tags, several documents in a file, plain values that hold one of
`{ } [ ] ,`, control characters, and files that are too large or too deep. All problems of a file are
collected, and reading goes on behind each but broken syntax.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import yaml

from ..text import Text, same

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
NOTHING = Text("没有写", "nothing")
_NEEDS_QUOTES = frozenset("{}[],")
_SHOWN = 60  # characters of a value in an error message
_LONGEST_WORD, _MOST_WORDS = 60, 500  # what looking for the nearest word may cost
# YAML 1.1 §5.1. PyYAML refuses these in the text, but lets escapes ("\x00") bring them in, and no
# database takes them all.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Plain = str | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong with a pack."""

    file: str  # path inside the pack
    line: int  # 1-based; 0 where the source has no lines (a pack read back from the database)
    key: str  # dotted path of the key inside the file
    found: Text  # what stands there, shortened
    expected: Text  # what belongs there
    nearest: str | None = None  # the nearest valid word, if one is near

    def to_text(self) -> Text:
        """The problem as one line in both languages."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        zh = f"{where}: {self.key}: 见到 {self.found.zh}；应为 {self.expected.zh}"
        en = f"{where}: {self.key}: found {self.found.en}; expected {self.expected.en}"
        if self.nearest:
            zh, en = f"{zh}。是否想写 {self.nearest}？", f"{en}. Did you mean {self.nearest}?"
        return Text(zh, en)


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A value of a YAML file: a string, a sequence or a mapping, and its place."""

    value: str | tuple[Node, ...] | dict[str, Node]
    line: int = 0

    def plain(self) -> Plain:
        """The value without its places, as it is hashed and stored."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return {key: node.plain() for key, node in self.value.items()}

    def below(self) -> Iterator[tuple[str, Node]]:
        """The nodes right below with their keys; the items of a sequence count from 1."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, tuple):
            yield from ((str(n), node) for n, node in enumerate(self.value, 1))

    def shown(self) -> str:
        """The value as an error message shows it."""
        if isinstance(self.value, str):
            return repr(_cut(self.value))
        return _cut(_flow(self.plain()))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _flow(value: Plain) -> str:
    """A value on one line, as a supervisor would write it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"


def from_plain(value: Plain) -> Node:
    """A tree without places, from what `Node.plain` gave."""
    if isinstance(value, str):
        return Node(value=value)
    if isinstance(value, list):
        return Node(value=tuple(from_plain(item) for item in value))
    return Node(value={key: from_plain(item) for key, item in value.items()})


def nearest(word: str, words: Collection[str]) -> str | None:
    """The valid word that is most like `word`, if any is like it at all."""
    if len(word) > _LONGEST_WORD:
        return None
    found = difflib.get_close_matches(word, list(words)[:_MOST_WORDS], n=1, cutoff=0.6)
    return found[0] if found else None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


class _TooDeep(Exception):
    def __init__(self, event: yaml.Event) -> None:
        self.event = event


@dataclass(slots=True)
class _Builder:
    """Turns the events of one file into nodes and collects what is wrong."""

    file: str
    problems: list[Problem]
    events: Iterator[yaml.Event]
    path: list[str] = field(default_factory=list)
    depth: int = 0  # not the length of `path`: a key may be a collection too

    def complain(self, event: yaml.Event, found: str, zh: str, en: str) -> None:
        key = ".".join(self.path) or "(top)"
        problem = Problem(
            file=self.file, line=_line(event), key=key, found=same(found), expected=Text(zh, en)
        )
        self.problems.append(problem)

    def node(self, event: yaml.Event) -> Node:
        self._refuse_anchor_and_tag(event)
        if self.depth > MAX_DEPTH:
            raise _TooDeep(event)
        self.depth += 1
        found = self._value(event)
        self.depth -= 1
        return found

    def _value(self, event: yaml.Event) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event)
        return Node(value="", line=_line(event))

    def _refuse_anchor_and_tag(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self.complain(event, "& *", "不用锚点和别名，把内容写出来", "no anchors or aliases: write it out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.complain(event, str(tag), "不带标签（!）的值", "a value without a tag (!)")

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        text = str(event.value)
        node = Node(value=text, line=_line(event))
        if not event.style and _NEEDS_QUOTES & set(text):  # libyaml says "" where PyYAML says None
            zh, en = "含有 { } [ ] , 的值要加引号", "quotes around a value that holds one of { } [ ] ,"
            self.complain(event, node.shown(), zh, en)
        if _UNPRINTABLE.search(text):
            self.complain(event, node.shown(), *_NO_CONTROL)
        return node

    def _sequence(self, start: yaml.Event) -> Node:
        items: list[Node] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            self.path.append(str(len(items) + 1))
            items.append(self.node(event))
            self.path.pop()
        return Node(value=tuple(items), line=_line(start))

    def _mapping(self, start: yaml.Event) -> Node:
        entries: dict[str, Node] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event)
            self.path.append(key)
            if key in entries:
                self.complain(event, repr(key), "每个键只出现一次", "every key only once")
            value = self.node(next(self.events))
            entries[key] = Node(value=value.value, line=_line(event))
            self.path.pop()
        return Node(value=entries, line=_line(start))

    def _key(self, event: yaml.Event) -> str:
        node = self.node(event)
        if isinstance(node.value, str):
            return node.value
        self.complain(event, node.shown(), "一个词作为键", "a word as key")
        return node.shown()


_NO_CONTROL = Text("不含控制字符的文本", "text without control characters")


def read(file: str, data: bytes, problems: list[Problem]) -> Node | None:
    """The tree of one file, or None when there is none; what is wrong goes to `problems`."""
    text = _decode(file, data, problems)
    if text is None:
        return None
    try:
        return _document(file, text, problems)
    except yaml.YAMLError as error:
        problems.append(_syntax(file, error))
    except _TooDeep as deep:
        expected = Text(f"最多 {MAX_DEPTH} 层嵌套", f"at most {MAX_DEPTH} levels of nesting")
        problems.append(_whole(file, _line(deep.event), "…", expected))
    return None


def _whole(file: str, line: int, found: str, expected: Text) -> Problem:
    """A problem of a file as such."""
    return Problem(file=file, line=line, key="(file)", found=same(found), expected=expected)


def _decode(file: str, data: bytes, problems: list[Problem]) -> str | None:
    if len(data) > MAX_BYTES:
        expected = Text(f"最多 {MAX_BYTES} 字节的文件", f"a file of at most {MAX_BYTES} bytes")
        problems.append(_whole(file, 0, f"> {MAX_BYTES}", expected))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        expected = Text("UTF-8 文本", "text in UTF-8")
        line = data.count(b"\n", 0, error.start) + 1
        problems.append(_whole(file, line, f"0x{data[error.start]:02X}", expected))
        return None
    wrong = _UNPRINTABLE.search(text)
    if wrong is None:
        return text
    line = text.count("\n", 0, wrong.start()) + 1
    problems.append(_whole(file, line, repr(wrong[0]), _NO_CONTROL))
    return None


def _document(file: str, text: str, problems: list[Problem]) -> Node:
    events = iter(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    builder = _Builder(file, problems, events)
    root: Node | None = None
    for event in events:
        if not isinstance(event, yaml.NodeEvent):
            continue
        if root is not None:
            builder.complain(event, "---", "一个文件只有一份文档", "one document per file")
            break
        root = builder.node(event)
    return root if root is not None else Node(value={}, line=1)


_VALID = Text("合法的 YAML（缩进用空格，括号成对）", "valid YAML (indent with spaces, close every bracket)")


def _syntax(file: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    parts = [getattr(error, "context", None), getattr(error, "problem", None)]
    found = ", ".join(part for part in parts if part) or str(error)
    line = mark.line + 1 if mark else 0
    return Problem(file=file, line=line, key="(syntax)", found=same(found), expected=_VALID)
