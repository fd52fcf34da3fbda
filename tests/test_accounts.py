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

from console.accounts import Door, Lasting, Passwords, Secrets, administering, tokens, totp
from console.accounts.lockout import FREE, LONGEST, rest_after
from console.accounts.passwords import check_strength
from console.accounts.signing_in import hashed
from console.store import accounts, logs, sessions
from console.store import tokens as kept_tokens
from console.store.accounts import Account
from tests.storing import raw
from workflow.definition import load_pack
from workflow.engine import Engine
from workflow.errors import BadValue, DubanError, NotAllowed, NotNow, Refused, Unknown
from workflow.reading import people as every_person
from workflow.store import Port, Transaction, open_port

from .test_reading import PACK

NOW = 1_772_000_000_000
MINUTE = 60_000
ISSUER = "https://id.example.org/people/"
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
    with port.read() as tx:
        codes = [one.code for one in every_person(Engine(port, salts=bytes).library.frame(tx, NOW))]
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
    with pytest.raises(NotAllowed):
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
    door: Door, port: Port, three: dict[str, Account], worker: Account
) -> None:
    administering.reset(port, QUICK, three["security"], worker.login, "another-one-time-77", NOW)
    with port.write("people") as tx:
        accounts.set_totp(tx, worker.id, None)
    door.sign_in(worker.login, "another-one-time-77", "", fresh(), NOW)
    administering.close(port, three["security"], worker.login, NOW)
    assert door.visitor("token-1", NOW) is None
    with pytest.raises(NotAllowed):
        door.sign_in(worker.login, "another-one-time-77", "", fresh(2), NOW)


def test_a_changed_password_ends_every_session(door: Door, port: Port, three: dict[str, Account]) -> None:
    own = three["audit"]
    assert own.must_change
    door.sign_in(own.login, GIVEN["audit"], "", fresh(), NOW)
    with pytest.raises(NotAllowed):
        administering.change_password(port, door, QUICK, own, "wrong", GOOD, NOW)
    with pytest.raises(BadValue):
        administering.change_password(port, door, QUICK, own, GIVEN["audit"], GIVEN["audit"], NOW)
    administering.change_password(port, door, QUICK, own, GIVEN["audit"], GOOD, NOW)
    assert door.visitor("token-1", NOW) is None
    assert not account(port, own.login).must_change
    door.sign_in(own.login, GOOD, "", fresh(2), NOW)


@pytest.fixture
def worker(port: Port, three: dict[str, Account]) -> Account:
    """Somebody who works with tasks, with a telephone."""
    with port.read() as tx:
        codes = [one.code for one in every_person(Engine(port, salts=bytes).library.frame(tx, NOW))]
    code = next(one for one in codes if one not in {own.login for own in three.values()})
    administering.open_account(port, QUICK, three["security"], code, GOOD, NOW)
    with port.write("people") as tx:
        accounts.set_totp(tx, account_in(tx, code).id, totp.new_secret(bytes(range(20))))
    return account(port, code)


def account_in(tx: Transaction, login: str) -> Account:
    found = accounts.by_login(tx, login)
    assert found is not None
    return found


def acts(port: Port) -> list[tuple[str, str | None, str | None, str]]:
    """The log of accounts, the oldest first: act, whose, by whom, by what way."""
    with port.read() as tx:
        lines = logs.wanted(tx, login="", act="", before=2**62, most=1_000)
    return [(one.act, one.login, one.by, one.via) for one in reversed(lines)]


