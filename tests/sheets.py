"""Workbooks for tests: made with openpyxl, from templates or by hand, and broken in known ways."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl

from workbooks.columns import Book
from workbooks.sheet import Sheet, read_book
from workbooks.template import template

Line = Mapping[str, Any]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def filled(file: Path, book: Book, *lines: Line, change: Callable[[Any], None] | None = None) -> Path:
    """A template with these lines; `change` gets its sheet before it is saved."""
    made = template(book)
    sheet = made[book.sheet]
    letters = {column.code: position for position, column in enumerate(book.columns, start=1)}
    for row, line in enumerate(lines, start=2):
        for code, value in line.items():
            sheet.cell(row=row, column=letters[code]).value = value
    if change is not None:
        change(sheet)
    made.save(file)
    return file


def read(file: Path, book: Book) -> Sheet:
    """A sheet as an import reads it."""
    return read_book(file, book, lambda _done, _total: None)


def problems(sheet: Sheet) -> dict[str, str]:
    """What is wrong, by cell, in English."""
    return {one.cell or one.sheet: one.to_text().en for one in sheet.problems}


def repacked(file: Path, change: Callable[[str, bytes], bytes], **added: bytes) -> Path:
    """The same archive with its parts changed; keywords add parts, `__` standing for a slash."""
    with zipfile.ZipFile(file) as archive:
        parts = {one.filename: archive.read(one) for one in archive.infolist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(name, content))
        for name, content in added.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return file


def opened_again(file: Path) -> Any:
    """What Excel would see."""
    return openpyxl.load_workbook(file)
