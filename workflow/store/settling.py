"""Up to which id events are final: whoever reads history onwards from a mark must not miss a late one.

Ids are drawn in the order of a counter, and committed in any order: on PostgreSQL event 12 may be seen
while 11 is still in a transaction that isn't over. Whoever then remembers 12 never sees 11. So the
counter's last value H is read, and after it, in a transaction of its own, a transaction number X is taken:
whoever drew an id up to H has a smaller number, because ids are drawn inside a transaction after its first
lock or write. Once every transaction below X is over, H is final. (`pg_snapshot_xmax` is not such an X: it
is one past the newest transaction that is over, and one with that number or a higher may be under way.)
SQLite has one writer at a time: what can be read is final.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Final

from sqlalchemy import String, cast, column, func, select, table

from .ports import Port
from .sql import Statement, literal_column

_COUNTER = table("counter", column("name"), column("next"))
_SEQUENCE: Any = table("row_id", column("last_value"))
_LAST_ON_SQLITE = Statement(
    select(_COUNTER.c.next - literal_column("1")).where(_COUNTER.c.name == literal_column("'row_id'"))
)
_LAST_ON_POSTGRESQL = Statement(select(_SEQUENCE.c.last_value))
_OWN = Statement(select(cast(func.pg_current_xact_id(), String)))
_OLDEST = Statement(select(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), String)))
_MARKS: Final = 64  # that wait; a transaction that outlasts so many looks holds the first of them back


class Settling:
    """The settled id of a database. It remembers marks between looks: keep one for each process."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._marks: deque[tuple[int, int]] = deque()  # (last id, a transaction that began after it)
        self._settled = 0
        self._lock = threading.Lock()

    def settled(self) -> int:
        """No event up to this id will ever be added; 0 as long as none is known to be so.

        Must not be called inside a transaction: what it looks at is what others do meanwhile.
        """
        with self._lock:
            last = self._last()
            if self._port.dialect == "sqlite":
                self._settled = last
            else:
                self._look(last)
            return self._settled

    def _last(self) -> int:
        statement = _LAST_ON_SQLITE if self._port.dialect == "sqlite" else _LAST_ON_POSTGRESQL
        with self._port.read() as tx:
            (found,) = tx.one(statement) or (0,)
        return int(found)

    def _look(self, last: int) -> None:
        with self._port.write("clock") as tx:
            following, oldest = (int((tx.one(one) or ("0",))[0]) for one in (_OWN, _OLDEST))
        if len(self._marks) < _MARKS and (not self._marks or self._marks[-1][0] < last):
            self._marks.append((last, following))
        while self._marks and self._marks[0][1] <= oldest:
            self._settled, _ = self._marks.popleft()
