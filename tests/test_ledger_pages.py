"""The ledger page by page: every task once, in the order of the whole, whatever is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from tests.stories.teller import Story
from tests.test_reading import CHECK, PACK, handed_out, looking
from workflow.definition import Pack, load_pack
from workflow.errors import BadValue, Unknown
from workflow.reading import Wanted, leaf, ledger, paging, scope_of
from workflow.store.sql import Statement
from workflow.store.tasks import TASK

LIGHTS = ("green", "red", "yellow", "blue")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    """Tasks of all lights, some without a deadline, some with the same."""
    found = handed_out(database_url, pack)
    tasks = sorted(one.id for one in found.all_tasks())
    with found.port.write("people") as tx:
        for number, task in enumerate(tasks):
            due = None if number % 4 == 0 else found.now + (number % 3 - 1) * 86_400_000
            values = {"light": LIGHTS[number % 4 if number % 5 else 1], "due_at": due}
            tx.run(Statement(update(TASK).where(TASK.c.id == task).values(**values)))
    yield found
    found.close()


def turned(story: Story, wanted: Wanted, size: int) -> list[str]:
    """The numbers on all pages."""
    numbers: list[str] = []
    after: str | None = ""
    while after is not None:
        with looking(story) as frame:
            page = leaf(frame, replace(wanted, limit=size), after)
        assert len(page.lines) <= size
        numbers += [one.number for one in page.lines]
        after = page.further
    return numbers


@pytest.mark.parametrize("few", [0, 1_000])
def test_all_pages_together_are_the_ledger(story: Story, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """Whether an index is walked, or few units are put in order."""
    monkeypatch.setattr(paging, "FEW", few)
    supervisor, handler = story.person("supervisor of bureau"), story.person("handler of beiwan")
    with looking(story) as frame:
        scope, unit = scope_of(frame, supervisor), scope_of(frame, handler)
    for wanted in (
        Wanted(scope=scope),
        Wanted(scope=unit),
        Wanted(kind=CHECK, unit="city", below=True),
        Wanted(light="red"),
        Wanted(waits_for="handler", late=True),
    ):
        with looking(story) as frame:
            whole = [one.number for one in ledger(frame, replace(wanted, limit=1_000)).lines]
        assert whole
        for size in (2, 7):
            assert turned(story, wanted, size) == whole


def test_filters_of_the_ledger(story: Story) -> None:
    with looking(story) as frame:
        everything = ledger(frame, Wanted(limit=1_000)).lines
        late = ledger(frame, Wanted(late=True, limit=1_000)).lines
        soon = ledger(frame, Wanted(due_from=frame.now, due_to=frame.now, limit=1_000)).lines
        words = ledger(frame, Wanted(words="自查 北湾", limit=1_000)).lines
        one = ledger(frame, Wanted(words=everything[0].number)).lines
        below = ledger(frame, Wanted(unit="city", below=True, limit=1_000)).lines
    assert {one.id for one in late} == {
        one.id for one in everything if one.due_at is not None and one.due_at < story.now and not one.stopped
    }
    assert late
    assert soon
    assert all(one.due_at == story.now for one in soon)
    assert [(one.kind, one.unit.zh) for one in words] == [(CHECK, "北湾区")]
    assert [one.number for one in one] == [everything[0].number]
    assert len(below) > len({one.unit for one in below}) > 1


def test_what_has_ended_comes_by_number_the_newest_first(story: Story) -> None:
    pages = turned(story, Wanted(open=None), 3)
    assert pages == sorted(pages, key=lambda one: -int(one.partition("-")[2]))
    assert len(pages) == len(story.all_tasks())


@pytest.mark.parametrize("after", ["x", "red.1", "pink.1.2", "7", "red.1.2;--"])
def test_a_cursor_that_no_page_gave_is_refused(story: Story, after: str) -> None:
    with looking(story) as frame, pytest.raises(BadValue, match="no page"):
        leaf(frame, Wanted(), after)


def test_a_campaign_that_is_not_there_is_refused(story: Story) -> None:
    with looking(story) as frame, pytest.raises(Unknown, match="campaign"):
        leaf(frame, Wanted(campaign="nowhere"))
