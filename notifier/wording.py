"""Every sentence that the notifier writes, by name, and an organisation's own in its place.

The sentences stand in `words/*.yaml`, each with its placeholders; an organisation may say them its own
way in a file of the same form. A sentence is text with `{placeholders}` and nothing else: no attributes,
no formats, no expressions, nothing that any template language would read. What is put in is never read
again, so a name that looks like a placeholder stays what it is.

    notice.copied.headline: {zh: "抄送：{kind}", en: "For your information: {kind}"}

`needs` in our own files names the placeholders without which a sentence would say too little, `takes`
those that it may use although ours doesn't.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from workflow.definition.yaml import Node, Problem, nearest, read
from workflow.errors import UsageError
from workflow.text import LANGUAGES, Language, Text, same

FOLDER: Final = Path(__file__).parent / "words"
LONGEST: Final = 500  # characters of a sentence
_NAME: Final = re.compile(r"[a-z][a-z_]*\Z")
_FORBIDDEN: Final = ("{{", "}}", "{%", "%}", "{#", "#}")
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

Say = Callable[..., str]
"""(name, **values) -> the sentence in one language."""
Pieces = tuple[str | tuple[str], ...]
"""Text, and placeholders by name, in their order."""


class BadWording(UsageError):
    """Sentences of an organisation that can't be used. `problems` lists everything that is wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        told = [one.to_text() for one in problems]
        super().__init__(
            "没有采用自定文句：" + "\n".join(one.zh for one in told),
            "The organisation's own sentences were not taken: " + "\n".join(one.en for one in told),
        )
        self.problems = problems


