"""What returned mail tells, in the standard form and in others; and reading it from a box."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channel import Receipt
from notifier.mail import bounces, mail_channel, read_mail
from notifier.mail.box import BoxClosed
from notifier.mail.message import message
from notifier.office.settling import NotYet
from tests.mailing import ID, content, envelope, settings

REPORT = """\
From: MAILER-DAEMON@relay.example.net
To: bounce+d41.9f2c7a@example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <own@relay.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry. Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example.net

Final-Recipient: rfc822; wang@example.net
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <wang@example.net>: no such user

--b
Content-Type: {quoted}

Message-ID: {id}
Subject: x

--b--
"""
QMAIL = f"""\
From: MAILER-DAEMON@old.example.net
To: duban@example.org
Subject: failure notice
Message-ID: <own@old.example.net>

Hi. This is the qmail-send program at old.example.net.
I'm afraid I wasn't able to deliver your message. This is a permanent error; I've given up.

<wang@example.net>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Message-ID: {ID}
Subject: delayed until tomorrow
"""
CHINESE = f"""\
From: postmaster@mail.example.cn
To: duban@example.org
Subject: 系统退信
Content-Type: text/plain; charset=utf-8

您的邮件无法投递。

Message-ID: {ID}
"""
HOLIDAY = f"""\
From: wang@example.net
To: duban@example.org
Subject: Out of office
Auto-Submitted: auto-replied (vacation)
In-Reply-To: {ID}

