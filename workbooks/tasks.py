"""The book of tasks: a line is a task of one kind in one campaign, known by its number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from workflow.calendar import Calendar
from workflow.definition.model import Campaign, Definition, Fact
from workflow.store.importing import KnownLine, NewLine
from workflow.text import Text

from . import cells
from .columns import Book, Column, Example
from .problems import shown
from .sheet import Line, Sheet

MOST = 60_000  # lines
NUMBER, TRACK, DEADLINE = "no", "track", "deadline"
_UNIT = Text("单位", "unit")
_DROP_DOWN = 2_000  # units in a list: nobody scrolls further, any code may still be typed


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A unit that the database has."""

    ident: int
    kind: str
    label: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What a line of work may speak of."""

    campaign: Campaign
    definition: Definition
    units: Mapping[str, Unit]  # by code
    people: Mapping[str, int]  # code -> id
    calendar: Calendar


@dataclass(kw_only=True, slots=True)
class Plan:
    """What the book brings."""

    lines: list[NewLine] = field(default_factory=list)
    unchanged: int = 0
    set_aside: set[int] = field(default_factory=set)  # imports of which a line is tried again
    overdue: int = 0  # new lines whose deadline has passed already


def book(known: Known) -> Book:
    """The book of a kind of task: the facts that may be given when it is opened are columns."""
    own = known.definition
    return Book(
        name="tasks",
        sheet="事项 Tasks",
        title=own.label,
        most=MOST,
        columns=(
            _number(),
            *(_party(name, allowed, known, name == own.first_party) for name, allowed in own.parties.items()),
            *_tracks(known.campaign),
            _deadline(own),
            *(_fact(one, known) for one in own.facts.values() if one.type != "file"),
        ),
    )


def _number() -> Column:
    return Column(
        code=NUMBER,
        label=Text("编号", "No."),
        note=Text(
            "本专项行动内不可重复；同一编号只交办一次",
            "Once only in a campaign: a number becomes a task once",
        ),
        read=cells.number_of_line,
        required=True,
        examples=("例-001", "例-002"),
    )


def _party(name: str, allowed: tuple[str, ...], known: Known, is_first: bool) -> Column:
    fitting = {code: one.label for code, one in known.units.items() if not allowed or one.kind in allowed}
    kinds = "、".join(allowed) or "不限"
    label = Text("单位", "Unit") if is_first else Text(f"当事方 {name}", f"Party {name}")
    samples = [*fitting, None, None]
    return Column(
        code=name,
        label=label,
        note=Text(f"单位代码，类别：{kinds}", f"Code of a unit; kind: {', '.join(allowed) or 'any'}"),
        read=cells.one_of(fitting, _UNIT),
        required=True,
        choices=tuple(f"{code} {label.zh}" for code, label in list(fitting.items())[:_DROP_DOWN]),
        examples=(samples[0], samples[1]),
    )


def _tracks(campaign: Campaign) -> tuple[Column, ...]:
    if not campaign.tracks:
        return ()
    first = next(iter(campaign.tracks))
    return (
        Column(
            code=TRACK,
            label=Text("专项任务", "Track"),
            note=Text("可留空", "May be blank"),
            read=cells.one_of(campaign.tracks, Text("专项任务", "track")),
            choices=tuple(f"{code} {label.zh}" for code, label in campaign.tracks.items()),
            examples=(first, None),
        ),
    )


def _deadline(own: Definition) -> Column:
    is_given = own.deadline.how == "given"
    note = (
        Text("最后一天，必填", "The last day; must be given")
        if is_given
        else Text(
            f"最后一天；空白则按流程定义（{own.deadline}）",
            f"The last day; by the definition if blank ({own.deadline})",
        )
    )
    return Column(
        code=DEADLINE,
        label=Text("期限", "Deadline"),
        note=note,
        read=cells.day,
        required=is_given,
        examples=(date(2026, 6, 30), date(2026, 6, 30) if is_given else None),
    )


def _fact(own: Fact, known: Known) -> Column:
    ids = {"unit": {code: one.ident for code, one in known.units.items()}, "person": known.people}
    choices: tuple[str, ...] = own.choices
    if own.type == "yes/no":
        choices = ("是", "否")
    elif own.type == "unit":
        choices = tuple(f"{code} {one.label.zh}" for code, one in list(known.units.items())[:_DROP_DOWN])
    expected = cells.expected(own)
    return Column(
        code=_code(own.name, known.definition),
        label=own.label,
        note=Text(f"{expected.zh}；可留空", f"{expected.en}; may be blank"),
        read=cells.fact(own, ids),
        choices=choices,
        examples=(_example(own), None),
    )


def _code(fact: str, own: Definition) -> str:
    """The code of a fact's column: another one where a fact is called as a column of every book."""
    taken = fact in (NUMBER, TRACK, DEADLINE) or fact in own.parties
    return f"fact {fact}" if taken else fact


