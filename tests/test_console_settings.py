"""Settings: a year's notice with what it moves, quiet hours, channels, how the installation stands."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from commands.messaging import messages_of
from console.store import accounts
from console.web import create_app
from notifier.settings import read_settings
from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed, write_pack
from tests.stories.teller import Story, instant, local, told
from tests.storing import Counting
from workflow.calendar import import_notice
from workflow.definition import Pack, load_pack
from workflow.engine.years import YearForeseen, bring_year, foresee_year
from workflow.errors import Stale
from workflow.store import organisation

from .test_console_tasks import GOOD, HERE, QUICK, Browsers

NOTICE = "year 2026\nsource 特别通知〔2026〕1号\n2026-03-09..2026-03-10 off 春节 / Break\n2026-03-14 work\n"
SETTINGS = """
[site]
url = "https://duban.example.org"
[manners]
quiet = "22:00-07:00"
[budgets.files]
day = 500
[channels.files]
kind = "folder"
folder = "/nowhere/secret-folder"
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """Errands that are due ten workdays after they were opened."""
    errand = changed(ERRAND, "deadline: campaign completion", "deadline: 10 workdays after opened")
    folder = write_pack(tmp_path_factory.mktemp("pack"), campaign=CAMPAIGN, errand=errand, people=PEOPLE)
    return load_pack(folder)


@pytest.fixture
def story(sqlite_url: str, pack: Pack) -> Iterator[Story]:
    with told(sqlite_url, pack, at="2026-03-01 12:00") as found:
        yield found.at("2026-03-02 09:00")


@pytest.fixture
def either(database_url: str, pack: Pack) -> Iterator[Story]:
    """On each database."""
    with told(database_url, pack, at="2026-03-01 12:00") as found:
        yield found.at("2026-03-02 09:00")


@pytest.fixture
def browsers(story: Story) -> Browsers:
    return Browsers(story)


def administrator(browsers: Browsers, duty: str) -> TestClient:
    """The browser of somebody with that duty."""
    story, person = browsers.story, browsers.story.person("li")
    with story.port.write("people") as tx:
        ident = accounts.add(tx, duty, person, duty, QUICK.hash("once"), story.now)
        found = accounts.by_id(tx, ident)
        assert found is not None
        accounts.set_password(tx, found, QUICK.hash(GOOD), story.now, must_change=False)
    browser = TestClient(browsers.app, follow_redirects=False, headers={"accept-language": "en"})
    browser.cookies.set("duban_language", "en")
    answer = browser.post("/sign-in", data={"login": duty, "password": GOOD}, headers=HERE)
    assert answer.status_code == 303
    return browser


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'type="hidden" name="(csrf|notice|epoch)" value="([^"]*)"', text)
    return {name: html.unescape(value) for name, value in found}


def post(browser: TestClient, path: str, page: str = "/settings", **form: str) -> Any:
    return browser.post(path, data={**hidden(browser.get(page).text), **form}, headers=HERE)


def foreseen(story: Story, notice: str = NOTICE) -> YearForeseen:
    return foresee_year(story.port, story.engine.library, import_notice(notice), story.now)


# --- what a notice moves ----------------------------------------------------------------------------


def test_a_notice_moves_what_the_report_said(either: Story) -> None:
    found = foreseen(either)
    assert date(2026, 3, 9) in found.days
    assert date(2026, 3, 14) in found.days
    east = either.the("errand", "east")
    said = {one.task_id: one.due for one in found.tasks}
    assert len(said) == 2
    assert [local(at)[:10] for at in said[east]] == ["2026-03-16", "2026-03-17"]
    before = either.task(east).deadline
    assert before == said[east][0]
    assert bring_year(either.port, found.year, either.now, epoch=found.epoch)
    either.run()
    assert {one: either.task(one).deadline for one in said} == {one: due[1] for one, due in said.items()}
    assert not bring_year(either.port, found.year, either.now)
    assert not foreseen(either).is_new


def test_looking_changes_nothing(story: Story) -> None:
    before = story.everything()
    foreseen(story)
    assert story.everything() == before


def test_what_was_seen_holds_no_more_once_plans_have_moved(story: Story) -> None:
    found = foreseen(story)
    with story.port.write("people") as tx:
        organisation.new_epoch(tx, "something else", story.now)
    with pytest.raises(Stale, match="Look at it again"):
        bring_year(story.port, found.year, story.now, epoch=found.epoch)
    assert foreseen(story).is_new


