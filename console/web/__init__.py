"""Pages.

place.py    what the console works with
guard.py    headers, and whether a form came from here
visits.py   who asks, in which language, what the page shows
errors.py   every refusal as a page
door.py     signing in and out, one's own account
people.py   accounts: the first one, the three administrators, everybody's
app.py      puts the pages together
"""

from __future__ import annotations

from .app import create_app
from .place import Place, Settings

__all__ = ["Place", "Settings", "create_app"]