class _Malformed(Exception):
    """Not a sentence with placeholders: what was found, and what belongs there."""

    def __init__(self, found: str, expected: Text) -> None:
        super().__init__(expected.en)
        self.found, self.expected = found, expected


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence of ours, and what may and must stand in one that takes its place."""

    name: str
    text: Text
    known: frozenset[str]  # placeholders
    needs: frozenset[str]
    pieces: Mapping[Language, Pieces] = field(repr=False)


# --- a sentence and its placeholders ----------------------------------------------------------------

_ONLY_NAMES: Final = Text(
    "只含 {占位符} 的文句，占位符只用小写字母和下划线",
    "text with {placeholders} only, their names in small letters and underscores",
)
_ONE_LINE: Final = Text("一行文字，不含控制字符", "one line without control characters")
_SHORT: Final = Text(f"1 至 {LONGEST} 个字符", f"1 to {LONGEST} characters")


def parse(sentence: str) -> Pieces:
    """Text and placeholders; raises `_Malformed` for anything else in braces."""
    if not sentence.strip() or len(sentence) > LONGEST:
        raise _Malformed(f"{len(sentence)}", _SHORT)
    if _UNSEEN.search(sentence):
        raise _Malformed(repr(sentence), _ONE_LINE)
    for mark in _FORBIDDEN:
        if mark in sentence:
            raise _Malformed(mark, _ONLY_NAMES)
    return tuple(_pieces(sentence))


def _pieces(sentence: str) -> Iterator[str | tuple[str]]:
    text, *rest = sentence.split("{")
    for after in ("", *rest):
        if after:
            name, closed, text = after.partition("}")
            if not closed or not _NAME.match(name):
                raise _Malformed("{" + name + closed, _ONLY_NAMES)
            yield (name,)
        if "}" in text:
            raise _Malformed("}", _ONLY_NAMES)
        if text:
            yield text


def _names(pieces: Pieces) -> frozenset[str]:
    return frozenset(one[0] for one in pieces if isinstance(one, tuple))


# --- what ships -------------------------------------------------------------------------------------


@cache
def sentences() -> Mapping[str, Sentence]:
    """Every sentence of ours, by name."""
    problems: list[Problem] = []
    found: dict[str, Sentence] = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        root = read(file.name, file.read_bytes(), problems)
        for name, node in root.below() if root is not None else ():
            found[name] = _sentence(name, {key: one.plain() for key, one in node.below()})
    if problems:
        raise BadWording(tuple(problems))
    return found


def _sentence(name: str, said: Mapping[str, object]) -> Sentence:
    text = Text(str(said["zh"]), str(said["en"]))
    pieces: dict[Language, Pieces] = {language: parse(text.to(language)) for language in LANGUAGES}
    takes, needs = frozenset(_listed(said.get("takes"))), frozenset(_listed(said.get("needs")))
    known = frozenset().union(takes, needs, *(_names(one) for one in pieces.values()))
    return Sentence(name=name, text=text, known=known, needs=needs, pieces=pieces)


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


# --- an organisation's own --------------------------------------------------------------------------


def read_words(file: str, data: bytes) -> dict[str, Text]:
    """An organisation's sentences out of a file; a language that is left out stays as it ships.

    Raises:
        BadWording: with everything that is wrong, by file, line, name, and the nearest valid word.
    """
    problems: list[Problem] = []
    root = read(file, data, problems)
    found: dict[str, Text] = {}
    for name, node in root.below() if root is not None else ():
        known = sentences().get(name)
        if known is None:
            problems.append(_unknown(file, node.line, name))
        else:
            found[name] = _own(file, node, known, problems)
    if problems:
        raise BadWording(tuple(problems))
    return found


def _own(file: str, node: Node, known: Sentence, problems: list[Problem]) -> Text:
    said = dict(node.below()) if isinstance(node.value, dict) else {}
    for key, one in said.items():
        if key not in LANGUAGES:
            expected = Text("zh、en", "zh, en")
            problems.append(
                Problem(file=file, line=one.line, key=known.name, found=same(key), expected=expected)
            )
    if not said:
        expected = Text('{zh: "…", en: "…"}', '{zh: "…", en: "…"}')
        problems.append(
            Problem(file=file, line=node.line, key=known.name, found=same(node.shown()), expected=expected)
        )
    texts = {key: str(one.value) for key, one in said.items() if key in LANGUAGES}
    for key, sentence in texts.items():
        problems.extend(check(known, sentence, file=file, line=said[key].line, language=key))
    return Text(texts.get("zh", known.text.zh), texts.get("en", known.text.en))


def _unknown(file: str, line: int, name: str) -> Problem:
    return Problem(
        file=file,
        line=line,
        key=name,
        found=same(name),
        expected=Text("一条文句的名称", "the name of a sentence"),
        nearest=nearest(name, sentences()),
    )


def check(known: Sentence, sentence: str, *, file: str, line: int, language: str) -> Iterator[Problem]:
    """What is wrong with a sentence that is to take the place of ours."""
    key = f"{known.name}.{language}"
    try:
        used = _names(parse(sentence))
    except _Malformed as error:
        yield Problem(file=file, line=line, key=key, found=same(error.found), expected=error.expected)
        return
    may = "、".join(f"{{{one}}}" for one in sorted(known.known)) or "—"
    for name in sorted(used - known.known):
        yield Problem(
            file=file,
            line=line,
            key=key,
            found=same(f"{{{name}}}"),
            expected=Text(f"此处可用的占位符：{may}", f"a placeholder known here: {may.replace('、', ', ')}"),
            nearest=nearest(name, known.known),
        )
    for name in sorted(known.needs - used):
        expected = Text(f"含有 {{{name}}} 的文句", f"a sentence with {{{name}}}")
        yield Problem(file=file, line=line, key=key, found=same(sentence), expected=expected)


# --- saying them ------------------------------------------------------------------------------------


class Wording:
    """The sentences in force: ours, but for those that the organisation says its own way."""

    def __init__(self, own: Mapping[str, Text] | None = None) -> None:
        """Raises BadWording for a sentence that can't be used, or that nobody knows."""
        self._own: dict[str, Mapping[Language, Pieces]] = {}
        problems = tuple(_problems((own or {}).items()))
        if problems:
            raise BadWording(problems)
        for name, text in (own or {}).items():
            self._own[name] = {language: parse(text.to(language)) for language in LANGUAGES}

    def say(self, name: str, language: Language, **values: str) -> str:
        """A sentence. Every placeholder that it may use must have a value."""
        ours = sentences()[name]
        if values.keys() != ours.known:
            raise TypeError(f"{name} takes {sorted(ours.known)}, not {sorted(values)}")
        pieces = self._own.get(name, ours.pieces)[language]
        return "".join(one if isinstance(one, str) else values[one[0]] for one in pieces)

    def known(self, name: str) -> frozenset[str]:
        """The placeholders that a sentence may use."""
        return sentences()[name].known

    def text(self, name: str, **values: Text) -> Text:
        """A sentence in both languages."""
        zh, en = ({key: one.to(language) for key, one in values.items()} for language in LANGUAGES)
        return Text(self.say(name, "zh", **zh), self.say(name, "en", **en))

    def speaker(self, language: Language) -> Say:
        """`say` for one reader's language, as templates take it."""
        return lambda name, **values: self.say(name, language, **values)


def _problems(own: Iterable[tuple[str, Text]]) -> Iterator[Problem]:
    for name, text in own:
        known = sentences().get(name)
        if known is None:
            yield _unknown("words", 0, name)
            continue
        for language in LANGUAGES:
            yield from check(known, text.to(language), file="words", line=0, language=language)
