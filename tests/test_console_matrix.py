"""Role × page × another unit's object, generated from the routes of the application: all denied that must be.

A new route needs one line in `tests/console_access.py`, which says who may see it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from console.store import accounts
from tests.storing import raw
from workflow.definition import load_pack

from .console_access import (
    ABSENT,
    DUTIES,
    FILLED,
    FROM_ANYWHERE,
    NO_SECRET,
    NOBODY,
    PAGES,
    ROLES,
    routes_of,
)
from .test_console_tasks import GOOD, HERE, QUICK, Browsers, number
from .test_reading import CHECK, PACK, handed_out

DENIED = (401, 403, 404)


def denied(path: str, alone: int | None = None) -> tuple[int, ...]:
    """How a refusal may look: a certain one, or any."""
    given = DENIED if alone is None else (alone,)
    return (*given, 409) if path.startswith(ABSENT) else given


GETS = [one for one in PAGES if one.startswith("GET ")]
POSTS = [one for one in PAGES if one.startswith("POST ")]
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_MOVING = ("session", "access_log", "sqlite_sequence")  # when somebody was seen, and that they looked


class World:
    """A browser for every role, and a task of the first unit."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.story = handed_out(url, load_pack(PACK))
        self.browsers = Browsers(self.story)
        self.app = self.browsers.app
        self.app.state.accesses.add = lambda _line: False  # it would draw ids meanwhile
        self.task = number(self.story, self.story.the(CHECK, "beiwan"))
        self.of = {who: self._browser(who) for who in ROLES}
        self.secrets = {who: self._secret(who) for who in ROLES}

    def _browser(self, who: str) -> TestClient:
        if who == NOBODY:
            return TestClient(self.app, follow_redirects=False)
        if who not in DUTIES:
            return self.browsers.of(who)
        with self.story.port.write("people") as tx:
            ident = accounts.add(tx, who, None, who, QUICK.hash("once"), self.story.now)
            found = accounts.by_id(tx, ident)
            assert found is not None
            accounts.set_password(tx, found, QUICK.hash(GOOD), self.story.now, must_change=False)
        browser = TestClient(self.app, follow_redirects=False)
        answer = browser.post("/sign-in", data={"login": who, "password": GOOD}, headers=HERE)
        assert answer.status_code == 303
        return browser

    def _secret(self, who: str) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.of[who].get("/account").text)
        return found[1] if found else "0" * 64

    def path(self, route: str) -> str:
        """The path of a route, its braces filled; a task is the first unit's."""
        filled = {**FILLED, "number": self.task}
        return re.sub(r"\{(\w+)\}", lambda one: filled.get(one[1], "none"), route.split(" ")[1])

    def everything(self) -> dict[str, list[Any]]:
        """Every table, but for when sessions were seen."""
        with raw(self.url) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            found = {
                name: connection.execute(f'SELECT * FROM "{name}"').fetchall()
                for (name,) in tables
                if name not in _MOVING
            }
            found["session"] = connection.execute("SELECT id, account_id, ended_at FROM session").fetchall()
            return found


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("matrix") / "ledger"
    shutil.copytree(sqlite_template, folder)
    found = World(f"sqlite:///{folder / 'duban.db'}")
    yield found
    found.story.close()


def check_headers(answer: Any, what: object) -> None:
    """What browsers obey; no page lets anything be loaded or run that isn't ours."""
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, what
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy, what
    assert "unsafe" not in policy, what
    assert "frame-ancestors 'none'" in policy, what


def test_every_route_says_who_may_see_it(world: World) -> None:
    routes = routes_of(world.app)
    for one in routes:
        assert one in PAGES, f'Who may see it? Add one line to PAGES in tests/console_access.py: "{one}": …'
    gone = set(PAGES) - set(routes)
    assert not gone, f"There are no such routes: take their lines out of tests/console_access.py: {gone}"


@pytest.mark.parametrize("route", GETS)
def test_a_page_is_seen_by_those_who_may_and_looking_changes_nothing(world: World, route: str) -> None:
    path, before = world.path(route), world.everything()
    for who, browser in world.of.items():
        for _ in range(3):
            answer = browser.get(path)
            what = (who, path, answer.status_code)
            check_headers(answer, what)
            if who in PAGES[route]:
                assert answer.status_code not in (401, 403, 405), what
                assert answer.status_code < 500 or path == "/readyz", what  # nobody is at work here
            else:
                assert answer.status_code in denied(path), what
    assert world.everything() == before


@pytest.mark.parametrize("route", POSTS)
def test_a_form_of_somebody_who_may_not_is_refused_and_changes_nothing(world: World, route: str) -> None:
    path, before = world.path(route), world.everything()
    for who in ROLES:
        if who not in PAGES[route]:
            form = {"csrf": world.secrets[who], "login": "handler_of_beiwan", "person": "x", "revision": "0"}
            answer = world.of[who].post(path, data=form, headers=HERE)
            assert answer.status_code in denied(path), (who, path, answer.status_code)
            check_headers(answer, (who, path))
    assert world.everything() == before


@pytest.mark.parametrize("route", [one for one in POSTS if one not in NO_SECRET])
def test_a_form_without_the_sessions_secret_is_refused_and_changes_nothing(world: World, route: str) -> None:
    path, before = world.path(route), world.everything()
    for who in sorted(PAGES[route]):
        another = world.secrets[next(one for one in ROLES[1:] if one != who)]
        for form in ({}, {"csrf": ""}, {"csrf": another}):
            answer = world.of[who].post(path, data=form, headers=HERE)
            assert answer.status_code in denied(path, 403), (who, path, answer.status_code)
    assert world.everything() == before


@pytest.mark.parametrize("route", [one for one in POSTS if one not in FROM_ANYWHERE])
def test_a_form_from_another_site_is_refused_and_changes_nothing(world: World, route: str) -> None:
    path, before = world.path(route), world.everything()
    elsewhere: list[dict[str, str]] = [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"sec-fetch-site": "same-site"},
    ]
    for who in (NOBODY, *sorted(PAGES[route])[:2]):
        for headers in elsewhere:
            answer = world.of[who].post(path, data={"csrf": world.secrets[who]}, headers=headers)
            assert answer.status_code == 403, (who, path, headers, answer.status_code)
            check_headers(answer, (who, path))
    assert world.everything() == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("PUT", "/accounts", 405),
        ("DELETE", "/sign-in", 405),
        ("GET", "/accounts/log?before=x", 422),
        ("GET", "/accounts/", 404),
        ("GET", "/static/0/nothing.css", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/tasks", 401),
        ("GET", "/fails", 500),
    ],
)
def test_every_kind_of_answer_carries_the_headers(world: World, method: str, path: str, status: int) -> None:
    def fails() -> None:
        raise RuntimeError("on purpose")

    if path == "/fails":
        routes = list(world.app.router.routes)
        world.app.get(path)(fails)
        with capture_logs():
            answer = TestClient(world.app, raise_server_exceptions=False).get(path)
        world.app.router.routes[:] = routes
    else:
        answer = world.of["audit"].request(method, path, headers=HERE)
    assert answer.status_code == status
    check_headers(answer, path)
