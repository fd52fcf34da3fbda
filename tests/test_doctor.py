"""The doctor: everything that is wrong or odd has a finding, and a healthy database has none."""

from __future__ import annotations

import io
import json
import os
import platform
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.stories.teller import Story
from tests.storing import raw
from workflow.calendar import CalendarYear
from workflow.definition import Pack, load_pack
from workflow.doctor import Finding, Patient, examine, healthy
from workflow.evidence import Folder, record
from workflow.store import organisation
from workflow.text import Text

from .test_reading import CHECK, PACK, copied, handed_out, prepared


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    """A campaign on its first morning, with a daemon that was heard of just now."""
    yield from _watched(handed_out(database_url, pack))


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    return prepared(sqlite_template, tmp_path_factory.mktemp("prepared") / "ledger", pack)


@pytest.fixture
def on_sqlite(template: Path, tmp_path: Path, pack: Pack) -> Iterator[Story]:
    """The same on SQLite alone: a task is decided again without the database."""
    yield from _watched(copied(template, tmp_path / "copy", pack)[1])


def _watched(story: Story) -> Iterator[Story]:
    with story.port.write("people") as tx:
        organisation.remember(tx, "heartbeat:here:1", str(story.now))
    if place := _place(story):
        place.write_text(json.dumps({"node": platform.node(), "pid": os.getpid(), "since": 0}))
    yield story
    story.close()


def _place(story: Story) -> Path | None:
    """The file by which a daemon holds a SQLite database; None on PostgreSQL."""
    path: Path | None = getattr(story.port, "path", None)
    return path.with_name(path.name + ".daemon") if path is not None else None


def _examined(
    story: Story, *, synchronised: bool | None = True, folder: Folder | None = None
) -> list[Finding]:
    patient = Patient(
        port=story.port, library=story.engine.library, now=story.now, folder=folder, synchronised=synchronised
    )
    return examine(patient)


def _about(found: list[Finding], about: str) -> list[Finding]:
    return [one for one in found if one.about == about and one.level != "fine"]


def _copy(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'copy' / 'duban.db'}"


def _run(url: str, statement: str) -> None:
    with raw(url) as connection:
        connection.execute(statement)


def test_a_healthy_database_has_nothing_to_complain_of(story: Story, tmp_path: Path) -> None:
    found = _examined(story, folder=Folder(tmp_path))
    assert healthy(found)
    assert {one.level for one in found} == {"fine"}
    assert {"schema", "clock", "daemon"} <= {one.about for one in found}


def test_an_empty_database_says_that_no_pack_was_loaded(database_url: str, pack: Pack) -> None:
    story = handed_out(database_url, pack)
    story.close()
    for table in ("campaign", "task", "event", "event_value", "episode", "outgoing", "moment"):
        _run(database_url, f"DELETE FROM {table}")
    story = Story.__new__(Story)
    Story.__init__(story, database_url, pack, at="2026-03-02 08:00")
    _run(database_url, "DELETE FROM campaign")
    _run(database_url, "INSERT INTO epoch (why, begun_at) VALUES ('test', 0)")
    assert [one.text.en for one in _about(_examined(story), "pack")] == [
        "No pack has been loaded yet. Run duban load"
    ]
    story.close()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("light = 'red'", "light"),
        ("due_at = due_at + 1", "due_at"),
        ("waits_for = 'leader'", "waits_for"),
        ("waits_unit = 1", "waits_unit"),
        ("provisional = 1", "provisional"),
        ("wake_at = wake_at + 86400000", "wake_at"),
        ("wake_at = NULL", "wake_at"),
    ],
)
def test_a_projection_that_differs_is_named_with_its_task(
    on_sqlite: Story, tmp_path: Path, change: str, name: str
) -> None:
    check = on_sqlite.the(CHECK, "beiwan")
    _run(_copy(tmp_path), f"UPDATE task SET {change} WHERE id = {check}")
    (finding,) = _about(_examined(on_sqlite), "projection")
    assert (finding.level, finding.tasks) == ("wrong", (f"SFD-{check}",))
    assert name in finding.text.zh


def test_an_early_wake_is_allowed(story: Story, database_url: str) -> None:
    _run(database_url, f"UPDATE task SET wake_at = {story.now + 1} WHERE id = 5")
    assert healthy(_examined(story))


@pytest.mark.parametrize(
    ("change", "word"), [("body = '{'", "读取"), ("state = 'nowhere'", "判定"), ("kind = 'nothing'", "判定")]
)
def test_a_task_that_cannot_be_handled_is_named(
    on_sqlite: Story, tmp_path: Path, change: str, word: str
) -> None:
    _run(_copy(tmp_path), f"UPDATE task SET {change} WHERE id = 5")
    (finding,) = _about(_examined(on_sqlite), "projection")
    assert finding.tasks == ("SFD-5",)
    assert word in finding.text.zh


