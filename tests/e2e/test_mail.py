"""Mail through Postfix, read from Dovecot, verified by Mail::DKIM."""

from __future__ import annotations

import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest

from notifier.content import Content
from tests.e2e.conftest import Measured
from tests.e2e.mail_peers import DOMAIN, FULL, LATER, MailPeers, parsed
from tests.e2e.processes import until
from tests.e2e.sending import key_pair, mail_to, receipts, send

pytestmark = pytest.mark.e2e
VERIFIER = Path(__file__).parent / "verify_dkim.pl"
THREAD = f"<t7.demonstration_site@{DOMAIN}>"
NOTICE = Content(
    language="zh",
    subject="新任务：示范点创建",
    text="示范点创建任务已交办。\n.\n请于两个工作日内签收。",
    html="<html><body><p>示范点创建任务已交办。</p><p>请于两个工作日内签收。</p></body></html>",
)


def parts(message: EmailMessage) -> tuple[str, str]:
    """Text and HTML, as a reader's program takes them out."""
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    found = (plain.get_content(), html.get_content())
    return found[0].replace("\r\n", "\n").strip(), found[1].replace("\r\n", "\n").strip()


def verified(raw: bytes, public: str) -> tuple[str, set[str]]:
    """What Mail::DKIM says, and which headers are signed."""
    run = ["perl", str(VERIFIER), public]
    said = subprocess.run(run, input=raw, capture_output=True, check=True).stdout.decode().splitlines()
    return said[0], set(said[1].split()) if len(said) > 1 else set()


def test_a_notice_arrives_whole(mail: MailPeers, measured: Measured) -> None:
    parcel, outcome = send(mail_to(mail), NOTICE, f"reader@{DOMAIN}", thread=(THREAD,))
    assert (outcome.end, outcome.code) == ("accepted", "250")
    message = parsed(mail.arrived("reader", parcel.message_id))
    assert message["Subject"] == NOTICE.subject
    assert (message["Message-ID"], message["References"]) == (parcel.message_id, THREAD)
    assert message["To"].addresses[0].addr_spec == f"reader@{DOMAIN}"
    assert message["From"].addresses[0].display_name == "督办"
    assert parts(message) == (NOTICE.text, NOTICE.html)
    assert "ESMTPSA" in " ".join(message.get_all("Received", []))
    measured(
        f"a notice in Chinese: Postfix answers {outcome.code} after STARTTLS and AUTH (Received: ESMTPSA), "
        "IMAP gives subject, both parts and a lone dot unchanged, Message-ID and References as written"
    )


def test_its_signature_is_verified_by_somebody_else(mail: MailPeers, measured: Measured) -> None:
    public = key_pair(mail.folder)
    link = "https://duban.example/unsubscribe/abc"
    parcel, _ = send(mail_to(mail), NOTICE, f"reader@{DOMAIN}", class_="information", unsubscribe=link)
    raw = mail.arrived("reader", parcel.message_id)
    result, signed = verified(raw, public)
    assert result == "pass"
    assert {"from", "to", "subject", "message-id", "list-unsubscribe", "list-unsubscribe-post"} <= signed
    assert link in parsed(raw)["List-Unsubscribe"]
    changed, _ = verified(raw.replace(b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lost"), public)
    assert changed.startswith("fail")
    measured(
        f"DKIM as delivered: Mail::DKIM says {result}; List-Unsubscribe and -Post are signed; with one "
        f"letter of -Post changed it says {changed.split()[0]}"
    )


def test_a_mailbox_that_is_not_there(mail: MailPeers, measured: Measured) -> None:
    _, outcome = send(mail_to(mail), NOTICE, f"nobody@{DOMAIN}")
    assert (outcome.end, outcome.code[:3]) == ("refused", "550")
    measured(f"an unknown recipient: Postfix answers {outcome.code} at RCPT, the try ends `{outcome.end}`")


def test_a_server_that_asks_to_try_later(mail: MailPeers, measured: Measured) -> None:
    _, outcome = send(mail_to(mail), NOTICE, f"{LATER}@{DOMAIN}")
    assert (outcome.end, outcome.code[:3]) == ("later", "450")
    measured(f"a recipient that Postfix puts off: {outcome.code} at RCPT, the try ends `{outcome.end}`")


def test_a_wrong_password_and_an_authority_that_is_not_trusted(mail: MailPeers, measured: Measured) -> None:
    _, refused = send(mail_to(mail, password="wrong-horse"), NOTICE, f"reader@{DOMAIN}")
    assert (refused.end, refused.code[:3]) == ("unauthorised", "535")
    _, unknown = send(mail_to(mail, trusts=False), NOTICE, f"reader@{DOMAIN}")
    assert unknown.end in ("unreachable", "unauthorised")
    measured(
        f"a wrong password: {refused.code} from Dovecot by way of Postfix, the try ends `{refused.end}`; a "
        f"certificate that nobody vouches for: nothing is handed over, the try ends `{unknown.end}`"
    )


@pytest.fixture
def no_old_bounces(mail: MailPeers) -> None:
    """Bounces of tests before this one have been read."""
    receipts(mail_to(mail))


@pytest.mark.usefixtures("no_old_bounces")
def test_a_mail_that_is_accepted_first_and_returned_later(mail: MailPeers, measured: Measured) -> None:
    channel = mail_to(mail)
    parcel, outcome = send(channel, NOTICE, f"{FULL}@{DOMAIN}")
    assert outcome.end == "accepted"
    (receipt,) = until("a bounce", lambda: receipts(channel))
    assert (receipt.reference, receipt.end, receipt.code) == (parcel.message_id, "bounced", "5.2.2")
    assert receipts(channel) == []
    measured(
        f"a mailbox over its quota: Postfix answers {outcome.code}, Dovecot refuses by LMTP, Postfix's own "
        f"report comes back to bounces+ID and is read by IMAP: `{receipt.end}`, {receipt.code}, of the right "
        "message, once"
    )
