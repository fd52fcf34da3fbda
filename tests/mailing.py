"""What the tests of mail share: a content, an envelope, settings, and mail as readers parse it."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from notifier.content import Content, Envelope, Parcel
from notifier.mail import MailSettings

ID = "<d41.9f2c7a@duban.example.org>"
HEAD = "<t7.four_checks@duban.example.org>"


def settings(**given: Any) -> MailSettings:
    return MailSettings.model_validate(
        {"host": "127.0.0.1", "tls": "none", "sender": "duban@example.org", "timeout": 10.0} | given
    )


def content(**given: Any) -> Content:
    usual = {
        "language": "zh",
        "subject": "清河县：整改将于三日后到期",
        "text": "请在十一月二十日前反馈。\n谢谢。\n",
    }
    return Content(**usual | given)


def envelope(**given: Any) -> Envelope:
    usual: dict[str, Any] = {
        "delivery_id": 41,
        "address": "wang@example.net",
        "name": "王小明",
        "message_id": ID,
        "thread": (HEAD,),
        "class_": "formal",
        "about": "notice",
        "date": 1_795_392_000_000,
        "zone": "Asia/Shanghai",
    }
    return Envelope(**usual | given)


def parcel(body: bytes = b"Message-ID: " + ID.encode() + b"\r\n\r\n.hello\r\n", **given: Any) -> Parcel:
    usual: dict[str, Any] = {"delivery_id": 41, "address": "wang@example.net", "message_id": ID, "body": body}
    return Parcel(**usual | given)


def parsed(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found