def _example(own: Fact) -> Example:
    if own.type == "choice":
        return own.choices[0]
    samples: dict[str, Example] = {"date": date(2026, 6, 30), "yes/no": "否", "text": "示例文字"}
    return samples.get(own.type, 0 if own.type in ("number", "percent", "count") else None)


# --- judging ----------------------------------------------------------------------------------------


def numbers(sheet: Sheet) -> list[str]:
    """The numbers of all lines that have one."""
    return [line.values[NUMBER] for line in sheet.lines if NUMBER in line.values]


def judge(sheet: Sheet, known: Known, taken: Mapping[str, KnownLine], now: int) -> Plan:
    """What a sheet of tasks says; what is wrong with it is added to its problems.

    Args:
        taken: lines that were brought before, by number.
    """
    plan = Plan()
    rows: dict[str, int] = {}
    for line in sheet.lines:
        number = line.values.get(NUMBER)
        if number is None:
            continue
        first = rows.setdefault(number, line.row)
        if first != line.row:
            found = Text(f"“{number}”，第 {first} 行已有", f"{number!r}, which row {first} has too")
            sheet.wrong(line.row, NUMBER, found, Text("不重复的编号", "each number once"))
        elif line.whole:
            _take(sheet, line, number, known, taken.get(number), now, plan)
    return plan


def _take(
    sheet: Sheet, line: Line, number: str, known: Known, before: KnownLine | None, now: int, plan: Plan
) -> None:
    day = line.values.get(DEADLINE)
    if day is not None and not known.calendar.covers(day):
        years = f"{min(known.calendar.years)}–{max(known.calendar.years)}"
        covered = Text(f"{years} 年间的日期", f"a day in the years {years}")
        sheet.wrong(line.row, DEADLINE, shown(day), covered)
        return
    if _same_twice(sheet, line, known):
        return
    body = _body(line, known)
    digest = _digest(known.definition.kind, body)
    if before is None:
        plan.lines.append(NewLine(position=line.row, number=number, digest=digest, body=body))
        plan.overdue += body["deadline"] is not None and body["deadline"] < now
    elif before.digest != digest:
        found = Text(
            f"“{number}”，此前已导入，内容不同", f"{number!r}, which was brought before and said otherwise"
        )
        expected = Text(
            "与此前相同的内容（已交办的事项请用 duban act 办理），或新的编号",
            "what it said before (a task is changed by duban act), or a new number",
        )
        sheet.wrong(line.row, NUMBER, found, expected)
    elif before.set_aside:
        plan.set_aside.add(before.import_id)
    else:
        plan.unchanged += 1


def _same_twice(sheet: Sheet, line: Line, known: Known) -> bool:
    """Whether a unit is more than one party."""
    seen: set[str] = set()
    for name in known.definition.parties:
        code = line.values[name]
        if code in seen:
            other = Text("与其他当事方不同的单位", "another unit for each party")
            sheet.wrong(line.row, name, shown(code), other)
            return True
        seen.add(code)
    return False


def _body(line: Line, known: Known) -> dict[str, Any]:
    """What becomes of a line: ids, an instant, and facts as the engine stores them."""
    values, own = line.values, known.definition
    day = values.get(DEADLINE)
    return {
        "parties": {name: known.units[values[name]].ident for name in own.parties},
        "track": values.get(TRACK),
        "deadline": None if day is None else known.calendar.end_of(day),
        "facts": {name: values[code] for name in own.facts if (code := _code(name, own)) in values},
    }


def _digest(kind: str, body: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps([kind, body], option=orjson.OPT_SORT_KEYS)).hexdigest()
