"""Who may sign in: passwords, wrong ones, second factors, sessions, and the three administrators."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pyotp
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from console.accounts import Door, Lasting, Passwords, Secrets, administering, totp
from console.accounts.lockout import FREE, LONGEST, rest_after
from console.accounts.passwords import check_strength
from console.accounts.signing_in import hashed
from console.store import accounts, sessions
from console.store.accounts import Account
from workflow.definition import load_pack
from workflow.engine import Engine
from workflow.errors import BadValue, DubanError, NotAllowed, Unknown
from workflow.store import Port, open_port

from .test_reading import PACK

NOW = 1_772_000_000_000
MINUTE = 60_000
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
GOOD = "rattle-orchid-7-lantern"
GIVEN = {duty: f"one-time-{duty}-9931" for duty in administering.DUTIES}


@pytest.fixture
def port(database_url: str) -> Iterator[Port]:
    """A database with a campaign's people."""
    found = open_port(database_url)
    Engine(found, salts=lambda: b"0" * 16).load(load_pack(PACK), NOW)
    yield found
    found.close()


@pytest.fixture
def people(port: Port) -> dict[str, str]:
    """The codes of three people, by the duty that they are to have."""
    from workflow.reading import people as every

    with port.read() as tx:
        codes = [one.code for one in every(Engine(port, salts=bytes).library.frame(tx, NOW))]
    return dict(zip(("system", "security", "audit"), codes, strict=False))


@pytest.fixture
def three(port: Port, people: dict[str, str]) -> dict[str, Account]:
    """The administrators, appointed."""
    administering.begin(port, QUICK, "the-first-one-time-42", NOW)
    administering.appoint(port, QUICK, account(port, "first"), people, GIVEN, NOW)
    return {duty: account(port, code) for duty, code in people.items()}


@pytest.fixture
def door(port: Port) -> Door:
    return Door(port, QUICK, Lasting(idle=30 * MINUTE, whole=600 * MINUTE))


def account(port: Port, login: str) -> Account:
    with port.read() as tx:
        found = accounts.by_login(tx, login.lower())
    assert found is not None
    return found


def fresh(n: int = 1) -> Secrets:
    return Secrets(token=f"token-{n}", csrf=f"csrf-{n}")


# --- passwords --------------------------------------------------------------------------------------


