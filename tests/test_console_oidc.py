"""Coming in through the organisation's own sign-in: who is let in, and what proves nothing."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import httpx2
import pyotp
import pytest
from joserfc.jwk import ECKey, OctKey
from starlette.testclient import TestClient
from typer.testing import CliRunner

import main
from commands.console import provider_of
from console.accounts import administering
from console.accounts.oidc import LONGEST_TRIP, Provider, ProviderSilent, Registration, Trip
from console.store import accounts, logs
from console.store.accounts import Account
from console.web import Place, create_app
from notifier.settings import SettingsError, read_settings
from workflow.clock import VirtualClock
from workflow.definition import load_pack
from workflow.engine import Engine
from workflow.errors import BadValue, NotAllowed
from workflow.store import open_port
from workflow.text import Text

from .openid import BACK, CLIENT, ISSUER, SECRET, FakeProvider
from .test_accounts import GIVEN, GOOD, QUICK, account
from .test_console_door import HERE, secret_of
from .test_reading import PACK

NOW = 1_772_000_000_000
WHO = "li_town_handler"
OWN = Registration(
    issuer=ISSUER, client_id=CLIENT, secret=SECRET, back=BACK, name=Text("市统一认证", "City sign-in")
)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def peer(clock: VirtualClock) -> FakeProvider:
    return FakeProvider(clock.now)


@pytest.fixture
def place(sqlite_url: str, clock: VirtualClock, peer: FakeProvider) -> Iterator[Place]:
    """A console with three administrators and somebody whose identity is linked."""
    port = open_port(sqlite_url)
    engine = Engine(port, salts=lambda: b"0" * 16)
    engine.load(load_pack(PACK), NOW)
    counter = itertools.count(1)
    administering.begin(port, QUICK, "the-first-one-time-42", NOW)
    with port.read() as tx:
        from workflow.reading import people

        codes = [one.code for one in people(engine.library.frame(tx, NOW))]
    chosen = dict(zip(administering.DUTIES, codes, strict=False))
    administering.appoint(port, QUICK, account(port, "first"), chosen, GIVEN, NOW)
    security = account(port, chosen["security"])
    for code in codes[3:5]:
        administering.open_account(port, QUICK, security, code, GOOD, NOW)
    administering.link(port, security, codes[3], ISSUER, "u-17", QUICK.hash("nobody's"), NOW)
    yield Place(
        engine=engine,
        clock=clock,
        randomness=lambda size: next(counter).to_bytes(size, "big"),
        passwords=QUICK,
        provider=Provider(OWN, transport=peer.transport),
    )
    port.close()


@pytest.fixture
def browser(place: Place) -> TestClient:
    return TestClient(create_app(place), follow_redirects=False)


def linked(place: Place) -> Account:
    with place.engine.port.read() as tx:
        found = accounts.by_identity(tx, ISSUER, "u-17")
    assert found is not None
    return found


def duty(place: Place, wanted: str) -> Account:
    with place.engine.port.read() as tx:
        return next(one for one in accounts.every(tx) if one.duty == wanted)


def other(place: Place) -> Account:
    """Somebody who works with tasks, and has a password."""
    with place.engine.port.read() as tx:
        return next(one for one in accounts.every(tx) if one.duty is None and one.subject is None)


def with_codes(place: Place, own: Account) -> pyotp.TOTP:
    """From now on the account asks for a code."""
    made = pyotp.TOTP("A" * 32)
    with place.engine.port.write("people") as tx:
        accounts.set_totp(tx, own.id, made.secret)
    return made


def leave(browser: TestClient, back: str = "/") -> str:
    answer = browser.get("/sign-in/oidc", params={"back": back})
    assert answer.status_code == 303
    return str(answer.headers["location"])


def come(browser: TestClient, peer: FakeProvider, subject: str = "u-17", back: str = "/") -> Any:
    return browser.get(peer.authorise(leave(browser, back), subject))


def is_in(browser: TestClient) -> bool:
    return bool(browser.get("/account").status_code == 200)


# --- the way there and back ---------------------------------------------------------------------------


def test_the_door_offers_it_under_its_own_name(browser: TestClient) -> None:
    page = browser.get("/sign-in?back=/ledger", headers={"accept-language": "en"}).text
    assert "Sign in by City sign-in" in page
    assert 'href="/sign-in/oidc?back=/ledger"' in page


def test_whoever_is_linked_comes_in_and_goes_on_where_they_wanted(
    browser: TestClient, peer: FakeProvider, place: Place
) -> None:
    come(browser, peer)
    answer = come(browser, peer, back="/ledger?light=red")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ledger?light=red")
    assert is_in(browser)
    own = linked(place).id
    with place.engine.port.read() as tx:
        assert logs.about(tx, own, 1)[0].act == "signed_in"


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_it_leads_nowhere_else(browser: TestClient, peer: FakeProvider, back: str) -> None:
    come(browser, peer)
    assert come(browser, peer, back=back).headers["location"] == "/"


def test_leaving_a_hundred_times_changes_nothing(
    browser: TestClient, peer: FakeProvider, place: Place
) -> None:
    def lines() -> int:
        with place.engine.port.read() as tx:
            return len(logs.wanted(tx, login="", act="", before=2**62, most=1_000))

    before = lines()
    for _ in range(100):
        leave(browser)
    assert lines() == before
    assert peer.asked == ["/people/.well-known/openid-configuration"]


def test_a_code_works_once(browser: TestClient, peer: FakeProvider) -> None:
    there = peer.authorise(leave(browser))
    carried = dict(browser.cookies)
    browser.get(there)
    again = TestClient(browser.app, follow_redirects=False, cookies={"duban_trip": carried["duban_trip"]})
    assert again.get(there).status_code == 403
    assert not is_in(again)


def test_a_trip_ends_in_the_browser_that_began_it(browser: TestClient, peer: FakeProvider) -> None:
    there = peer.authorise(leave(browser))
    victim = TestClient(browser.app, follow_redirects=False)
    assert victim.get(there).status_code == 403
    leave(victim)  # a trip of their own doesn't help
    assert victim.get(there).status_code == 403
    assert not is_in(victim)
    assert "/token" not in peer.asked


def test_the_cookie_of_a_trip_is_short_lived_and_the_browsers_own(browser: TestClient, place: Place) -> None:
    told = browser.get("/sign-in/oidc").headers["set-cookie"].lower()
    assert f"max-age={LONGEST_TRIP // 1000}" in told
    assert "httponly" in told
    assert "samesite=lax" in told
    safe = replace(place, settings=replace(place.settings, https=True))
    told = TestClient(create_app(safe), follow_redirects=False).get("/sign-in/oidc").headers["set-cookie"]
    assert told.startswith("__Host-duban_trip=")
    assert "Secure" in told


_NOTHING = ("", "%%%", "bnVsbA==", "WzFd", "WyJhIiwiYiJd", "eyJhIjoxfQ==")
_HALF = "WyJcdWQ4MDAiLCJiIiwiYyIsImQiXQ=="  # of a character
_DEEP = "W1tb" * 10_000  # brackets in brackets


@pytest.mark.parametrize("carried", [*_NOTHING, _HALF, _DEEP], ids=range(8))
def test_a_cookie_that_is_not_ours_is_refused(browser: TestClient, carried: str) -> None:
    browser.cookies.set("duban_trip", carried)
    assert browser.get("/sign-in/oidc/back?code=x&state=").status_code == 403


def test_another_providers_answer_is_refused(browser: TestClient, peer: FakeProvider) -> None:
    there = peer.authorise(leave(browser)).partition("&iss=")[0]
    assert browser.get(f"{there}&iss=https://evil.example").status_code == 403
    assert "/token" not in peer.asked


def test_whoever_turns_back_is_told_so(browser: TestClient) -> None:
    state = re.search(r"[?&]state=(\w+)", leave(browser))
    assert state is not None
    answer = browser.get(f"/sign-in/oidc/back?error=access_denied&state={state[1]}")
    assert (answer.status_code, "您取消了登录" in answer.text) == (403, True)


def test_where_there_is_none_there_is_no_such_page(place: Place) -> None:
    plain = TestClient(create_app(replace(place, provider=None)), follow_redirects=False)
    assert "/sign-in/oidc" not in plain.get("/sign-in").text
    assert plain.get("/sign-in/oidc").status_code == 404
    assert plain.get("/sign-in/oidc/back?code=a&state=b").status_code == 404
    assert plain.post("/sign-in/oidc/code", headers=HERE).status_code == 404


def test_what_was_typed_comes_back_after_signing_in_beside_it(
    browser: TestClient, peer: FakeProvider, place: Place
) -> None:
    come(browser, peer)
    place.clock.advance(31 * 60_000)  # type: ignore[attr-defined]
    page = browser.post("/organisation/away", data={"csrf": "0", "reason": "<很长>"}, headers=HERE).text
    assert 'target="_blank"' in page
    kept = re.search(r'action="/sign-in/typed">.*?name="typed" value="([^"]*)"', page, re.DOTALL)
    assert kept is not None
    form = {"back": "/organisation/away", "typed": html.unescape(kept[1])}
    early = browser.post("/sign-in/typed", data=form, headers=HERE)
    assert (early.status_code, "&lt;很长&gt;" in early.text) == (401, True)
    come(browser, peer)
    late = browser.post("/sign-in/typed", data=form, headers=HERE)
    assert 'name="reason" value="&lt;很长&gt;"' in late.text
    assert 'action="/organisation/away"' in late.text


# --- what proves nothing --------------------------------------------------------------------------------

_LATE = NOW // 1000 - 3_600
_WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://id.example.org/people"},
    "no issuer": {"iss": None},
    "meant for another": {"aud": "another"},
    "meant for several, asked by another": {"aud": [CLIENT, "another"], "azp": "another"},
    "meant for several, asked by nobody": {"aud": [CLIENT, "another"]},
    "run out": {"exp": _LATE},
    "without an end": {"exp": None},
    "not yet valid": {"nbf": NOW // 1000 + 3_600},
    "of the future": {"iat": NOW // 1000 + 3_600},
    "of another trip": {"nonce": "0" * 64},
    "of no trip": {"nonce": None},
    "about nobody": {"sub": None},
    "about a number": {"sub": 17},
    "about a long name": {"sub": "u" * 256},
    "about an empty name": {"sub": ""},
    "beside another access token": {"at_hash": "AAAA"},
}


@pytest.mark.parametrize("wrong", list(_WRONG))
def test_a_token_that_is_wrong_lets_nobody_in(browser: TestClient, peer: FakeProvider, wrong: str) -> None:
    peer.claims = _WRONG[wrong]
    assert come(browser, peer).status_code == 403
    assert not is_in(browser)


def test_clocks_may_differ_by_a_minute(browser: TestClient, peer: FakeProvider) -> None:
    peer.claims = {"iat": NOW // 1000 + 50}
    assert come(browser, peer).status_code == 303


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_a_token_that_others_could_have_signed_lets_nobody_in(
    browser: TestClient, peer: FakeProvider, alg: str
) -> None:
    peer.header = {"alg": alg, "kid": "one"}
    peer.sign_with = OctKey.import_key(SECRET * 4)
    assert come(browser, peer).status_code == 403
    assert not is_in(browser)


def test_a_token_of_another_key_lets_nobody_in(browser: TestClient, peer: FakeProvider) -> None:
    peer.sign_with = ECKey.generate_key("P-256", {"kid": "one"})
    assert come(browser, peer).status_code == 403


def test_a_new_key_is_looked_for_and_not_more_than_once_a_minute(
    browser: TestClient, peer: FakeProvider, place: Place
) -> None:
    come(browser, peer)
    peer.header = {"alg": "ES256", "kid": "two"}
    peer.sign_with = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
    for _ in range(3):
        assert come(browser, peer).status_code == 403
    assert peer.asked.count("/keys") == 1
    peer.shown.append(peer.sign_with)
    place.clock.advance(61_000)  # type: ignore[attr-defined]
    assert come(browser, peer).status_code == 303
    assert peer.asked.count("/keys") == 2


def test_a_mail_address_counts_once_the_provider_has_checked_it(place: Place, peer: FakeProvider) -> None:
    by_mail = Provider(replace(OWN, claim="email"), transport=peer.transport)
    browser = TestClient(create_app(replace(place, provider=by_mail)), follow_redirects=False)
    peer.claims = {"email": "u-17", "email_verified": False}
    assert come(browser, peer).status_code == 403
    peer.claims = {"email": "u-17", "email_verified": True}
    assert come(browser, peer, "another").status_code == 303


def test_a_secret_goes_into_the_form_where_the_provider_wants_it_there(
    browser: TestClient, peer: FakeProvider
) -> None:
    peer.said["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    assert come(browser, peer).status_code == 303


# --- a provider that doesn't answer -------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://id.example.org/people"},
        {"token_endpoint": "http://id.example.org/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"jwks_uri": "https:///keys"},
    ],
)
def test_a_provider_that_is_not_the_one_or_not_safe_is_not_used(
    browser: TestClient, peer: FakeProvider, said: dict[str, Any]
) -> None:
    peer.said |= said
    answer = browser.get("/sign-in/oidc", headers={"accept-language": "en"})
    assert (answer.status_code, "does not answer as it should" in answer.text) == (503, True)


@pytest.mark.parametrize("path", ["/people/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize(
    "instead",
    [
        httpx2.Response(500),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json=["?"]),
        httpx2.Response(302, headers={"location": "https://evil.example"}),
        httpx2.ConnectError("no"),
        httpx2.ReadTimeout("slow"),
    ],
    ids=["500", "html", "list", "redirect", "refused", "slow"],
)
def test_a_provider_that_breaks_is_said_and_passwords_still_work(
    browser: TestClient, peer: FakeProvider, place: Place, path: str, instead: Any
) -> None:
    peer.instead = {path: instead}
    left = browser.get("/sign-in/oidc")
    answer = left if left.status_code != 303 else browser.get(peer.authorise(left.headers["location"]))
    assert answer.status_code == 503
    assert 'name="password"' in answer.text
    assert not is_in(browser)
    form = {"login": other(place).login, "password": GOOD}
    assert browser.post("/sign-in", data=form, headers=HERE).status_code == 303


def test_a_provider_that_is_silent_is_left_alone_for_a_while(
    browser: TestClient, peer: FakeProvider, place: Place
) -> None:
    """Everybody who asks would wait for it, in a thread that other pages need."""
    peer.instead = {"/people/.well-known/openid-configuration": httpx2.ConnectTimeout("slow")}
    for _ in range(3):
        assert browser.get("/sign-in/oidc").status_code == 503
    assert len(peer.asked) == 1
    peer.instead = {}
    place.clock.advance(10_000)  # type: ignore[attr-defined]
    assert come(browser, peer).status_code == 303


@pytest.mark.parametrize("path", ["/keys", "/token"])
def test_it_is_left_alone_wherever_it_was_silent(
    browser: TestClient, peer: FakeProvider, place: Place, path: str
) -> None:
    peer.instead = {path: httpx2.ReadTimeout("slow")}
    for _ in range(3):
        assert come(browser, peer).status_code == 503
    assert peer.asked.count(path) == 1
    peer.instead = {}
    place.clock.advance(10_000)  # type: ignore[attr-defined]
    assert come(browser, peer).status_code == 303


def test_of_many_who_leave_at_once_one_asks_the_provider(place: Place, peer: FakeProvider) -> None:
    begun, go_on = Semaphore(0), Event()

    def slow(request: httpx2.Request) -> httpx2.Response:
        begun.release()
        assert go_on.wait(10)
        return httpx2.Response(200, json=peer.said)

    provider = Provider(OWN, transport=httpx2.MockTransport(slow))
    trip = Trip(state="s", nonce="n", verifier="v" * 43)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(provider.leave, trip, NOW)
        assert begun.acquire(timeout=10)
        with pytest.raises(ProviderSilent):
            provider.leave(trip, NOW)
        go_on.set()
        assert first.result().startswith("https://id.example.org/authorise?")
    assert provider.leave(trip, NOW)


# --- who is let in ------------------------------------------------------------------------------------


def test_whoever_has_no_account_is_told_what_to_tell(browser: TestClient, peer: FakeProvider) -> None:
    answer = come(browser, peer, "u-<18>")
    assert (answer.status_code, "u-&lt;18&gt;" in answer.text) == (403, True)
    assert not is_in(browser)


def test_a_closed_account_stays_closed(browser: TestClient, peer: FakeProvider, place: Place) -> None:
    administering.close(place.engine.port, duty(place, "security"), linked(place).login, NOW)
    assert come(browser, peer).status_code == 403


def test_an_account_that_rests_goes_on_resting(browser: TestClient, peer: FakeProvider, place: Place) -> None:
    own = linked(place).id
    with place.engine.port.write("people") as tx:
        accounts.note_failure(tx, own, NOW + 60_000)
    assert come(browser, peer).status_code == 403
    place.clock.advance(61_000)  # type: ignore[attr-defined]
    assert come(browser, peer).status_code == 303


def test_wrong_passwords_dont_shut_out_whom_no_password_lets_in(
    browser: TestClient, peer: FakeProvider, place: Place
) -> None:
    for _ in range(7):
        form = {"login": linked(place).login, "password": "wrong"}
        assert browser.post("/sign-in", data=form, headers=HERE).status_code == 403
    assert come(browser, peer).status_code == 303


def test_our_second_factor_is_asked_for_all_the_same(
    browser: TestClient, peer: FakeProvider, place: Place
) -> None:
    come(browser, peer)  # the first time leads to what was done with the account
    browser.cookies.clear()
    code = with_codes(place, linked(place))
    asked = come(browser, peer, back="/ledger")
    assert (asked.status_code, is_in(browser)) == (200, False)
    token = re.search(r'name="token" value="([^"]+)"', asked.text)
    assert token is not None
    form = {"token": token[1], "code": "000000"}
    wrong = browser.post("/sign-in/oidc/code", data=form, headers=HERE)
    assert (wrong.status_code, is_in(browser)) == (403, False)
    assert linked(place).failures == 1
    form["code"] = code.at(NOW // 1000)
    stranger = TestClient(browser.app, follow_redirects=False)
    assert stranger.post("/sign-in/oidc/code", data=form, headers=HERE).status_code == 403
    right = browser.post("/sign-in/oidc/code", data=form, headers=HERE)
    assert (right.status_code, right.headers["location"], is_in(browser)) == (303, "/ledger", True)


def test_a_token_for_our_code_runs_out(browser: TestClient, peer: FakeProvider, place: Place) -> None:
    code = with_codes(place, linked(place))
    token = re.search(r'name="token" value="([^"]+)"', come(browser, peer).text)
    assert token is not None
    place.clock.advance(7 * 60_000)  # type: ignore[attr-defined]
    form = {"token": token[1], "code": code.at(place.now // 1000)}
    assert browser.post("/sign-in/oidc/code", data=form, headers=HERE).status_code == 403
    assert not is_in(browser)


# --- linking --------------------------------------------------------------------------------------------


def test_the_security_administrator_links_and_no_password_opens_the_account_any_more(
    browser: TestClient, peer: FakeProvider, place: Place
) -> None:
    login = other(place).login
    door = {"login": duty(place, "security").login, "password": GIVEN["security"]}
    browser.post("/sign-in", data=door, headers=HERE)
    with place.engine.port.write("people") as tx:  # as if they had changed their one-time password
        security = accounts.by_login(tx, door["login"])
        assert security is not None
        accounts.set_password(tx, security, security.password, NOW, must_change=False)
    form = {"csrf": secret_of(browser, "/accounts"), "login": login, "subject": " u-18 "}
    assert browser.post("/accounts/link", data=form, headers=HERE).status_code == 303
    assert "u-18" in browser.get("/accounts").text
    theirs = TestClient(browser.app, follow_redirects=False)
    assert theirs.post("/sign-in", data={"login": login, "password": GOOD}, headers=HERE).status_code == 403
    assert come(theirs, peer, "u-18").headers["location"] == "/account"  # which says what was done
    page = theirs.get("/account").text
    assert ("u-18" in page, 'name="old"' in page) == (True, False)
    wrong = browser.post("/accounts/link", data={**form, "subject": "u-17"}, headers=HERE)
    assert (wrong.status_code, linked(place).login in wrong.text) == (422, True)


def test_linking_ends_what_was_open_and_a_new_password_ends_the_link(
    browser: TestClient, peer: FakeProvider, place: Place
) -> None:
    port, security, own = place.engine.port, duty(place, "security"), linked(place)
    come(browser, peer)
    administering.link(port, security, own.login, ISSUER, "u-19", QUICK.hash("nobody's"), NOW)
    assert not is_in(browser)
    assert come(browser, peer).status_code == 403
    assert come(browser, peer, "u-19").status_code == 303
    administering.reset(port, QUICK, security, own.login, "a-new-one-time-9", NOW)
    assert not is_in(browser)
    assert come(browser, peer, "u-19").status_code == 403
    form = {"login": own.login, "password": "a-new-one-time-9"}
    assert browser.post("/sign-in", data=form, headers=HERE).status_code == 303


def test_only_the_security_administrator_links_and_never_an_administrator(place: Place) -> None:
    port, made = place.engine.port, QUICK.hash("nobody's")
    for by in (duty(place, "audit"), duty(place, "system"), other(place)):
        with pytest.raises(NotAllowed):
            administering.link(port, by, other(place).login, ISSUER, "u-20", made, NOW)
    with pytest.raises(NotAllowed):
        administering.link(
            port, duty(place, "security"), duty(place, "audit").login, ISSUER, "u-20", made, NOW
        )


@pytest.mark.parametrize("subject", ["", "  ", "u" * 256, "a\x00b", "a\u202eb"])
def test_what_can_be_no_name_is_not_linked(place: Place, subject: str) -> None:
    with pytest.raises(BadValue):
        administering.link(
            place.engine.port, duty(place, "security"), other(place).login, ISSUER, subject, "x", NOW
        )
    assert other(place).subject is None


def test_the_second_factor_outlives_the_link(place: Place) -> None:
    with_codes(place, other(place))
    login = other(place).login
    administering.link(place.engine.port, duty(place, "security"), login, ISSUER, "u-21", "x", NOW)
    assert account(place.engine.port, login).totp == "A" * 32


# --- settings and the command ---------------------------------------------------------------------------

SETTINGS = """
[site]
url = "https://duban.example.org"
[oidc]
issuer = "https://id.example.org/people/"
client_id = "duban"
client_secret = "env:DUBAN_OIDC"
name = { zh = "市统一认证", en = "City sign-in" }
"""


def test_the_settings_say_who_vouches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_OIDC", SECRET)
    file = tmp_path / "duban.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    found = provider_of(read_settings(file))
    assert found is not None
    assert found.own == replace(OWN, back="https://duban.example.org/sign-in/oidc/back")
    assert SECRET not in repr(found.own)
    file.write_text("", encoding="utf-8")
    assert provider_of(read_settings(file)) is None


def test_the_guide_shows_settings_that_can_be_used(tmp_path: Path) -> None:
    guide = Path(__file__).resolve().parents[1] / "docs" / "oidc.md"
    shown = guide.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    file = tmp_path / "duban.toml"
    file.write_text(shown, encoding="utf-8")
    found = read_settings(file).oidc
    assert all(getattr(found, name) is not None for name in type(found).model_fields)
    assert f"{read_settings(file).site.url}/sign-in/oidc/back" in guide.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[oidc]\nissuer = "https://id.example.org"', "client_id is missing"),
        ('[oidc]\nclient_id = "a"', "issuer is missing"),
        ('[oidc]\nissuer = "https://id.example.org"\nclient_id = "a"', "[site] url"),
        ('[oidc]\nissuer = "http://id.example.org"', "https://"),
        ('[oidc]\nclient_secret = "hush"', "must not stand in the settings"),
    ],
)
def test_settings_that_are_half_are_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "duban.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings(file)
    assert said in refused.value.text.en
    assert "hush" not in refused.value.text.en


def test_somebody_at_the_machine_links_too(place: Place, tmp_path: Path, sqlite_url: str) -> None:
    file = tmp_path / "duban.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    login = other(place).login
    run = CliRunner().invoke
    common = ["--database", sqlite_url, "--settings", str(file)]
    done = run(main.app, [*common, "account", "link", login, "u-30"])
    assert done.exit_code == 0, done.output
    assert account(place.engine.port, login).subject == "u-30"
    own = account(place.engine.port, login).id
    with place.engine.port.read() as tx:
        line = logs.about(tx, own, 1)[0]
    assert (line.act, line.via) == ("linked", "machine")
    file.write_text("", encoding="utf-8")
    assert run(main.app, [*common, "account", "link", login, "u-31"]).exit_code == 2
