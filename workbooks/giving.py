"""The ledger out of the database into a file, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from workflow.engine import Engine, Frame
from workflow.errors import BadValue
from workflow.reading import Pages, Wanted
from workflow.reading.ledger import definitions
from workflow.store import organisation
from workflow.text import Language, Text

from .ledger import Entry, Field, chosen, fields, write_csv, write_workbook
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
    columns: Collection[str] = (),
    most: int | None = None,
) -> int:
    """Write the tasks that answer to the filters, by their numbers; how many.

    Args:
        columns: codes of those that are wanted; none: all.
        most: how many tasks a file may hold.

    Raises:
        Unknown: no such unit, kind, state, person or role.
        BadValue: there are more than a file may hold; nothing was written.
    """
    with _frame(engine, now) as frame:
        pages, own = Pages(frame, wanted, PAGE), chosen(_columns(frame, wanted), columns)
    if most is not None and pages.total > most:
        raise BadValue(
            f"没有导出：符合条件的有 {pages.total} 件，一次最多 {most} 件。请缩小范围，或导出为 CSV。",
            f"Nothing was exported: {pages.total} tasks fit, and a file holds at most {most}. Ask for "
            "less, or export as CSV.",
        )
    write = write_csv if as_csv else write_workbook
    return write(file, _entries(engine, pages, now, progress), own, language)


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