def test_a_report_looks_at_so_many_tasks_and_says_so(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflow.engine.years.BLOCK", 1)
    monkeypatch.setattr("workflow.engine.years.MOST", 1)
    found = foreseen(story)
    assert (len(found.tasks), found.whole) == (1, False)


# --- the page ---------------------------------------------------------------------------------------


def test_the_system_administrator_sees_then_imports(story: Story, browsers: Browsers) -> None:
    browser = administrator(browsers, "system")
    seen = post(browser, "/settings/calendar/preview", notice=NOTICE)
    assert seen.status_code == 200
    for word in ("2026-03-09", "2026-03-16", "2026-03-17", "TR-"):
        assert word in seen.text
    assert 'href="/tasks' not in seen.text
    with story.port.read() as tx:
        assert organisation.calendar_years(tx) == {}
    form = hidden(seen.text)
    answer = browser.post("/settings/calendar/import", data=form, headers=HERE)
    assert answer.headers["location"] == "/settings?done=calendar"
    with story.port.read() as tx:
        assert organisation.calendar_years(tx)[2026].source == "特别通知〔2026〕1号"
    again = browser.post("/settings/calendar/import", data=form, headers=HERE)
    assert again.status_code == 303  # sent twice, imported once
    assert "特别通知〔2026〕1号" in browser.get("/settings").text
    story.run()


def test_a_notice_that_is_none_comes_back_with_what_is_wrong(browsers: Browsers) -> None:
    browser = administrator(browsers, "system")
    for path in ("/settings/calendar/preview", "/settings/calendar/import"):
        answer = post(browser, path, notice="year 2026\nnonsense <b>\n")
        assert answer.status_code == 422
        assert "line 2" in answer.text
        assert "nonsense &lt;b&gt;" in answer.text
    assert post(browser, "/settings/calendar/preview", notice="x" * 100_000).status_code == 422
    stale = post(browser, "/settings/calendar/import", notice=NOTICE, epoch="7")
    assert stale.status_code == 409
    assert "Look at it again" in stale.text


def test_others_read_and_change_nothing(story: Story, browsers: Browsers) -> None:
    browser = browsers.of("handler of east")
    page = browser.get("/settings")
    assert page.status_code == 200
    assert "Import a year" not in page.text
    assert "How the installation stands" not in page.text
    token = hidden(browser.get("/settings").text)["csrf"]
    for path in ("/settings/calendar/preview", "/settings/calendar/import"):
        answer = browser.post(path, data={"csrf": token, "notice": NOTICE}, headers=HERE)
        assert answer.status_code == 403, path
    with story.port.read() as tx:
        assert organisation.calendar_years(tx) == {}


@pytest.mark.parametrize("duty", ["security", "audit"])
def test_the_other_administrators_have_no_part_in_it(browsers: Browsers, duty: str) -> None:
    assert administrator(browsers, duty).get("/settings").status_code == 403


def test_nobody_comes_in_without_signing_in(browsers: Browsers) -> None:
    browser = TestClient(browsers.app, follow_redirects=False)
    assert browser.get("/settings").status_code == 401
    answer = browser.post("/settings/calendar/import", data={"notice": NOTICE}, headers=HERE)
    assert answer.status_code == 401


@pytest.fixture
def sending(story: Story, browsers: Browsers, tmp_path: Path) -> Browsers:
    """The same with a settings file."""
    file = tmp_path / "duban.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    messages = messages_of(story.engine, read_settings(file), lambda: b"0" * 16, browsers.clock)
    browsers.app = create_app(replace(browsers.app.state.place, messages=messages))
    return browsers


def test_quiet_hours_and_budgets_are_shown_and_no_secret(sending: Browsers) -> None:
    for browser in (sending.of("handler of east"), administrator(sending, "system")):
        page = browser.get("/settings").text
        for word in ("22:00-07:00", "[manners] quiet", "500", "[budgets.files] day", "duban.toml"):
            assert word in page
        assert "secret-folder" not in page
        assert "/duban.toml" not in page


def test_channels_are_looked_after_on_one_page_alone(sending: Browsers) -> None:
    page = administrator(sending, "system").get("/settings").text
    assert '<section aria-labelledby="channels">' in page
    assert re.findall(r'action="(/settings[^"]*|/deliveries[^"]*)"', page) == ["/settings/calendar/preview"]


def test_how_the_installation_stands(
    story: Story, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, counting = administrator(browsers, "system"), Counting()
    browser.get("/settings")
    monkeypatch.setattr(story.port, "_probe", counting)
    page = browser.get("/settings").text
    assert counting.total <= 25
    assert "No daemon is at work" in page
    assert "Python" in page
    assert len(page.encode()) < 200_000
    assert "projected" in page
    assert instant("2026-03-02 09:00") == story.now
