"""Every way in which Duban says no.

Each error carries one sentence in Chinese and one in English; both say what was refused, why, and
what to do. `exit_code` is what the command line ends with: 2 for wrong use, 1 for a refusal.

    DubanError
    ├── UsageError                 the call itself is wrong (exit code 2)
    ├── PackError                  a pack that may not run: all of its problems at once
    ├── CalendarError              a year nobody published or projected, a zone without data
    ├── Refused                    an act that is not taken; everything stays as it was
    │   ├── Unknown                no such task, unit, person, pack, transition …
    │   ├── NotAllowed             the role, a separation of duties, a recusal forbids it
    │   ├── NotNow                 the state or the condition of the transition forbids it
    │   │   └── OverBudget         the unit has had as many checks as it may
    │   ├── BadValue               a fact that is missing, mistyped or out of range
    │   ├── NoCounterpart          a version has no place for what stands on a task
    │   └── Stale                  somebody was faster: the form shows an older revision
    ├── StoreError                 the database can't be used as it is
    │   ├── DatabaseLocked         another process holds the write lock, or the daemon's place
    │   ├── DatabaseReadOnly
    │   ├── DatabaseFull
    │   ├── DatabaseNewer          written by a newer Duban
    │   ├── DatabaseOutdated       its tables are older than the program: migrate first
    │   ├── DatabaseUnsafe         a network share, or a SQLite with a known WAL defect
    │   └── DatabaseUnreachable
    ├── Overtaken                  a guarded write met a newer row; the engine tries again
    ├── Undecidable                a task whose data cannot be decided on; it is set aside
    └── HistoryBroken              the chain of events doesn't fit its rows
"""

from __future__ import annotations

from .text import Language, Text


class DubanError(Exception):
    """The root. `text` holds the sentence in both languages."""

    exit_code = 1

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)

    def to(self, language: Language) -> str:
        """The sentence for a reader of that language."""
        return self.text.to(language)


class UsageError(DubanError):
    """The call itself is wrong: an option, a path, a combination."""

    exit_code = 2


class PackError(DubanError):
    """A pack that may not run. `problems` lists everything that is wrong with it."""

    def __init__(self, zh: str, en: str, problems: tuple[object, ...] = ()) -> None:
        super().__init__(zh, en)
        self.problems = problems


class CalendarError(DubanError):
    """A year nobody published or projected, a zone without data, a notice that can't be read."""


class Refused(DubanError):
    """An act that is not taken; everything stays as it was."""


class Unknown(Refused):
    """No such task, unit, person, pack, transition."""


class NotAllowed(Refused):
    """The role, a separation of duties or a recusal forbids it."""


class NotNow(Refused):
    """The state of the task, or the condition of the transition, forbids it."""


class OverBudget(NotNow):
    """The unit has had as many checks in this month as it may, or one of the same scope."""


class BadValue(Refused):
    """A fact that is missing, mistyped or out of range."""


class NoCounterpart(Refused):
    """A version has no place for what stands on a task. `reasons` lists all of it."""

    def __init__(self, reasons: tuple[Text, ...]) -> None:
        super().__init__("；".join(one.zh for one in reasons), "; ".join(one.en for one in reasons))
        self.reasons = reasons


class Stale(Refused):
    """Somebody was faster: the form shows an older revision."""


class StoreError(DubanError):
    """The database can't be used as it is."""


class DatabaseLocked(StoreError):
    """Another process holds the write lock, or the daemon's place."""


class DatabaseReadOnly(StoreError):
    """The file, its folder or the session may not be written."""


class DatabaseFull(StoreError):
    """No room left on the disk."""


class DatabaseNewer(StoreError):
    """Written by a newer Duban."""


class DatabaseOutdated(StoreError):
    """Its tables are older than the program."""


class DatabaseUnsafe(StoreError):
    """A network share, or a SQLite with a known defect."""


class DatabaseUnreachable(StoreError):
    """No such server, folder, database, or no permission to connect."""


class Overtaken(DubanError):
    """A guarded write met a newer row than it expected. The engine loads again and retries."""


class Undecidable(DubanError):
    """A task whose data cannot be decided on. It is set aside, the rest goes on."""


class HistoryBroken(DubanError):
    """The chain of events doesn't fit its rows."""
