"""One connection per thread, for databases whose connections can't be shared by threads at work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Connection = TypeVar("Connection")


class PerThread(Generic[Connection]):
    """Keeps each thread's connection, and closes those of threads that have ended.

    Without the second half a web server that renews its threads would run the database out of
    connections, or the process out of files.
    """

    def __init__(self, close: Callable[[Connection], None]) -> None:
        self._close = close
        self._open: dict[threading.Thread, Connection] = {}
        self._lock = threading.Lock()

    def own(self) -> Connection | None:
        """This thread's connection, if it has one."""
        return self._open.get(threading.current_thread())

    def keep(self, connection: Connection) -> Connection:
        """Keep this thread's new connection, in place of the one it had."""
        with self._lock:
            gone = [thread for thread in self._open if not thread.is_alive()]
            left = [self._open.pop(thread) for thread in gone]
            self._open[threading.current_thread()] = connection
        for one in left:
            self._close(one)
        return connection

    def close(self) -> None:
        """Close every thread's."""
        with self._lock:
            left = list(self._open.values())
            self._open.clear()
        for one in left:
            self._close(one)
