"""Documents: letters drawn up once they are signed, bulletins frozen with their figures.

    act ─► gather ─► fill the template ─► keep the bytes ─► attach to the notices of that act
         figures.py  rendering.py         store/documents   `Documents.attachments`

    gathering.py   from acts to what their letters say, in sets
    figures.py     what a letter says, as data
    layout.py      how documents look; templates.py what an organisation's own may hold
    rendering.py   from figures to bytes: the same give the same
    drawing.py     letters as documents; `Documents` draws them up by itself
    packs.py       the templates of a pack, looked at before it comes into force
    kept.py        what is kept, checked against its hash
    bulletin.py    the figures of a bulletin; bulletin_page.py how it looks
    inert.py       what people typed, made harmless

What is stored is never changed: the hash is over the bytes. A letter says how things stood when it was
signed, however late it is drawn up.
"""

from __future__ import annotations

from .bulletin import Bulletin, bulletin_named, every_bulletin, keep_bulletin, make_bulletin
from .drawing import DOCX, Documents, DocumentsRan, draft, draw_up
from .kept import checked, file_name
from .packs import check_templates
from .templates import BadTemplate, check_template

__all__ = [
    "DOCX",
    "BadTemplate",
    "Bulletin",
    "Documents",
    "DocumentsRan",
    "bulletin_named",
    "check_template",
    "check_templates",
    "checked",
    "draft",
    "draw_up",
    "every_bulletin",
    "file_name",
    "keep_bulletin",
    "make_bulletin",
]
