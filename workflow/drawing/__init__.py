"""Definitions as pictures: what a kind of task goes through, and where one task stands in it.

model.py      the diagram as plain records        wording.py    clocks, acts and rules in words
gather.py     from a definition to a diagram      mermaid.py    from a diagram to Mermaid
measure.py    how wide a text is, how it breaks layout.py     where boxes and arrows go
svg.py        from a diagram to SVG             cards.py      the rules below it
marks.py      lights and places, never by colour alone

Everything here is pure: a definition and a place go in, text comes out. The command line writes it to
a file, a page may hold it.
"""

from __future__ import annotations

from .gather import diagram
from .measure import Spoken
from .mermaid import mermaid
from .model import Diagram, Place
from .svg import svg

__all__ = ["Diagram", "Place", "Spoken", "diagram", "mermaid", "svg"]
