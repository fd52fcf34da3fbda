"""The second factor: codes of six digits that change every half minute (RFC 6238)."""

from __future__ import annotations

import re
from base64 import b32encode
from typing import Final

import pyotp

STEP = 30_000  # ms
SECRET_BYTES = 20  # RFC 4226, 4: 160 bits
_SECRET: Final = re.compile(r"[A-Z2-7]{32}")


def new_secret(randomness: bytes) -> str:
    """A secret, base32, from 20 random bytes."""
    return b32encode(randomness[:SECRET_BYTES]).decode()


def is_secret(text: str) -> bool:
    """Whether it is a secret as we make them: 160 bits, base32."""
    return _SECRET.fullmatch(text) is not None


def uri(secret: str, login: str, issuer: str) -> str:
    """What an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def step_of(secret: str, code: str, now: int, used: int | None) -> int | None:
    """The time step of a code; None for a wrong one, or one that was used (RFC 6238, 5.2).

    The step before and the one after are taken too: telephones are not always on time.

    Args:
        now: ms since the epoch.
        used: the last step that was used.
    """
    current = now // STEP
    for step in (current, current - 1, current + 1):
        fresh = used is None or step > used
        if fresh and pyotp.utils.strings_equal(code, pyotp.TOTP(secret).generate_otp(step)):
            return step
    return None
