"""Signing in and out in the browser: cookies, forms from elsewhere, what was typed, the first account."""

from __future__ import annotations

import gc
import html
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from socket import create_server
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient
from typer.testing import CliRunner

import main
from console.accounts import Door, Lasting, Passwords, Secrets, administering
from console.store import accounts, logs, sessions
from console.web import Place, Settings, create_app
from workflow.clock import VirtualClock
from workflow.definition import load_pack
from workflow.engine import Engine
from workflow.errors import NotAllowed
from workflow.store import open_port

from .test_reading import PACK
from .test_start import free_port

NOW = 1_772_000_000_000
HERE = {"sec-fetch-site": "same-origin"}
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
FIRST = "the-first-one-time-42"
GOOD = "rattle-orchid-7-lantern"


@pytest.fixture
def place(sqlite_url: str) -> Iterator[Place]:
    port = open_port(sqlite_url)
    engine = Engine(port, salts=lambda: b"0" * 16)
    engine.load(load_pack(PACK), NOW)
    counter = itertools.count(1)
    yield Place(
        engine=engine,
        clock=VirtualClock(NOW),
        randomness=lambda size: next(counter).to_bytes(size, "big"),
        passwords=QUICK,
        settings=Settings(lasting=Lasting(idle=60_000)),
    )
    port.close()


@pytest.fixture
def browser(place: Place) -> TestClient:
    administering.begin(place.engine.port, QUICK, FIRST, NOW)
    return TestClient(create_app(place), follow_redirects=False)


def post(browser: TestClient, path: str, **form: str) -> Any:
    return browser.post(path, data=form, headers=HERE)


def sign_in(browser: TestClient, login: str = "first", password: str = FIRST, **more: str) -> Any:
    return post(browser, "/sign-in", login=login, password=password, **more)


def secret_of(browser: TestClient, path: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', browser.get(path).text)
    assert found is not None
    return found[1]


@pytest.fixture
def appointed(browser: TestClient) -> dict[str, str]:
    """The three logins, each with its one-time password."""
    sign_in(browser)
    page = browser.get("/accounts").text
    codes = list(dict.fromkeys(re.findall(r'<option value="(\w+)"', page)))[:3]
    chosen = dict(zip(("system", "security", "audit"), codes, strict=True))
    answer = post(browser, "/accounts/appoint", csrf=secret_of(browser, "/accounts"), **chosen)
    assert answer.status_code == 200
    return dict(re.findall(r"<dt>(\w+)</dt><dd><code>(\w+)</code>", answer.text))


# --- what every answer carries ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/sign-in", "/accounts", "/nothing", "/static/0/console.css", "/robots.txt"]
)
def test_every_answer_carries_the_headers_that_browsers_obey(browser: TestClient, path: str) -> None:
    headers = browser.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_page_that_fails_carries_them_too(place: Place) -> None:
    def fails() -> None:
        raise RuntimeError("wang@example.net")

    place = replace(place, settings=Settings(https=True))
    app = create_app(place)
    app.get("/fails")(fails)
    answer = TestClient(app, raise_server_exceptions=False).get("/fails")
    assert answer.status_code == 500
    assert "wang" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" in answer.headers


def test_pages_hold_no_script_and_no_style_of_their_own(browser: TestClient) -> None:
    for path in ("/sign-in", "/accounts"):
        text = browser.get(path).text
        assert "<script>" not in text
        assert not re.search(r'\s(style|on\w+)="', text)


def test_our_files_may_be_kept_for_ever_and_nobody_elses_are_served(browser: TestClient) -> None:
    address = re.search(r'href="(/static/[^"]+)"', browser.get("/sign-in").text)
    assert address is not None
    answer = browser.get(address[1])
    assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True)
    for other in ("/static/0/console.css", "/static/0/..%2Fmodels.py", "/static/0/nothing.css"):
        assert browser.get(other).status_code == 404


def test_a_form_from_elsewhere_is_refused(browser: TestClient) -> None:
    form = {"login": "first", "password": FIRST}
    elsewhere: list[dict[str, str]] = [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ]
    for headers in elsewhere:
        answer = browser.post("/sign-in", data=form, headers=headers)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    own = {"origin": "http://testserver"}
    assert browser.post("/sign-in", data=form, headers=own).status_code == 303


def test_a_form_without_the_sessions_secret_changes_nothing(browser: TestClient) -> None:
    sign_in(browser)
    for wrong in ("", "0" * 64):
        assert post(browser, "/sign-out", csrf=wrong).status_code == 403
    assert browser.get("/accounts").status_code == 200


# --- signing in and out -----------------------------------------------------------------------------


