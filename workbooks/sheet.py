"""A sheet, line by line. Every cell that can't be read becomes a problem; reading goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl.utils import get_column_letter

from workflow.errors import BadValue
from workflow.text import Text

from .cells import Cell
from .columns import Book, Column, named
from .opening import MAX_COLUMNS, Survey, survey, workbook
from .problems import Problem, Wrong, shown

Progress = Callable[[int, int], None]
"""Called with how many rows are read, and how many there are."""

HEADER = 1  # the row of the headings
_STEP = 500  # rows between two signs of progress
_VALUE = Text("一个值。请复制后“选择性粘贴—数值”", "a value, no formula: copy it and paste it back as values")
_NO_ERROR = Text("一个值，不是错误值", "a value, no error of Excel's")
_SOMETHING = Text("必填的值", "a value: this column must be filled in")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of a sheet. Columns that are blank or wrong have no value."""

    row: int
    values: dict[str, Any]
    whole: bool  # whether nothing in it was wrong


@dataclass(kw_only=True)
class Sheet:
    """What was read of a sheet, and what was wrong with it."""

    name: str
    letters: dict[str, str] = field(default_factory=dict)  # column -> letter
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, row: int, column: str, found: Text, expected: Text, kind: str = "") -> None:
        """Note a problem with a cell."""
        cell = f"{self.letters.get(column, 'A')}{row}"
        self.problems.append(Problem(sheet=self.name, cell=cell, found=found, expected=expected, kind=kind))


def read_book(file: Path, book: Book, progress: Progress) -> Sheet:
    """Read the sheet of a book.

    Raises:
        BadValue: the file can't be read at all, or is larger than what is taken at once.
    """
    with workbook(file) as found:
        own = _chosen(found, book)
        sheet = Sheet(name=own.title)
        _hidden_sheets(found, sheet)
        seen = survey(file, own)
        _check_size(seen, book)
        _unseen(seen, sheet)
        try:
            _read(own, seen, book, sheet, progress)
        except (ValueError, TypeError, KeyError, IndexError) as error:  # damaged XML inside
            raise BadValue(
                f"没有读取 {file.name}：工作表“{own.title}”已损坏。请用 Excel 或 WPS 另存为 .xlsx。",
                f"{file.name} was not read: the sheet {own.title!r} is damaged. Save it anew as .xlsx.",
            ) from error
    return sheet


def _chosen(found: Any, book: Book) -> Any:
    """The book's sheet by name, or the only one there is."""
    sheets = {one.title: one for one in found.worksheets}
    if book.sheet in sheets:
        return sheets[book.sheet]
    if len(sheets) == 1:
        return next(iter(sheets.values()))
    listed = "、".join(sheets)
    raise BadValue(
        f"工作簿里没有名为“{book.sheet}”的工作表（有：{listed}）。请用 duban template 生成的模板填写。",
        f"The workbook has no sheet named {book.sheet!r} (it has: {listed}). Fill in a template made by "
        "duban template.",
    )


def _hidden_sheets(found: Any, sheet: Sheet) -> None:
    for one in found.worksheets:
        if one.sheet_state != "visible":
            sheet.problems.append(
                Problem(
                    sheet=one.title,
                    cell="",
                    found=Text("隐藏的工作表", "a hidden sheet"),
                    expected=Text("取消隐藏，或删除", "it shown, or deleted"),
                )
            )


def _check_size(seen: Survey, book: Book) -> None:
    if seen.rows - HEADER > book.most or seen.columns > MAX_COLUMNS:
        raise BadValue(
            f"工作表有 {seen.rows} 行、{seen.columns} 列，一次最多 {book.most} 行、{MAX_COLUMNS} 列。"
            "请分成几份。",
            f"The sheet has {seen.rows} rows and {seen.columns} columns; at most {book.most} and "
            f"{MAX_COLUMNS} are taken at once. Divide it.",
        )


def _unseen(seen: Survey, sheet: Sheet) -> None:
    """What nobody sees, or nobody can assign to a cell, is refused where it stands."""
    for one in seen.merged:
        first = one.partition(":")[0]
        found = Text(f"合并单元格 {one}", f"the merged cells {one}")
        expected = Text("取消合并，每格一个值", "them unmerged, a value in each cell")
        sheet.problems.append(Problem(sheet=sheet.name, cell=first, found=found, expected=expected))
    shown_again = Text("取消隐藏或清除筛选，或删除", "it shown (clear the filter), or deleted")
    for row in seen.hidden_rows:
        hidden = Text("隐藏的行", "a hidden row")
        sheet.problems.append(Problem(sheet=sheet.name, cell=f"A{row}", found=hidden, expected=shown_again))
    for letter in seen.hidden_columns:
        hidden, cell = Text("隐藏的列", "a hidden column"), f"{letter}{HEADER}"
        sheet.problems.append(Problem(sheet=sheet.name, cell=cell, found=hidden, expected=shown_again))


