"""Taking a workbook: read, judged whole, then written in one transaction, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from workflow.definition.model import Definition
from workflow.engine import Engine, Frame
from workflow.engine.authority import check_authority
from workflow.errors import BadValue, UsageError
from workflow.reading import person_id, post_names
from workflow.reading.ledger import zone_of_dates
from workflow.reading.people import known
from workflow.store import importing, organisation
from workflow.store.importing import Record
from workflow.store.organisation import CampaignInForce
from workflow.store.ports import Transaction
from workflow.text import Text

from . import people, tasks, units
from .columns import Book
from .problems import NAMESAKE, Problem
from .sheet import Progress, Sheet, read_book

Name = Literal["units", "people", "tasks"]
NAMES: tuple[Name, ...] = ("units", "people", "tasks")
IMPORT = Text("导入工作簿", "import a workbook")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A workbook as it was asked for."""

    book: Name
    kind: str | None = None  # of tasks
    campaign: str | None = None
    file: Path
    person: str | int  # who brings it: a code, or the id
    dry_run: bool = False
    accept_namesakes: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a workbook."""

    book: str
    lines: int
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    overdue: int = 0  # new tasks whose deadline has passed already
    problems: tuple[Problem, ...] = ()
    import_id: int | None = None  # None: nothing was written
    waits: bool = False  # whether tasks are still to be opened

    @property
    def refused(self) -> bool:
        """Whether it was not taken."""
        return bool(self.problems)


def book_of(frame: Frame, name: Name, kind: str | None = None, campaign: str | None = None) -> Book:
    """A book with what its drop-down lists offer.

    Raises:
        UsageError, Unknown, BadValue: a book of tasks is asked for without a kind, or of one that can't be.
    """
    if name == "units":
        return units.BOOK
    if name == "people":
        places = {row[1]: Text(row[6], row[7]) for row in organisation.units(frame.tx)}
        return people.book(post_names(frame), places)
    return tasks.book(_known(frame, kind, campaign)[1])


def take(engine: Engine, wish: Wish, now: int, progress: Progress) -> Outcome:
    """Take a workbook. Tasks are frozen; whoever asked, or the daemon, opens them.

    Raises:
        BadValue: the file can't be read at all, or holds nothing. Wrong cells are the outcome's problems.
        NotAllowed: not by that person.
    """
    taker = {"units": _take_units, "people": _take_people, "tasks": _take_tasks}[wish.book]
    with _frame(engine, now) as frame:
        person = wish.person if isinstance(wish.person, int) else person_id(frame.tx, wish.person)
        own = _campaign(frame, wish.campaign) if wish.book == "tasks" else None
        check_authority(frame, person, IMPORT, own)
        book = book_of(frame, wish.book, wish.kind, wish.campaign)
    sheet = read_book(wish.file, book, progress)
    if not sheet.lines and not sheet.problems:
        raise BadValue(
            f"没有导入：工作表“{sheet.name}”除标题外没有内容。请从第二行起填写。",
            f"Nothing was taken: the sheet {sheet.name!r} holds only headings. Fill in the rows below.",
        )
    one = Record(
        book=wish.book, file_hash=_hash(wish.file), person_id=person, at=now, lines=len(sheet.lines), added=0
    )
    return taker(engine, wish, _Taken(sheet=sheet, record=one))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taken:
    """A sheet that was read, and its record before anything is known of it."""

    sheet: Sheet
    record: Record

    def outcome(self, wish: Wish, *, added: int, changed: int, unchanged: int, **more: Any) -> Outcome:
        """What it comes to."""
        told = [one for one in self.sheet.problems if one.kind != NAMESAKE or not wish.accept_namesakes]
        return Outcome(
            book=wish.book,
            lines=len(self.sheet.lines),
            added=added,
            changed=changed,
            unchanged=unchanged,
            problems=tuple(sorted(told, key=_place)),
            **more,
        )

    def write_down(self, tx: Transaction, found: Outcome) -> Outcome:
        """Put it on record, and tell every cache."""
        one = replace(self.record, added=found.added, changed=found.changed)
        ident = importing.record(tx, one)
        organisation.move_organisation(tx, organisation.stamp(tx))
        return replace(found, import_id=ident)


def _place(one: Problem) -> tuple[str, int, int, str]:
    letters = one.cell.rstrip("0123456789")
    return one.sheet, int(one.cell[len(letters) :] or 0), len(letters), letters


@contextmanager
def _frame(engine: Engine, now: int) -> Iterator[Frame]:
    with engine.port.read() as tx:
        yield engine.library.frame(tx, now)


def _hash(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


# --- units and people -------------------------------------------------------------------------------


def _take_units(engine: Engine, wish: Wish, taken: _Taken) -> Outcome:
    with _transaction(engine, wish) as tx:
        plan = units.judge(taken.sheet, units.known_units(tx))
        found = taken.outcome(
            wish, added=len(plan.added), changed=len(plan.relabelled), unchanged=plan.unchanged
        )
        if _stays(wish, found):
            return found
        units.apply(tx, plan)
        return taken.write_down(tx, found)


def _take_people(engine: Engine, wish: Wish, taken: _Taken) -> Outcome:
    now = taken.record.at
    with _transaction(engine, wish) as tx:
        frame = engine.library.frame(tx, now)
        calendar = frame.calendar(zone_of_dates(frame))
        plan = people.judge(taken.sheet, people.known_people(tx, calendar, now))
        found = taken.outcome(
            wish,
            added=len(plan.people) + len(plan.posts),
            changed=len(plan.languages) + len(plan.ends),
            unchanged=plan.unchanged,
        )
        if _stays(wish, found):
            return found
        people.apply(tx, plan, now)
        return taken.write_down(tx, found)


def _transaction(engine: Engine, wish: Wish) -> Any:
    """What is judged can't change before it is written; a dry run takes no lock."""
    return engine.port.read() if wish.dry_run else engine.port.write("people")


