"""Odd input from outside: refused with a page, and nothing breaks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from .test_console_matrix import World
from .test_console_tasks import HERE


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("odd") / "ledger"
    shutil.copytree(sqlite_template, folder)
    found = World(f"sqlite:///{folder / 'duban.db'}")
    yield found
    found.story.close()


@pytest.mark.parametrize("charset", ["punycode", "undefined", "utf-7", "unicode_escape", "idna"])
@pytest.mark.parametrize("path", ["/sign-in", "/language", "/r", "/account/tokens"])
def test_a_form_in_another_encoding_is_refused_before_it_is_read(
    world: World, path: str, charset: str
) -> None:
    """Punycode takes the square of the length: 1 MB would hold up everybody for minutes."""
    browser = TestClient(world.app, raise_server_exceptions=False, follow_redirects=False)
    body = '--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n+2AA-\\ud800\r\n--b--\r\n'
    kind = f"multipart/form-data; charset={charset}; boundary=b"
    answer = browser.post(path, content=body, headers={**HERE, "content-type": kind})
    assert answer.status_code == 422


def test_a_number_of_thousands_of_digits_is_refused(world: World) -> None:
    who = "supervisor of bureau"
    long = "9" * 4_400  # Python refuses to read more than 4,300
    form = {"csrf": world.secrets[who], "name": "x", "unit": long}
    assert world.of[who].post("/ledger/views", data=form, headers=HERE).status_code in (403, 422)
    assert world.of[who].get(f"/ledger?year={long}").status_code == 422


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_a_page_that_is_only_looked_at_reads_no_form(world: World, kind: str) -> None:
    """Programs that follow a redirect may keep the content type of the form before it."""
    answer = world.of["supervisor of bureau"].get("/account", headers={"content-type": kind})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["/?page=x", "/tasks/{number}/history?page=１x", "/organisation?page=%00", "/deliveries/x"]
)
def test_an_address_that_cant_be_read_is_answered_with_a_page(world: World, path: str) -> None:
    answer = world.of["supervisor of bureau"].get(path.replace("{number}", world.task))
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert "To do" in answer.text


def test_a_text_with_signs_piled_on_one_character_is_refused(world: World) -> None:
    """To put them in order takes the square of their number, wherever the text is read again."""
    who = "handler of beiwan"
    for many, status in ((5, 303), (500, 422)):
        piled = "a" + "\u0301\u0316" * many
        form = {"csrf": world.secrets[who], "revision": "1", "fact.text": piled}
        answer = world.of[who].post(f"/tasks/{world.task}/do/comment:", data=form, headers=HERE)
        assert answer.status_code == status
