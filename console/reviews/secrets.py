"""The secret of a link or a code: letters and digits that can't be mistaken for one another.

Crockford's alphabet: neither I, L, O nor U; whoever types them means 1 and 0. The database keeps only
the hash. A code has 60 random bits, since somebody types it; a link 130.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MEANT: Final = str.maketrans("ILO", "110", "- \t\u3000\u2013\u2014")
LENGTHS: Final = {"codes": 12, "links": 26}
_MOST_TYPED = 60


def make(way: str, randomness: Callable[[int], bytes]) -> str:
    """A new secret: a code of 12 letters, or 26 for a link."""
    size = LENGTHS[way]
    number = int.from_bytes(randomness(size), "big")  # eight bits for five: each letter is as likely
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(size))


def read(typed: str) -> str | None:
    """The secret that somebody typed or followed; None for what can't be one."""
    if len(typed) > _MOST_TYPED:
        return None
    meant = typed.strip().upper().translate(_MEANT)
    return meant if len(meant) in LENGTHS.values() and set(meant) <= set(_ALPHABET) else None


def hashed(secret: str) -> str:
    """What the roll keeps of it."""
    return sha256(secret.encode()).hexdigest()


def in_groups(secret: str) -> str:
    """As it is printed: four and four."""
    return "-".join(secret[at : at + 4] for at in range(0, len(secret), 4))
