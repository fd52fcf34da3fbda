"""A copy of a workbook in which every wrong cell is coloured and says what is expected."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell import MergedCell
from openpyxl.comments import Comment

from . import paper
from .problems import Problem

_AUTHOR = "duban"
_WIDE, _HIGH = 360, 140  # pixels of a comment


def marked(file: Path, problems: Sequence[Problem]) -> Any:
    """The workbook, to be saved elsewhere. The file has been checked: it was read before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of openpyxl, about parts that it doesn't keep
        book = openpyxl.load_workbook(file)
    by_cell: dict[tuple[str, str], list[Problem]] = defaultdict(list)
    for one in problems:
        by_cell[one.sheet, one.cell].append(one)
    for (name, place), found in by_cell.items():
        if place:
            _mark(book[name][place], found)
        else:
            book[name].sheet_properties.tabColor = "FF0000"
    return book


def _mark(cell: Any, problems: Sequence[Problem]) -> None:
    cell.fill = paper.WRONG
    if not isinstance(cell, MergedCell):  # those hold no comment; the first of them says it
        told = "\n".join(f"应为{one.expected.zh}\nexpected {one.expected.en}" for one in problems)
        cell.comment = Comment(told, _AUTHOR, width=_WIDE, height=_HIGH)