# --- headings and lines -----------------------------------------------------------------------------


def _read(own: Any, seen: Survey, book: Book, sheet: Sheet, progress: Progress) -> None:
    rows = own.iter_rows(min_row=HEADER, max_row=max(seen.rows, HEADER), max_col=max(seen.columns, 1))
    columns = _headings(next(rows, ()), book, sheet)
    for number, row in enumerate(rows, start=HEADER + 1):
        if number % _STEP == 0:
            progress(number, seen.rows)
        cells = [_cell(one) for one in row]
        if any(one is not None for one in cells):
            sheet.lines.append(_line(number, cells, columns, book, sheet))


def _cell(found: Any) -> Cell | None:
    """A cell, None for a blank one."""
    value = found.value
    if value is None or (value.__class__ is str and not value.strip()):
        return None
    sort = found.data_type
    percent = sort == "n" and "%" in (found.number_format or "")
    return Cell(value, sort, percent)


class _Heading(NamedTuple):
    """What stands above a column."""

    column: Column | None
    blank: bool  # cells below a heading that nobody knows are not looked at: it is wrong already


def _headings(row: Sequence[Any], book: Book, sheet: Sheet) -> list[_Heading]:
    columns: list[_Heading] = []
    for position, one in enumerate(row, start=1):
        letter, cell = get_column_letter(position), _cell(one)
        column = None if cell is None else named(book.columns, str(cell.value))
        if column is not None and column.code not in sheet.letters:
            sheet.letters[column.code] = letter
        elif cell is not None:
            _strange_heading(letter, cell, column, book, sheet)
            column = None
        columns.append(_Heading(column, cell is None))
    missing = [one for one in book.columns if one.required and one.code not in sheet.letters]
    for one in missing:
        expected = Text(f"标题“{one.label.zh}”", f"the heading {one.label.en!r}")
        found = Text("没有这一列", "no such column")
        sheet.problems.append(Problem(sheet=sheet.name, cell=f"A{HEADER}", found=found, expected=expected))
    return columns


def _strange_heading(letter: str, cell: Cell, column: Column | None, book: Book, sheet: Sheet) -> None:
    known = [one.label for one in book.columns]
    expected = Text(
        f"下列标题之一：{'、'.join(one.zh for one in known)}",
        f"one of these headings: {', '.join(one.en for one in known)}",
    )
    if column is not None:
        expected = Text(f"标题“{column.label.zh}”只出现一次", f"the heading {column.label.en!r} only once")
    where = f"{letter}{HEADER}"
    sheet.problems.append(Problem(sheet=sheet.name, cell=where, found=shown(cell.value), expected=expected))


def _line(
    number: int, cells: Sequence[Cell | None], columns: Sequence[_Heading], book: Book, sheet: Sheet
) -> Line:
    before = len(sheet.problems)
    values: dict[str, Any] = {}
    for position, (cell, heading) in enumerate(zip(cells, columns, strict=True), start=1):
        if cell is not None and (heading.column is not None or heading.blank):
            _take(number, position, cell, heading.column, values, sheet)
    for column in book.columns:
        if column.required and column.code in sheet.letters and column.code not in values:
            _note_missing(number, column, cells, sheet)
    return Line(row=number, values=values, whole=len(sheet.problems) == before)


def _take(
    number: int, position: int, cell: Cell, column: Column | None, values: dict[str, Any], sheet: Sheet
) -> None:
    try:
        if cell.sort == "f":
            formula = getattr(cell.value, "text", cell.value)
            raise Wrong(_VALUE, Text(f"公式 {formula}", f"the formula {formula}"))
        if cell.sort == "e":
            raise Wrong(_NO_ERROR)
        if column is None:
            raise Wrong(Text("空白：这一列没有标题", "nothing: this column has no heading"))
        values[column.code] = column.read(cell)
    except Wrong as wrong:
        where = f"{get_column_letter(position)}{number}"
        found = wrong.found or shown(cell.value)
        sheet.problems.append(Problem(sheet=sheet.name, cell=where, found=found, expected=wrong.expected))


def _note_missing(number: int, column: Column, cells: Sequence[Cell | None], sheet: Sheet) -> None:
    """A required cell that is blank; one that is filled and wrong was noted already."""
    where = f"{sheet.letters[column.code]}{number}"
    if not any(one.cell == where for one in sheet.problems[-len(cells) :]):
        sheet.problems.append(Problem(sheet=sheet.name, cell=where, found=shown(None), expected=_SOMETHING))
