"""Passwords: argon2id, and which are too weak to be one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from workflow.errors import BadValue

from ..limits import TooOften

SHORTEST = 12  # characters; ASVS 5.0, 6.2.1 asks for 8 and recommends 15
LONGEST = 128  # argon2 takes more, zxcvbn grows slow
_STRONG = 3  # of 0 to 4 in zxcvbn: safe against slow guessing
_NOBODY = "a password that nobody has"
_AT_ONCE = 4  # are hashed: 64 MiB each
_MOST = 16  # are hashed or wait for it: each holds one of the threads that answer all pages, of 40
_AGAIN = 2_000  # ms after which whoever found too many may try again


class Passwords:
    """Hashes and checks passwords. Checking one that nobody has takes as long as any other.

    A crowd at the door takes no more memory than a few, and leaves threads to whoever is in.
    """

    def __init__(self, hasher: PasswordHasher | None = None, *, most: int = _MOST) -> None:
        """`most`: so many may come at once, whoever else comes meanwhile is refused."""
        self._hasher = hasher or PasswordHasher()  # RFC 9106's second choice: 64 MiB, 3 passes, 4 lanes
        self._dummy = self._hasher.hash(_NOBODY)
        self._places, self._hashing = BoundedSemaphore(most), BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        """With the parameters and a salt of its own.

        Raises:
            TooOften: too many are hashed or checked at this moment.
        """
        with self._turn():
            return self._hasher.hash(password)

    def fits(self, stored: str | None, password: str) -> bool:
        """Whether it is that password; None never fits, and takes no less time.

        Raises:
            TooOften: too many are hashed or checked at this moment.
        """
        try:
            with self._turn():
                self._hasher.verify(stored or self._dummy, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise TooOften(_AGAIN)
        try:
            with self._hashing:
                yield
        finally:
            self._places.release()


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
