"""What people read: from what was gathered for a person to the content of one message.

classes.py   which reasons are formal
facts.py     what the letters of a batch look at: the only file that reads
telling.py   what happened, and why it comes to this person
asking.py    what to do, by when, by which link
ahead.py     what happens next if nobody acts
cards.py     one task as a letter shows it
writing.py   letters: subject, text, HTML, text message
"""

from __future__ import annotations

from .classes import class_of
from .writing import write_notices

__all__ = ["class_of", "write_notices"]
