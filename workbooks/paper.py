"""How cells look, and how what people have typed is kept from becoming a formula.

A cell that begins with = + - @, a tab or a return is run by spreadsheets as a formula. In a workbook such
a value is written as quoted text; in a CSV, which has no types, with an apostrophe before it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.properties import PageSetupProperties

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # characters that XML has no room for
_LONGEST = 32_767  # characters of a cell
_NARROW, _WIDE = 8, 42  # columns of a screen

LIGHTS = {
    name: PatternFill("solid", fgColor=colour)
    for name, colour in (("green", "C6E0B4"), ("blue", "BDD7EE"), ("yellow", "FFE699"), ("red", "F4A6A6"))
}
WRONG = PatternFill("solid", fgColor="FF9999")
HEADING = PatternFill("solid", fgColor="D9E1F2")
EXAMPLE = PatternFill("solid", fgColor="EDEDED")
BOLD = Font(bold=True)
WRAPPED = Alignment(wrap_text=True, vertical="center")


def is_dangerous(text: str) -> bool:
    """Whether a spreadsheet might run it."""
    return text.startswith(_DANGEROUS)


def clean(text: str) -> str:
    """A text that a cell can hold."""
    return _CONTROL.sub("\ufffd", text)[:_LONGEST]


def harmless(value: Any) -> Any:
    """A value as a CSV may hold it."""
    if isinstance(value, str):
        return f"'{clean(value)}" if is_dangerous(value) else clean(value)
    return value


def cell(sheet: Any, value: Any) -> Any:
    """A value as a sheet that is only written may hold it: itself, or quoted text."""
    if not isinstance(value, str):
        return value
    if not is_dangerous(value):
        return clean(value)
    return quoted(sheet, value)


def quoted(sheet: Any, value: Any) -> Any:
    """A cell that can be given a look; a text in it is never a formula."""
    found = WriteOnlyCell(sheet, clean(value) if isinstance(value, str) else value)
    protect(found)
    return found


def protect(found: Any) -> None:
    """Make a cell hold its text as text."""
    if isinstance(found.value, str):
        found.data_type = "s"
        if is_dangerous(found.value):
            found.quotePrefix = True


def width(value: Any) -> int:
    """How wide a column must be for a value: Chinese characters take two places."""
    lines = str(value if value is not None else "").splitlines() or [""]
    longest = max(
        sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line) for line in lines
    )
    return min(max(longest + 2, _NARROW), _WIDE)


def to_print(sheet: Any) -> None:
    """Landscape on A4, as wide as a page, the headings on each."""
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = "1:1"
    sheet.oddFooter.center.text = "&P / &N"
