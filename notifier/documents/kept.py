"""What is kept: as it was drawn up, or nobody gets it."""

from __future__ import annotations

import hashlib

import orjson

from notifier.store.documents import Document
from workflow.errors import HistoryBroken


def checked(document: Document) -> Document:
    """The document, if its bytes are still those that were stored.

    Raises:
        HistoryBroken: they are not.
    """
    if hashlib.sha256(document.body).hexdigest() != document.sha256:
        raise HistoryBroken(
            f"文件 {document.name} 已被改动：内容与成文时的散列不符。请从备份恢复，并追查是谁改动。",
            f"The document {document.name} was changed: its bytes don't fit their hash. Restore it from a "
            "backup, and find out who changed it.",
        )
    return document


def file_name(document: Document) -> str:
    """What a file of it is called."""
    figures = orjson.loads(document.figures or "{}")
    return f"{figures.get('file') or document.name}.docx"