I am away. Message-ID: x
Message-ID: {ID}
550 5.1.1 failed
"""


def report(
    action: str = "failed", status: str = "5.1.1", quoted: str = "message/rfc822", id_: str = ID
) -> bytes:
    return REPORT.format(action=action, status=status, quoted=quoted, id=id_).encode()


@pytest.mark.parametrize("quoted", ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers"])
@pytest.mark.parametrize(
    ("action", "status", "end"),
    [("failed", "5.1.1", "bounced"), ("delayed", "4.4.1", "later"), ("delivered", "2.0.0", "delivered")],
)
def test_a_standard_report(quoted: str, action: str, status: str, end: str) -> None:
    (found,) = bounces.read(report(action, status, quoted))
    assert (found.reference, found.end, found.code) == (ID, end, status)


def test_a_report_tells_why_without_the_address() -> None:
    (found,) = bounces.read(report())
    assert found.why is not None
    assert "no such user" in found.why.en
    assert "wang@" not in found.why.en


def test_a_report_that_quotes_nothing_is_known_by_where_it_came_to() -> None:
    bare = report(id_="").replace(b"<own@relay.example.net>", b"")
    assert bounces.read(bare) == ()
    (found,) = bounces.read(bare, bounce="bounce@example.org", domain="duban.example.org")
    assert found.reference == ID


@pytest.mark.parametrize("mail", [QMAIL, CHINESE])
def test_other_ways_of_saying_no(mail: str) -> None:
    (found,) = bounces.read(mail.encode())
    assert (found.reference, found.end) == (ID, "bounced")


def test_a_warning_is_no_return() -> None:
    late = QMAIL.replace("failure notice", "Warning: message delayed").replace("5.1.1", "4.4.1")
    (found,) = bounces.read(late.encode())
    assert found.end == "later"


@pytest.mark.parametrize(
    "mail", [HOLIDAY, HOLIDAY.replace("Auto-Submitted: auto-replied", "X-Note: a"), "", "x"]
)
def test_holiday_notices_and_letters_of_people_tell_nothing(mail: str) -> None:
    assert bounces.read(mail.encode()) == ()


def test_our_own_mail_in_a_circle_tells_nothing() -> None:
    ours = message(
        content(subject="Undeliverable 5.1.1"), envelope(), settings(sender="postmaster@example.org")
    )
    assert bounces.read(ours) == ()


def test_what_is_merely_passed_on_tells_nothing() -> None:
    assert bounces.read(report("relayed", "2.0.0")) == ()


@given(st.binary(max_size=3000), st.integers(0, 1500), st.integers(0, 1500))
def test_whatever_comes_nothing_breaks(noise: bytes, start: int, length: int) -> None:
    for whole in (report(), QMAIL.encode(), CHINESE.encode()):
        found = bounces.read(
            whole[:start] + noise + whole[start + length :], bounce="b@example.org", domain="a.b"
        )
        assert all(one.end in ("bounced", "later", "delivered") for one in found)


@given(
    st.lists(st.sampled_from([*report().split(b"\n"), b"Content-Type: multipart/report; boundary=b", b"\0"]))
)
def test_reports_in_any_order_break_nothing(lines: list[bytes]) -> None:
    bounces.read(b"\n".join(lines))


DEEP = (
    b"From: mailer-daemon@x\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 4000,
    b"From: mailer-daemon@x\r\n"
    + b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(4000)),
)


@pytest.mark.parametrize("mail", DEEP, ids=["messages", "parts"])
def test_a_mail_inside_of_thousands_tells_nothing_and_breaks_nothing(mail: bytes) -> None:
    assert bounces.read(mail, bounce="bounce@example.org", domain="example.org") == ()


# ------------------------------------------------------------------ the box


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_TEST_PASSWORD", "right")


LOGIN = {"user": "duban", "password": "env:DUBAN_TEST_PASSWORD"}


class Box:
    """An IMAP server with some messages; it knows the commands that are needed here."""

    def __init__(self, *messages: bytes, capabilities: str = "IMAP4rev1 MOVE") -> None:
        self.messages = messages
        self.capabilities = capabilities
        self.seen: list[str] = []
        self.moved: list[str] = []

    def serve(self, sock: socket.socket) -> None:
        file = sock.makefile("rwb", buffering=0)
        file.write(b"* OK ready\r\n")
        while line := file.readline():
            tag, _, command = line.decode().strip().partition(" ")
            if command.upper().startswith("LOGIN") and "wrong" in command:
                file.write(f"{tag} NO [AUTHENTICATIONFAILED] no\r\n".encode())
                continue
            file.write(self.answer(command) + f"{tag} OK done\r\n".encode())
            if command == "LOGOUT":
                return

    def answer(self, command: str) -> bytes:
        words = command.split()
        if words[0] == "CAPABILITY":
            return f"* CAPABILITY {self.capabilities}\r\n".encode()
        if words[0] == "SELECT":
            return f"* {len(self.messages)} EXISTS\r\n".encode()
        if words[:2] == ["UID", "SEARCH"]:
            numbers = [str(n) for n in range(1, len(self.messages) + 1) if str(n) not in self.seen]
            return f"* SEARCH {' '.join(numbers)}\r\n".encode()
        if words[:2] == ["UID", "FETCH"]:
            raw = self.messages[int(words[2]) - 1]
            return f"* 1 FETCH (UID {words[2]} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
        if words[:2] == ["UID", "STORE"] and "Seen" in command:
            self.seen.append(words[2])
        if words[:2] in (["UID", "MOVE"], ["UID", "COPY"]):
            self.moved.append(words[2])
        return b""


@contextmanager
def serving(box: Box) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                box.serve(sock)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def collected(box: Box, kept: list[Receipt], **more: object) -> int:
    with serving(box) as port:
        imap = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 10.0, **LOGIN, **more}
        return mail_channel("mail", settings(imap=imap)).receipts(kept.append)


@pytest.mark.parametrize("mail", DEEP, ids=["messages", "parts"])
def test_a_mail_that_nobody_can_read_keeps_no_other_back(mail: bytes) -> None:
    box = Box(mail, report())
    kept: list[Receipt] = []
    assert collected(box, kept) == 1
    assert [one.reference for one in kept] == [ID]
    assert box.seen == ["1", "2"]


def test_what_is_returned_is_read_once() -> None:
    box = Box(report(), HOLIDAY.encode(), QMAIL.encode())
    kept: list[Receipt] = []
    assert collected(box, kept) == 2
    assert [one.reference for one in kept] == [ID, ID]
    assert box.seen == ["1", "2", "3"]
    assert collected(box, kept) == 0


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 MOVE", "IMAP4rev1"])
def test_what_was_read_is_moved_where_the_settings_say(capabilities: str) -> None:
    box = Box(report(), HOLIDAY.encode(), capabilities=capabilities)
    assert collected(box, [], done='Read "mail"') == 1
    assert box.moved == ["1"]


def test_what_could_not_be_kept_comes_again() -> None:
    box = Box(report())

    def full(_receipt: Receipt) -> None:
        raise RuntimeError("disk full")

    with serving(box) as port:
        channel = mail_channel(
            "mail", settings(imap={"host": "127.0.0.1", "port": port, "tls": "none", **LOGIN})
        )
        with pytest.raises(RuntimeError, match="disk full"):
            channel.receipts(full)
    assert box.seen == []
    kept: list[Receipt] = []
    assert collected(box, kept) == 1


def test_a_receipt_that_can_t_be_kept_yet_keeps_no_other_back() -> None:
    other = report().replace(ID.encode(), b"<d42.9f2c7a@example.org>")
    box = Box(other, report(), QMAIL.encode())
    kept: list[Receipt] = []

    def keep(receipt: Receipt) -> None:
        if receipt.reference != ID:
            raise NotYet("尚未", "not yet")
        kept.append(receipt)

    with serving(box) as port:
        imap = {"host": "127.0.0.1", "port": port, "tls": "none", **LOGIN}
        with pytest.raises(NotYet):
            mail_channel("mail", settings(imap=imap)).receipts(keep)
    assert len(kept) == 2
    assert box.seen == ["2", "3"]


def test_a_box_that_can_t_be_opened_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_TEST_PASSWORD", "wrong")
    with pytest.raises(BoxClosed, match="check address, account"):
        collected(Box(report()), [])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    imap = {"host": "127.0.0.1", "port": port, "tls": "none", **LOGIN}
    with pytest.raises(BoxClosed):
        mail_channel("mail", settings(imap=imap)).receipts(print)


def test_without_a_box_nothing_is_read() -> None:
    assert mail_channel("mail", settings()).receipts(print) == 0


# --- mail that asks for no more of something --------------------------------------------------------

TOKEN = f"{'A' * 12}.{'b' * 43}"


def leaving(subject: str) -> bytes:
    return f"From: wang@example.net\r\nSubject: {subject}\r\nMessage-ID: <x@y.example>\r\n\r\n".encode()


@pytest.mark.parametrize(
    "subject",
    [f"unsubscribe {TOKEN}", f"  Unsubscribe\r\n {TOKEN} ", f"=?utf-8?q?unsubscribe_{TOKEN}?="],
)
def test_a_mail_asks_for_no_more_by_the_token_in_its_subject(subject: str) -> None:
    assert read_mail(leaving(subject)) == (Receipt(reference=TOKEN, end="unsubscribed"),)


@pytest.mark.parametrize(
    "subject",
    ["unsubscribe", f"Re: unsubscribe {TOKEN}", TOKEN, "unsubscribe x.y", "=?nonsense?q?unsubscribe?=", "=?"],
)
def test_any_other_subject_asks_for_nothing(subject: str) -> None:
    assert read_mail(leaving(subject)) == ()


@given(st.binary(max_size=300))
def test_no_mail_breaks_the_reading(raw: bytes) -> None:
    assert read_mail(b"Subject: " + raw) is not None


def test_what_a_message_offers_is_what_is_read() -> None:
    link = f"https://duban.example.org/u/{TOKEN}"
    own = settings(unsubscribe="off@example.org")
    raw = message(content(), envelope(class_="information", unsubscribe=link), own)
    offered = re.search(r"subject=([^>\s]+)", raw.decode().replace("\r\n ", " ").replace(" ", ""))
    assert offered is not None
    assert read_mail(leaving(unquote(offered[1])))[0].reference == TOKEN


def test_the_box_takes_it_and_marks_it() -> None:
    box, kept = Box(leaving(f"unsubscribe {TOKEN}"), QMAIL.encode()), list[Receipt]()
    assert collected(box, kept) == 2
    assert [one.end for one in kept] == ["unsubscribed", "bounced"]
    assert box.seen == ["1", "2"]
