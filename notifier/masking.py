"""Addresses as they may be shown: in lists, logs and errors (security 12).

wang.wu@example.org    w***@example.org
13800005678            138****5678
+8613800005678         +86138****5678
https://hooks/KEY      https://***
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\+?[0-9][0-9 \-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*(?=://)")


def masked(address: str) -> str:
    """The address without what would tell it to whoever doesn't know it; of any channel's kind."""
    address = "".join(char if char.isprintable() else "?" for char in address)  # a line of a log stays one
    if scheme := _SCHEME.match(address):
        return f"{scheme.group()}://***"
    if _NUMBER.fullmatch(address):
        return _number(address)
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}" if at else f"{address[:1]}***"


def _number(address: str) -> str:
    plus = address[:1] if address.startswith("+") else ""
    digits = re.sub(r"[^0-9]", "", address)
    if len(digits) < 9:  # a short code: the last two tell enough
        return f"{plus}{'*' * (len(digits) - 2)}{digits[-2:]}" if len(digits) > 2 else "**"
    return f"{plus}{digits[:-8]}****{digits[-4:]}"
