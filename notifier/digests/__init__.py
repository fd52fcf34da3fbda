"""What is told once a day or once a week: numbered, in pages of readers, in sets.

moment comes ─► recorded once ─► page of readers ─► what they are shown ─► written ─► kept with the cursor

core.py        the round: moments, pages, numbers
moments.py     which moments have come, and what each counted
gathering.py   what is shown: a fixed number of statements for a page
foreseeing.py  what happens next if nobody acts
tree.py        the tree of units, and the lights in it
view.py        what is shown, as plain records
writing.py     from these to the content of a message
picture.py     the picture of the trend
hours.py       when it leaves
"""

from __future__ import annotations

from .core import READERS, Digests, DigestsRan, Sample

__all__ = ["READERS", "Digests", "DigestsRan", "Sample"]