def test_all_tasks_are_decided_again_in_blocks(story: Story, database_url: str) -> None:
    steps: list[tuple[int, int]] = []
    patient = Patient(port=story.port, library=story.engine.library, now=story.now)
    examine(patient, lambda done, total: steps.append((done, total)))
    assert steps[-1] == (42, 42)


def test_what_waits_for_a_person_is_said(story: Story, database_url: str) -> None:
    story.puts_on_hold()
    _run(database_url, "UPDATE task SET set_aside_at = 1, set_aside_why = 'broken' WHERE id = 5")
    found = _examined(story)
    assert {one.about for one in found if one.level == "waits"} >= {"held", "set aside"}
    assert not healthy(found)


def test_a_vacant_post_is_a_note_and_one_that_nobody_fills_waits(story: Story) -> None:
    story.leaves_post("beiwan_handler", "handler", "beiwan")
    (note,) = {(one.level, one.text.zh) for one in _about(_examined(story), "vacancy")}
    assert note == ("note", "北湾区的承办人空缺，由分管领导代行")
    for person in (
        "beiwan_leader",
        "supervisor_one",
        "supervisor_two",
        "seconded",
        "bureau_head",
        "bureau_deputy",
    ):
        for post, unit in (("leader", "beiwan"), ("supervisor", "bureau"), ("leader", "bureau")):
            _leave(story, person, post, unit)
    levels = {one.text.zh: one.level for one in _about(_examined(story), "vacancy")}
    assert levels["北湾区的承办人及其替补全部空缺，无人办理"] == "waits"


def _leave(story: Story, person: str, post: str, unit: str) -> None:
    with story.port.write("people") as tx:
        before = organisation.stamp(tx)
        ident, at = organisation.person_id(tx, person), organisation.unit_ids(tx, [unit])[unit]
        assert ident is not None
        organisation.end_post(tx, ident, post, at, story.now)
        organisation.move_organisation(tx, before)


def test_no_daemon_and_a_clock_that_nobody_minds_are_said(story: Story) -> None:
    story.doze_until("2026-03-02 10:00")
    if place := _place(story):
        place.unlink()
    found = _examined(story, synchronised=False)
    assert [one.level for one in _about(found, "daemon")] == ["waits"]
    assert [one.level for one in _about(found, "clock")] == ["note"]


def test_a_clock_before_the_last_event_waits(story: Story) -> None:
    story.now -= 3_600_000
    assert [one.level for one in _about(_examined(story), "clock")] == ["waits"]


def test_a_daemon_is_known_by_the_place_it_holds_while_it_lives(on_sqlite: Story) -> None:
    place = _place(on_sqlite)
    assert place is not None
    (finding,) = [one for one in _examined(on_sqlite) if one.about == "daemon"]
    assert f"{platform.node()}:{os.getpid()}" in finding.text.zh
    for text in ("", "{", json.dumps({"node": platform.node(), "pid": 2**22 + 1})):
        place.write_text(text)
        assert [one.level for one in _about(_examined(on_sqlite), "daemon")] == ["waits"]


def test_evidence_that_is_missing_is_wrong(story: Story, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "evidence")
    stored = folder.store(io.BytesIO(b"photo"))
    with story.port.write("people") as tx:
        record(tx, [stored], story.now)
    assert _about(_examined(story, folder=folder), "evidence") == []
    folder.path_of(stored.sha256).write_bytes(b"cut")
    (finding,) = _about(_examined(story, folder=folder), "evidence")
    assert (finding.level, stored.sha256[:12] in finding.text.en) == ("wrong", True)


def test_rows_without_owners_are_wrong(story: Story, database_url: str) -> None:
    _run(database_url, "UPDATE outgoing SET task_id = 999999 WHERE task_id = 5")
    assert [one.level for one in _about(_examined(story), "orphan")] == ["wrong"]


def test_deadlines_on_a_year_nobody_published_are_a_note(on_sqlite: Story) -> None:
    story = on_sqlite.at("2026-05-12 10:00")  # the special supervisions have 15 workdays
    year = CalendarYear(
        year=2026,
        status="projected",
        source="test",
        holidays={date(2026, 1, 1): Text("元旦", "New Year's Day")},
        makeup=frozenset(),
    )
    story.imports_calendar(year)
    (plans,) = _about(_examined(story), "plans")
    assert "planned under an older calendar" in plans.text.en
    story.run()
    (note,) = _about(_examined(story), "calendar")
    assert note.level == "note"
    assert "2026" in note.text.zh
    assert _about(_examined(story), "projection") == []
