"""Empty books to fill in: headings in both languages, drop-down lists, a sheet that explains.

The sheet of lines holds nothing but its headings: examples stand on the sheet of explanations, marked as
such, so that none is ever imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from workflow.text import Text

from . import cells, paper
from .columns import Book, Column

EXPLANATIONS, LISTS = "填表说明 How to fill in", "选项 Lists"
_HOW = (
    Text(
        "一行一条，从第二行起填写；不要改动第一行标题。",
        "A line each, from the second row on; leave the headings.",
    ),
    Text(
        "不要合并单元格，不要隐藏行、列或工作表，不要写公式。",
        "No merged cells, nothing hidden, no formulas.",
    ),
    Text("日期写成 2026-03-02 或 2026年3月2日。", "Write dates as 2026-03-02."),
    Text("* 为必填。", "* must be filled in."),
)
_TABLE = (
    Text("列", "Column"),
    Text("必填", "Needed"),
    Text("含义", "Meaning"),
    Text("示例一（勿导入）", "Example 1 (not imported)"),
    Text("示例二（勿导入）", "Example 2 (not imported)"),
)


def template(book: Book) -> Workbook:
    """An empty book."""
    made = Workbook()
    sheet: Any = made.active
    sheet.title = book.sheet
    _explain(made.create_sheet(EXPLANATIONS), book)
    lists = made.create_sheet(LISTS) if any(one.choices for one in book.columns) else None
    for position, column in enumerate(book.columns, start=1):
        _column(sheet, lists, position, column, book)
    sheet.freeze_panes = "B2"
    sheet.row_dimensions[1].height = 48
    paper.to_print(sheet)
    return made


def _column(sheet: Any, lists: Any, position: int, column: Column, book: Book) -> None:
    letter = get_column_letter(position)
    heading = _put(sheet, 1, position, column.heading)
    heading.fill, heading.font, heading.alignment = paper.HEADING, paper.BOLD, paper.WRAPPED
    own = sheet.column_dimensions[letter]
    own.width = max(paper.width(column.heading), *(paper.width(one) for one in column.choices[:50]), 14)
    own.number_format = "yyyy-mm-dd" if column.read is cells.day else "@" if _is_word(column) else "General"
    if column.choices:
        _drop_down(sheet, lists, position, column, book)


def _is_word(column: Column) -> bool:
    """Whether Excel must not take what is typed for a number or a date."""
    return column.read in (cells.code, cells.number_of_line, cells.label)


def _drop_down(sheet: Any, lists: Any, position: int, column: Column, book: Book) -> None:
    letter, last = get_column_letter(position), len(column.choices) + 1
    head = _put(lists, 1, position, column.label.zh + "\n" + column.label.en)
    head.fill, head.font, head.alignment = paper.HEADING, paper.BOLD, paper.WRAPPED
    lists.column_dimensions[letter].width = max(paper.width(one) for one in column.choices)
    for row, choice in enumerate(column.choices, start=2):
        _put(lists, row, position, choice)
    rule = DataValidation(
        type="list",
        formula1=f"{quote_sheetname(LISTS)}!${letter}$2:${letter}${last}",
        allow_blank=not column.required,
        showErrorMessage=True,
        errorTitle="请从列表中选择 Choose from the list",
        error=f"{column.label.zh}：{column.note.zh}\n{column.label.en}: {column.note.en}"[:255],
    )
    sheet.add_data_validation(rule)
    rule.add(f"{letter}2:{letter}{book.most + 1}")


def _explain(sheet: Any, book: Book) -> None:
    title = _put(sheet, 1, 1, f"{book.title.zh} · {book.title.en}")
    title.font = paper.BOLD
    for row, how in enumerate(_HOW, start=2):
        _put(sheet, row, 1, f"{how.zh} {how.en}")
    top = len(_HOW) + 3
    for position, label in enumerate(_TABLE, start=1):
        head = _put(sheet, top, position, f"{label.zh}\n{label.en}")
        head.fill, head.font, head.alignment = paper.HEADING, paper.BOLD, paper.WRAPPED
    for row, column in enumerate(book.columns, start=top + 1):
        _explain_column(sheet, row, column)
    for letter, wide in zip("ABCDE", (24, 8, 60, 26, 26), strict=True):
        sheet.column_dimensions[letter].width = wide
    paper.to_print(sheet)


def _explain_column(sheet: Any, row: int, column: Column) -> None:
    note = f"{column.note.zh}\n{column.note.en}"
    words: Sequence[Any] = (column.heading, "*" if column.required else "", note, *column.examples)
    for position, value in enumerate(words, start=1):
        found = _put(sheet, row, position, value)
        found.alignment = paper.WRAPPED
        if position > len(words) - len(column.examples):
            found.fill = paper.EXAMPLE


def _put(sheet: Any, row: int, column: int, value: Any) -> Any:
    found = sheet.cell(row=row, column=column)
    found.value = paper.clean(value) if isinstance(value, str) else value
    paper.protect(found)
    if isinstance(value, date):
        found.number_format = "yyyy-mm-dd"
    return found