def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own() -> None:
    first, second = Passwords().hash(GOOD), Passwords().hash(GOOD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert Passwords().fits(first, GOOD)
    assert not Passwords().fits(first, GOOD + " ")


def test_nobodys_password_fits_nothing() -> None:
    assert not QUICK.fits(None, "a password that nobody has")
    assert not QUICK.fits("no hash at all", GOOD)


@pytest.mark.parametrize("weak", ["short", "password1234", "qwertyuiop12", "zhangwei2026", "x" * 129, ""])
def test_what_is_guessed_too_easily_is_refused(weak: str) -> None:
    with pytest.raises(BadValue):
        check_strength(weak, "zhangwei")


def test_a_few_unrelated_words_make_a_good_one() -> None:
    check_strength(GOOD, "zhangwei")
    check_strength("石榴树下三只蜗牛正在听风", "zhangwei")


@given(st.integers(0, 10_000))
def test_an_account_rests_longer_with_each_wrong_one_and_never_for_good(failures: int) -> None:
    rest = rest_after(failures)
    assert (rest == 0) == (failures < FREE)
    assert rest <= rest_after(failures + 1) <= LONGEST


# --- signing in -------------------------------------------------------------------------------------


def test_whoever_signs_in_is_known_by_the_cookie_until_they_sign_out(
    door: Door, three: dict[str, Account]
) -> None:
    login = three["audit"].login
    door.sign_in(f" {login.upper()} ", GIVEN["audit"], "", fresh(), NOW)
    visitor = door.visitor("token-1", NOW + 1)
    assert visitor is not None
    assert (visitor.account.login, visitor.session.csrf) == (login, "csrf-1")
    assert door.visitor("token-2", NOW + 1) is None
    door.sign_out("token-1", NOW + 2)
    assert door.visitor("token-1", NOW + 3) is None


def test_the_token_itself_is_not_kept(door: Door, port: Port, three: dict[str, Account]) -> None:
    door.sign_in(three["audit"].login, GIVEN["audit"], "", fresh(), NOW)
    with port.read() as tx:
        assert sessions.find(tx, "token-1") is None
        assert sessions.find(tx, hashed("token-1")) is not None


def test_a_session_ends_when_nobody_is_there_and_after_a_day_at_most(
    door: Door, three: dict[str, Account]
) -> None:
    login = three["audit"].login
    door.sign_in(login, GIVEN["audit"], "", fresh(1), NOW)
    assert door.visitor("token-1", NOW + 30 * MINUTE) is not None
    assert door.visitor("token-1", NOW + 59 * MINUTE) is not None  # they were there at 30
    assert door.visitor("token-1", NOW + 90 * MINUTE) is None
    door.sign_in(login, GIVEN["audit"], "", fresh(2), NOW)
    for minutes in range(0, 600, 20):
        assert door.visitor("token-2", NOW + minutes * MINUTE) is not None
    assert door.visitor("token-2", NOW + 601 * MINUTE) is None


def test_which_of_login_and_password_was_wrong_is_not_said(door: Door, three: dict[str, Account]) -> None:
    with pytest.raises(NotAllowed) as nobody:
        door.sign_in("nobody", GOOD, "", fresh(), NOW)
    with pytest.raises(NotAllowed) as wrong:
        door.sign_in(three["audit"].login, GOOD, "", fresh(), NOW)
    assert nobody.value.text == wrong.value.text


def test_after_five_wrong_ones_the_account_rests_even_for_the_right_one(
    door: Door, three: dict[str, Account]
) -> None:
    login = three["audit"].login
    for _ in range(FREE):
        with pytest.raises(NotAllowed):
            door.sign_in(login, "wrong", "", fresh(), NOW)
    with pytest.raises(NotAllowed, match="rests for 1 min"):
        door.sign_in(login, GIVEN["audit"], "", fresh(), NOW + MINUTE - 1)
    door.sign_in(login, GIVEN["audit"], "", fresh(), NOW + MINUTE)
    assert door.visitor("token-1", NOW + MINUTE) is not None


def test_of_many_guesses_at_once_no_more_are_judged_than_one_after_another(
    door: Door, port: Port, three: dict[str, Account]
) -> None:
    def guess(n: int) -> None:
        with suppress(DubanError):
            door.sign_in(three["audit"].login, f"guess {n}", "", fresh(n), NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(40)))
    assert account(port, three["audit"].login).failures == FREE


# --- the second factor ------------------------------------------------------------------------------


@pytest.fixture
def secret(port: Port, three: dict[str, Account]) -> str:
    """The auditor's telephone."""
    found = totp.new_secret(bytes(range(20)))
    with port.write("people") as tx:
        accounts.set_totp(tx, three["audit"].id, found)
    return found


