"""To do, the ledger, a task and its acts in the browser, as each role sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update
from starlette.testclient import TestClient

from console.accounts import Passwords
from console.store import accounts
from console.web import Place, create_app
from tests.stories.teller import Story, told
from tests.storing import Counting
from workflow.clock import VirtualClock
from workflow.definition import Pack, load_pack
from workflow.reading import number_of
from workflow.store.organisation import PERSON
from workflow.store.sql import Statement

from .test_reading import CHECK, PACK

HERE = {"sec-fetch-site": "same-origin"}
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
GOOD = "rattle-orchid-7-lantern"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(sqlite_url: str, pack: Pack) -> Iterator[Story]:
    with told(sqlite_url, pack, at="2026-03-02 08:00") as found:
        yield found.at("2026-03-02 09:00")


class Browsers:
    """A browser for each person, who is signed in."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.clock = VirtualClock(story.now)
        self._made = 0
        self.app = create_app(
            Place(engine=story.engine, clock=self.clock, randomness=self._random, passwords=QUICK)
        )

    def _random(self, size: int) -> bytes:
        self._made += 1
        return self._made.to_bytes(size, "big")

    def of(self, who: str) -> TestClient:
        """The browser of `POST of UNIT`."""
        person, login = self.story.person(who), who.replace(" ", "_")
        with self.story.port.write("people") as tx:
            ident = accounts.add(tx, login, person, None, QUICK.hash("once"), self.story.now)
            found = accounts.by_id(tx, ident)
            assert found is not None
            accounts.set_password(tx, found, QUICK.hash(GOOD), self.story.now, must_change=False)
        browser = TestClient(self.app, follow_redirects=False, headers={"accept-language": "en"})
        browser.cookies.set("duban_language", "en")
        answer = browser.post("/sign-in", data={"login": login, "password": GOOD}, headers=HERE)
        assert answer.status_code == 303
        return browser


@pytest.fixture
def browsers(story: Story) -> Browsers:
    return Browsers(story)


def number(story: Story, task: int) -> str:
    campaign = story.task(task).campaign_id
    with story.port.read() as tx:
        return number_of(story.engine.library.frame(tx, story.now), task, campaign)


def form_of(browser: TestClient, path: str) -> dict[str, str]:
    page = browser.get(path)
    assert page.status_code == 200, page.text
    return dict(re.findall(r'type="hidden" name="(csrf|revision|request_id)" value="([^"]*)"', page.text))


def send(browser: TestClient, path: str, form: dict[str, str]) -> Any:
    return browser.post(path, data=form, headers=HERE)


def test_rules_stand_on_a_page_by_what_they_are_called(story: Story, browsers: Browsers) -> None:
    check = story.the(CHECK, "beiwan")
    story.at("2026-03-10 10:00")
    page = browsers.of("supervisor of bureau").get(f"/tasks/{number(story, check)}").text
    assert "gravest episode is not signed for in time</li>" in page
    assert "<li>gravely late: " in page
    assert "(very_late)" not in page


def test_what_waits_for_me_is_to_do_and_nothing_else(story: Story, browsers: Browsers) -> None:
    page = browsers.of("handler of beiwan").get("/").text
    assert number(story, story.the(CHECK, "beiwan")) in page
    assert number(story, story.the(CHECK, "wanghe")) not in page


def test_another_units_task_is_neither_listed_nor_shown_nor_acted_on(
    story: Story, browsers: Browsers
) -> None:
    browser, other = browsers.of("handler of beiwan"), number(story, story.the(CHECK, "wanghe"))
    assert other not in browser.get("/ledger?open=all").text
    for path in (f"/tasks/{other}", f"/tasks/{other}/do/sign_for"):
        assert browser.get(path).status_code == 403
    own = number(story, story.the(CHECK, "beiwan"))
    form = form_of(browser, f"/tasks/{own}/do/sign_for")
    assert send(browser, f"/tasks/{other}/do/sign_for", form).status_code == 403
    assert story.task(story.the(CHECK, "wanghe")).state == "issued"


