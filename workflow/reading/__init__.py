"""The queries behind what people look at, and the plain records that they give.

    ledger.py    the list of tasks            standing.py   one task with all that belongs to it
    history.py   what happened, in words      outgoing.py   who must be told
    people.py    units, people, posts         numbers.py    SFD-12 and back
    figures.py   scores, the checklist
    planning.py  what a calendar moves        plain.py      records as JSON
    interests.py what people have declared
    names.py     ids as people call them      words.py      values and events in words
    versions.py  what a re-plan or a migration would change
    place.py     where a task stands in its definition, to be drawn
    worlds.py    what a forecast starts from  foretelling.py  forecasts in words

Every function takes a `Frame`: one transaction that sees one moment. The number of statements of a
view is fixed, whatever it shows. The records are frozen and hold no rows: the command line prints
them, a console may.
"""

from __future__ import annotations

from .foretelling import foreteller
from .history import Entry, history
from .interests import InterestView, interests
from .ledger import Ledger, Line, Pages, Wanted, ledger
from .names import Names, names
from .numbers import number_of, read_number
from .outgoing import Outbox, Waiting, outbox
from .people import PersonView, UnitView, people, person_id, post_names, unit_id, units
from .place import Placed, placed
from .plain import plain
from .standing import Standing, load_one, standing
from .words import Words
from .worlds import world_of

__all__ = [
    "Entry",
    "InterestView",
    "Ledger",
    "Line",
    "Names",
    "Outbox",
    "Pages",
    "PersonView",
    "Placed",
    "Standing",
    "UnitView",
    "Waiting",
    "Wanted",
    "Words",
    "foreteller",
    "history",
    "interests",
    "ledger",
    "load_one",
    "names",
    "number_of",
    "outbox",
    "people",
    "person_id",
    "placed",
    "plain",
    "post_names",
    "read_number",
    "standing",
    "unit_id",
    "units",
    "world_of",
]
