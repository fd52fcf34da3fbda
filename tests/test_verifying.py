"""Verification: whatever is altered, cut off, added or moved is found, and the first line is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.teller import Story
from tests.storing import opened, raw
from workflow.definition import Pack
from workflow.definition.pack import load_pack
from workflow.verifying import BLOCK, Verified, verify

from .test_reading import PACK, copied, handed_out, prepared

TASK = 3  # whose history the tests alter


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    """A campaign with a task that was signed for, reported on and grew slow."""
    yield from _lived(handed_out(database_url, pack))


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    return prepared(sqlite_template, tmp_path_factory.mktemp("prepared") / "ledger", pack)


@pytest.fixture
def sqlite_copy(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'copy' / 'duban.db'}"


@pytest.fixture
def on_sqlite(template: Path, tmp_path: Path, pack: Pack) -> Iterator[Story]:
    """The same on SQLite alone: what is wrong with a chain is judged without the database."""
    yield from _lived(copied(template, tmp_path / "copy", pack)[1])


def _lived(story: Story) -> Iterator[Story]:
    story.at("2026-03-03 10:00").does("handler of xinhe", "sign_for", TASK, goal="目标")
    story.at("2026-03-10 10:00").does("handler of xinhe", "report", TASK, progress=10, note="开始")
    story.at("2026-04-10 10:00")
    yield story
    story.close()


def _verify(url: str, task: int | None = None) -> Verified:
    with opened(url) as port:
        return verify(port, task=task)


def _alter(url: str, *statements: str) -> None:
    with raw(url) as connection:
        for one in statements:
            connection.execute(one)


def test_an_untouched_database_fits(story: Story, database_url: str) -> None:
    steps: list[tuple[int, int]] = []
    with opened(database_url) as port:
        found = verify(port, progress=lambda done, total: steps.append((done, total)))
    assert (found.fault, found.tasks, found.lines) == (None, len(story.all_tasks()), len(story.history()))
    assert found.values == sum(len(one.values) for one in story.history())
    assert steps[-1] == (found.tasks, found.tasks)


def test_an_empty_database_fits(database_url: str) -> None:
    assert _verify(database_url) == Verified()


@pytest.mark.parametrize(
    ("change", "seq"),
    [
        (
            "UPDATE event SET header = replace(header, 'sign_for', 'withdraw') WHERE task_id = 3 AND seq = 2",
            2,
        ),
        ("UPDATE event SET at = at - 1 WHERE task_id = 3 AND seq = 3", 3),
        ("UPDATE event SET recorded_at = 1 WHERE task_id = 3 AND seq = 3", 3),
        ("UPDATE event SET kind = 'machine' WHERE task_id = 3 AND seq = 3", 3),
        ("UPDATE event SET kind = 'act' WHERE task_id = 3 AND seq = 1", 1),
        ("UPDATE event SET commitments = '{}' WHERE task_id = 3 AND seq = 3", 3),
        ("UPDATE event SET header = 'x' WHERE task_id = 3 AND seq = 3", 3),
        ("UPDATE event SET seq = 99 WHERE task_id = 3 AND seq = 3", 4),
        ("UPDATE event SET task_id = 4, seq = 77 WHERE task_id = 3 AND seq = 3", 4),
        ("DELETE FROM event WHERE task_id = 3 AND seq = 1", 2),
        ("DELETE FROM event WHERE task_id = 3", 0),
        ("UPDATE event_value SET value = '90' WHERE value = '10'", 3),
        ("UPDATE event_value SET value = '}' WHERE value = '10'", 3),
        ("UPDATE task SET seq = seq + 1 WHERE id = 3", None),
        ("UPDATE task SET head = (SELECT head FROM task AS other WHERE other.id = 4) WHERE id = 3", None),
    ],
)
def test_what_was_altered_is_found_where_it_was(
    on_sqlite: Story, sqlite_copy: str, change: str, seq: int | None
) -> None:
    lines = len(on_sqlite.history(TASK))
    _alter(sqlite_copy, change)
    for found in (_verify(sqlite_copy), _verify(sqlite_copy, TASK)):
        assert found.fault is not None
        assert (found.task_id, found.seq) == (TASK, lines if seq is None else seq)
        assert f"{TASK}" in found.fault.zh


def test_cutting_off_the_last_line_is_found(story: Story, database_url: str) -> None:
    last = story.task(TASK).seq
    _alter(database_url, f"DELETE FROM event WHERE task_id = 3 AND seq = {last}")
    found = _verify(database_url)
    assert (found.task_id, found.seq) == (TASK, last - 1)


def test_lines_of_a_task_that_is_gone_are_found(on_sqlite: Story, sqlite_copy: str) -> None:
    _alter(sqlite_copy, "DELETE FROM task WHERE id = 3")
    found = _verify(sqlite_copy)
    assert found.fault is not None
    assert (found.task_id, found.seq) == (TASK, 1)
    assert "no such task" in found.fault.en


def test_other_spaces_are_the_same_header(on_sqlite: Story, sqlite_copy: str) -> None:
    _alter(sqlite_copy, "UPDATE event SET header = replace(header, ':', ' : ') WHERE task_id = 3 AND seq = 2")
    assert _verify(sqlite_copy).fault is None


def test_a_value_that_was_erased_still_fits(on_sqlite: Story, sqlite_copy: str) -> None:
    _alter(sqlite_copy, "DELETE FROM event_value WHERE value = '10'")
    found = _verify(sqlite_copy)
    assert (found.fault, found.erased) == (None, 1)


def test_one_task_can_be_checked_alone(on_sqlite: Story, sqlite_copy: str) -> None:
    _alter(sqlite_copy, "DELETE FROM event WHERE task_id = 4 AND seq = 1")
    assert _verify(sqlite_copy, TASK).fault is None
    assert _verify(sqlite_copy, 4).fault is not None


def test_more_tasks_than_a_block_are_all_checked(
    on_sqlite: Story, sqlite_copy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.verifying.BLOCK", 7)
    assert BLOCK > 7
    found = _verify(sqlite_copy)
    assert (found.fault, found.tasks) == (None, len(on_sqlite.all_tasks()))
