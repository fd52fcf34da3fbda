"""The ledger as a workbook or CSV, written as it is read: memory does not grow with its length."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from workflow.calendar import Calendar
from workflow.definition.model import LIGHT_LABELS, Definition, Fact
from workflow.reading.ledger import Line
from workflow.task import Task
from workflow.text import Language, Text

from . import paper

_MEASURED = 500  # lines that widths are taken from
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of the ledger with what belongs to it."""

    line: Line
    task: Task | None  # None: its data can't be read
    calendar: Calendar
    now: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A column of the exported ledger."""

    label: Text
    value: Callable[[Entry, Language], Any]
    code: str = ""  # by which it is chosen; empty: it comes always
    look: str = ""  # "light", or the format of a date


def fields(
    tracks: Mapping[str, Text], definition: Definition | None, names: Mapping[str, Mapping[int, Text]]
) -> tuple[Field, ...]:
    """The columns: the facts too where one kind of task is exported.

    Args:
        names: `unit` and `person` -> id -> name.
    """
    own = () if definition is None else (_fact(one, names) for one in definition.facts.values())
    return (*_usual(tracks), *own, Field(label=Text("备注", "Remark"), value=_remark))


def chosen(columns: Sequence[Field], codes: Collection[str]) -> tuple[Field, ...]:
    """Those of the columns that were chosen, with those that come always; all, if none was."""
    return tuple(one for one in columns if not codes or not one.code or one.code in codes)


def _usual(tracks: Mapping[str, Text]) -> tuple[Field, ...]:
    def track(entry: Entry, language: Language) -> str:
        name = entry.line.track or ""
        return tracks[name].to(language) if name in tracks else name

    return (
        Field(label=Text("编号", "No."), value=lambda one, _: one.line.number),
        Field(
            label=Text("事项", "Task"),
            code="kind",
            value=lambda one, language: one.line.kind_label.to(language),
        ),
        Field(
            label=Text("单位", "Unit"), code="unit", value=lambda one, language: one.line.unit.to(language)
        ),
        Field(label=Text("专项任务", "Track"), code="track", value=track),
        Field(
            label=Text("状态", "State"),
            code="state",
            value=lambda one, language: one.line.state_label.to(language),
        ),
        Field(label=Text("亮灯", "Light"), code="light", value=_light, look="light"),
        Field(label=Text("期限", "Due"), code="due", value=_due, look=_MOMENT),
        Field(label=Text("逾期天数", "Days overdue"), code="overdue", value=_overdue),
        Field(label=Text("等待角色", "Waits for"), code="waits", value=_role),
        Field(label=Text("等待人员", "Who that is"), code="people", value=_people),
        Field(label=Text("交办时间", "Opened"), code="opened", value=_opened, look=_MOMENT),
        Field(label=Text("办结时间", "Ended"), code="ended", value=_ended, look=_MOMENT),
    )


def _light(entry: Entry, language: Language) -> str:
    return (
        LIGHT_LABELS[entry.line.light].to(language) if entry.line.light in LIGHT_LABELS else entry.line.light
    )


def _local(entry: Entry, instant: int | None) -> datetime | None:
    """An instant by the clock on the wall; spreadsheets know no zones."""
    return None if instant is None else entry.calendar.local(instant).replace(tzinfo=None)


def _due(entry: Entry, _language: Language) -> date | datetime | None:
    """The day, where the deadline is a day's end."""
    due, found = entry.line.due_at, _local(entry, entry.line.due_at)
    if due is None or found is None:
        return None
    return found.date() if due == entry.calendar.end_of(found.date()) else found.replace(microsecond=0)


def _opened(entry: Entry, _language: Language) -> datetime | None:
    return _local(entry, entry.line.opened_at)


def _ended(entry: Entry, _language: Language) -> datetime | None:
    return _local(entry, entry.line.ended_at)


def _overdue(entry: Entry, _language: Language) -> int | None:
    """Days since the deadline, by the task's own clock: it stands while the task is stopped or ended."""
    line, task = entry.line, entry.task
    stopped = next((begin for begin, end in task.stops if end is None), None) if task else None
    until = min(one for one in (entry.now, line.ended_at, stopped) if one is not None)
    if line.due_at is None or until <= line.due_at:
        return None
    return (entry.calendar.day_of(until) - entry.calendar.day_of(line.due_at)).days


