"""The signature on what is sent (RFC 6376), made once, when a message is written.

relaxed/relaxed, because relays refold headers. From is signed once more than it occurs, so that nobody
can add a second one. RFC 8058 asks that both List-Unsubscribe headers are covered.
"""

from __future__ import annotations

import re

from dkim import DKIM, DKIMException
from dkim.crypto import UnparsableKeyError, parse_pem_private_key

from workflow.errors import UsageError

from ..secrets import secret
from .settings import DkimSettings

_SIGNED = (
    "from", "reply-to", "to", "subject", "date", "message-id", "in-reply-to", "references",
    "auto-submitted", "list-id", "list-unsubscribe", "list-unsubscribe-post",
    "mime-version", "content-type", "content-transfer-encoding",
)  # fmt: skip
_HEADER = re.compile(rb"^([A-Za-z0-9-]+):", re.MULTILINE)


class Signer:
    """A key and the name under which its other half is published."""

    def __init__(self, settings: DkimSettings) -> None:
        """Read the key.

        Raises:
            UsageError: no RSA key in PEM.
        """
        self._selector = settings.selector.encode("ascii")
        self._domain = settings.domain.encode("ascii")
        self._key = secret(settings.key).encode("utf-8")
        try:
            parse_pem_private_key(self._key)
        except (UnparsableKeyError, ValueError, IndexError, TypeError):
            raise UsageError(
                "dkim.key 指向的不是 PEM 格式的 RSA 私钥：请用 openssl genrsa 生成。",
                "dkim.key points to no RSA private key in PEM: make one with openssl genrsa.",
            ) from None

    def signed(self, message: bytes) -> bytes:
        """The message with its signature as the first header."""
        top = message.partition(b"\r\n\r\n")[0]
        present = {name.decode("ascii").lower() for name in _HEADER.findall(top)}
        covered = [name.encode("ascii") for name in _SIGNED if name in present]
        try:
            signature: bytes = DKIM(message).sign(
                self._selector,
                self._domain,
                self._key,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=[*covered, b"from"],
            )
        except DKIMException as error:
            raise UsageError(
                f"DKIM 签名失败（{type(error).__name__}）：请检查 dkim 设置与密钥。",
                f"DKIM could not sign ({type(error).__name__}): check its settings and the key.",
            ) from error
        return signature + message
