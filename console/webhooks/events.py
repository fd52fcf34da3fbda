"""An event as it goes out: CloudEvents 1.0 in structured JSON, signed as Standard Webhooks says.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

MARK = "whsec_"  # of every secret
SECRET_BYTES = 32
MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is posted: the same bytes under the same id, however often."""

    id: str
    body: bytes


def secret_of(randomness: bytes) -> str:
    """A secret, from 32 random bytes."""
    return MARK + b64encode(randomness[:SECRET_BYTES]).decode()


def cloud_event(
    ident: str, source: str, kind: str, at: int, subject: str, data: Mapping[str, Any]
) -> Message:
    """A message that tells of one event.

    Args:
        at: ms since the epoch.
        subject: the number of the task.
    """
    when = _EPOCH + timedelta(milliseconds=at)
    envelope = {
        "specversion": "1.0",
        "id": ident,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }
    return Message(id=ident, body=orjson.dumps(envelope))


def headers_of(message: Message, secret: str, now: int) -> dict[str, str]:
    """What goes with a message: its id, the second in which it is sent, and the signature over all."""
    second = str(now // 1000)
    return {
        "content-type": MEDIA_TYPE,
        "user-agent": "Duban",
        "webhook-id": message.id,
        "webhook-timestamp": second,
        "webhook-signature": signature(secret, message.id, second, message.body),
    }


def signature(secret: str, ident: str, second: str, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.second.body`."""
    key = b64decode(secret.removeprefix(MARK))
    return "v1," + b64encode(hmac.new(key, f"{ident}.{second}.".encode() + body, sha256).digest()).decode()
