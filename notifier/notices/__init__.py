"""What people read: from what was gathered for a person to the content of one message.

classes.py    which reasons are formal
writing.py    all letters of a batch at once: what is read, what is written
"""

from __future__ import annotations

from .classes import class_of
from .writing import write_notices

__all__ = ["class_of", "write_notices"]
