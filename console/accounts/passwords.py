"""Passwords: argon2id, and which are too weak to be one."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from workflow.errors import BadValue

SHORTEST = 12  # characters; ASVS 5.0, 6.2.1 asks for 8 and recommends 15
LONGEST = 128  # argon2 takes more, zxcvbn grows slow
_STRONG = 3  # of 0 to 4 in zxcvbn: safe against slow guessing
_NOBODY = "a password that nobody has"


class Passwords:
    """Hashes and checks passwords. Checking one that nobody has takes as long as any other."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()  # RFC 9106's second choice: 64 MiB, 3 passes, 4 lanes
        self._dummy = self._hasher.hash(_NOBODY)

    def hash(self, password: str) -> str:
        """With the parameters and a salt of its own."""
        return self._hasher.hash(password)

    def fits(self, stored: str | None, password: str) -> bool:
        """Whether it is that password; None never fits, and takes no less time."""
        try:
            self._hasher.verify(stored or self._dummy, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether it was hashed with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def check_strength(password: str, *about: str) -> None:
    """Refuse what is guessed too easily.

    Args:
        about: words that a guesser would try first: the login, the person's name.

    Raises:
        BadValue: too short, too long, or too easily guessed.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadValue(
            f"密码须 {SHORTEST} 至 {LONGEST} 个字符，现为 {len(password)} 个。可用几个不相干的词连成一句。",
            f"A password has {SHORTEST} to {LONGEST} characters, this one {len(password)}. Several words "
            "that have nothing to do with each other make a good one.",
        )
    if zxcvbn(password, user_inputs=[one for one in about if one], max_length=LONGEST)["score"] < _STRONG:
        raise BadValue(
            "这个密码太容易猜到。请换一个：可用几个不相干的词连成一句，不要用姓名、账号、日期和键盘顺序。",
            "This password is guessed too easily. Take another: several words that have nothing to do with "
            "each other; no names, dates or rows of keys.",
        )
