"""What waits for a person, by the index: alike what the whole ledger finds, whoever steps in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from notifier.wording import sentences
from tests.foretelling import TASKS
from tests.stories.teller import Story, told
from tests.storing import Counting, a_task, opened, put, raw
from workflow.definition import Pack, load_pack
from workflow.reading import Wanted, leaf, ledger, waiting
from workflow.reading import to_do as doing
from workflow.reading.ahead import SENTENCES
from workflow.reading.to_do import to_do
from workflow.reading.waited import waited_for
from workflow.store import organisation, tasks
from workflow.task import Loaded

from .test_reading import CHECK, PACK


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    with told(database_url, pack, at="2026-03-02 08:00") as found:
        yield found.at("2026-03-02 09:00")


def alike(story: Story) -> dict[int, list[int]]:
    """What waits for each person: to do and on the ledger what every task by itself says."""
    found = {}
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        every = [task for row in tx.all(TASKS) if (task := tasks.task_of(row)).ended_at is None]
        frame.know([Loaded(task=task) for task in every])
        waits = {task.id: who.persons for task in every if (who := waited_for(frame, task)) is not None}
        for person, *_ in organisation.persons(tx):
            whole = to_do(frame, person, limit=1000)
            assert ledger(frame, Wanted(waits_for=person, limit=1000)) == whole
            assert leaf(frame, Wanted(waits_for=person, limit=1000)).lines == whole.lines
            found[person] = [line.id for line in whole.lines]
            assert sorted(found[person]) == [one for one, who in sorted(waits.items()) if person in who]
    return found


def test_each_task_is_to_do_for_whom_it_waits(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    assert check in alike(story)[story.person("handler of beiwan")]
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    rows = {"problems": [{"what": "屋顶漏水", "due": "2026-04-10"}]}
    story.does("handler of beiwan", "submit", check, own_score=88, rows=rows, evidence=1)
    found = alike(story)
    assert check in found[story.person("supervisor of bureau")]
    assert check not in found[story.person("handler of beiwan")]


def test_who_steps_in_finds_it_too(story: Story) -> None:
    check, handler = story.the(CHECK, "beiwan"), story.person("handler of beiwan")
    delegate = story.person("leader of wanghe")
    with story.port.write("people") as tx:
        organisation.add_delegation(tx, handler, delegate, story.now, story.now + 86_400_000, "", story.now)
        organisation.move_organisation(tx, organisation.stamp(tx))
    assert check in alike(story)[delegate]
    with story.port.write("people") as tx:
        organisation.add_delegation(tx, delegate, None, story.now, story.now + 86_400_000, "", story.now)
        organisation.move_organisation(tx, organisation.stamp(tx))
    found = alike(story)
    assert [one for one, ids in found.items() if check in ids] == [story.person("leader of beiwan")]


def test_pages_follow_each_other(story: Story) -> None:
    person = story.person("handler of beiwan")
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        whole = to_do(frame, person, limit=1000)
        parts = [to_do(frame, person, offset=n, limit=1).lines for n in range(whole.total)]
    assert tuple(line for part in parts for line in part) == whole.lines


def test_as_many_statements_for_many_as_for_few(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting()
    monkeypatch.setattr(story.port, "_probe", counting)
    person = story.person("handler of beiwan")
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        to_do(frame, person)
        counting.clear()
        to_do(frame, person)
    assert counting.total <= 18


def test_letters_and_pages_say_it_in_the_same_words() -> None:
    assert {name: sentences()[name].text for name in SENTENCES} == SENTENCES


def test_what_waits_is_found_without_reading_a_task(sqlite_url: str) -> None:
    """The plan of each statement: nothing but the index, and of it only where the posts stand."""
    statements = [doing._HELD, *doing._STEPPED_IN, *waiting._SEATS, waiting._CHOSEN]
    with raw(sqlite_url) as connection:
        for one in statements:
            text, *_ = one.on("sqlite")
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", ["[]"] * text.count("?"))
            by_post = "SEARCH task USING COVERING INDEX task_waits (waits_unit=? AND waits_post=?"
            assert by_post in " ".join(row[3] for row in plan)


def test_what_waits_for_others_is_passed_over(sqlite_url: str) -> None:
    """Whoever steps in for one post somewhere and for another elsewhere: what waits there besides is none of
    their business, however much of it there is."""
    text, *_ = waiting._SEATS[0].on("sqlite")
    asked = json.dumps(["1/supervisor", "2/handler"])
    steps = []
    with opened(sqlite_url) as port, raw(sqlite_url) as connection:
        connection.execute(text, [asked])  # reads what tables there are
        for first, beyond in ((10, 20), (20, 2_000)):
            waits = {"waits_for": "handler", "waits_unit": 1, "waits_post": "handler"}
            put(port, *(a_task(n, **waits) for n in range(first, beyond)))
            counted: list[None] = []
            connection.set_progress_handler(lambda kept=counted: kept.append(None), 1)
            connection.execute(text, [asked]).fetchall()
            connection.set_progress_handler(None, 1)
            steps.append(len(counted))
    assert steps[1] == steps[0]
