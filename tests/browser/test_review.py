"""Somebody with a link reviews on a telephone; the system administrator looks at the settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from console.reviews import conducting
from tests.four_checks import BALLOT, FOUR_CHECKS
from tests.packs import small_pack
from tests.stories.teller import Story, told

from .looking_over import faults
from .site import DESK, PHONE, Site, watched

SHOTS = os.environ.get("DUBAN_SHOTS")  # a folder, for whoever wants to look


@pytest.fixture
def voted(sqlite_url: str, tmp_path: Path) -> Iterator[Story]:
    pack = small_pack(tmp_path / "pack", **{**FOUR_CHECKS, "review": BALLOT})
    with told(sqlite_url, pack, at="2026-03-02 08:00") as story:
        yield story.at("2026-03-02 09:00")


def given_out(story: Story, site: Site) -> str:
    """The path of a link of the east's review."""
    task = story.the("review", "east")
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        begun = conducting.begin(frame, task, "links", 10, site.place.randomness)
    conducting.commit(story.port, task, begun, story.now)
    return f"/r/{begun.secrets[0]}"


def looked(page: Page, name: str) -> None:
    """Nothing grave is wrong with it; and a picture, if somebody wants one."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    assert list(faults(page)) == [], name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_marks_and_words_on_a_telephone_without_script(browser: Browser, voted: Story, language: str) -> None:
    with Site(voted.engine, voted.now).served() as site:
        path = given_out(voted, site)
        with site.context(browser, "", language=language, width=PHONE) as context:
            page = watched(context)
            page.goto("/r")
            looked(page, f"code-{language}")
            page.goto(path)
            looked(page, f"ballot-{language}")
            for mark in page.locator(".mark").all():
                box = mark.bounding_box()
                assert box is not None
                assert box["height"] >= 44  # a thumb's
            page.locator(".mark").nth(1).click()
            page.locator("textarea").fill("地方好找")
            page.locator("button.main").click()
            assert page.locator("[role=status]").count() == 1
            assert page.locator("form").count() == 0
            looked(page, f"thanks-{language}")
            page.goto(f"{path}?language=en")
            assert "Thank you" in page.content()
        with site.context(browser, "", language=language, width=PHONE, java_script_enabled=False) as bare:
            page = bare.new_page()
            page.goto(path)
            assert page.locator("[role=status]").count() == 1


def test_the_settings_at_a_desk_and_on_a_telephone(browser: Browser, voted: Story) -> None:
    with Site(voted.engine, voted.now).served() as site:
        for language, width in (("zh", DESK), ("en", PHONE)):
            with site.context(browser, "system", language=language, width=width) as context:
                page = watched(context)
                page.goto("/settings")
                looked(page, f"settings-{language}")
                page.get_by_text(
                    "导入放假通知" if language == "zh" else "Import a year's notice"
                ).first.click()
                page.locator("#notice").fill("year 2026\nsource 1\n2026-03-09..2026-03-10 off 春节\n")
                page.locator("button.main").first.click()
                looked(page, f"notice-{language}")
