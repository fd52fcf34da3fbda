"""The ledger out of the database into a file, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workflow.engine import Engine, Frame
from workflow.reading import Pages, Wanted
from workflow.reading.ledger import definitions
from workflow.store import organisation
from workflow.text import Language, Text

from .ledger import Entry, Field, fields, write_csv, write_workbook
from .sheet import Progress

PAGE = 1_000  # tasks read at once: no transaction lasts longer than a page


def export(
    engine: Engine,
    wanted: Wanted,
    file: Path,
    language: Language,
    now: int,
    progress: Progress,
    *,
    as_csv: bool,
) -> int:
    """Write the tasks that answer to the filters, by their numbers; how many.

    Raises:
        Unknown: no such unit, kind, state, person or role.
    """
    with _frame(engine, now) as frame:
        pages, columns = Pages(frame, wanted, PAGE), _columns(frame, wanted)
    write = write_csv if as_csv else write_workbook
    return write(file, _entries(engine, pages, now, progress), columns, language)


def _columns(frame: Frame, wanted: Wanted) -> tuple[Field, ...]:
    """Facts are columns where one kind of task is exported, and only one campaign has it."""
    packs = [frame.version(one.version_id).pack for one in frame.campaigns.values()]
    tracks = {name: label for pack in packs for name, label in pack.campaign.tracks.items()}
    found = [one for one in definitions(frame) if one.kind == wanted.kind]
    names = {
        "unit": {row[0]: Text(row[6], row[7]) for row in organisation.units(frame.tx)},
        "person": {row[0]: Text(row[2], row[3]) for row in organisation.persons(frame.tx)},
    }
    return fields(tracks, found[0] if len(found) == 1 else None, names)


def _entries(engine: Engine, pages: Pages, now: int, progress: Progress) -> Iterator[Entry]:
    last = done = 0
    while True:
        with _frame(engine, now) as frame:
            page = pages.after(frame, last)
            calendars = {one.zone: frame.calendar(one.zone) for one in page.lines}
        for one in page.lines:
            yield Entry(line=one, task=page.tasks.get(one.id), calendar=calendars[one.zone], now=now)
        if not page.lines:
            return
        last, done = page.lines[-1].id, done + len(page.lines)
        progress(done, max(pages.total, done))


@contextmanager
def _frame(engine: Engine, now: int) -> Iterator[Frame]:
    with engine.port.read() as tx:
        yield engine.library.frame(tx, now)