def test_a_reset_leaves_the_second_factor_and_must_be_changed(
    door: Door, port: Port, three: dict[str, Account], worker: Account
) -> None:
    """One administrator alone must not be able to sign in as somebody who has a telephone."""
    assert worker.totp is not None
    administering.reset(port, QUICK, three["security"], worker.login, "another-one-time-77", NOW)
    with pytest.raises(NotAllowed):
        door.sign_in(worker.login, "another-one-time-77", "", fresh(), NOW)
    code = pyotp.TOTP(worker.totp).at(NOW // 1000)
    door.sign_in(worker.login, "another-one-time-77", code, fresh(), NOW)
    assert account(port, worker.login).must_change


def test_a_lost_telephone_takes_two_administrators(
    port: Port, three: dict[str, Account], worker: Account
) -> None:
    with pytest.raises(NotNow):
        administering.take_factor(port, three["audit"], worker.login, NOW)
    for _ in range(2):  # asking twice is not agreeing
        assert not administering.take_factor(port, three["security"], worker.login, NOW)
        assert account(port, worker.login).totp is not None
    with pytest.raises(NotAllowed):
        administering.take_factor(port, three["system"], worker.login, NOW)
    assert administering.take_factor(port, three["audit"], worker.login, NOW)
    assert account(port, worker.login).totp is None
    with pytest.raises(NotNow):
        administering.take_factor(port, three["audit"], worker.login, NOW)


def test_no_administrator_has_anothers_account_in_hand(port: Port, three: dict[str, Account]) -> None:
    for duty in ("system", "security", "audit"):
        login = three[duty].login
        with pytest.raises(NotAllowed):
            administering.reset(port, QUICK, three["security"], login, GOOD, NOW)
        with pytest.raises(NotAllowed):
            administering.close(port, three["security"], login, NOW)
        with pytest.raises(NotAllowed):
            administering.unlock(port, three["security"], login, NOW)


def test_whoever_knew_the_password_before_a_reset_leaves_nothing_behind(
    port: Port, three: dict[str, Account], worker: Account
) -> None:
    """What was asked for just before, and is written just after, would let them in again later."""

    class Overtaken(Door):
        def prove(self, own: Account, password: str, code: str | None, now: int, address: str = "") -> None:
            super().prove(own, password, code, now, address)
            administering.reset(port, QUICK, three["security"], worker.login, "another-one-time-77", NOW)

    assert worker.totp is not None
    other = totp.new_secret(bytes(range(1, 21)))
    old, new = (pyotp.TOTP(one).at(NOW // 1000) for one in (worker.totp, other))
    with pytest.raises(Refused):
        administering.set_factor(port, Overtaken(port, QUICK), worker, GOOD, old, other, new, NOW)
    assert account(port, worker.login).totp == worker.totp
    with pytest.raises(Refused):
        tokens.make(port, worker, "act", "x", 9, "00", NOW)
    with port.read() as tx:
        assert kept_tokens.of_account(tx, worker.id, NOW) == ()


def test_a_changed_password_ends_tokens_too(
    door: Door, port: Port, three: dict[str, Account], worker: Account
) -> None:
    """Whoever had a session for a minute could have made one, for a year."""
    tokens.make(port, worker, "act", "x", 9, "00", NOW)
    administering.change_password(port, door, QUICK, worker, GOOD, f"{GOOD}-two", NOW)
    with port.read() as tx:
        assert kept_tokens.of_account(tx, worker.id, NOW) == ()


def test_guesses_of_the_old_password_count_as_those_at_the_door(
    door: Door, port: Port, three: dict[str, Account]
) -> None:
    own = three["audit"]
    for _ in range(FREE):
        with pytest.raises(NotAllowed):
            administering.change_password(port, door, QUICK, own, "wrong", GOOD, NOW)
    with pytest.raises(NotAllowed):
        administering.change_password(port, door, QUICK, own, GIVEN["audit"], GOOD, NOW)
    administering.change_password(port, door, QUICK, own, GIVEN["audit"], GOOD, NOW + MINUTE)


def test_another_telephone_needs_the_password_and_the_one_before(
    door: Door, port: Port, worker: Account
) -> None:
    assert worker.totp is not None
    other = totp.new_secret(bytes(range(1, 21)))
    old, new = (pyotp.TOTP(one).at(NOW // 1000) for one in (worker.totp, other))
    for password, first, secret, second in (
        ("wrong", old, other, new),
        (GOOD, "", other, new),
        (GOOD, new, other, new),
        (GOOD, old, other, "000000"),
        (GOOD, old, "no base32 at all 0189", new),
        (GOOD, old, other[:24], pyotp.TOTP(other[:24]).at(NOW // 1000)),
    ):
        with pytest.raises(NotAllowed):
            administering.set_factor(port, door, worker, password, first, secret, second, NOW)
    administering.set_factor(port, door, worker, GOOD, old, other, new, NOW)
    assert account(port, worker.login).totp == other


def test_it_is_not_told_which_logins_there_are(door: Door, port: Port, three: dict[str, Account]) -> None:
    """The same words, and as many lines in the log: the same for a login that rests or isn't there."""
    said = set()
    for login in (three["audit"].login, "nobody"):
        for n in range(FREE + 2):
            with pytest.raises(NotAllowed) as refused:
                door.sign_in(login, "wrong", "", fresh(n), NOW)
            said.add(refused.value.text)
    assert len(said) == 1
    wrong = [act for act, *_ in acts(port) if act in ("failed", "rests")]
    assert len(wrong) == 2 * (FREE + 2)


def test_everything_that_is_done_with_accounts_is_written_down(
    door: Door, port: Port, three: dict[str, Account], worker: Account
) -> None:
    security, audit, own = three["security"].login, three["audit"].login, worker.login
    administering.take_factor(port, three["security"], own, NOW)
    administering.take_factor(port, three["audit"], own, NOW)
    administering.reset(port, QUICK, three["security"], own, "another-one-time-77", NOW)
    door.sign_in(own, "another-one-time-77", "", fresh(), NOW)
    door.sign_out("token-1", NOW)
    administering.unlock(port, three["security"], own, NOW)
    administering.at_the_machine(port, "unlock", audit, NOW)
    administering.close(port, three["security"], own, NOW)
    assert acts(port)[5:] == [
        ("factor_asked", own, security, "web"),
        ("factor_taken", own, audit, "web"),
        ("reset", own, security, "web"),
        ("signed_in", own, own, "web"),
        ("signed_out", own, own, "web"),
        ("unlocked", own, security, "web"),
        ("unlocked", audit, None, "machine"),
        ("closed", own, security, "web"),
    ]
    assert [act for act, *_ in acts(port)[:5]] == ["opened", *["appointed"] * 3, "opened"]


def test_the_log_is_neither_changed_nor_shortened(
    port: Port, three: dict[str, Account], database_url: str
) -> None:
    for change in (
        "UPDATE account_log SET act = 'nothing'",
        "DELETE FROM account_log",
        "UPDATE access_log SET status = 200",
        "DELETE FROM access_log",
    ):
        with port.write("people") as tx:
            logs.add_access(tx, [(NOW, None, "GET", "/", "", 200)])
        with raw(database_url) as connection, pytest.raises(Exception, match=r"append-only|six months"):
            connection.execute(change)
    assert len(acts(port)) == 4


def test_what_is_older_than_the_settings_say_is_forgotten_but_never_half_a_year(
    port: Port, three: dict[str, Account]
) -> None:
    later = NOW + 400 * 24 * 60 * MINUTE
    administering.at_the_machine(port, "unlock", three["audit"].login, later)
    with port.write("people") as tx:
        assert logs.retire(tx, NOW + 1, 3) == 3
    with port.write("people") as tx:
        assert logs.retire(tx, NOW + 1, 3) == 1
    assert [act for act, *_ in acts(port)] == ["unlocked"]
    with pytest.raises(DubanError), port.write("people") as tx:
        logs.retire(tx, later + 1, 3)


def test_others_sessions_are_ended_from_here(door: Door, three: dict[str, Account]) -> None:
    login = three["audit"].login
    for n in (1, 2, 3):
        door.sign_in(login, GIVEN["audit"], "", fresh(n), NOW)
    here = door.visitor("token-2", NOW)
    assert here is not None
    assert len(door.elsewhere(here, NOW)) == 3
    door.end_others(here, NOW)
    assert [door.visitor(f"token-{n}", NOW) is not None for n in (1, 2, 3)] == [False, True, False]


def test_the_machine_is_the_way_back_in(
    door: Door, port: Port, three: dict[str, Account], secret: str
) -> None:
    login = three["audit"].login
    administering.at_the_machine(port, "reset", login, NOW, QUICK.hash("from-the-machine-7"))
    door.sign_in(login, "from-the-machine-7", "", fresh(), NOW)
    administering.at_the_machine(port, "disable", login, NOW)
    assert door.visitor("token-1", NOW) is None


def test_an_identity_opens_one_account_until_another_password_is_given(
    port: Port, three: dict[str, Account], people: dict[str, str]
) -> None:
    first, second = _two_more(port, three, people)
    administering.link(port, three["security"], first, ISSUER, "u-17", QUICK.hash("nobody's"), NOW)
    with port.read() as tx:
        found = accounts.by_identity(tx, ISSUER, "u-17")
        elsewhere = accounts.by_identity(tx, "https://other.example.org", "u-17")
    assert (found and found.login, elsewhere) == (first, None)
    with pytest.raises(BadValue):
        administering.link(port, three["security"], second, ISSUER, "u-17", "x", NOW)
    administering.close(port, three["security"], first, NOW)
    administering.link(port, three["security"], second, ISSUER, "u-17", "x", NOW)
    administering.reset(port, QUICK, three["security"], second, "another-one-time-5", NOW)
    with port.read() as tx:
        assert accounts.by_identity(tx, ISSUER, "u-17") is None


def _two_more(port: Port, three: dict[str, Account], people: dict[str, str]) -> tuple[str, str]:
    """Two accounts of people who work with tasks."""
    with port.read() as tx:
        codes = [one.code for one in every_person(Engine(port, salts=bytes).library.frame(tx, NOW))]
    first, second = [code for code in codes if code not in people.values()][:2]
    for code in (first, second):
        administering.open_account(port, QUICK, three["security"], code, GOOD, NOW)
    return first, second


def test_a_person_has_one_account(port: Port, three: dict[str, Account]) -> None:
    with pytest.raises(BadValue):
        administering.open_account(port, QUICK, three["security"], three["audit"].login, GOOD, NOW)
