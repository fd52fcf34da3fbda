"""Links in messages, in the browser: looking changes nothing, a click acts once, in its person's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
import structlog
from sqlalchemy import select
from starlette.testclient import TestClient

from console import web
from console.store import accounts
from notifier.links import Unsubscribing
from notifier.store import addresses, links
from tests.stories.teller import Story
from workflow.definition import Pack, load_pack
from workflow.store.sql import Statement

from .messaging import SITE, Connected, copy_of, settings
from .test_console_tasks import HERE
from .test_reading import CHECK, PACK

WHO = "handler of beiwan"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(morning: Path, tmp_path: Path, pack: Pack) -> Iterator[Story]:
    with copy_of(morning, tmp_path, pack) as found:
        yield found


@pytest.fixture
def browsers(story: Story, tmp_path: Path) -> Connected:
    return Connected(story, settings(tmp_path))


@pytest.fixture
def check(story: Story) -> int:
    return story.the(CHECK, "beiwan")


def anybody(browsers: Connected) -> TestClient:
    """A browser in which nobody is signed in."""
    return TestClient(browsers.app, follow_redirects=False, headers={"accept-language": "en"})


def everything(story: Story) -> list[object]:
    tables = (links.LINK, addresses.UNSUBSCRIPTION)
    told = story.everything()
    with story.port.read() as tx:
        return [*told, *(tx.all(Statement(select(one))) for one in tables)]


def test_a_hundred_fetches_change_nothing_and_show_what_will_happen(
    story: Story, browsers: Connected, check: int
) -> None:
    path, browser = browsers.link(check, "sign_for", WHO), anybody(browsers)
    before = everything(story)
    pages = [browser.get(path) for _ in range(100)]
    browser.head(path)
    assert everything(story) == before
    page = pages[-1]
    assert page.status_code == 200
    for words in ("Sign for", f"SFD-{check}", "The task moves from Issued to Checking", "Done by"):
        assert words in page.text, words
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


def test_a_click_acts_once_and_the_page_after_it_can_be_loaded_again(
    story: Story, browsers: Connected, check: int
) -> None:
    path, browser = browsers.link(check, "sign_for", WHO), anybody(browsers)
    answer = browser.post(path, headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}/done")
    assert story.task(check).state == "working"
    for _ in range(2):
        page = browser.get(answer.headers["location"])
        assert (page.status_code, "has been done" in page.text) == (200, True)
    again = browser.post(path, headers=HERE)
    assert (again.status_code, "has been used" in again.text) == (410, True)


def test_of_fifty_clicks_at_once_one_acts(story: Story, browsers: Connected, check: int) -> None:
    path = browsers.link(check, "sign_for", WHO)
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda _: anybody(browsers).post(path, headers=HERE).status_code, range(50)))
    assert found.count(303) == 1
    assert set(found) == {303, 410}


def test_the_page_before_it_was_done_leads_back(browsers: Connected, check: int) -> None:
    path = browsers.link(check, "sign_for", WHO)
    assert anybody(browsers).get(f"{path}/done").headers["location"] == path


def test_what_an_act_asks_is_asked_and_what_was_typed_stays(
    story: Story, browsers: Connected, check: int
) -> None:
    story.does(WHO, "sign_for", check)
    path, browser = browsers.link(check, "report", WHO), anybody(browsers)
    assert 'name="fact.progress"' in browser.get(path).text
    refused = browser.post(path, data={"fact.progress": "140"}, headers=HERE)
    assert refused.status_code == 422
    assert 'value="140"' in refused.text
    assert browser.post(path, data={"fact.progress": "40"}, headers=HERE).status_code == 303
    assert story.task(check).facts["progress"] == 40


def test_an_act_of_weight_leads_to_the_door_and_then_to_its_own_page(
    story: Story, browsers: Connected, check: int
) -> None:
    path = browsers.link(check, "submit", WHO)
    before, browser = everything(story), anybody(browsers)
    page = browser.get(path)
    assert f"/sign-in?back=/tasks/SFD-{check}/do/submit" in page.text
    assert browser.post(path, headers=HERE).status_code == 200
    assert everything(story) == before
    assert browsers.of(WHO).get(path).headers["location"] == f"/tasks/SFD-{check}/do/submit"


def test_each_link_that_opens_nothing_has_a_page_that_says_what_to_do(
    story: Story, browsers: Connected, check: int
) -> None:
    over = browsers.link(check, "sign_for", WHO, life=1_000)
    moved = browsers.link(check, "sign_for", WHO)
    browser = anybody(browsers)
    browsers.clock.set(story.now + 2_000)
    story.does(WHO, "sign_for", check)
    for path, status, words in (
        (over, 410, "has expired"),
        (moved, 410, "no longer valid"),
        ("/a/" + "x" * 43, 404, "no such link"),
    ):
        page = browser.get(path)
        assert (page.status_code, words in page.text) == (status, True), path
        assert 'class="button main" href="/"' in page.text
        assert browser.post(path, headers=HERE).status_code == status


def test_whoever_is_signed_in_as_somebody_else_neither_sees_nor_acts(
    story: Story, browsers: Connected, check: int
) -> None:
    path, other = browsers.link(check, "sign_for", WHO), browsers.of("handler of wanghe")
    before = everything(story)
    for answer in (other.get(path), other.post(path, headers=HERE)):
        assert answer.status_code == 403
        assert "sent to somebody else" in answer.text
        assert f"SFD-{check}" not in answer.text
    assert everything(story) == before


def test_authority_is_judged_at_the_click(story: Story, browsers: Connected, check: int) -> None:
    path, browser = browsers.link(check, "sign_for", "handler of wanghe"), anybody(browsers)
    page = browser.get(path)
    assert page.status_code == 403
    assert f'action="{path}"' not in page.text
    assert browser.post(path, headers=HERE).status_code == 403
    assert story.task(check).state == "issued"


def test_a_person_whose_account_was_closed_does_nothing_by_a_link(
    story: Story, browsers: Connected, check: int
) -> None:
    path = browsers.link(check, "sign_for", WHO)
    browsers.of(WHO)
    with story.port.write("people") as tx:
        found = accounts.by_login(tx, WHO.replace(" ", "_"))
        assert found is not None
        accounts.disable(tx, found.id, story.now)
    assert anybody(browsers).post(path, headers=HERE).status_code == 403
    assert story.task(check).state == "issued"


def test_an_administrator_who_fills_a_post_too_has_no_part_in_tasks_by_a_link_either(
    story: Story, browsers: Connected, check: int
) -> None:
    path, person = browsers.link(check, "sign_for", WHO), story.person(WHO)
    with story.port.write("people") as tx:
        accounts.add(tx, "li", person, "audit", "nobody's password", story.now)
    page = anybody(browsers).get(path)
    assert (page.status_code, f"SFD-{check}" in page.text) == (403, False)
    assert "Administrators" in page.text
    assert anybody(browsers).post(path, headers=HERE).status_code == 403
    assert story.task(check).state == "issued"


def test_another_site_cannot_make_somebody_click(story: Story, browsers: Connected, check: int) -> None:
    path = browsers.link(check, "sign_for", WHO)
    for headers in ({}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert anybody(browsers).post(path, headers=headers).status_code == 403
    assert story.task(check).state == "issued"


def test_no_log_holds_a_token_when_a_page_breaks(
    browsers: Connected, check: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = browsers.link(check, "sign_for", WHO)

    def breaks(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("console.web.links._shown", breaks)
    browser = TestClient(browsers.app, raise_server_exceptions=False)
    with structlog.testing.capture_logs() as logs:
        answer = browser.get(path)
    assert answer.status_code == 500
    token = path.removeprefix("/a/")
    assert [one["path"] for one in logs if one["event"] == "page failed"] == ["/a/…"]
    assert token not in str(logs)


def test_without_a_site_the_page_says_what_to_set(story: Story, tmp_path: Path) -> None:
    own = settings(tmp_path)
    siteless = replace(own, site=own.site.model_copy(update={"url": None}))
    for browsers in (Connected(story, None), Connected(story, siteless)):
        page = anybody(browsers).get("/a/" + "x" * 43)
        assert page.status_code == 409
        assert "[site]" in page.text


# --- switching information off ----------------------------------------------------------------------


@pytest.fixture
def away(story: Story, browsers: Connected) -> str:
    """The path of an unsubscribe link."""
    unsubscribing = Unsubscribing.over(story.port, browsers.salts, SITE)
    return f"/u/{unsubscribing.token(story.person(WHO), 'notices')}"


def off(story: Story) -> tuple[str, ...]:
    person = story.person(WHO)
    with story.port.read() as tx:
        return addresses.switched_off(tx, [person]).get(person, ())


def test_a_look_at_an_unsubscribe_link_changes_nothing(story: Story, browsers: Connected, away: str) -> None:
    before, browser = everything(story), anybody(browsers)
    pages = [browser.get(away) for _ in range(100)]
    assert everything(story) == before
    assert "You would no longer get" in pages[-1].text


def test_a_mail_program_switches_it_off_with_no_cookie_and_from_nowhere(
    story: Story, browsers: Connected, away: str
) -> None:
    for headers in ({}, {"origin": "https://mail.example"}, {"sec-fetch-site": "cross-site"}):
        assert anybody(browsers).post(away, data=ONE_CLICK, headers=headers).status_code == 200
    assert anybody(browsers).post(away, files={"List-Unsubscribe": (None, "One-Click")}).status_code == 200
    assert off(story) == ("notices",)


def test_a_click_on_the_page_switches_it_off(story: Story, browsers: Connected, away: str) -> None:
    browser = anybody(browsers)
    form = dict(re.findall(r'type="hidden" name="(List-\w+)" value="([^"]*)"', browser.get(away).text))
    assert "Switched off" in browser.post(away, data=form, headers=HERE).text
    assert off(story) == ("notices",)


def test_a_post_that_says_nothing_only_asks(story: Story, browsers: Connected, away: str) -> None:
    assert anybody(browsers).post(away).status_code == 422
    assert off(story) == ()


def test_a_token_that_was_not_made_here_switches_nothing_off(
    story: Story, browsers: Connected, away: str
) -> None:
    for path in (away[:-3] + "AAA", "/u/x"):
        assert anybody(browsers).get(path).status_code == 404
        assert anybody(browsers).post(path, data=ONE_CLICK).status_code == 404
    assert off(story) == ()


def test_only_marked_handlers_take_forms_from_anywhere() -> None:
    """The exemption is by handler: whoever adds one changes this list."""
    modules = [import_module(f"console.web.{one.name}") for one in iter_modules(web.__path__)]
    found = [value for one in modules for value in vars(one).values() if callable(value)]
    assert {one.__name__ for one in found if getattr(one, "from_anywhere", False)} == {"unsubscribe"}
