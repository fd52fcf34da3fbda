"""From figures to the bytes of a Word document: the same figures give the same bytes."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

from docx.document import Document
from docxtpl import DocxTemplate
from jinja2 import TemplateError

from workflow.text import Language

from .figures import LetterFigures, context
from .layout import CENTRE, DRAFT, GREY, HEAD, keep_signed_page, letter_template, written
from .templates import BadTemplate, check_template, environment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class _Template(DocxTemplate):  # type: ignore[misc]
    """Leaves the file's properties alone: they are set below."""

    def render_properties(self, *_: Any, **__: Any) -> None:
        """Fill nothing in."""


def letter_bytes(figures: LetterFigures, template: bytes | None = None) -> bytes:
    """A letter as a Word document.

    Args:
        template: the organisation's own.

    Raises:
        BadTemplate: it holds more than placeholders.
    """
    if template is not None:
        check_template(template, figures.values.keys())
    made = _Template(io.BytesIO(template or letter_template(figures.language)))
    try:
        made.render(context(figures), environment(), autoescape=True)
    except TemplateError as error:  # the check has let it pass: say what the engine says
        raise BadTemplate(f"能填写的模板（{error}）", f"a template that can be filled ({error})") from error
    document: Document = made.docx
    if template is None:
        keep_signed_page(document)
    if figures.draft:
        _mark(document, figures.language)
    return packed(document, figures.title, figures.values["issuer"], figures.at)


def _mark(document: Document, language: Language) -> None:
    """Nobody shall take a draft for a letter: every page says so, whatever the template."""
    for section in document.sections:
        heads = [section.header]
        if section.different_first_page_header_footer:
            heads.append(section.first_page_header)
        if document.settings.odd_and_even_pages_header_footer:
            heads.append(section.even_page_header)
        for head in heads:
            paragraph = head.paragraphs[0].insert_paragraph_before()
            paragraph.alignment = CENTRE
            written(paragraph, DRAFT.to(language), size=22, font=HEAD, bold=True, colour=GREY)


def packed(document: Document, title: str, author: str, at: int) -> bytes:
    """The document as a file: nothing of when or where it was made is in it, but the instant it tells of."""
    about, made = document.core_properties, (_EPOCH + timedelta(seconds=at // 1000)).replace(tzinfo=None)
    about.title, about.author, about.last_modified_by = title[:255], author[:255], author[:255]
    about.created = about.modified = made
    about.revision, about.comments, about.keywords, about.subject = 1, "", "", ""
    buffer = io.BytesIO()
    document.save(buffer)
    return _timeless(buffer.getvalue())


def _timeless(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for one in old.infolist():
            entry = zipfile.ZipInfo(one.filename, date_time=_ZIP_TIME)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0, 0
            new.writestr(entry, old.read(one), compresslevel=9)
    return buffer.getvalue()
