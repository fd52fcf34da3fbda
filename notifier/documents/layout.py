"""How documents look unless the organisation brings its own: the page, the type, tables, page numbers.

Chinese follows the format of official documents (GB/T 9704-2012): A4 with margins of 37, 26, 35 and
28 mm, a title of size 2, text of size 3 with 28 pt between lines. Fonts are named with others that may
stand for them: nobody has all of them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from workflow.text import Language, Text

BODY, HEAD, TITLE, SMALL = "FangSong", "SimHei", "FZXiaoBiaoSong-B05S", "SimSun"
LATIN: Final = "Times New Roman"
STANDS_FOR: Final = {
    BODY: "仿宋,仿宋_GB2312,FangSong_GB2312,STFangsong,Noto Serif CJK SC,SimSun",
    HEAD: "黑体,Noto Sans CJK SC,WenQuanYi Micro Hei",
    TITLE: "方正小标宋简体,小标宋,SimSun,宋体,Noto Serif CJK SC",
    SMALL: "宋体,Noto Serif CJK SC",
    LATIN: "Liberation Serif,Nimbus Roman",
}
RED, GREY = RGBColor(0xC0, 0x00, 0x00), RGBColor(0x59, 0x59, 0x59)
COLOURS: Final = {
    "green": RGBColor(0x2E, 0x7D, 0x32),
    "blue": RGBColor(0x1F, 0x4E, 0x9E),
    "yellow": RGBColor(0x9A, 0x6B, 0x00),
    "red": RED,
}
"""Of the words and shapes of lights: each dark enough on white to be read."""

CENTRE, RIGHT, LEFT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.LEFT
TEXT_WIDTH = Mm(156)
DRAFT: Final = Text("草稿 · 未签发，不具效力", "DRAFT · not signed, of no effect")
_FONT_TABLE = "/word/fontTable.xml"


# --- the page ---------------------------------------------------------------------------------------


def page() -> Document:
    """An empty page with its margins, type and page numbers."""
    document = docx.Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)
    _type(document)
    _page_number(section.footer.paragraphs[0])
    _font_table(document)
    return document


def _type(document: Document) -> None:
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = LATIN, Pt(16)
    fonts = normal.element.get_or_add_rPr().get_or_add_rFonts()
    for which in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(which), LATIN)
    fonts.set(qn("w:eastAsia"), BODY)


def _font_table(document: Document) -> None:
    """Say which fonts may stand for those that a machine lacks."""
    part = next(one for one in document.part.package.iter_parts() if one.partname == _FONT_TABLE)
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/></w:font>'
        for name, others in STANDS_FOR.items()
    )
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    whole = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:fonts xmlns:w="{space}">{fonts}</w:fonts>'
    )
    part._blob = whole.encode()


def _page_number(paragraph: Paragraph) -> None:
    paragraph.alignment = CENTRE
    written(paragraph, "— ", size=14, font=SMALL)
    _field(written(paragraph, "", size=14, font=SMALL), "PAGE")
    written(paragraph, " —", size=14, font=SMALL)


def _field(run: Run, name: str) -> None:
    for kind in ("begin", "separate", "end"):
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), kind)
        if kind == "separate":
            code = OxmlElement("w:instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = name
            run._r.append(code)
        run._r.append(mark)


# --- paragraphs -------------------------------------------------------------------------------------


def written(
    paragraph: Paragraph,
    text: str,
    *,
    size: float = 16,
    font: str = BODY,
    bold: bool = False,
    colour: RGBColor | None = None,
) -> Run:
    """Text at the end of a paragraph."""
    run = paragraph.add_run(text)
    run.font.size, run.font.name, run.bold = Pt(size), LATIN, bold
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    if colour is not None:
        run.font.color.rgb = colour
    return run


def paragraph(
    document: Any,
    *,
    align: WD_ALIGN_PARAGRAPH | None = None,
    indent: float = 0,
    line: float = 28,
    before: float = 0,
    after: float = 0,
    together: bool = False,
) -> Paragraph:
    """An empty paragraph.

    Args:
        indent: of the first line, in points.
        line: exact height of a line, in points.
        together: with the next paragraph on one page.
    """
    made: Paragraph = document.add_paragraph()
    shape = made.paragraph_format
    if align is not None:
        made.alignment = align
    shape.first_line_indent = Pt(indent)
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
    shape.space_before, shape.space_after = Pt(before), Pt(after)
    shape.keep_with_next, shape.widow_control = together, True
    return made


def ruled(made: Paragraph, style: str = "thickThinSmallGap") -> None:
    """Draw a red line below a paragraph."""
    border, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", style), ("sz", "18"), ("space", "6"), ("color", "C00000")):
        bottom.set(qn(f"w:{name}"), value)
    border.append(bottom)
    made._p.get_or_add_pPr().insert_element_before(
        border, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def right_tab(made: Paragraph) -> None:
    """What follows a tab stands at the right margin."""
    made.paragraph_format.tab_stops.add_tab_stop(TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT)


# --- tables -----------------------------------------------------------------------------------------


def table(
    document: Any, heads: Sequence[str], widths: Sequence[float], rows: int, *, size: float = 11
) -> Table:
    """A ruled table whose head stands again on every page; no row is torn apart.

    Args:
        widths: of the columns, in mm.
        size: of the type of its head, in points.
    """
    made: Table = document.add_table(rows=rows + 1, cols=len(heads), style="Table Grid")
    made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for row in made.rows:
        _whole(row, "w:cantSplit")
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Mm(width)
    _whole(made.rows[0], "w:tblHeader")
    for cell, head in zip(made.rows[0].cells, heads, strict=True):
        said(cell, head, font=HEAD, align=CENTRE, bold=True, size=size)
        _shaded(cell)
    return made


def said(
    cell: Any,
    text: str,
    *,
    font: str = BODY,
    align: WD_ALIGN_PARAGRAPH = LEFT,
    bold: bool = False,
    colour: RGBColor | None = None,
    size: float = 11,
) -> Paragraph:
    """Write a cell of a table."""
    made: Paragraph = cell.paragraphs[0]
    cell.vertical_alignment = 1
    made.alignment = align
    made.paragraph_format.space_before = made.paragraph_format.space_after = Pt(3)
    written(made, text, size=size, font=font, bold=bold, colour=colour)
    return made


def _whole(row: Any, word: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(word))


def _shaded(cell: Any) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", "F2F2F2")):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)


# --- a letter's own template ------------------------------------------------------------------------

_SIGNED_BY = Text("签发人：", "Signed by: ")
_TO = Text("：", ":")
_ANNEX = Text("附表：所涉事项（{{ tasks }} 件）", "Annex: the tasks concerned ({{ tasks }})")
_COLUMNS = (
    (Text("序号", "No."), 12.0, "position"),
    (Text("编号", "Number"), 26.0, "number"),
    (Text("事项", "Matter"), 38.0, "matter"),
    (Text("期限", "Due"), 28.0, "deadline"),
    (Text("亮灯", "Light"), 20.0, "light"),
    (Text("事由", "Why"), 32.0, "why"),
)


@cache
def letter_template(language: Language) -> bytes:
    """The template of letters for whoever brings none of their own."""
    document = page()
    _letterhead(document, language)
    _text(document, language)
    _signature(document, language)
    _annex(document, language)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _letterhead(document: Document, language: Language) -> None:
    head = paragraph(document, align=CENTRE, line=44, after=6)
    written(head, "{{ issuer }}", size=30 if language == "zh" else 24, font=TITLE, colour=RED)
    ruled(head)
    numbers = paragraph(document, before=10, line=26)
    right_tab(numbers)
    written(numbers, f"{_SIGNED_BY.to(language)}{{{{ signatory }}}}\t{{{{ number }}}}", size=16)
    title = paragraph(document, align=CENTRE, line=36, before=30, after=24)
    written(title, "{{ title }}", size=22, font=TITLE, bold=language == "en")


def _text(document: Document, language: Language) -> None:
    indent = 32 if language == "zh" else 0
    size, after = (16, 0) if language == "zh" else (13, 6)
    line = 28 if language == "zh" else 20
    written(paragraph(document, line=line, after=after), f"{{{{ to }}}}{_TO.to(language)}", size=size)
    _loop(document, "{%p for row in paragraphs %}")
    made = paragraph(document, indent=indent, line=line, after=after)
    written(made, "{{ row.head }}", size=size, font=HEAD, bold=language == "en")
    written(made, "{{ row.text }}", size=size)
    _loop(document, "{%p endfor %}")


def _loop(document: Document, tag: str) -> None:
    document.add_paragraph(tag)


def _signature(document: Document, language: Language) -> None:
    size = 16 if language == "zh" else 13
    for text, before in (("{{ issuer }}", 44), ("{{ date }}", 0)):
        made = paragraph(document, align=RIGHT, before=before, together=text == "{{ issuer }}")
        made.paragraph_format.right_indent = Pt(64 if language == "zh" else 0)
        written(made, text, size=size)


def keep_signed_page(document: Document) -> None:
    """The last line of the text stands on the page of the signature: nobody can put another before it."""
    made = document.paragraphs
    signed = next((n for n, one in enumerate(made) if one.paragraph_format.right_indent is not None), 0)
    if signed > 0:
        made[signed - 1].paragraph_format.keep_with_next = True


def _annex(document: Document, language: Language) -> None:
    heading = paragraph(document, before=28, after=8, together=True)
    written(heading, _ANNEX.to(language), size=14, font=HEAD)
    heads = [head.to(language) for head, _, _ in _COLUMNS]
    made = table(document, heads, [width for _, width, _ in _COLUMNS], 3)
    for row, tag in ((1, "{%tr for row in rows %}"), (3, "{%tr endfor %}")):
        said(made.rows[row].cells[0], tag)
    for cell, (_, _, name) in zip(made.rows[2].cells, _COLUMNS, strict=True):
        _cell(cell, name)


def _cell(cell: Any, name: str) -> None:
    """A cell of the row; the light's word and shape bear its colour as well."""
    middle = CENTRE if name in ("position", "light", "deadline", "number") else LEFT
    if name != "light":
        said(cell, f"{{{{ row.{name} }}}}", align=middle)
        return
    for light, colour in COLOURS.items():
        said(cell, f"{{{{ row.{light} }}}}", align=middle, font=HEAD, colour=colour)
