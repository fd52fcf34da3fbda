"""Every page as each role, in both languages, on a desk and on a telephone: see pages.py.

A few of them in every run, all of them in the long one, there on a campaign that was played for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, BrowserContext

from console.web import create_app
from console.web.visits import _SECTIONS
from tests.stories.teller import Story
from tests.test_console_tasks import number
from tests.test_reading import CHECK
from workflow.definition import load_pack
from workflow.engine import Engine
from workflow.evidence import Folder
from workflow.reading import Wanted, ledger
from workflow.simulation import Dice, simulate
from workflow.store import life, open_port

from .looking_over import faults
from .pages import PAGES, ROLES, PageOf
from .site import DESK, LANGUAGES, PHONE, Site, watched

PLAYED = Path(__file__).resolve().parents[2] / "definitions" / "demonstration_site"
LOGINS = {"leader": "bureau_head", "supervisor": "supervisor_one", "handler": "chenguang_handler"}


def looked_over(
    context: BrowserContext, pages: tuple[PageOf, ...], filled: dict[str, str], role: str
) -> Iterator[str]:
    """What is wrong with these pages, each line saying which."""
    page = watched(context)
    for one in pages:
        path = one.path.format(**filled)
        answer = page.goto(path)
        assert answer is not None
        shown = role in one.shown_to
        if answer.status >= 500 or (shown and answer.status != 200):
            yield f"{path}: {answer.status}"
        yield from (f"{path}: {fault}" for fault in faults(page))
        page.complaints.clear()  # type: ignore[attr-defined]


def test_the_main_pages_are_sound_on_a_telephone(browser: Browser, site: Site, story: Story) -> None:
    filled = {"task": number(story, story.the(CHECK, "chenguang")), "kind": CHECK, "act": "sign_for"}
    filled["campaign"] = story.pack.campaign.name
    found: list[str] = []
    for role, login, language in (("handler", "chenguang_handler", "zh"), ("audit", "audit", "en")):
        own = tuple(one for one in PAGES if one.main and role in one.shown_to)
        context = site.context(browser, login, language=language, width=PHONE, bypass_csp=True)
        found += looked_over(context, own, filled, role)
        context.close()
    assert found == []


def test_every_section_of_the_navigation_is_looked_at(site: Site) -> None:
    there = {one.path for one in create_app(site.place).routes if isinstance(one, APIRoute)}
    sections = {path for path, _, _ in _SECTIONS}
    assert sections & there <= {one.path for one in PAGES}, "add a line to tests/browser/pages.py"


# --- the whole -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The console over a campaign that was played for some months."""
    folder = tmp_path_factory.mktemp("played")
    url = f"sqlite:///{folder / 'duban.db'}"
    simulate(load_pack(PLAYED), days=100, seed=1, url=url, evidence=folder / "evidence")
    port = open_port(url)
    with port.read() as tx:
        end = life.last_sign(tx)
    assert end is not None
    engine = Engine(port, salts=Dice(2).salt)
    with Site(engine, end, folder=Folder(folder / "evidence")).served() as found:
        yield found
    port.close()


@pytest.mark.long
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or "nobody")
def test_every_page_is_sound(browser: Browser, played: Site, role: str, language: str, width: int) -> None:
    with played.place.frame() as frame:
        own = LOGINS.get(role, LOGINS["handler"]).partition("_handler")[0]
        line = ledger(frame, Wanted(open=True, limit=1, unit=own if role == "handler" else None)).lines[0]
        (campaign,) = frame.campaigns.values()
    filled = {"task": line.number, "kind": line.kind, "act": "comment:", "campaign": campaign.name}
    context = played.context(browser, LOGINS.get(role, role), language=language, width=width, bypass_csp=True)
    found = list(looked_over(context, PAGES, filled, role))
    context.close()
    assert found == []


@pytest.mark.long
@pytest.mark.parametrize("role", ["leader", "handler"])
def test_every_page_can_be_read_without_script(browser: Browser, played: Site, role: str) -> None:
    context = played.context(browser, LOGINS[role], width=PHONE, java_script_enabled=False)
    page = watched(context)
    for one in PAGES:
        if role in one.shown_to and "{" not in one.path:
            page.goto(one.path)
            assert page.locator("main h1").count() == 1, one.path
            assert len(page.locator("main").inner_text()) > 20, one.path
    context.close()
