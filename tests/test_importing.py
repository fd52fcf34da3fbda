"""Workbooks into the database: all or nothing, once, whatever comes in between; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.sheets import Line, filled
from tests.stories.salts import counted_salts
from tests.stories.teller import Story, instant, told
from tests.storing import Counting, opened, raw
from workbooks.problems import NAMESAKE
from workbooks.taking import Name, Outcome, Wish, book_of, take
from workflow.decision import Decision, NewTask, Surroundings, begin
from workflow.definition import Pack, load_pack
from workflow.doctor import Patient, examine
from workflow.engine import Engine, Ran
from workflow.errors import BadValue, NotAllowed, NotNow, Overtaken, Unknown, UsageError
from workflow.reading import history, load_one
from workflow.store import importing, open_port, organisation
from workflow.store.importing import IMPORT, LINE, NewLine, Record
from workflow.store.ports import Moment
from workflow.store.sql import Statement

PACK = Path(__file__).resolve().parent / "definitions" / "spring"
CHECK = "self_check"
_IMPORTS = Statement(select(IMPORT).order_by(IMPORT.c.id))
_LINES = Statement(select(LINE.c.number, LINE.c.task_id, LINE.c.body).order_by(LINE.c.position))
_OPEN = Statement(select(func.count()).select_from(IMPORT).where(IMPORT.c.status == "open"))


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    """The campaign the day before it begins; whatever a test does, the histories fit in the end."""
    with told(database_url, pack, at="2026-03-01 12:00", batch=4) as story:
        yield story


@pytest.fixture
def desk(story: Story, tmp_path: Path) -> Desk:
    return Desk(story, tmp_path)


class Desk:
    """Somebody at the bureau with a stack of workbooks."""

    def __init__(self, story: Story, folder: Path) -> None:
        self.story, self._folder = story, folder

    def book(self, name: Name, *lines: Line, kind: str | None = None) -> Path:
        """A workbook with these lines."""
        with self.story.port.read() as tx:
            frame = self.story.engine.library.frame(tx, self.story.now)
            book = book_of(frame, name, kind)
        return filled(self._folder / f"{name}.xlsx", book, *lines)

    def brings(self, name: Name, *lines: Line, kind: str | None = None, **wish: Any) -> Outcome:
        """What becomes of a workbook with these lines."""
        file = self.book(name, *lines, kind=kind)
        return self.takes(Wish(book=name, kind=kind, file=file, person="bureau_head", **wish))

    def takes(self, wish: Wish) -> Outcome:
        """What becomes of a workbook."""
        return take(self.story.engine, wish, self.story.now, lambda _done, _total: None)

    def of_tasks(self, *lines: Line, **wish: Any) -> Outcome:
        """What becomes of self-checks."""
        return self.brings("tasks", *lines, kind=CHECK, **wish)

    def opens(self) -> int:
        """Open what is frozen; how many tasks."""
        ran = Ran()
        while self.story.engine.importing.work(self.story.now, ran):
            pass
        return ran.opened

    def all(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with self.story.port.read() as tx:
            return tx.all(statement)


def _line(number: str, unit: str = "beiwan", **more: Any) -> Line:
    return {"no": number, "unit": unit, **more}


def _wrong(found: Outcome) -> list[str]:
    return [one.to_text().en for one in found.problems]


# --- units and people -------------------------------------------------------------------------------

TOWN = {"code": "town", "kind": "township", "zh": "示例镇", "en": "Sample Town", "inside": "county_new"}
COUNTY = {"code": "county_new", "kind": "region", "zh": "新县", "en": "New County", "inside": "city"}
NEWCOMER = {
    "code": "newcomer",
    "zh": "新某",
    "en": "Xin",
    "post": "handler",
    "unit": "beiwan",
    "from": date(2026, 3, 1),
}


def test_units_are_added_below_those_that_are_there_and_twice_changes_nothing(desk: Desk) -> None:
    found = desk.brings("units", TOWN, COUNTY)
    assert (found.added, found.refused) == (2, False)
    with desk.story.port.read() as tx:
        rows = {row[1]: row for row in organisation.units(tx)}
    assert rows["town"][3] == rows["county_new"][0]
    assert rows["county_new"][3] == rows["city"][0]
    before = desk.story.everything(), desk.all(_IMPORTS)
    again = desk.brings("units", TOWN, COUNTY)
    assert (again.added, again.changed, again.unchanged, again.import_id) == (0, 0, 2, None)
    assert (desk.story.everything(), desk.all(_IMPORTS)) == before


def test_a_unit_is_called_otherwise_from_here_on(desk: Desk) -> None:
    desk.brings("units", TOWN, COUNTY)
    found = desk.brings("units", TOWN | {"zh": "另名镇"}, COUNTY)
    assert (found.added, found.changed, found.unchanged) == (0, 1, 1)
    with desk.story.port.read() as tx:
        assert {row[1]: row[6] for row in organisation.units(tx)}["town"] == "另名镇"


def test_one_wrong_cell_is_enough_to_take_nothing(desk: Desk) -> None:
    with desk.story.port.read() as tx:
        before = organisation.units(tx), organisation.stamp(tx)
    found = desk.brings("units", TOWN, COUNTY | {"inside": "nowhere"})
    assert "E3: found 'nowhere', expected a known unit" in _wrong(found)[0]
    with desk.story.port.read() as tx:
        assert (organisation.units(tx), organisation.stamp(tx)) == before
    assert desk.all(_IMPORTS) == []


def test_people_come_in_with_their_posts_and_act_at_once(desk: Desk) -> None:
    found = desk.brings("people", NEWCOMER)
    assert (found.added, _wrong(found)) == (2, [])
    again = desk.brings("people", NEWCOMER)
    assert (again.added, again.changed, again.unchanged, again.import_id) == (0, 0, 1, None)
    story = desk.story.at("2026-03-02 09:00")
    check = story.the(CHECK, "beiwan")
    with story.port.read() as tx:
        person = organisation.person_id(tx, "newcomer")
    assert person in {one.person_id for one in story.unread(check)}


def test_a_post_ends_when_a_later_book_says_so(desk: Desk) -> None:
    desk.brings("people", NEWCOMER)
    ending = NEWCOMER | {"to": date(2026, 3, 31), "language": "en"}
    found = desk.brings("people", ending)
    assert (found.added, found.changed) == (0, 2)
    assert desk.brings("people", ending).unchanged == 1
    with desk.story.port.read() as tx:
        (post,) = (one for one in importing.posts(tx) if one[2] == "handler" and one[6] is not None)
        (person,) = (one for one in organisation.persons(tx) if one[1] == "newcomer")
    assert (post[6], person[4]) == (instant("2026-04-01 00:00"), "en")


def test_a_namesake_must_be_confirmed(desk: Desk) -> None:
    twin = NEWCOMER | {"zh": "赵某禾"}  # the handler of Chenguang is called so
    found = desk.brings("people", twin)
    assert [one.kind for one in found.problems] == [NAMESAKE]
    assert desk.brings("people", twin, accept_namesakes=True).added == 2


def test_a_dry_run_writes_nothing_and_takes_no_lock(desk: Desk) -> None:
    with raw_writer(desk.story):  # somebody else holds the write lock meanwhile
        assert desk.brings("units", COUNTY, dry_run=True).added == 1
        assert desk.brings("people", NEWCOMER, dry_run=True).added == 2
        assert desk.of_tasks(_line("A-1"), dry_run=True).added == 1
    assert desk.all(_IMPORTS) == []


@contextmanager
def raw_writer(story: Story) -> Iterator[None]:
    path = getattr(story.port, "path", None)
    if path is None:
        yield
        return
    with raw(f"sqlite:///{path}") as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("name", ["units", "people"])
def test_the_number_of_statements_does_not_grow_with_the_lines(
    story: Story, tmp_path: Path, database_url: str, name: Name
) -> None:
    counting, counts = Counting(), []
    desk, own = Desk(story, tmp_path), story.engine
    sample: Line = COUNTY if name == "units" else NEWCOMER
    with opened(database_url, counting) as port:
        story.engine = Engine(port, salts=counted_salts())
        for size in (1, 5, 50):
            lines = [{**sample, "code": f"n{size}_{n}", "zh": f"名{size}_{n}"} for n in range(size)]
            counting.clear()
            assert not desk.brings(name, *lines).refused
            counts.append(counting.total)
    story.engine = own
    _reads_the_pack, few, many = counts
    assert few == many


# --- tasks ------------------------------------------------------------------------------------------


def test_lines_become_tasks_with_what_they_say(desk: Desk) -> None:
    line = _line("A-1", track="service", deadline="2026年4月10日", progress="６０", own_score=71.5)
    found = desk.of_tasks(line, _line("A-2", "xinhe 新禾区"))
    assert (found.added, found.waits, _wrong(found)) == (2, True, [])
    assert desk.opens() == 2
    story = desk.story
    first, second = story.task(story.the(CHECK, "beiwan")), story.task(story.the(CHECK, "xinhe"))
    assert first.facts == {"progress": 60, "own_score": 71.5}
    assert (first.track, second.track) == ("service", None)
    assert (first.deadline, first.deadline_basis) == (instant("2026-04-11 00:00") - 1, "given")
    assert second.deadline == instant("2026-05-01 00:00") - 1, "by the definition"
    opened = story.happened(first.id, "opened")[0]
    assert (opened.header["line"], opened.values) == (2, {"progress": 60, "own_score": 71.5})
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        (entry, *_) = history(frame, load_one(frame, first.id)[0].task)
    assert "周某安导入，工作表第 2 行" in entry.text.zh
    assert "imported by Zhou Mou-an, row 2" in entry.text.en


def test_the_same_lines_twice_change_nothing_and_what_they_said_is_not_kept_twice(desk: Desk) -> None:
    lines = [_line(f"A-{n}", progress=n) for n in range(9)]
    desk.of_tasks(*lines)
    desk.opens()
    before = desk.story.everything(), desk.all(_IMPORTS)
    again = desk.of_tasks(*lines)
    assert (again.added, again.unchanged, again.waits, again.import_id) == (0, 9, False, None)
    assert desk.opens() == 0
    assert (desk.story.everything(), desk.all(_IMPORTS)) == before
    assert all(task is not None and body is None for _, task, body in desk.all(_LINES))
    more = desk.of_tasks(*lines, _line("A-9"))
    assert (more.added, more.unchanged) == (1, 9)


def test_a_number_whose_line_has_changed_is_refused(desk: Desk) -> None:
    desk.of_tasks(_line("A-1", progress=10))
    desk.opens()
    found = desk.of_tasks(_line("A-1", progress=20), _line("A-2"))
    assert [
        "A2: found 'A-1', which was brought before and said otherwise" in one for one in _wrong(found)
    ] == [True]
    assert len(desk.story.find(CHECK)) == 1, "the other line was not taken either"


def test_a_deadline_that_has_passed_is_taken_and_counted(desk: Desk) -> None:
    found = desk.of_tasks(_line("A-1", deadline=date(2026, 2, 1)))
    assert (found.added, found.overdue) == (1, 1)
    desk.opens()
    desk.story.expect_light(desk.story.the(CHECK, "beiwan"), "red")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (_line("A-1", "bureau"), "B2: found 'bureau', expected the code of a known unit"),
        (_line("A-1", "beiwan 新禾区"), "'beiwan Beiwan District': code and name fit"),
        (_line("A-1", track="music"), "the code of a known track"),
        (_line("A-1", deadline="4/10/2026"), "a date such as 2026-03-31"),
        (_line("A-1", deadline="2150-01-01"), "a day in the years"),
        (_line("A-1", progress=101), "a number from 0 to 100"),
        (_line("A-1", progress="=1+1"), "found the formula =1+1"),
        (_line("A" * 61), "at most 60 characters"),
        ({"unit": "beiwan"}, "A2: found nothing, expected a value"),
        (_line("A-0"), "A3: found 'A-0', which row 2 has too"),
    ],
)
def test_a_wrong_line_is_refused_with_the_reason(desk: Desk, line: Line, reason: str) -> None:
    found = desk.of_tasks(line, _line("A-0"))
    assert any(reason in one for one in _wrong(found)), _wrong(found)
    assert desk.all(_LINES) == []


def test_what_cannot_be_imported_at_all_says_so(desk: Desk) -> None:
    for kind, error, reason in (
        (None, UsageError, "--kind"),
        ("dispatch", BadValue, "drafted by the machine"),
        ("nothing", Unknown, "no kind of task"),
    ):
        with pytest.raises(error, match=reason):
            desk.brings("tasks", _line("A-1"), kind=kind)
    file = desk.book("tasks", kind=CHECK)
    wish = Wish(book="tasks", kind=CHECK, file=file, person="bureau_head")
    with pytest.raises(BadValue, match="holds only headings"):
        desk.takes(wish)
    with pytest.raises(Unknown, match="no person 'stranger'"):
        desk.takes(replace(wish, person="stranger"))
    with pytest.raises(Unknown, match="no campaign 'other'"):
        desk.takes(replace(wish, campaign="other"))


@pytest.mark.parametrize("book", ["units", "people", "tasks"])
def test_only_a_supervisor_or_above_brings_a_workbook(desk: Desk, book: Name) -> None:
    kind = CHECK if book == "tasks" else None
    wish = Wish(book=book, kind=kind, file=desk.book(book, kind=kind), person="chenguang_leader")
    for dry_run in (True, False):
        with pytest.raises(NotAllowed, match="import a workbook"):
            desk.takes(replace(wish, dry_run=dry_run))


def test_nothing_is_taken_while_a_hold_stands(desk: Desk) -> None:
    desk.of_tasks(_line("A-1"))
    desk.story.puts_on_hold()
    with pytest.raises(NotNow, match="clock is in doubt"):
        desk.of_tasks(_line("A-2"))
    assert desk.opens() == 0
    desk.story.releases_hold("head")
    assert desk.opens() == 1


def test_of_two_who_bring_the_same_number_at_once_one_is_refused_whole(desk: Desk) -> None:
    desk.of_tasks(_line("A-1"))
    engine, now = desk.story.engine, desk.story.now
    one = Record(
        book="tasks",
        file_hash="0" * 64,
        person_id=1,
        at=now,
        lines=2,
        added=2,
        campaign_id=1,
        version_id=1,
        kind=CHECK,
    )
    lines = [NewLine(position=n, number=f"A-{n}", digest="", body={}) for n in (1, 2)]
    with pytest.raises(Overtaken, match="nothing was taken"):
        engine.importing.freeze(one, lines)
    assert [row[0] for row in desk.all(_LINES)] == ["A-1"]
    desk.opens()


# --- what comes in between --------------------------------------------------------------------------


def test_the_daemon_opens_what_nobody_has_opened_yet(desk: Desk) -> None:
    desk.of_tasks(*(_line(f"A-{n}") for n in range(10)))
    assert desk.story.engine.next_due(desk.story.now) == desk.story.now
    assert desk.story.run().opened == 10
    assert desk.all(_OPEN) == [(0,)]
    assert desk.story.engine.next_due(desk.story.now) != desk.story.now


class Killed(BaseException):
    """The process dies."""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("commit", [1, 2, 3])
def test_a_crash_at_any_commit_opens_nothing_twice_and_forgets_nothing(
    desk: Desk, database_url: str, moment: Moment, commit: int
) -> None:
    desk.of_tasks(*(_line(f"A-{n}", progress=n) for n in range(10)))
    left = [commit]

    def probe(when: Moment, text: str) -> None:
        if text == "COMMIT" and when == moment:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

    port = open_port(database_url, probe=probe)
    engine, now = Engine(port, salts=counted_salts(), batch=4), desk.story.now
    with closing(port), pytest.raises(Killed):
        engine.run_once(now)
    desk.story.run()
    assert sorted(one.facts["progress"] for one in desk.story.all_tasks()) == list(range(10))
    assert len({task for _, task, _ in desk.all(_LINES)}) == 10


def test_a_line_that_cannot_be_opened_is_set_aside_and_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [_line(f"A-{n}", progress=n) for n in range(6)]
    desk.of_tasks(*lines)

    def fails(new: NewTask, around: Surroundings) -> Decision:
        if new.facts["progress"] == 2:
            raise ValueError("a fault of this line")
        return begin(new, around)

    with monkeypatch.context() as patched:
        patched.setattr("workflow.decision.begin", fails)
        assert desk.opens() == 5
    patient = Patient(port=desk.story.port, library=desk.story.engine.library, now=desk.story.now)
    (finding,) = (one for one in examine(patient) if one.about == "import")
    assert "the first is row 4: a fault of this line" in finding.to_text().en
    again = desk.of_tasks(*lines)
    assert (again.added, again.changed, again.unchanged, again.waits) == (0, 1, 5, True)
    assert desk.opens() == 1
    assert desk.of_tasks(*lines).unchanged == 6