def test_with_a_second_factor_the_password_alone_lets_nobody_in(
    door: Door, three: dict[str, Account], secret: str
) -> None:
    login, code = three["audit"].login, pyotp.TOTP(secret).at(NOW // 1000)
    for wrong in ("", "000000", f"{code}0"):
        with pytest.raises(NotAllowed):
            door.sign_in(login, GIVEN["audit"], wrong, fresh(), NOW)
    door.sign_in(login, GIVEN["audit"], code, fresh(), NOW)


def test_a_code_works_once(door: Door, three: dict[str, Account], secret: str) -> None:
    login, code = three["audit"].login, pyotp.TOTP(secret).at(NOW // 1000)

    def enter(n: int) -> bool:
        try:
            door.sign_in(login, GIVEN["audit"], code, fresh(n), NOW)
        except NotAllowed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(enter, range(4))) == 1


def test_a_telephone_may_be_half_a_minute_off() -> None:
    found = totp.new_secret(bytes(range(20)))
    code = pyotp.TOTP(found).at(NOW // 1000)
    taken = [shift for shift in range(-90, 91, 30) if totp.step_of(found, code, NOW + shift * 1000, None)]
    assert taken == [-30, 0, 30]


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, SHA-1, the last six of eight digits."""
    found = totp.new_secret(b"12345678901234567890")
    for seconds, code in ((59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")):
        assert totp.step_of(found, code, seconds * 1000, None) == seconds // 30


# --- administrators ---------------------------------------------------------------------------------


def test_the_first_account_is_made_once(port: Port) -> None:
    assert administering.begin(port, QUICK, "the-first-one-time-42", NOW)
    assert not administering.begin(port, QUICK, "another-one-time-42", NOW)


def test_the_first_account_appoints_three_people_and_closes(
    door: Door, port: Port, people: dict[str, str]
) -> None:
    administering.begin(port, QUICK, "the-first-one-time-42", NOW)
    door.sign_in("first", "the-first-one-time-42", "", fresh(), NOW)
    administering.appoint(port, QUICK, account(port, "first"), people, GIVEN, NOW)
    assert door.visitor("token-1", NOW) is None
    with pytest.raises(NotAllowed):
        door.sign_in("first", "the-first-one-time-42", "", fresh(2), NOW)
    with pytest.raises(NotAllowed):
        administering.appoint(port, QUICK, account(port, "first"), people, GIVEN, NOW)
    assert {account(port, code).duty for code in people.values()} == set(people)


def test_one_person_is_not_two_administrators(port: Port, people: dict[str, str]) -> None:
    administering.begin(port, QUICK, "the-first-one-time-42", NOW)
    doubled = {**people, "audit": people["system"]}
    with pytest.raises(BadValue):
        administering.appoint(port, QUICK, account(port, "first"), doubled, GIVEN, NOW)
    with pytest.raises(Unknown):
        administering.appoint(port, QUICK, account(port, "first"), {**people, "audit": "x"}, GIVEN, NOW)
    assert account(port, "first").disabled_at is None


def test_only_the_security_administrator_manages_accounts(port: Port, three: dict[str, Account]) -> None:
    for duty in ("system", "audit"):
        with pytest.raises(NotAllowed):
            administering.open_account(port, QUICK, three[duty], "x", GOOD, NOW)
        with pytest.raises(NotAllowed):
            administering.reset(port, QUICK, three[duty], three["system"].login, GOOD, NOW)
        with pytest.raises(NotAllowed):
            administering.close(port, three[duty], three["system"].login, NOW)


def test_a_closed_account_is_out_at_once_and_stays_out(
    door: Door, port: Port, three: dict[str, Account]
) -> None:
    login = three["audit"].login
    door.sign_in(login, GIVEN["audit"], "", fresh(), NOW)
    administering.close(port, three["security"], login, NOW)
    assert door.visitor("token-1", NOW) is None
    with pytest.raises(NotAllowed):
        door.sign_in(login, GIVEN["audit"], "", fresh(2), NOW)
    with pytest.raises(NotAllowed):
        administering.close(port, three["security"], three["security"].login, NOW)


def test_a_changed_password_ends_every_session(door: Door, port: Port, three: dict[str, Account]) -> None:
    own = three["audit"]
    assert own.must_change
    door.sign_in(own.login, GIVEN["audit"], "", fresh(), NOW)
    with pytest.raises(NotAllowed):
        administering.change_password(port, QUICK, own, "wrong", GOOD, NOW)
    with pytest.raises(BadValue):
        administering.change_password(port, QUICK, own, GIVEN["audit"], GIVEN["audit"], NOW)
    administering.change_password(port, QUICK, own, GIVEN["audit"], GOOD, NOW)
    assert door.visitor("token-1", NOW) is None
    assert not account(port, own.login).must_change
    door.sign_in(own.login, GOOD, "", fresh(2), NOW)


def test_a_reset_takes_the_second_factor_away_and_must_be_changed(
    door: Door, port: Port, three: dict[str, Account], secret: str
) -> None:
    login = three["audit"].login
    administering.reset(port, QUICK, three["security"], login, "another-one-time-77", NOW)
    door.sign_in(login, "another-one-time-77", "", fresh(), NOW)
    assert account(port, login).must_change


def test_a_person_has_one_account(port: Port, three: dict[str, Account]) -> None:
    with pytest.raises(BadValue):
        administering.open_account(port, QUICK, three["security"], three["audit"].login, GOOD, NOW)
