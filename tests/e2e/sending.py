"""Our channels towards the peers, and things to send."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from typing import Any, Final

from notifier.mail import MailSettings, mail_channel

from notifier.channel import Channel, Outcome, Receipt
from notifier.content import Content, Envelope, Parcel
from notifier.sms.settings import GatewaySettings, SmppSettings
from notifier.sms.smpp import smpp_channel
from tests.e2e import mail_peers, text_peers
from tests.e2e.mail_peers import DOMAIN, MailPeers
from tests.e2e.text_peers import TextPeers

NOW: Final = 1_772_424_000_000  # 2026-03-02 12:00 in Asia/Shanghai
TEXT: Final = "示范点创建任务已交办，请于两个工作日内签收。"
_numbers = itertools.count(1)


def kept(folder: Path, secret: str) -> str:
    """How settings name a secret: a file of its own."""
    file = folder / f"secret-{secret}"
    file.write_text(secret)
    return f"file:{file}"


def key_pair(folder: Path) -> str:
    """A key for DKIM in the folder; its public half as DNS would hold it."""
    if not (folder / "dkim.pem").exists():
        run = ["openssl", "genrsa", "-out", "dkim.pem", "2048"]
        subprocess.run(run, cwd=folder, check=True, capture_output=True)
    public = ["openssl", "rsa", "-in", "dkim.pem", "-pubout"]
    text = subprocess.run(public, cwd=folder, check=True, capture_output=True, text=True).stdout
    return "".join(text.splitlines()[1:-1])


def mail_to(peers: MailPeers, *, password: str = mail_peers.PASSWORD, trusts: bool = True) -> Channel:
    """Our channel of mail."""
    key_pair(peers.folder)
    authority = str(peers.authority) if trusts else None
    usual = {"host": "localhost", "ca_file": authority, "password": kept(peers.folder, password)}
    settings = MailSettings.model_validate(
        usual
        | {"port": peers.smtp, "tls": "starttls", "user": "duban", "sender": f"duban@{DOMAIN}"}
        | {"sender_name": {"zh": "督办", "en": "Duban"}, "bounce": f"bounces@{DOMAIN}"}
        | {"unsubscribe": f"duban@{DOMAIN}"}
        | {"dkim": {"selector": "s1", "domain": DOMAIN, "key": f"file:{peers.folder / 'dkim.pem'}"}}
        | {"imap": usual | {"port": peers.imaps, "tls": "tls", "user": "bounces"}}
    )
    return mail_channel("mail", settings)


def smpp_to(peers: TextPeers, *, password: str = text_peers.SECRET) -> Channel:
    """Our channel of SMPP."""
    settings = SmppSettings.model_validate(
        {"host": "127.0.0.1", "port": peers.smsc, "system_id": text_peers.SYSTEM, "sender": "10690000"}
        | {"password": kept(peers.folder, password), "signature": "退役军人事务局", "timeout": 10}
    )
    return smpp_channel("sms", settings)


def kannel_settings(
    peers: TextPeers, *, route: str, answers: str, password: str = text_peers.PASSWORD
) -> GatewaySettings:
    """A gateway as an operator describes Kannel; it calls `answers` with what became of a text."""
    report = f"{answers}?id={{id}}&status=%d"
    return GatewaySettings.model_validate(
        {"method": "GET", "url": f"http://127.0.0.1:{peers.sendsms}/cgi-bin/sendsms"}
        | {"number": "digits", "signature": "退役军人事务局", "timeout": 10}
        | {"secrets": {"password": kept(peers.folder, password)}}
        | {
            "query": {"username": text_peers.USER, "password": "{password}", "to": "{to}", "text": "{text}"}
            | {"coding": "{coding}", "charset": "UTF-8", "smsc": route, "dlr-mask": "3", "dlr-url": report}
        }
        | {"success": {"status": [202], "pattern": "^0: "}, "later": {"pattern": "^3: "}}
        | {"receipt": {"reference": "id", "status": "status", "delivered": ["1"], "bounced": ["2", "16"]}}
    )


def send(channel: Channel, content: Content, address: str, **envelope: Any) -> tuple[Parcel, Outcome]:
    """Write one message and hand it over."""
    ident = next(_numbers)
    usual: dict[str, Any] = {"delivery_id": ident, "address": address, "name": "王 Wang", "class_": "formal"}
    usual |= {"message_id": f"<d{ident}.e2e@{DOMAIN}>", "about": "notice"}
    usual |= {"date": NOW, "zone": "Asia/Shanghai"}
    whole = Envelope(**(usual | envelope))
    body = channel.write(content, whole)
    parcel = Parcel(delivery_id=ident, address=address, message_id=whole.message_id, body=body)
    with channel.session() as hand_over:
        return parcel, hand_over(parcel)


def receipts(channel: Channel) -> list[Receipt]:
    """What the peer has said since."""
    found = list[Receipt]()
    channel.receipts(found.append)
    return found


def text(*phrases: str) -> Content:
    """Something for a text message."""
    return Content(language="zh", subject="通知", text="\n".join(phrases), phrases=phrases)
