"""Search: what was written on tasks, found by Chinese or English words.

    words.py      what a text is made of, and where a search stands in it: pure
    indexing.py   keeps the index, beside the engine, from settled events
    finding.py    finds what a reader may see

The statements stand in `store/searching.py`. What is searched are the values of events: facts, reasons,
comments, rows of lists. They are searched in their own words; what a task, its unit and its kind are
called is looked up when somebody searches (`reading/filters.py`), because names change.

    event_value ──► search_text (folded) ──► search_word (two Chinese characters, or a word of letters)
         └── erased: both rows go in the same statement, by foreign keys
"""

from __future__ import annotations

from .finding import Found, Hit, search
from .indexing import Indexing
from .words import Asked, Piece, asked

__all__ = ["Asked", "Found", "Hit", "Indexing", "Piece", "asked", "search"]
