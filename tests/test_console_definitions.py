"""Definitions in the browser: pictures and sentences, for whoever works with tasks."""

from __future__ import annotations

import re
import shutil
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.stories.teller import Story
from workflow.definition import load_pack

from .test_console_tasks import Browsers, browsers, pack, story  # noqa: F401
from .test_reading import PACK


def test_every_kind_is_listed_and_has_its_picture_and_its_sentences(browsers: Browsers) -> None:  # noqa: F811
    browser = browsers.of("handler of beiwan")
    assert 'href="/definitions/self_check"' in browser.get("/definitions").text
    page = browser.get("/definitions/self_check")
    assert page.status_code == 200
    assert "Under review" in page.text
    assert "Deadline: " in page.text


def test_the_picture_carries_its_own_style_by_hash_and_nothing_else(browsers: Browsers) -> None:  # noqa: F811
    answer = browsers.of("handler of beiwan").get("/definitions/self_check.svg")
    style = answer.text.split("<style>")[1].split("</style>")[0]
    mark = b64encode(sha256(style.encode()).digest()).decode()
    nothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
    assert answer.headers["content-security-policy"] == f"{nothing}; style-src 'sha256-{mark}'"


def test_a_kind_that_there_is_none_of_is_said_so(browsers: Browsers) -> None:  # noqa: F811
    browser = browsers.of("handler of beiwan")
    assert [browser.get(f"/definitions/nothing{end}").status_code for end in ("", ".svg")] == [404, 404]


@pytest.mark.parametrize("path", ["/definitions", "/definitions/self_check", "/definitions/self_check.svg"])
def test_nobody_sees_definitions_without_signing_in(browsers: Browsers, path: str) -> None:  # noqa: F811
    answer = TestClient(browsers.app, follow_redirects=False).get(path)
    assert answer.status_code == 401
    assert "Self-check" not in answer.text


def test_two_versions_are_compared_in_sentences(
    story: Story,  # noqa: F811
    browsers: Browsers,  # noqa: F811
    tmp_path: Path,
) -> None:
    folder = shutil.copytree(PACK, tmp_path / "pack")
    file = folder / "self_check.yaml"
    text = file.read_text(encoding="utf-8")
    assert "within: 3 workdays" in text
    file.write_text(text.replace("within: 3 workdays", "within: 5 workdays", 1), encoding="utf-8")
    story.engine.load(load_pack(folder), story.now)
    browser = browsers.of("handler of beiwan")
    page = browser.get("/definitions/self_check").text
    link = re.search(r'href="(/definitions/self_check/differences[^"]*)"', page)
    assert link is not None
    shown = browser.get(link[1].replace("&amp;", "&"))
    assert shown.status_code == 200
    assert re.search(r"<del>[^<]*3 workdays[^<]*</del>", shown.text)
    assert re.search(r"<ins>[^<]*5 workdays[^<]*</ins>", shown.text)
    assert browser.get("/definitions/self_check/differences?old=1&new=99").status_code == 404
