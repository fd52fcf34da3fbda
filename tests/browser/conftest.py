"""Debian's Chromium, and the console over a campaign."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.chromium import SWITCHES, NoChromium, chromium
from tests.stories.teller import Story
from tests.test_reading import PACK, copied, prepared
from workflow.definition import Pack, load_pack
from workflow.evidence import Folder

from .site import Site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module: while it is there no other event loop runs in this process."""
    try:
        program = chromium()
    except NoChromium as missing:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse(str(missing))
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=list(SWITCHES))
        yield found
        found.close()


@pytest.fixture(scope="session")
def spring() -> Pack:
    return load_pack(PACK)


@pytest.fixture(scope="session")
def first_morning(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, spring: Pack) -> Path:
    """The campaign on its first morning, to make copies of."""
    return prepared(sqlite_template, tmp_path_factory.mktemp("browser") / "ledger", spring)


@pytest.fixture
def story(first_morning: Path, tmp_path: Path, spring: Pack) -> Iterator[Story]:
    _, found = copied(first_morning, tmp_path / "ledger", spring)
    yield found
    found.close()


@pytest.fixture
def site(story: Story, tmp_path: Path) -> Iterator[Site]:
    """The console over a story of one's own."""
    with Site(story.engine, story.now, folder=Folder(tmp_path / "evidence")).served() as found:
        yield found
