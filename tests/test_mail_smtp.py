"""Handing mail over: each way in which a server can say no, lie or die is one end, and the right one."""

from __future__ import annotations

import os
import random
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from notifier.channel import End, Outcome
from notifier.content import Parcel
from notifier.mail import mail_channel
from tests.dying_peers import STEPS, dying_smtp
from tests.mailing import ID, content, envelope, parcel, parsed, settings
from workflow.errors import UsageError


class Taker:
    """A handler for aiosmtpd: keeps what it gets, and answers as it is told."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.got: list[Envelope] = []

    async def handle_MAIL(  # noqa: N802 - as aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.got.append(envelope)
        return self.answers.get("DATA", "250 queued")


@contextmanager
def serving(taker: Taker, **options: Any) -> Iterator[dict[str, Any]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(taker, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield {"host": "127.0.0.1", "port": port}
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS, and the file that tells clients whom to trust."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return context, path


def send(one: Parcel | None = None, **given: Any) -> Outcome:
    with mail_channel("mail", settings(**given)).session() as hand:
        return hand(one or parcel())


# ------------------------------------------------------------------ a server that works


def test_what_is_written_arrives_as_it_was_written() -> None:
    taker = Taker()
    with serving(taker) as server:
        channel = mail_channel("mail", settings(**server))
        raw = channel.write(content(text="。\n.\n..two dots\n"), envelope())
        with channel.session() as hand:
            outcome = hand(parcel(raw))
    assert (outcome.end, outcome.code, outcome.reference) == ("accepted", "250", ID)
    (got,) = taker.got
    assert got.rcpt_tos == ["wang@example.net"]
    assert got.content == raw
    assert parsed(raw).get_content() == "。\r\n.\r\n..two dots\r\n"


def test_a_session_serves_many_messages_and_a_refusal_in_between() -> None:
    with (
        dying_smtp() as (host, port, seen),
        mail_channel("m", settings(host=host, port=port)).session() as hand,
    ):
        assert [hand(parcel()).end for _ in range(3)] == ["accepted"] * 3
        assert hand(parcel(address="no\r\nbody@example.net")).end == "refused"
        assert hand(parcel()).end == "accepted"
    assert seen.commands.count("ehlo example.org") == 1
    assert len(seen.taken) == 4


def test_a_connection_that_was_closed_while_idle_is_made_again() -> None:
    with dying_smtp("reply") as (host, port, seen), mail_channel("m", settings(port=port)).session() as hand:
        assert host == "127.0.0.1"
        assert [hand(parcel()).end for _ in range(2)] == ["accepted"] * 2
    assert len(seen.taken) == 2


def test_the_returned_mail_comes_to_an_address_that_names_the_message() -> None:
    with dying_smtp() as (host, port, seen):
        assert send(host=host, port=port, bounce="bounce@example.org").end == "accepted"
    assert any(one.lower().startswith("mail from:<bounce+d41.9f2c7a@example.org>") for one in seen.commands)


def test_an_address_that_is_not_ascii_needs_smtputf8() -> None:
    taker = Taker()
    there = parcel(address="王@例子.中国")
    with serving(taker, enable_SMTPUTF8=True) as server:
        assert send(there, **server).end == "accepted"
    assert taker.got[0].rcpt_tos == ["王@xn--fsqu00a.xn--fiqs8s"]
    with serving(taker, enable_SMTPUTF8=False) as server:
        assert send(there, **server).end == "refused"


# ------------------------------------------------------------------ TLS and logging in


def test_starttls_with_a_certificate_of_an_authority_that_is_trusted(
    authority: tuple[ssl.SSLContext, Path],
) -> None:
    context, trusted = authority
    taker = Taker()
    with serving(taker, tls_context=context, require_starttls=True) as server:
        assert send(**server, tls="starttls", ca_file=trusted).end == "accepted"
        stranger = send(**server, tls="starttls")
    assert stranger.end == "unreachable"
    assert stranger.why is not None
    assert "ca_file" in stranger.why.en
    assert len(taker.got) == 1


def test_tls_from_the_first_byte(authority: tuple[ssl.SSLContext, Path]) -> None:
    context, trusted = authority
    with serving(Taker(), ssl_context=context) as server:
        assert send(**server, tls="tls", ca_file=trusted).end == "accepted"
        assert send(**server, tls="tls").end == "unreachable"


def test_a_server_without_encryption_gets_nothing() -> None:
    with dying_smtp() as (host, port, seen):
        outcome = send(host=host, port=port, tls="starttls")
    assert outcome.end == "unreachable"
    assert seen.taken == []
    assert not any(one.lower().startswith("mail") for one in seen.commands)


def test_authorities_that_are_not_there_are_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(UsageError, match="certificates in PEM"):
            mail_channel("m", settings(tls="tls", ca_file=tmp_path / name))


def test_plain_text_is_for_this_machine_only() -> None:
    with pytest.raises(UsageError, match="plain text"):
        settings(host="mail.example.org")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # on the loopback
@pytest.mark.parametrize(("password", "end"), [("right", "accepted"), ("wrong", "unauthorised")])
def test_logging_in(password: str, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_TEST_PASSWORD", password)

    def check(_server: object, _session: object, _envelope: object, _kind: object, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    options = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    with serving(Taker(), **options) as server:
        assert send(**server, user="duban", password="env:DUBAN_TEST_PASSWORD").end == end
        assert send(**server).end == "unauthorised"


def test_a_server_that_knows_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_TEST_PASSWORD", "any")
    with serving(Taker(), auth_exclude_mechanism=["LOGIN", "PLAIN"]) as server:
        assert send(**server, user="duban", password="env:DUBAN_TEST_PASSWORD").end == "unauthorised"


# ------------------------------------------------------------------ a server that says no


@pytest.mark.parametrize(
    ("step", "answer", "end"),
    [
        ("MAIL", "451 4.3.0 busy", "later"),
        ("MAIL", "421 4.3.2 closing", "later"),
        ("MAIL", "552 5.3.4 too large", "refused"),
        ("MAIL", "553 5.7.1 not your sender", "unauthorised"),
        ("RCPT", "450 4.2.0 greylisted", "later"),
        ("RCPT", "421 too many", "later"),
        ("RCPT", "550 5.1.1 no such user", "refused"),
        ("RCPT", "530 5.7.0 log in first", "unauthorised"),
        ("DATA", "452 4.3.1 disk full", "later"),
        ("DATA", "421 closing", "later"),
        ("DATA", "554 5.7.1 spam", "refused"),
    ],
)
def test_each_refusal_is_one_end(step: str, answer: str, end: str) -> None:
    with serving(Taker(**{step: answer})) as server:
        outcome = send(**server)
    told = re.match(r"\d{3}(?: \d\.\d\.\d)?", answer)
    assert told is not None
    assert (outcome.end, outcome.code) == (end, told.group())
    assert outcome.why is not None
    assert answer[4:] in outcome.why.en


def test_what_a_server_says_is_shown_without_addresses() -> None:
    with serving(Taker(RCPT="550 <wang@example.net>: no such user")) as server:
        outcome = send(**server)
    assert outcome.why is not None
    assert "wang@" not in outcome.why.en + outcome.why.zh
    assert "w***@example.net" in outcome.why.en


# ------------------------------------------------------------------ a gateway that lies, or isn't there


@contextmanager
def talking(script: Callable[[socket.socket], None]) -> Iterator[dict[str, Any]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                sock, _ = listener.accept()
                with sock:
                    script(sock)
            except OSError:
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield {"host": "127.0.0.1", "port": listener.getsockname()[1]}
        thread.join()


def yes_to_everything(sock: socket.socket) -> None:
    sock.sendall(b"220 hello\r\n")
    while sock.recv(4096):
        sock.sendall(b"250 of course\r\n")


def garbage_for_an_answer(sock: socket.socket) -> None:
    file = sock.makefile("rb")
    sock.sendall(b"220 hello\r\n")
    for answer in (b"250 a", b"250 b", b"250 c", b"354 d"):
        file.readline()
        sock.sendall(answer + b"\r\n")
    while file.readline() != b".\r\n":
        pass
    sock.sendall(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("script", "end"),
    [
        (lambda sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "unreachable"),
        (lambda sock: sock.sendall(b"250 yes\r\n"), "unreachable"),
        (lambda sock: sock.sendall(b"220-more\r\n" * 1000), "unreachable"),
        (lambda sock: sock.sendall(b"220 " + b"x" * 100_000), "unreachable"),
        (lambda sock: sock.sendall(b"421 not now\r\n"), "later"),
        (lambda sock: sock.sendall(b"554 no service\r\n"), "unreachable"),
        (yes_to_everything, "unreachable"),
        (garbage_for_an_answer, "unknown"),
    ],
)
def test_a_gateway_that_lies(script: Callable[[socket.socket], None], end: str) -> None:
    with talking(script) as server:
        assert send(**server).end == end


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert send(port=port).end == "unreachable"


@pytest.mark.parametrize(
    ("step", "end"), [("connect", "unreachable"), ("rcpt", "unreachable"), ("dot", "unknown")]
)
def test_a_server_that_says_nothing_any_more(step: str, end: str) -> None:
    with dying_smtp(step, silent=True) as (host, port, _seen):
        assert send(host=host, port=port, timeout=0.2).end == end


# ------------------------------------------------------------------ P7: peers that die at each step


def ends_of(step: str) -> set[str]:
    """What may be said of a peer that died there. With half of a small body everything has left us."""
    return {"dot": {"unknown"}, "reply": {"accepted"}, "half": {"unreachable", "unknown"}}.get(
        step, {"unreachable"}
    )


def tried(step: str, reset: bool) -> tuple[list[End], list[str]]:
    """How a try ended, and the next one; and the messages that were taken meanwhile."""
    given: dict[str, Any] = {
        "starttls": {"tls": "starttls"},
        "auth": {"user": "a", "password": "env:PATH"},
    }.get(step, {})
    with dying_smtp(step, reset=reset) as (host, port, seen):
        ends = [send(host=host, port=port, **given).end]
        ends.append(send(host=host, port=port).end)
        assert seen.died == [step]
        return ends, seen.ids()


def check_death(step: str, reset: bool) -> None:
    (first, second), ids = tried(step, reset)
    lost_answer = step == "reply" and reset and first == "unknown"  # RST may overtake the answer
    assert first in ends_of(step) or lost_answer
    assert second == "accepted"
    assert set(ids) == {ID}
    assert len(ids) == (2 if step in ("dot", "reply") else 1)


@pytest.mark.parametrize("number", range(100))
def test_a_peer_that_dies_loses_nothing(number: int) -> None:
    check_death(STEPS[number % len(STEPS)], reset=number // len(STEPS) % 2 == 1)


@pytest.mark.long
def test_two_thousand_peers_that_die_lose_nothing() -> None:
    chance = random.Random(7)
    for _ in range(2_000):
        check_death(chance.choice(STEPS), reset=chance.random() < 0.5)


def test_a_peer_that_dies_in_a_long_body_took_nothing() -> None:
    body = parcel().body + os.urandom(6_000_000).hex().encode()
    with dying_smtp("half", reset=True) as (host, port, seen):
        assert send(parcel(body), host=host, port=port).end == "unreachable"
    assert seen.taken == []