def _role(entry: Entry, language: Language) -> str:
    label = entry.line.waits_label
    return label.to(language) if label is not None else entry.line.waits_for or ""


def _people(entry: Entry, language: Language) -> str:
    if entry.line.waits_for is None:
        return ""
    nobody = Text("无人", "nobody").to(language)
    between = Text("、", ", ").to(language)
    return between.join(one.to(language) for one in entry.line.waits_people) or nobody


def _remark(entry: Entry, language: Language) -> str:
    remarks = []
    if entry.line.provisional:
        remarks.append(Text("期限暂定", "the deadline is provisional"))
    if entry.line.set_aside is not None:
        why = entry.line.set_aside
        remarks.append(Text(f"已搁置：{why}", f"set aside: {why}"))
    return Text("；", "; ").to(language).join(one.to(language) for one in remarks)


def _fact(own: Fact, names: Mapping[str, Mapping[int, Text]]) -> Field:
    def value(entry: Entry, language: Language) -> Any:
        found = entry.task.facts.get(own.name) if entry.task else None
        if found is None:
            return None
        if own.type == "date":
            return date.fromisoformat(found)
        if own.type == "yes/no":
            return (Text("是", "yes") if found == "yes" else Text("否", "no")).to(language)
        if own.type in names:
            called = names[own.type].get(found)
            return called.to(language) if called is not None else found
        return found

    return Field(label=own.label, value=value, look=_DAY if own.type == "date" else "")


def rows(
    entries: Iterable[Entry], columns: Sequence[Field], language: Language
) -> Iterator[tuple[Entry, list[Any]]]:
    """The values of each line."""
    for entry in entries:
        yield entry, [one.value(entry, language) for one in columns]


# --- files ------------------------------------------------------------------------------------------


def write_csv(file: Path, entries: Iterable[Entry], columns: Sequence[Field], language: Language) -> int:
    """Write a CSV that Excel opens in Chinese; how many lines."""
    count = 0
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([paper.harmless(one.label.to(language)) for one in columns])
        for _, values in rows(entries, columns, language):
            writer.writerow([paper.harmless(_written(one)) for one in values])
            count += 1
    return count


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else value


def write_workbook(file: Path, entries: Iterable[Entry], columns: Sequence[Field], language: Language) -> int:
    """Write a workbook, ready to be read on a screen and printed; how many lines."""
    with file.open("wb") as out:  # first: a place that can't be written is told before all is read
        return _write_book(out, entries, columns, language)


def _write_book(out: BinaryIO, entries: Iterable[Entry], columns: Sequence[Field], language: Language) -> int:
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(Text("台账", "Ledger").to(language))
    labels = [one.label.to(language) for one in columns]
    found = rows(entries, columns, language)
    first = list(islice(found, _MEASURED))
    _lay_out(sheet, labels, [values for _, values in first])
    sheet.append([_heading(sheet, one) for one in labels])
    count = 0
    for entry, values in chain(first, found):
        sheet.append([_styled(sheet, entry, one, look) for one, look in zip(values, columns, strict=True)])
        count += 1
    last = f"{get_column_letter(len(columns))}{count + 1}"
    sheet.auto_filter.ref = f"A1:{last}"
    sheet.print_area = f"A1:{last}"
    book.save(out)
    return count


def _lay_out(sheet: Any, labels: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
    """What a sheet that is only written must know before its first row."""
    sheet.freeze_panes = "B2"
    paper.to_print(sheet)
    for position, label in enumerate(labels):
        widest = max((paper.width(_written(one[position])) for one in values), default=0)
        sheet.column_dimensions[get_column_letter(position + 1)].width = max(paper.width(label) + 2, widest)


def _heading(sheet: Any, label: str) -> Any:
    found = paper.quoted(sheet, label)
    found.fill, found.font, found.alignment = paper.HEADING, paper.BOLD, paper.WRAPPED
    return found


def _styled(sheet: Any, entry: Entry, value: Any, column: Field) -> Any:
    if column.look == "light":
        found = paper.quoted(sheet, value)
        if entry.line.light in paper.LIGHTS:
            found.fill = paper.LIGHTS[entry.line.light]
        return found
    if isinstance(value, date):
        found = paper.quoted(sheet, value)
        found.number_format = _MOMENT if isinstance(value, datetime) else _DAY
        return found
    return paper.cell(sheet, value)
