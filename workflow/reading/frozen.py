"""The ledger as it stands, kept for good: its lines as they are shown, with a hash over every byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, fields
from typing import Any

import orjson

from ..definition.cursor import NAME
from ..definition.model import LIGHT_LABELS
from ..engine import Frame
from ..errors import BadValue, HistoryBroken
from ..store import snapshots
from ..store.ports import Transaction
from ..store.snapshots import Snapshot
from ..text import Text, join, same
from .ledger import Ledger, Wanted
from .people import known
from .plain import plain
from .screens import Block, Row
from .words import moment

MAX_LINES = 100_000  # of one snapshot


def freeze(frame: Frame, name: str, wanted: Wanted, found: Ledger, person: int) -> tuple[Snapshot, str]:
    """What is kept: the snapshot, and its lines as JSON, one each, in the order of the ledger.

    Raises:
        BadValue: the name can't be used, or there are more lines than one snapshot takes.
    """
    if not NAME.fullmatch(name):
        raise BadValue(
            f"“{name}”不能作名称：小写字母开头，只含小写字母、数字、下划线，如 y2026_q1。",
            f"{name!r} is no name: lower-case letters, digits and underscores, a letter first, as y2026_q1.",
        )
    if found.total > len(found.lines):
        raise BadValue(
            f"没有冻结：符合条件的有 {found.total} 件，一次最多 {MAX_LINES} 件。"
            "请用 --unit 或 --kind 缩小范围。",
            f"Not frozen: {found.total} tasks answer to that, one snapshot takes {MAX_LINES}. Narrow it with "
            "--unit or --kind.",
        )
    body = "".join(_written(plain(line)) + "\n" for line in found.lines)
    asked = {one.name: getattr(wanted, one.name) for one in fields(wanted) if _is_asked(wanted, one)}
    snapshot = Snapshot(
        name=name,
        frozen_at=frame.now,
        person_id=person,
        filters=_written(asked),
        lines=len(found.lines),
        sha256=digest(body),
    )
    return snapshot, body


def _is_asked(wanted: Wanted, one: Field[Any]) -> bool:
    """Whether a filter says something: whether tasks are open always does, unless it takes both."""
    value = getattr(wanted, one.name)
    if one.name == "open":
        return value is not None
    return one.name != "limit" and value != one.default


def keep(tx: Transaction, snapshot: Snapshot, body: str) -> None:
    """Keep it. There is no way to change it, nor to give another the same name.

    Raises:
        BadValue: the name is taken.
    """
    if snapshots.named(tx, snapshot.name) is not None:
        raise BadValue(
            f"没有冻结：名称 {snapshot.name} 已被使用，冻结的台账不能改写。请另取名称。",
            f"Not frozen: the name {snapshot.name} is taken, and what is frozen stays as it is. Choose "
            "another.",
        )
    snapshots.add(tx, snapshot, body)


def thawed(frame: Frame, name: str) -> tuple[Snapshot, list[dict[str, Any]]]:
    """A snapshot with its lines, checked against its hash.

    Raises:
        Unknown: there is none of that name.
        HistoryBroken: its lines are not those that were frozen.
    """
    found = snapshots.named(frame.tx, name)
    if found is None:
        names = [one.name for one in snapshots.every(frame.tx)]
        raise known(Text("冻结的台账", "frozen ledger"), name, names, see="duban ledger frozen")
    snapshot, body = found
    if digest(body) != snapshot.sha256:
        raise HistoryBroken(
            f"冻结的台账 {name} 已被改动：现有内容的散列与冻结时不符。请从备份恢复，并追查是谁改动。",
            f"The frozen ledger {name} was changed: its lines don't fit the hash it was frozen with. Restore "
            "it from a backup, and find out who changed it.",
        )
    return snapshot, [orjson.loads(line) for line in body.splitlines()]


def digest(body: str) -> str:
    """SHA-256 of the lines in UTF-8, hex."""
    return hashlib.sha256(body.encode()).hexdigest()


def _written(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


# --- on screen --------------------------------------------------------------------------------------

_HEADING: Row = (
    Text("编号", "No."),
    Text("灯", "Light"),
    Text("类型", "Kind"),
    Text("单位", "Unit"),
    Text("状态", "State"),
    Text("期限", "Due"),
    Text("等谁", "Waits for"),
)


def shown(frame: Frame, lines: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """Frozen lines as a table, in the words of the day on which they were frozen."""
    yield Block(rows=(_HEADING, *(_row(frame, line) for line in lines)))


def _row(frame: Frame, line: Mapping[str, Any]) -> Row:
    due = line.get("due_at")
    people = [_text(one) for one in line.get("waits_people", ())]
    role = line.get("waits_label")
    return (
        same(line["number"]),
        LIGHT_LABELS[line["light"]],
        _text(line["kind_label"]),
        _text(line["unit"]),
        _text(line["state_label"]),
        same("—" if due is None else moment(frame.calendar(line["zone"]), due)),
        join([_text(role), *people], " ", " ") if role else same("—"),
    )


def _text(value: Mapping[str, str]) -> Text:
    return Text(value["zh"], value["en"])