def test_a_handler_signs_for_and_reports(story: Story, browsers: Browsers) -> None:
    check = story.the(CHECK, "beiwan")
    browser, own = browsers.of("handler of beiwan"), number(story, check)
    path = f"/tasks/{own}/do/sign_for"
    answer = send(browser, path, form_of(browser, path))
    assert answer.headers["location"] == f"/tasks/{own}?done=1"
    path = f"/tasks/{own}/do/report"
    wrong = send(browser, path, {**form_of(browser, path), "fact.progress": "140"})
    assert wrong.status_code == 422
    assert 'value="140"' in wrong.text
    assert send(browser, path, {**form_of(browser, path), "fact.progress": "40"}).status_code == 303
    assert story.task(check).facts["progress"] == 40
    assert "40" in browser.get(f"/tasks/{own}").text


def test_a_form_sent_twice_acts_once(story: Story, browsers: Browsers) -> None:
    check = story.the(CHECK, "beiwan")
    browser, path = browsers.of("handler of beiwan"), f"/tasks/{number(story, check)}/do/sign_for"
    form = form_of(browser, path)
    assert [send(browser, path, form).status_code for _ in range(3)] == [303, 303, 303]
    assert story.task(check).acts["sign_for"] == 1


def test_of_two_at_once_one_wins_and_the_other_loses_nothing_typed(story: Story, browsers: Browsers) -> None:
    check = story.the(CHECK, "beiwan")
    handler = browsers.of("handler of beiwan")
    own = number(story, check)
    path = f"/tasks/{own}/do/sign_for"
    send(handler, path, form_of(handler, path))
    path = f"/tasks/{own}/do/report"
    first, second = form_of(handler, path), form_of(handler, path)
    assert send(handler, path, {**first, "fact.progress": "10"}).status_code == 303
    late = send(handler, path, {**second, "fact.progress": "35"})
    assert late.status_code == 409
    assert 'value="35"' in late.text
    fresh = dict(re.findall(r'type="hidden" name="(csrf|revision|request_id)" value="([^"]*)"', late.text))
    assert send(handler, path, {**fresh, "fact.progress": "35"}).status_code == 303
    assert story.task(check).facts["progress"] == 35


def test_a_form_that_was_refused_still_shows_what_was_decided_on(story: Story, browsers: Browsers) -> None:
    """Else whoever corrects a slip would act on a task that somebody has changed, and never be told."""
    check = story.the(CHECK, "beiwan")
    handler, own = browsers.of("handler of beiwan"), number(story, check)
    path = f"/tasks/{own}/do/sign_for"
    send(handler, path, form_of(handler, path))
    path = f"/tasks/{own}/do/report"
    mine, others = form_of(handler, path), form_of(handler, path)
    assert send(handler, path, {**others, "fact.progress": "10"}).status_code == 303
    undeclared = {"evidence": ("a.pdf", b"%PDF-1.7")}
    slip = handler.post(path, data={**mine, "fact.progress": "35"}, files=undeclared, headers=HERE)
    assert slip.status_code == 422
    shown = dict(re.findall(r'type="hidden" name="(csrf|revision|request_id)" value="([^"]*)"', slip.text))
    assert send(handler, path, {**shown, "fact.progress": "35"}).status_code == 409
    assert story.task(check).facts["progress"] == 10


def test_another_persons_code_is_not_my_number(story: Story, browsers: Browsers) -> None:
    """People's codes are often numbers, and may be the id of somebody else."""
    browser, me = browsers.of("handler of beiwan"), story.person("handler of beiwan")
    other = story.person("handler of wanghe")
    with story.port.write("people") as tx:
        tx.run(Statement(update(PERSON).where(PERSON.c.id == other).values(code=str(me))))
    page = browser.get("/").text
    assert number(story, story.the(CHECK, "beiwan")) in page
    assert number(story, story.the(CHECK, "wanghe")) not in page


