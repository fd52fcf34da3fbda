"""The board: what it counts, whom it shows what, and how old its figures may be."""

from __future__ import annotations

import html
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from console.charts import curve
from console.counting import QUICK, REST, SHARE, Counted
from tests.stories.teller import Story, told
from tests.storing import Counting
from workflow.definition import load_pack
from workflow.errors import DatabaseLocked
from workflow.reading import tally

from .test_console_tasks import Browsers
from .test_reading import CHECK, PACK, looking


@pytest.fixture(scope="module")
def story(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Four self-checks are handed out; a week after they were due nobody but Beiwan has signed for one."""
    folder = tmp_path_factory.mktemp("board") / "ledger"
    shutil.copytree(sqlite_template, folder)
    with told(f"sqlite:///{folder / 'duban.db'}", load_pack(PACK), at="2026-03-02 08:00") as found:
        found.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", found.the(CHECK, "beiwan"))
        yield found.at("2026-05-12 10:00")


@pytest.fixture(scope="module")
def browsers(story: Story) -> Browsers:
    return Browsers(story)


@pytest.fixture(scope="module")
def supervisor(browsers: Browsers) -> TestClient:
    return browsers.of("supervisor of bureau")


@pytest.fixture(scope="module")
def leader(browsers: Browsers) -> TestClient:
    return browsers.of("leader of beiwan")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def links(page: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(r'href="(/ledger\?[^"]*)"', page)]


def count_on(browser: TestClient, link: str) -> int:
    answer = browser.get(link)
    assert answer.status_code == 200
    return len(set(re.findall(r'href="/tasks/([^"/?]+)"', answer.text)))


@pytest.mark.parametrize("by", ["track", "kind"])
def test_every_square_says_how_many_tasks_the_ledger_behind_it_lists(supervisor: TestClient, by: str) -> None:
    page = supervisor.get(f"/board?by={by}").text
    squares = re.findall(r'<td class="square \w+"><a href="([^"]+)">(.*?)</td>', page, re.DOTALL)
    assert len(squares) >= 4
    for link, shown in squares:
        lights = re.sub(r'<span class="(worse|better)">.*?</span>', "", shown)
        assert sum(map(int, re.findall(r"\d+", words(lights)))) == count_on(supervisor, html.unescape(link))


def test_a_bar_leads_to_the_tasks_that_stand_at_that_step(supervisor: TestClient) -> None:
    page = supervisor.get("/board").text
    bars = re.findall(r'<tr><td><a href="([^"]+)">.*?</td><td>(\d+)</td>', page)
    assert bars
    for link, many in bars:
        assert count_on(supervisor, html.unescape(link)) == int(many)


def test_somebody_of_one_unit_sees_its_board_alone(leader: TestClient, story: Story) -> None:
    page = leader.get("/board").text
    others = [unit.label.en for code, unit in story.pack.campaign.units.items() if unit.kind == "region"]
    assert sum(name in words(page) for name in others) == 1
    assert all(count_on(leader, link) for link in links(page))
    assert leader.get("/board?under=wanghe").status_code == 403
    assert leader.get("/board?under=beiwan").status_code == 200
    assert leader.get("/board?under=nowhere").status_code == 404


def test_lights_of_a_week_ago_are_those_that_shone_then(story: Story) -> None:
    """Counted then and derived now: the same."""
    with looking(story) as frame:
        was = tally.tally(frame)
    story.fast_forward("7 days")
    with looking(story) as frame:
        found = tally.tally(frame)
    assert any(sum(lit[1:]) for lit in was.now.values())
    assert found.before == was.now


def test_what_is_due_and_what_is_done_is_on_the_curve(story: Story) -> None:
    with looking(story) as frame:
        found = tally.tally(frame)
    tasks = [one for one in story.all_tasks() if one.outcome != "abandoned"]
    assert sum(sum(one.due) for one in found.flow.values()) == sum(one.due_at is not None for one in tasks)
    assert sum(sum(one.done) for one in found.flow.values()) == sum(one.ended_at is not None for one in tasks)
    by_now = sum(
        sum(many for at, many in zip(found.grid.instants, one.due, strict=False) if at <= story.now)
        for one in found.flow.values()
    )
    last = max(at for at in found.grid.instants if at <= story.now)
    assert by_now == sum(one.due_at is not None and one.due_at <= last for one in tasks) > 0


def test_a_board_takes_the_same_few_statements_for_a_unit_as_for_all(
    story: Story, supervisor: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting()
    supervisor.get("/board")
    monkeypatch.setattr(story.port, "_probe", counting)
    counts = []
    for path in ("/board?under=beiwan&by=kind", "/board"):
        counting.clear()
        page = supervisor.get(path)
        counts.append(counting.total)
        assert len(page.content) < 60_000
    assert counts[0] - 1 <= counts[1] <= 20  # the code of the unit is looked up


def test_there_is_a_table_behind_the_curve_and_no_style_that_the_policy_refuses(
    supervisor: TestClient,
) -> None:
    page = supervisor.get("/board").text
    assert "<polyline" in page
    assert "The numbers behind the curve" in page
    assert "style=" not in page
    assert "<script>" not in page


def test_nothing_open_is_said_with_what_to_do(sqlite_url: str) -> None:
    with told(sqlite_url, load_pack(PACK), at="2026-02-02 08:00") as empty:
        page = Browsers(empty).of("leader of beiwan").get("/board")
    assert page.status_code == 200
    assert "Nothing is open here yet" in page.text


def test_a_curve_of_nothing_is_none() -> None:
    assert curve([0, 1], [0, 0], [], 1) is None
    drawn = curve([0, 10], [0, 4], [(0, 0), (5, 2)], 5)
    assert drawn is not None
    assert (drawn.planned, drawn.done, drawn.today) == ("0,100.0 1000,4.0", "0,100.0 500,52.0", 500.0)


# --- counting beside the requests -------------------------------------------------------------------


class Slow:
    """Something that takes so long to count, on a clock of its own."""

    def __init__(self, took: int) -> None:
        self.took, self.at, self.counted = took, 0, 0
        self.done = threading.Semaphore(0)
        self.breaks = False

    def __call__(self) -> int:
        try:
            self.at += self.took
            if self.breaks:
                raise DatabaseLocked("锁", "locked")
            self.counted += 1
            return self.counted
        finally:
            self.done.release()

    def boot(self) -> int:
        return self.at


def test_what_is_quick_is_counted_at_every_request() -> None:
    slow = Slow(QUICK)
    counted = Counted(slow, slow.boot)
    assert [counted.get() for _ in range(3)] == [1, 2, 3]


def test_what_is_slow_is_counted_beside_and_rests_in_between() -> None:
    slow = Slow(QUICK * 200)
    counted = Counted(slow, slow.boot)
    assert [counted.get() for _ in range(3)] == [1, 1, 1]
    slow.at += max(REST, SHARE * slow.took)
    assert counted.get() == 1  # nobody waits
    assert slow.done.acquire(timeout=10)
    assert slow.done.acquire(timeout=10)
    assert slow.counted == 2


def test_a_count_that_fails_leaves_the_old_figures_and_the_next_one_its_turn() -> None:
    slow = Slow(QUICK * 200)
    counted = Counted(slow, slow.boot)
    counted.get()
    assert slow.done.acquire(timeout=10)
    for breaks in (True, False):
        slow.breaks = breaks
        slow.at += 2 * SHARE * slow.took
        assert counted.get() == 1
        assert slow.done.acquire(timeout=10)
        with counted._lock:  # the thread is through
            pass
    assert slow.counted == 2


def test_the_first_count_begins_with_the_console_and_is_made_once_however_many_wait_for_it() -> None:
    slow = Slow(QUICK * 200)
    going_on, count = threading.Event(), slow.__call__

    def held() -> int:
        going_on.wait(10)
        return count()

    counted = Counted(held, slow.boot)
    counted.begin()
    counted.begin()
    found: list[int] = []
    waiting = [threading.Thread(target=lambda: found.append(counted.get())) for _ in range(3)]
    for one in waiting:
        one.start()
    going_on.set()
    for one in waiting:
        one.join(10)
    assert (found, slow.counted) == ([1, 1, 1], 1)


def test_at_the_end_a_count_is_waited_for() -> None:
    slow = Slow(QUICK * 200)
    counted = Counted(slow, slow.boot)
    counted.begin()
    counted.end()
    assert slow.counted == 1


def test_the_board_is_counted_before_anybody_asks(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting()
    monkeypatch.setattr(story.port, "_probe", counting)
    with TestClient(Browsers(story).app):
        pass
    assert any("sum(" in text and "GROUP BY" in text for text in counting.texts)
