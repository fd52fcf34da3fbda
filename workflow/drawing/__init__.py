"""Definitions as pictures: what a kind of task goes through, and where one task stands in it.

    model.py    the diagram as plain records   gather.py   from a definition to a diagram
    layout.py   where boxes and arrows go      measure.py  how wide a text is, where it breaks
    mermaid.py  from a diagram to Mermaid      svg.py      from a diagram to SVG
    cards.py    the rules below it             wording.py  clocks, acts and rules in words
    marks.py    lights and places, never by colour alone
    differences.py  what two versions of a definition say differently

Everything here is pure: a definition and a place go in, text comes out. The command line writes it to
a file, a page may hold it.
"""

from __future__ import annotations

from .differences import Difference, differences
from .gather import diagram
from .measure import Spoken
from .mermaid import mermaid
from .model import Diagram, Place
from .svg import svg

__all__ = ["Diagram", "Difference", "Place", "Spoken", "diagram", "differences", "mermaid", "svg"]
