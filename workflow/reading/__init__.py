"""The queries behind what people look at, and the plain records that they give.

    ledger.py     the list of tasks, with filters.py for what was reported
    waiting.py    what waits for a person; waited.py the reverse, to_do.py the list of it
    paging.py     the same page by page, however long
    scope.py      which tasks somebody may look at
    standing.py   one task with all that belongs to it
    place.py      where a task stands in its definition, to be drawn
    history.py    what happened, in words; everyday.py for the everyday acts
    frozen.py     the ledger kept for good
    outgoing.py   who must be told
    figures.py    scores, the checklist; figure_screens.py shows them
    people.py     units, people, posts
    organisation.py  units a page at a time, with teams; days.py reads days as people type them
    interests.py  what people have declared
    rounds.py     moments that have passed, and what the coming ones would open
    planning.py   what a calendar moves
    versions.py   what a re-plan or a migration would change
    worlds.py     what a forecast starts from; foretelling.py tells it in words
    coming.py     what lies ahead, in the words of ahead.py and the days of dates.py
    typed.py      what people typed, as the engine takes it
    words.py      values and events in words
    names.py      ids as people call them
    numbers.py    SFD-12 and back
    screens.py    views as blocks of columns
    plain.py      records as JSON

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
from .paging import Leaf, leaf
from .people import PersonView, UnitView, people, person_id, post_names, unit_id, units
from .place import Placed, placed
from .plain import plain
from .scope import Scope, check_sight, scope_of, sees
from .standing import Standing, load_one, standing
from .typed import known_facts
from .words import Words
from .worlds import world_of

__all__ = [
    "Entry",
    "InterestView",
    "Leaf",
    "Ledger",
    "Line",
    "Names",
    "Outbox",
    "Pages",
    "PersonView",
    "Placed",
    "Scope",
    "Standing",
    "UnitView",
    "Waiting",
    "Wanted",
    "Words",
    "check_sight",
    "foreteller",
    "history",
    "interests",
    "known_facts",
    "leaf",
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
    "scope_of",
    "sees",
    "standing",
    "unit_id",
    "units",
    "world_of",
]
