"""The organisation in the browser, and one's own absence."""

from __future__ import annotations

import html
import re

import pytest
from starlette.testclient import TestClient

from tests.stories.teller import Story
from tests.storing import Counting
from workflow.reading.people import people
from workflow.store import organisation

from .test_console_tasks import HERE, Browsers, browsers, form_of, pack, story

__all__ = ["browsers", "pack", "story"]


def code_of(story: Story, who: str) -> str:
    person = story.person(who)
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        return next(one.code for one in people(frame) if one.id == person)


def away(browser: TestClient, **typed: str) -> int:
    form = {**form_of(browser, "/organisation"), **typed}
    return int(browser.post("/organisation/away", data=form, headers=HERE).status_code)


def test_units_posts_and_people_are_shown_to_who_works_with_tasks(story: Story, browsers: Browsers) -> None:
    page = browsers.of("handler of beiwan").get("/organisation")
    assert page.status_code == 200
    for word in ("bureau", "supervisor"):
        assert word in page.text
    assert TestClient(browsers.app).get("/organisation").status_code == 401


def test_one_goes_away_for_oneself_and_is_back(story: Story, browsers: Browsers) -> None:
    browser, other = browsers.of("leader of beiwan"), code_of(story, "handler of beiwan")
    assert away(browser, delegate=other, to="2026-03-09", reason="a family matter") == 303
    assert "2026-03-09" in browser.get("/organisation").text
    page = browsers.of("handler of wanghe").get("/organisation?q=beiwan").text
    assert "2026-03-09" in page
    assert "a family matter" not in page
    back = browser.post("/organisation/back", data=form_of(browser, "/organisation"), headers=HERE)
    assert back.status_code == 303
    assert "2026-03-09" not in browser.get("/organisation").text


@pytest.mark.parametrize(
    "typed",
    [
        {"from": "2026-02-01"},
        {"to": "2026-03-01"},
        {"from": "soon"},
        {"to": "9999-12-31"},
        {"delegate": "nobody-there"},
    ],
)
def test_a_wrong_absence_is_refused_and_kept_as_typed(
    story: Story, browsers: Browsers, typed: dict[str, str]
) -> None:
    browser = browsers.of("leader of beiwan")
    before = story.everything()
    form = {**form_of(browser, "/organisation"), **typed}
    answer = browser.post("/organisation/away", data=form, headers=HERE)
    assert answer.status_code in (404, 422)
    assert f'value="{next(iter(typed.values()))}"' in answer.text
    assert story.everything() == before


def test_nobody_delegates_to_themselves_or_without_the_forms_secret(story: Story, browsers: Browsers) -> None:
    browser = browsers.of("leader of beiwan")
    assert away(browser, delegate=code_of(story, "leader of beiwan")) == 422
    assert browser.post("/organisation/away", data={"to": "2026-03-09"}, headers=HERE).status_code == 403


def test_the_page_takes_few_statements(
    story: Story, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, counting = browsers.of("leader of beiwan"), Counting()
    monkeypatch.setattr(story.port, "_probe", counting)
    assert browser.get("/organisation").status_code == 200
    assert counting.total <= 20


def test_units_are_found_by_name_code_and_by_whoever_works_there(story: Story, browsers: Browsers) -> None:
    browser = browsers.of("handler of beiwan")
    for q in ("beiwan", "北湾", "BEIWAN", code_of(story, "leader of beiwan")):
        page = browser.get("/organisation", params={"q": q}).text
        assert 'id="u.beiwan"' in page
        assert 'id="u.wanghe"' not in page
    assert "Nothing was found" in browser.get("/organisation", params={"q": "100%_"}).text


def test_pages_and_levels_lead_to_every_unit(
    story: Story, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.web.organisation.UNITS", 3)
    browser = browsers.of("handler of beiwan")
    waiting, seen, found = ["/organisation"], set[str](), set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        page = browser.get(path).text
        found.update(re.findall(r'id="u\.([^"]+)"', page))
        links = {html.unescape(one) for one in re.findall(r'href="(/organisation\?[^"]*)"', page)}
        waiting += [one for one in links if one not in seen and one not in waiting]
    with story.port.read() as tx:
        assert found == {row[1] for row in organisation.units(tx)}
