"""Reading `letter:` of a definition: what is sent on paper once an act is done.

Its texts hold placeholders, `{unit}`, and nothing else that could be executed: a closed set of names, the
parties and the facts of the kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..text import Text
from . import model
from .cursor import Cursor, bilingual, declared, reference, words

PLACE = re.compile(r"\{([^{}]*)\}")
LONGEST = 20_000  # characters of a text
ALWAYS: Mapping[str, Text] = {
    "number": Text("文号", "the number that the act gave"),
    "task": Text("事项编号", "the task's number, such as SFD-12"),
    "kind": Text("事项类型", "what this kind of task is called"),
    "campaign": Text("专项行动", "the campaign"),
    "basis": Text("专项行动的依据文号", "the document on which the campaign rests"),
    "track": Text("专项任务", "the line of work"),
    "to": Text("主送单位", "to whom it is addressed"),
    "issuer": Text("发文单位", "the unit that sends it"),
    "signatory": Text("签发人", "who signed it"),
    "date": Text("签发日期", "the day on which it was signed"),
    "deadline": Text("事项期限", "the task's deadline"),
    "step": Text("本环节时限", "until when the step that follows may take"),
    "tasks": Text("所涉事项件数", "how many tasks it concerns"),
}
"""The placeholders that every letter may use, beside the parties and facts of its kind."""

_TRANSITION = Text("由人办理的流转", "transition that somebody takes")
_ADDRESSEE = Text("当事方或角色", "party or role")
_TEMPLATE = Text("方案包文件夹中的 .docx 模板", "Word template (.docx) in the pack's folder")


@dataclass(frozen=True, kw_only=True, slots=True)
class Letters:
    """What the letter of a kind may name."""

    acts: Collection[str]  # transitions that people take
    parties: Collection[str]
    roles: Collection[str]
    facts: Collection[str]
    templates: Collection[str]  # .docx files of the pack


def letter(cursor: Cursor, scope: Letters) -> model.Letter | None:
    """What is sent on paper once an act is done."""
    known: dict[str, Callable[[Cursor], Any]] = {
        "label": bilingual,
        "title": lambda entry: _text(entry, scope),
        "on": lambda entry: reference(entry, scope.acts, _TRANSITION),
        "to": lambda entry: reference(entry, {*scope.parties, *scope.roles}, _ADDRESSEE),
        "text": lambda entry: _text(entry, scope),
        "template": lambda entry: reference(entry, scope.templates, _TEMPLATE),
    }
    required = ("label", "title", "on", "to", "text")
    values = words(cursor, known, required=required)
    if any(name not in values for name in required):
        return None
    return model.Letter(
        label=values["label"],
        title=values["title"],
        on=values["on"],
        to=values["to"],
        text=values["text"],
        template=values.get("template"),
    )


def _text(cursor: Cursor, scope: Letters) -> Text | None:
    """A text in both languages, whose placeholders are all known."""
    found = bilingual(cursor)
    if found is None:
        return None
    fits = [_check(entry, scope) for _, entry in cursor.entries()]
    return found if all(fits) else None


def _check(cursor: Cursor, scope: Letters) -> bool:
    value = str(cursor.node.value)
    known = {*ALWAYS, *scope.parties, *scope.facts}
    twice = {*ALWAYS} & {*scope.parties, *scope.facts}
    bare = PLACE.sub("", value)
    if "{" in bare or "}" in bare:
        cursor.fail("成对的 {占位符}", "placeholders in pairs of braces, {unit}")
        return False
    for name in PLACE.findall(value):
        if name not in known:
            cursor.fail(*declared("占位符", "placeholder", known), found=f"{{{name}}}", words=known)
            return False
        if name in twice:
            zh = f"填报项或当事方改用别的名字：占位符 {{{name}}} 已有所指（{ALWAYS[name].zh}）"
            en = f"another name for the fact or party: {{{name}}} stands for {ALWAYS[name].en}"
            cursor.fail(zh, en, found=f"{{{name}}}")
            return False
    if len(value) > LONGEST:
        cursor.fail(f"最多 {LONGEST} 字", f"at most {LONGEST} characters")
        return False
    return True


def places(text: Text) -> frozenset[str]:
    """The names that a text is filled with."""
    return frozenset(PLACE.findall(text.zh)) | frozenset(PLACE.findall(text.en))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its placeholders filled; what a value holds is never looked at again."""
    return PLACE.sub(lambda match: values[match[1]], text)