def test_the_cookie_is_for_the_browser_alone(browser: TestClient) -> None:
    cookie = sign_in(browser).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_with_https_the_cookie_is_sent_over_nothing_else(place: Place) -> None:
    administering.begin(place.engine.port, QUICK, FIRST, NOW)
    safe = Place(
        engine=place.engine,
        clock=place.clock,
        randomness=place.randomness,
        passwords=QUICK,
        settings=Settings(https=True),
    )
    browser = TestClient(create_app(safe), base_url="https://testserver", follow_redirects=False)
    answer = sign_in(browser)
    assert answer.headers["set-cookie"].startswith("__Host-duban=")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_wrong_password_says_what_to_do_and_keeps_the_login(browser: TestClient) -> None:
    answer = sign_in(browser, password="wrong")
    assert answer.status_code == 403
    assert 'value="first"' in answer.text
    assert "wrong" not in re.findall(r'value="([^"]*)"', answer.text)


def test_whoever_is_not_signed_in_is_led_to_the_door_and_back(browser: TestClient) -> None:
    answer = browser.get("/accounts?x=1")
    assert answer.status_code == 401
    assert 'name="back" value="/accounts?x=1"' in answer.text
    assert sign_in(browser, back="/accounts?x=1").headers["location"] == "/accounts?x=1"


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", "", "/a\r\nb"])
def test_the_door_leads_nowhere_else(browser: TestClient, back: str) -> None:
    assert sign_in(browser, back=back).headers["location"] == "/"


def test_what_was_typed_when_the_session_ended_comes_back(browser: TestClient, place: Place) -> None:
    sign_in(browser)
    place.clock.advance(61_000)  # type: ignore[attr-defined]
    typed = "很长的说明 <b>&"
    answer = post(browser, "/accounts/open", csrf="0", person=typed)
    assert answer.status_code == 401
    kept = re.search(r'name="typed" value="([^"]*)"', answer.text)
    assert kept is not None
    back = sign_in(browser, back="/accounts/open", typed=html.unescape(kept[1]))
    assert back.status_code == 200
    assert f'name="person" value="{html.escape(typed)}"' in back.text
    assert 'action="/accounts/open"' in back.text


@pytest.mark.parametrize("path", ["/account/password", "/account/second-factor/confirm"])
def test_a_password_that_was_typed_is_never_handed_back(browser: TestClient, place: Place, path: str) -> None:
    sign_in(browser)
    place.clock.advance(61_000)  # type: ignore[attr-defined]
    typed = dict.fromkeys(("old", "new", "again", "secret", "code"), "hush-hush-42")
    answer = post(browser, path, csrf="0", **typed)
    assert answer.status_code == 401
    assert "hush" not in answer.text
    assert 'name="back" value="/"' in answer.text


