"""Every statement, behind one port for two databases.

ports.py       what a database must offer        sqlite.py, postgresql.py   the two that do
sql.py         statements compiled for both      turns.py   the fair writer queue of SQLite
opening.py     by URL, migrations, versions      tasks.py   loading what a decision looks at
applying.py    writing what was decided          organisation.py   units, people, packs, calendar
checking.py    whether the rows fit together     connections.py    one per thread
life.py        signs of life                     delegations.py    ending an absence
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
