"""The everyday acts in words: who urged, corrected, transferred, and from what to what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..definition.model import Fact
from ..text import Text

if TYPE_CHECKING:
    from .words import Words

Header = Mapping[str, Any]


def _urged(words: Words, header: Header) -> Text:
    who = words.who(header)
    return Text(f"{who.zh}催办", f"{who.en} urged whoever is waited for")


def _commented(words: Words, header: Header) -> Text:
    who = words.who(header)
    return Text(f"{who.zh}批注", f"{who.en} commented")


def _copied(words: Words, header: Header) -> Text:
    who = words.who(header)
    return Text(f"{who.zh}抄送", f"{who.en} sent copies")


def _corrected(words: Words, header: Header) -> Text:
    who, what = words.who(header), corrected_fact(words, header)
    label = what.label if what is not None else Text(header["fact"], header["fact"])
    if "row" not in header:
        return Text(f"{who.zh}更正“{label.zh}”", f"{who.en} corrected {label.en}")
    rows = words.list(header["list"])
    return Text(
        f"{who.zh}更正{rows.zh}第 {header['row']} 号的“{label.zh}”",
        f"{who.en} corrected {label.en} of row {header['row']} in {rows.en}",
    )


def corrected_fact(words: Words, header: Header) -> Fact | None:
    """The fact, or the column of a list, that a correction is about."""
    if "row" not in header:
        return words.fact(header["fact"])
    return words.columns(header["list"]).get(header["fact"])


def _transferred(words: Words, header: Header) -> Text:
    moves = [
        Text(f"{words.names.unit(old).zh} → {words.names.unit(new).zh}", _english(words, old, new))
        for old, new in header["parties"].values()
    ]
    zh, en = "、".join(one.zh for one in moves), ", ".join(one.en for one in moves)
    if header.get("why") == "units merged":
        return Text(f"单位撤并，事项转入：{zh}", f"units merged, the task moved: {en}")
    who = words.who(header)
    return Text(f"{who.zh}转办：{zh}", f"{who.en} transferred the task: {en}")


def _english(words: Words, old: int, new: int) -> str:
    return f"{words.names.unit(old).en} → {words.names.unit(new).en}"


def _merged(words: Words, header: Header) -> Text:
    who, into = words.who(header), words.number(header["into"])
    return Text(f"{who.zh}将本事项并入 {into}", f"{who.en} merged the task into {into}")


def _merged_in(words: Words, header: Header) -> Text:
    numbers = [words.number(one) for one in header["about"]]
    return Text(f"{'、'.join(numbers)} 并入本事项", f"{', '.join(numbers)} merged into this task")


def _rolled_over(_words: Words, header: Header) -> Text:
    old, new = header["old"], header["new"]
    return Text(f"由 {old} 年计划结转至 {new} 年", f"carried over from the plan of {old} to {new}")


def _handed_over(words: Words, header: Header) -> Text:
    leaver, successor = words.names.person(header["leaver"]), words.names.person(header["successor"])
    count = header["count"]
    return Text(
        f"{leaver.zh}的岗位移交{successor.zh}，连同在办事项 {count} 件",
        f"the posts of {leaver.en} passed to {successor.en}, with {count} open tasks",
    )


TELLERS: Mapping[str, Callable[[Words, Header], Text]] = {
    "urged": _urged,
    "commented": _commented,
    "copied": _copied,
    "corrected": _corrected,
    "transferred": _transferred,
    "merged": _merged,
    "merged_in": _merged_in,
    "rolled_over": _rolled_over,
    "handed_over": _handed_over,
}
REASONS = {
    "urged": Text("催办", "urged"),
    "copied": Text("抄送", "a copy, to know of it"),
    "transferred": Text("转办", "transferred to another unit"),
    "merged": Text("并案", "merged with another task"),
    "handed over": Text("岗位移交", "posts handed over"),
}
NOTES = {"old": Text("原值", "Before"), "new": Text("现值", "Now"), "text": Text("批注", "Comment")}


def told(words: Words, kind: str, header: Header, values: Mapping[str, Any]) -> Iterator[Text]:
    """The values of an event; a correction's two values read as the fact that they are of."""
    if kind != "corrected":
        yield from words.values(values)
        return
    fact = corrected_fact(words, header)
    for name in ("old", "new"):
        if values.get(name) is not None:
            shown = words.shown(fact, values[name])
            yield Text(f"{NOTES[name].zh}：{shown.zh}", f"{NOTES[name].en}: {shown.en}")
    yield from words.values({name: value for name, value in values.items() if name not in ("old", "new")})
