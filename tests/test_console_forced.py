"""What somebody tries at the doors who has no business there: odd forms, borrowed addresses, crowds."""

# ruff: noqa: F811  (fixtures are imported by their names)
from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from console.accounts import Passwords
from console.limits import Limits, Pace, TooOften
from console.store import accounts
from console.web import Place, Settings, create_app

from .test_console_door import (  # noqa: F401
    FIRST,
    HERE,
    NOW,
    QUICK,
    browser,
    place,
    post,
    sign_in,
)

API = "/api/v1"


# --- odd forms --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ['{"x": "\\ud800"}', '{"\\udfff": "x"}', "[" * 100_000, "[1]", "null", "{"])
def test_what_was_typed_before_is_handed_back_only_where_it_can_be_read(
    browser: TestClient, typed: str
) -> None:
    assert sign_in(browser, password="wrong", typed=typed).status_code == 403
    assert sign_in(browser, typed=typed).headers["location"] == "/"


def test_a_page_that_is_asked_for_in_a_wrong_way_is_refused_as_a_page(browser: TestClient) -> None:
    answer = browser.get("/accounts/log?before=%3Cscript%3E")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>" not in answer.text


def test_a_form_that_comes_with_a_look_is_not_read(browser: TestClient) -> None:
    kind = {"content-type": "multipart/form-data"}
    assert browser.request("GET", "/sign-in", content=b"no form at all", headers=kind).status_code == 200


# --- borrowed addresses -----------------------------------------------------------------------------


def test_of_what_proxies_say_only_the_last_is_believed(place: Place) -> None:
    """Some add a line of their own below the caller's, others a word at the end of it."""
    callers = Limits(Pace(at_once=1, every=60_000))
    place = replace(place, callers=callers, settings=Settings(proxies=frozenset({"testclient"})))
    browser = TestClient(create_app(place), follow_redirects=False)

    def tried(*forwarded: str) -> int:
        headers = [("sec-fetch-site", "same-origin"), *(("x-forwarded-for", one) for one in forwarded)]
        return browser.post("/sign-in", data={"login": "a", "password": "b"}, headers=headers).status_code

    assert tried("203.0.113.1", "198.51.100.7") == 403
    assert tried("203.0.113.2", "198.51.100.7") == 429
    assert tried("203.0.113.3, 198.51.100.7") == 429


def test_no_address_is_made_of_what_a_request_says_of_its_host(browser: TestClient) -> None:
    for path in ("/accounts/", "/sign-in/", "/a/some-token/"):
        answer = browser.get(path, headers={"host": "evil.example"})
        assert (answer.status_code, "location" in answer.headers) == (404, False)


def test_with_https_a_form_from_the_same_host_without_it_is_refused(place: Place) -> None:
    safe = create_app(replace(place, settings=Settings(https=True)))
    browser = TestClient(safe, base_url="https://testserver", follow_redirects=False)
    form = {"language": "en"}
    assert browser.post("/language", data=form, headers={"origin": "http://testserver"}).status_code == 403
    assert browser.post("/language", data=form, headers={"origin": "https://testserver"}).status_code == 303


# --- sessions ---------------------------------------------------------------------------------------


def test_whoever_signs_in_again_leaves_no_session_behind(browser: TestClient) -> None:
    sign_in(browser)
    before = browser.cookies["duban"]
    sign_in(browser)
    assert browser.get("/accounts").status_code == 200
    other = TestClient(browser.app, cookies={"duban": before})
    assert other.get("/accounts").status_code == 401


# --- shutting somebody out ---------------------------------------------------------------------------


def test_wrong_tries_of_others_dont_shut_out_the_browser_of_somebody_who_was_in(
    browser: TestClient, place: Place
) -> None:
    """Whoever knows a login could keep its person away for ever with a wrong password an hour."""
    sign_in(browser)
    stranger = TestClient(browser.app, follow_redirects=False)
    for _ in range(14):
        assert sign_in(stranger, password="wrong").status_code == 403
    assert sign_in(stranger).status_code == 429
    elsewhere = TestClient(create_app(replace(place, logins=Limits(Pace(at_once=99, every=1)))))
    assert sign_in(elsewhere).status_code == 403  # it rests
    del browser.cookies["duban"]
    assert sign_in(browser, login=" FIRST ").status_code == 303


def test_a_known_browser_may_guess_no_more_than_others(browser: TestClient) -> None:
    sign_in(browser)
    for _ in range(10):
        assert sign_in(browser, password="wrong").status_code == 403
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")


def test_a_browser_is_known_for_its_own_login_and_password_alone(browser: TestClient, place: Place) -> None:
    told = sign_in(browser).headers.get_list("set-cookie")
    known = next(one for one in told if one.startswith("duban_known="))
    assert {"HttpOnly", "SameSite=lax", "Path=/sign-in"} <= set(known.split("; "))
    mark = browser.cookies["duban_known"]
    assert place.door.knows("first", mark)
    for login, given in (("nobody", mark), ("first", mark[:-1]), ("first", "\xfc"), ("first", "")):
        assert not place.door.knows(login, given)
    with place.engine.port.write("people") as tx:
        found = accounts.by_login(tx, "first")
        assert found is not None
        accounts.set_password(tx, found, QUICK.hash("another"), NOW, must_change=True)
    assert not place.door.knows("first", mark)


# --- crowds -----------------------------------------------------------------------------------------


class Slow(PasswordHasher):
    """Works until it is let go on, and says when it has begun."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.begun, self.go_on = threading.Semaphore(0), threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        self.begun.release()
        assert self.go_on.wait(10)
        return super().verify(hash, password)


def test_so_many_passwords_are_checked_at_once_and_whoever_else_comes_is_told_so() -> None:
    """Each takes 64 MiB, and a thread that every page needs."""
    slow = Slow()
    passwords, stored = Passwords(slow, most=2), slow.hash("right")
    with ThreadPoolExecutor(2) as pool:
        two = [pool.submit(passwords.fits, stored, "right") for _ in range(2)]
        for _ in two:
            assert slow.begun.acquire(timeout=10)
        with pytest.raises(TooOften):
            passwords.fits(stored, "right")
        with pytest.raises(TooOften):
            passwords.hash("another")
        slow.go_on.set()
        assert [one.result() for one in two] == [True, True]
    assert passwords.fits(stored, "right")


def test_at_a_crowded_door_one_is_told_when_to_try_again(place: Place) -> None:
    crowded = replace(place, passwords=Passwords(Slow(), most=0))
    answer = sign_in(TestClient(create_app(crowded), follow_redirects=False))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


# --- programs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["SFD-1", "tasks"])
def test_only_where_files_are_sent_more_than_a_megabyte_is_read(browser: TestClient, number: str) -> None:
    """An act may be called `evidence` too: what nobody has asked for would be read whole, and parsed."""
    body = json.dumps({"revision": 0, "facts": {"x": "y" * 2_000_000}})
    headers = {"content-type": "application/json"}
    answer = browser.post(f"{API}/tasks/{number}/acts/evidence", content=body, headers=headers)
    assert answer.status_code == 413
    assert browser.post(f"{API}/tasks/{number}/evidence", content=body, headers=headers).status_code == 401