def test_looking_at_every_page_and_link_changes_nothing(story: Story, browsers: Browsers) -> None:
    browser = browsers.of("supervisor of bureau")
    before = story.everything()
    waiting, seen = ["/"], set[str]()
    while waiting and len(seen) < 60:
        path = waiting.pop(0)
        seen.add(path)
        page = browser.get(path)
        # Nothing sends messages here, and the page of messages says so.
        assert page.status_code == 200, path
        links = re.findall(r'href="(/[^"]*)"', page.text)
        waiting += [one for one in links if one not in seen and one not in waiting]
    assert story.everything() == before


def test_a_page_takes_as_many_statements_for_many_tasks_as_for_few(
    story: Story, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, counting = browsers.of("supervisor of bureau"), Counting()
    browser.get("/ledger")  # the posts of every unit are known from here on
    monkeypatch.setattr(story.port, "_probe", counting)
    counts = []
    for path in ("/ledger?kind=self_check", "/ledger"):
        counting.clear()
        assert browser.get(path).status_code == 200
        counts.append(counting.total)
    assert counts[0] == counts[1] <= 20


def test_administrators_see_no_tasks(story: Story, browsers: Browsers) -> None:
    person = story.person("leader of beiwan")
    with story.port.write("people") as tx:
        ident = accounts.add(tx, "auditor", person, "audit", QUICK.hash("x"), story.now)
        found = accounts.by_id(tx, ident)
        assert found is not None
        accounts.set_password(tx, found, QUICK.hash(GOOD), story.now, must_change=False)
    browser = TestClient(browsers.app, follow_redirects=False)
    browser.post("/sign-in", data={"login": "auditor", "password": GOOD}, headers=HERE)
    assert browser.get("/ledger").status_code == 403
    assert browser.get(f"/tasks/{number(story, story.the(CHECK, 'beiwan'))}").status_code == 403
    assert browser.get("/").headers["location"] == "/accounts"


def test_a_deadline_whose_clock_is_stopped_is_not_said_to_have_passed(
    story: Story, browsers: Browsers
) -> None:
    check = story.the(CHECK, "beiwan")
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    rows = {"problems": [{"what": "屋顶漏水", "due": "2026-04-10"}]}
    story.does("handler of beiwan", "submit", check, own_score=88, rows=rows, evidence=1)
    browsers.clock.set(story.at("2027-03-01 10:00").now)
    browser, own = browsers.of("handler of beiwan"), number(story, check)
    for path in (f"/tasks/{own}", "/ledger?kind=self_check&open=all"):
        page = browser.get(path).text
        assert "clock stopped" in page
        assert "passed" not in page


def test_what_lies_ahead_is_told_in_the_words_of_the_web(story: Story, browsers: Browsers) -> None:
    page = browsers.of("handler of beiwan").get(f"/tasks/{number(story, story.the(CHECK, 'beiwan'))}").text
    assert "only the first steps" in page
    assert "--until" not in page


def test_an_act_that_gives_the_task_up_never_looks_like_the_next_step(
    story: Story, browsers: Browsers
) -> None:
    browser, own = browsers.of("supervisor of bureau"), number(story, story.the(CHECK, "beiwan"))
    path = f"/tasks/{own}/do/withdraw"
    assert f'class="button grave" href="{path}"' in browser.get(f"/tasks/{own}").text
    form = browser.get(path).text
    assert '<button class="grave">' in form
    assert "ends the task for good" in form
    harmless = browser.get(f"/tasks/{own}/do/list_as_key").text
    assert '<button class="main">' in harmless
    assert "ends the task for good" not in harmless


def test_a_page_does_not_say_that_nothing_comes_and_then_that_it_goes_on(
    story: Story, browsers: Browsers
) -> None:
    check = story.the(CHECK, "beiwan")
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    browsers.clock.set(story.fast_forward_to("2026-06-20 10:00").now)
    page = browsers.of("handler of beiwan").get(f"/tasks/{number(story, check)}").text
    assert "only remind again" in page
    assert "only the first steps" in page
    assert "Nothing escalates within a year" not in page
