"""Every statement, behind one port for two databases.

ports.py         what a database must offer
sqlite.py        one file, one writer at a time; turns.py is its fair queue
postgresql.py    any number of daemons
connections.py   one per thread
sql.py           statements compiled for both
opening.py       by URL, migrations, versions
tasks.py         claiming tasks, and loading what a decision looks at
applying.py      writing what was decided
numbering.py     the running numbers of documents
burden.py        the checks that units have had
sources.py       what kinds of task say about a unit
organisation.py  units, people, packs, calendar, holds
posts.py         posts that pass on
units.py         units that are renamed or merged
delegations.py   ending an absence
interests.py     interests in units
milestones.py    milestones that people have moved
importing.py     workbooks that were taken
snapshots.py     the ledger, frozen
checking.py      whether the rows fit together
life.py          signs of life
"""

from __future__ import annotations

from .opening import migrate, open_port, port_for, revisions, shown
from .ports import Port, Probe, Transaction, no_probe

__all__ = [
    "Port",
    "Probe",
    "Transaction",
    "migrate",
    "no_probe",
    "open_port",
    "port_for",
    "revisions",
    "shown",
]
