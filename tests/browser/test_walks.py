"""What people come for, in a real browser: with script and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.stories.teller import Story
from tests.test_console_tasks import number
from tests.test_reading import CHECK

from .looking_over import faults
from .site import DESK, GOOD, PHONE, Site, watched

HANDLER, LEADER = "beiwan_handler", "beiwan_leader"


@dataclass(kw_only=True)
class Walk:
    """People, their browsers, and the story they are in."""

    browser: Browser
    site: Site
    story: Story
    scripts: bool

    def of(self, who: str, width: int = DESK) -> Page:
        return watched(self.site.context(self.browser, who, width=width, java_script_enabled=self.scripts))

    def fast_forward(self, until: str) -> None:
        self.site.clock.set(self.story.at(until).now)

    def goes_to(self, page: Page, task: int, act: str) -> None:
        """From To do or the ledger to the form of an act, by links alone."""
        own = number(self.story, task)
        page.goto("/ledger?open=all")
        page.click(f"main a[href='/tasks/{own}'] >> nth=0")
        page.click(f"main a[href='/tasks/{own}/do/{act}']")

    def sends(self, page: Page) -> None:
        page.click("main form:has([name=request_id]) button.main")

    def does(self, page: Page, task: int, act: str, **given: str) -> None:
        self.goes_to(page, task, act)
        for name, value in given.items():
            page.fill(f"[name='fact.{name}']", value)
        self.sends(page)
        assert page.locator("[role=status]").inner_text() == "Done."
        self.story.run()


@pytest.fixture(
    params=[pytest.param(True, id="script"), pytest.param(False, id="no-script", marks=pytest.mark.long)]
)
def walk(request: pytest.FixtureRequest, browser: Browser, site: Site, story: Story) -> Iterator[Walk]:
    yield Walk(browser=browser, site=site, story=story, scripts=request.param)
    for context in browser.contexts:
        context.close()


def photo() -> Any:
    target = BytesIO()
    Image.new("RGB", (900, 600), (90, 120, 40)).save(target, "JPEG")
    return {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": target.getvalue()}


def test_a_handler_signs_for_reports_and_submits_with_a_photo_on_a_telephone(walk: Walk) -> None:
    check = walk.story.the(CHECK, "beiwan")
    page = walk.of(HANDLER, PHONE)
    walk.does(page, check, "sign_for")
    walk.does(page, check, "report", progress="40")
    walk.goes_to(page, check, "submit")
    page.fill("[name='fact.own_score']", "88")
    page.check("[name='none.problems']")
    page.set_input_files("#evidence", [photo()])
    page.check("[name='nothing_classified']")
    walk.sends(page)
    assert page.locator("[role=status]").inner_text() == "Done."
    task = walk.story.task(check)
    assert (task.state, task.facts["progress"]) == ("submitted", 100)
    assert page.locator(".files a, .files img").count() >= 1
    assert list(faults(page, axe=False)) == []


def test_a_supervisor_returns_then_verifies_and_approves(walk: Walk) -> None:
    story, check = walk.story, walk.story.the(CHECK, "beiwan")
    story.does("handler of beiwan", "sign_for", check)
    story.does("handler of beiwan", "submit", check, own_score=88, rows={}, evidence=1)
    page = walk.of("supervisor_one")
    walk.does(page, check, "return", reason="照片看不清，请补拍。")
    assert story.task(check).state == "working"
    story.does("handler of beiwan", "submit", check, own_score=90, rows={}, evidence=1)
    walk.goes_to(page, check, "review")
    page.fill("[name='fact.verified_score']", "86")
    page.check("[name='none.problems']")
    walk.sends(page)
    walk.does(page, check, "approve")
    assert story.task(check).state == "closed"


def test_a_supervisor_completes_a_draft_and_signs_it(walk: Walk) -> None:
    story = walk.story
    walk.fast_forward("2026-03-13 10:00")  # nothing was reported: slow
    page = walk.of("supervisor_one")
    dispatch = story.the("dispatch", "beiwan")
    walk.does(page, dispatch, "completed")
    walk.does(page, dispatch, "sign", agenda="说明进展，下周三前补齐。")
    assert story.task(dispatch).state == "issued"


def test_a_leader_follows_a_red_light_to_its_cause(walk: Walk) -> None:
    story, check = walk.story, walk.story.the(CHECK, "beiwan")
    walk.fast_forward("2026-05-13 10:00")
    page = walk.of("")
    page.goto("/")
    page.fill("#login", LEADER)
    page.fill("#password", GOOD)
    page.click("button.main")
    page.goto("/ledger")
    page.select_option("[name=light]", "red")
    page.click("form.filters button")
    page.click(f"main a[href='/tasks/{number(story, check)}']")
    text = page.locator("main").inner_text()
    assert "gravely late" in text
    assert "2026-04-30" in text


def test_a_session_that_ends_while_typing_gives_back_what_was_typed(walk: Walk) -> None:
    check = walk.story.the(CHECK, "beiwan")
    walk.story.does("handler of beiwan", "sign_for", check)
    page = walk.of(HANDLER, PHONE)
    walk.goes_to(page, check, "report")
    page.fill("[name='fact.progress']", "55")
    walk.site.end_sessions(HANDLER)
    walk.sends(page)
    assert "Your session had ended" in page.locator("main").inner_text()
    page.fill("#login", HANDLER)
    page.fill("#password", GOOD)
    page.click("button.main")
    page.click("main button.main")  # back to the form
    assert page.input_value("[name='fact.progress']") == "55"
    walk.sends(page)
    assert walk.story.task(check).facts["progress"] == 55


def test_of_two_at_once_one_wins_and_the_other_sees_it_and_loses_nothing(walk: Walk) -> None:
    story, check = walk.story, walk.story.the(CHECK, "beiwan")
    story.does("handler of beiwan", "sign_for", check)
    story.does("handler of beiwan", "submit", check, own_score=88, rows={}, evidence=1)
    one, two = walk.of("supervisor_one"), walk.of("supervisor_two")
    for page, score in ((one, "81"), (two, "79")):
        walk.goes_to(page, check, "review")
        page.fill("[name='fact.verified_score']", score)
        page.check("[name='none.problems']")
    walk.sends(one)
    assert one.locator("[role=status]").inner_text() == "Done."
    walk.sends(two)
    assert two.locator("[role=alert]").count() == 1
    assert two.locator("[name='fact.verified_score']").input_value() == "79"
    assert story.task(check).facts["verified_score"] == 81


def test_the_keyboard_goes_down_a_list_opens_a_line_and_explains_itself(browser: Browser, site: Site) -> None:
    page = watched(site.context(browser, "supervisor_one"))
    page.goto("/ledger?open=all")
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    assert page.locator("tr.chosen").count() == 1
    chosen = page.locator("tr.chosen a").first.get_attribute("href")
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{chosen}")
    page.keyboard.press("g")
    page.keyboard.press("3")
    page.wait_for_url("**/ledger")
    assert list(faults(page, axe=False)) == []
    page.context.close()