def test_an_old_password_opens_nothing_once_it_was_changed(place: Place) -> None:
    administering.begin(place.engine.port, QUICK, FIRST, NOW)

    class Slow(Passwords):
        """While a password is checked, somebody else changes it."""

        def fits(self, stored: str | None, password: str) -> bool:
            with place.engine.port.write("people") as tx:
                found = accounts.by_login(tx, "first")
                assert found is not None
                accounts.set_password(tx, found, QUICK.hash(GOOD), NOW, must_change=True)
                sessions.end_all(tx, found.id, NOW)
            return super().fits(stored, password)

    door = Door(place.engine.port, Slow(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
    with pytest.raises(NotAllowed):
        door.sign_in("first", FIRST, "", Secrets(token="stolen", csrf="c"), NOW)
    assert place.door.visitor("stolen", NOW) is None


def test_out_is_out(browser: TestClient) -> None:
    sign_in(browser)
    cookie = browser.cookies["duban"]
    assert post(browser, "/sign-out", csrf=secret_of(browser, "/accounts")).status_code == 303
    browser.cookies.set("duban", cookie)
    assert browser.get("/accounts").status_code == 401


def test_looking_changes_nothing(browser: TestClient, place: Place) -> None:
    sign_in(browser)
    for path in ("/sign-out", "/language", "/accounts/appoint", "/accounts/open", "/account/second-factor"):
        assert browser.get(path).status_code == 405
    assert browser.get("/accounts").status_code == 200


def test_the_language_is_the_readers(browser: TestClient) -> None:
    assert "登录" in browser.get("/sign-in", headers={"accept-language": "zh-CN"}).text
    assert "Sign in" in browser.get("/sign-in", headers={"accept-language": "en"}).text
    post(browser, "/language", language="en", back="/sign-in")
    assert "Sign in" in browser.get("/sign-in", headers={"accept-language": "zh-CN"}).text


# --- the first account, and the three ---------------------------------------------------------------


def test_the_first_account_can_only_appoint_the_three(browser: TestClient, appointed: dict[str, str]) -> None:
    assert len(appointed) == 3
    assert browser.get("/accounts").status_code == 401
    assert sign_in(browser).status_code == 403


def test_a_one_time_password_must_be_changed_before_anything_else(
    browser: TestClient, appointed: dict[str, str]
) -> None:
    login = list(appointed)[1]
    sign_in(browser, login, appointed[login])
    assert browser.get("/accounts").headers["location"] == "/account"
    form = {"csrf": secret_of(browser, "/account"), "old": appointed[login]}
    assert post(browser, "/account/password", **form, new="short", again="short").status_code == 422
    assert post(browser, "/account/password", **form, new=GOOD, again=GOOD + "x").status_code == 422
    assert post(browser, "/account/password", **form, new=GOOD, again=GOOD).status_code == 303
    sign_in(browser, login, GOOD)
    assert browser.get("/accounts").status_code == 200


@pytest.fixture
def security(browser: TestClient, appointed: dict[str, str]) -> TestClient:
    """The security administrator, signed in."""
    login = list(appointed)[1]
    sign_in(browser, login, appointed[login])
    secret = secret_of(browser, "/account")
    post(browser, "/account/password", csrf=secret, old=appointed[login], new=GOOD, again=GOOD)
    sign_in(browser, login, GOOD)
    return browser


def test_the_security_administrator_opens_resets_and_closes_accounts(security: TestClient) -> None:
    page = security.get("/accounts").text
    person = re.findall(r'<option value="(\w+)"', page)[0]
    secret = secret_of(security, "/accounts")
    opened = post(security, "/accounts/open", csrf=secret, person=person)
    once = re.search(rf"<dt>{person}</dt><dd><code>(\w+)</code>", opened.text)
    assert once is not None
    assert post(security, "/accounts/open", csrf=secret, person=person).status_code == 422
    other = TestClient(security.app, follow_redirects=False)
    assert sign_in(other, person, once[1]).status_code == 303
    assert post(security, "/accounts/reset", csrf=secret, login=person).status_code == 200
    assert other.get("/account").status_code == 401
    assert post(security, "/accounts/close", csrf=secret, login=person).status_code == 303
    assert sign_in(other, person, once[1]).status_code == 403


def test_others_see_no_accounts(security: TestClient) -> None:
    page = security.get("/accounts").text
    person = re.findall(r'<option value="(\w+)"', page)[0]
    opened = post(security, "/accounts/open", csrf=secret_of(security, "/accounts"), person=person)
    once = re.findall(rf"<dt>{person}</dt><dd><code>(\w+)</code>", opened.text)[0]
    other = TestClient(security.app, follow_redirects=False)
    sign_in(other, person, once)
    secret = secret_of(other, "/account")
    post(other, "/account/password", csrf=secret, old=once, new=GOOD, again=GOOD)
    sign_in(other, person, GOOD)
    assert other.get("/accounts").status_code == 403
    forged = secret_of(other, "/account")
    for act in ("open", "reset", "close"):
        assert post(other, f"/accounts/{act}", csrf=forged, login="x", person="x").status_code == 403


def test_codes_are_asked_for_once_they_are_switched_on(security: TestClient, place: Place) -> None:
    secret = secret_of(security, "/account")
    page = post(security, "/account/second-factor", csrf=secret).text
    found = re.search(r'name="secret" value="(\w+)"', page)
    assert found is not None
    assert "<svg" in page
    wrong = post(
        security, "/account/second-factor/confirm", csrf=secret, secret=found[1], code="000000", password=GOOD
    )
    assert wrong.status_code == 403
    forged = post(
        security, "/account/second-factor/confirm", csrf=secret, secret="不是 base32", code="000000"
    )
    assert forged.status_code == 403
    code = pyotp.TOTP(found[1]).at(NOW // 1000)
    right = post(
        security, "/account/second-factor/confirm", csrf=secret, secret=found[1], code=code, password=GOOD
    )
    assert right.status_code == 200
    login = re.search(r'name="login" value="(\w+)"', security.get("/account").text)
    assert login is not None
    assert sign_in(security, login[1], GOOD).status_code == 403
    place.clock.advance(30_000)  # type: ignore[attr-defined]
    later = pyotp.TOTP(found[1]).at(NOW // 1000 + 30)
    assert sign_in(security, login[1], GOOD, code=later).status_code == 303


def test_who_tries_too_often_is_told_when_to_try_again(browser: TestClient, place: Place) -> None:
    """A login that there isn't is told the same."""
    for login in ("first", "nobody"):
        for _ in range(15):
            assert sign_in(browser, login, "wrong").status_code == 403
        answer = sign_in(browser, login, FIRST)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    for n in range(28):  # and 32 before
        assert sign_in(browser, f"nobody{n}", "wrong").status_code == 403
    answer = sign_in(browser, "somebody-else", "wrong")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")


def test_only_a_proxy_that_is_named_says_who_asks(place: Place) -> None:
    administering.begin(place.engine.port, QUICK, FIRST, NOW)
    for proxies, expected in ((frozenset[str](), "testclient"), (frozenset({"testclient"}), "203.0.113.9")):
        named = replace(place, settings=Settings(proxies=proxies))
        browser = TestClient(create_app(named), follow_redirects=False)
        told = {**HERE, "x-forwarded-for": "198.51.100.1, 203.0.113.9"}
        browser.post("/sign-in", data={"login": "first", "password": "wrong"}, headers=told)
        with place.engine.port.read() as tx:
            assert logs.wanted(tx, login="", act="", before=2**62, most=1)[0].address == expected


def test_whose_password_was_reset_sees_it_first(security: TestClient, appointed: dict[str, str]) -> None:
    person = re.findall(r'<option value="(\w+)"', security.get("/accounts").text)[0]
    secret = secret_of(security, "/accounts")
    post(security, "/accounts/open", csrf=secret, person=person)
    given = post(security, "/accounts/reset", csrf=secret, login=person)
    once = re.findall(rf"<dt>{person}</dt><dd><code>(\w+)</code>", given.text)[0]
    other = TestClient(security.app, follow_redirects=False, headers={"accept-language": "en"})
    assert sign_in(other, person, once).headers["location"] == "/account"
    page = other.get("/account").text
    assert "<strong>重置密码</strong>" in page
    assert list(appointed)[1] in page


def test_the_audit_administrator_reads_the_log_and_takes_it_away(
    security: TestClient, appointed: dict[str, str]
) -> None:
    assert security.get("/accounts/log").status_code == 403
    login = list(appointed)[2]
    audit = TestClient(security.app, follow_redirects=False, headers={"accept-language": "en"})
    sign_in(audit, login, appointed[login])
    secret = secret_of(audit, "/account")
    post(audit, "/account/password", csrf=secret, old=appointed[login], new=GOOD, again=GOOD)
    sign_in(audit, login, GOOD)
    assert "appointed" in audit.get("/accounts/log").text
    assert login not in audit.get("/accounts/log?act=opened").text.split("<tbody>")[1]
    lines = [json.loads(one) for one in audit.get(f"/accounts/log/export?login={login}").text.splitlines()]
    assert {one["act"] for one in lines} == {"appointed", "signed_in", "password_changed"}


def test_one_sees_where_one_is_signed_in(security: TestClient, appointed: dict[str, str]) -> None:
    other = TestClient(security.app, follow_redirects=False)
    sign_in(other, list(appointed)[1], GOOD)
    assert security.get("/account/sessions").text.count("<tr>") == 3
    post(security, "/account/sessions/end", csrf=secret_of(security, "/account/sessions"))
    assert other.get("/account").status_code == 401
    assert security.get("/account").status_code == 200


# --- the command ------------------------------------------------------------------------------------


def test_without_encryption_it_stays_on_this_machine(sqlite_url: str) -> None:
    result = CliRunner().invoke(main.app, ["console", "--host", "0.0.0.0", "--database", sqlite_url])
    assert result.exit_code == 2
    assert "--https" in result.stderr


def test_the_collector_passes_over_what_the_program_brought_along(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would walk all of it in the middle of every twentieth page."""
    frozen: list[int] = []
    monkeypatch.setattr("uvicorn.Server.run", lambda _self, **_: frozen.append(gc.get_freeze_count()))
    before = gc.get_threshold()
    gc.unfreeze()
    try:
        CliRunner().invoke(main.app, ["console", "--port", str(free_port()), "--database", sqlite_url])
        assert frozen[0] > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def test_the_first_start_shows_a_one_time_password_once(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []
    monkeypatch.setattr(
        "uvicorn.Server.run", lambda _self, sockets: served.append(sockets[0].getsockname()[0])
    )
    with create_server(("127.0.0.1", 0)) as found:
        port_number = str(found.getsockname()[1])
    words = ["console", "--port", port_number, "--database", sqlite_url, "--lang", "en"]
    first, again = (CliRunner().invoke(main.app, words) for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    once = re.search(r"one-time password (\w{20})", first.output)
    assert once is not None
    assert "one-time" not in again.output
    assert served == ["127.0.0.1"] * 2
    port = open_port(sqlite_url)
    Door(port, Passwords()).sign_in("first", once[1], "", Secrets(token="t", csrf="c"), NOW)
    port.close()
