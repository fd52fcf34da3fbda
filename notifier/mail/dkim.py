"""The signature on what is sent (RFC 6376), made once, when a message is written.

relaxed/relaxed, because relays refold headers. From is signed once more than it occurs, so that nobody
can add a second one. RFC 8058 asks that both List-Unsubscribe headers are covered.

What is signed is laid out by dkimpy, which our tests verify with as well. The signature itself comes from
`cryptography`: dkimpy computes RSA in Python, at thirty times the price.
"""

from __future__ import annotations

import base64
import hashlib
from email.utils import parsedate_to_datetime
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from dkim import fold, hash_headers, rfc822_parse
from dkim.canonicalization import CanonicalizationPolicy, Relaxed

from workflow.errors import UsageError

from ..secrets import secret
from .settings import DkimSettings

_SIGNED = (
    "from", "reply-to", "to", "subject", "date", "message-id", "in-reply-to", "references",
    "auto-submitted", "list-id", "list-unsubscribe", "list-unsubscribe-post",
    "mime-version", "content-type", "content-transfer-encoding",
)  # fmt: skip
_COVERED: Final = tuple(name.encode("ascii") for name in _SIGNED)
_RELAXED: Final = CanonicalizationPolicy(Relaxed, Relaxed)
_NAME: Final = b"DKIM-Signature"
_PADDING, _HASH = PKCS1v15(), Prehashed(SHA256())
Header = tuple[bytes, bytes]


class Signer:
    """A key and the name under which its other half is published."""

    def __init__(self, settings: DkimSettings) -> None:
        """Read the key.

        Raises:
            UsageError: no RSA key in PEM.
        """
        self._selector = settings.selector.encode("ascii")
        self._domain = settings.domain.encode("ascii")
        self._key = _key(secret(settings.key).encode("utf-8"))

    def signed(self, message: bytes) -> bytes:
        """The message with its signature as the first header."""
        headers, body = rfc822_parse(message)
        here = [(name.lower(), value) for name, value in headers]
        covered = [name for name in _COVERED if any(name == one for one, _ in here)] + [b"from"]
        value = fold(self._fields(here, body, covered), namelen=len(_NAME) + 2)
        digest = hashlib.sha256()
        laid = _RELAXED.canonicalize_headers(headers)
        hash_headers(digest, _RELAXED, laid, covered, (_NAME, b" " + value), {})
        signature = base64.b64encode(self._key.sign(digest.digest(), _PADDING, _HASH))
        return b"%b: %b%b\r\n%b" % (_NAME, value, _folded(signature), message)

    def _fields(self, headers: list[Header], body: bytes, covered: list[bytes]) -> bytes:
        """Every tag; the last is the signature, still without its value."""
        hashed = base64.b64encode(hashlib.sha256(_RELAXED.canonicalize_body(body)).digest())
        date = next((value for name, value in headers if name == b"date"), None)
        tags = [
            *(b"v=1", b"a=rsa-sha256", b"c=relaxed/relaxed", b"d=" + self._domain, b"s=" + self._selector),
            *((b"t=%d" % parsedate_to_datetime(date.decode("ascii")).timestamp(),) if date else ()),
            *(b"h=" + b" : ".join(covered), b"bh=" + hashed, b"b="),
        ]
        return b"; ".join(tags)


def _folded(signature: bytes) -> bytes:
    """On lines of its own."""
    return b"".join(b"\r\n " + signature[at : at + 72] for at in range(0, len(signature), 72))


def _key(pem: bytes) -> RSAPrivateKey:
    try:
        found = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, RSAPrivateKey):
        raise UsageError(
            "dkim.key 指向的不是 PEM 格式的 RSA 私钥：请用 openssl genrsa 生成。",
            "dkim.key points to no RSA private key in PEM: make one with openssl genrsa.",
        )
    return found