def _stays(wish: Wish, found: Outcome) -> bool:
    """Whether everything stays as it is."""
    return wish.dry_run or found.refused or not (found.added or found.changed)


# --- tasks ------------------------------------------------------------------------------------------


def _take_tasks(engine: Engine, wish: Wish, taken: _Taken) -> Outcome:
    """The lines are validated first and frozen then: the lock is held for the writing only."""
    now = taken.record.at
    with _frame(engine, now) as frame:
        campaign, about = _known(frame, wish.kind, wish.campaign)
        numbers = tasks.numbers(taken.sheet)
        before = importing.known_lines(frame.tx, campaign.id, numbers)
    plan = tasks.judge(taken.sheet, about, before, now)
    found = taken.outcome(
        wish, added=len(plan.lines), changed=0, unchanged=plan.unchanged, overdue=plan.overdue
    )
    if wish.dry_run or found.refused:
        return found
    if plan.set_aside:
        with engine.port.write("people") as tx:
            again = sum(importing.try_again(tx, one) for one in sorted(plan.set_aside))
        found = replace(found, changed=again, waits=again > 0)
    if not plan.lines:
        return found
    one = replace(
        taken.record,
        added=found.added,
        campaign_id=campaign.id,
        version_id=campaign.version_id,
        kind=about.definition.kind,
    )
    return replace(found, import_id=engine.importing.freeze(one, plan.lines), waits=True)


def _known(frame: Frame, kind: str | None, campaign: str | None) -> tuple[CampaignInForce, tasks.Known]:
    """What lines of work may speak of."""
    own = _campaign(frame, campaign)
    pack = frame.version(own.version_id).pack
    rows = organisation.units(frame.tx)
    return own, tasks.Known(
        campaign=pack.campaign,
        definition=_definition(pack.definitions, kind),
        units={row[1]: tasks.Unit(ident=row[0], kind=row[2], label=Text(row[6], row[7])) for row in rows},
        people={row[1]: row[0] for row in organisation.persons(frame.tx)},
        calendar=frame.calendar(pack.campaign.zone),
    )


def _campaign(frame: Frame, name: str | None) -> CampaignInForce:
    campaigns = {one.name: one for one in frame.campaigns.values()}
    if name is None and len(campaigns) == 1:
        return next(iter(campaigns.values()))
    if name is None and campaigns:
        listed = sorted(campaigns)
        raise UsageError(
            f"请用 --campaign 写明专项行动：{'、'.join(listed)}。",
            f"Name the campaign with --campaign: {', '.join(listed)}.",
        )
    if name not in campaigns:
        raise known(Text("专项行动", "campaign"), name or "", campaigns)
    return campaigns[name]


def _definition(definitions: Any, kind: str | None) -> Definition:
    opened = {name: one for name, one in definitions.items() if one.draft_state is None}
    listed = sorted(opened)
    if kind is None:
        raise UsageError(
            f"请用 --kind 写明事项类型：{'、'.join(listed)}。",
            f"Name the kind of task with --kind: {', '.join(listed)}.",
        )
    if kind not in definitions:
        raise known(Text("事项类型", "kind of task"), kind, opened)
    if kind not in opened:
        raise BadValue(
            f"“{kind}”由机器拟稿、由人签发，不能导入。可导入：{'、'.join(listed)}。",
            f"{kind!r} is drafted by the machine and signed by a person; it can't be imported. These can: "
            f"{', '.join(listed)}.",
        )
    found: Definition = opened[kind]
    return found


__all__ = ["NAMES", "Name", "Outcome", "Wish", "book_of", "take"]
