"""Signing in, staying signed in, signing out.

A password is checked outside of any transaction, because that takes long on purpose; what came of it is
written in one afterwards, where the account is looked at again: of many guesses at once none passes an
account that rests meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from workflow.errors import NotAllowed
from workflow.store import Port, Transaction

from ..store import accounts, sessions
from ..store.accounts import Account
from ..store.sessions import Session
from . import totp
from .lockout import rest_after
from .passwords import Passwords

MINUTE = 60_000  # ms
DAY = 24 * 60 * MINUTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Lasting:
    """How long a session lasts."""

    idle: int = 30 * MINUTE  # ms without a request (GB/T 22239, 8.1.4.1 b)
    whole: int = 12 * 60 * MINUTE  # ms after signing in, whatever happens


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    account: Account
    session: Session


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrets:
    """What a new session is made of; comes from outside."""

    token: str  # goes into the cookie, only its hash is kept
    csrf: str


def hashed(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


class Door:
    """Lets people in, and out."""

    def __init__(self, port: Port, passwords: Passwords, lasting: Lasting | None = None) -> None:
        self._port, self._passwords = port, passwords
        self._lasting = lasting or Lasting()

    def sign_in(self, login: str, password: str, code: str, fresh: Secrets, now: int) -> Account:
        """Begin a session.

        Args:
            code: of the second factor; empty without one.

        Raises:
            NotAllowed: login, password or code are wrong, the account rests or is closed. Which of
                login and password was wrong is not said.
        """
        name = login.strip().lower()
        with self._port.read() as tx:
            found = accounts.by_login(tx, name)
        fits = self._passwords.fits(found.password if found else None, password)
        if found is None:
            raise _wrong()
        with self._port.write("people") as tx:
            refusal = self._judge(tx, found, fits=fits, code=code, now=now)
            if refusal is None:
                accounts.note_success(tx, found.id)
                sessions.begin(tx, hashed(fresh.token), found.id, fresh.csrf, now)
        if refusal is not None:
            raise refusal
        return found

    def _judge(
        self, tx: Transaction, found: Account, *, fits: bool, code: str, now: int
    ) -> NotAllowed | None:
        """Whether somebody comes in, with what failed counted. An account that rests counts nothing."""
        account, ident = accounts.claim(tx, found.id), found.id
        if account is None or account.disabled_at is not None:
            return _wrong()
        if account.locked_to is not None and account.locked_to > now:
            return _resting(account.locked_to - now)
        fits = fits and account.password == found.password  # else it was changed while it was checked
        if fits and account.totp is not None:
            step = totp.step_of(account.totp, code, now, account.totp_step)
            fits = step is not None and accounts.use_step(tx, ident, step)
        if fits:
            return None
        rest = rest_after(account.failures + 1)
        accounts.note_failure(tx, ident, now + rest if rest else None)
        return _resting(rest) if rest else _wrong()

    def visitor(self, token: str, now: int) -> Visitor | None:
        """Who a cookie's token stands for; None once the session has ended or the account is closed."""
        with self._port.read() as tx:
            session = sessions.find(tx, hashed(token))
            account = accounts.by_id(tx, session.account_id) if session else None
        if session is None or account is None or not self._lasts(session, account, now):
            return None
        if now - session.seen_at >= MINUTE:  # once a minute is exact enough, and spares a write for each page
            with self._port.write("people") as tx:
                sessions.note_seen(tx, session.id, now)
        return Visitor(account=account, session=session)

    def was_let_in(self, token: str, now: int) -> bool:
        """Whether a cookie's token stood for somebody within the last day: their session may have ended."""
        with self._port.read() as tx:
            session = sessions.find(tx, hashed(token))
        return session is not None and now - session.seen_at <= DAY

    def _lasts(self, session: Session, account: Account, now: int) -> bool:
        if session.ended_at is not None or account.disabled_at is not None:
            return False
        return now - session.seen_at <= self._lasting.idle and now - session.created_at <= self._lasting.whole

    def sign_out(self, token: str, now: int) -> None:
        """End the session, on the server."""
        with self._port.write("people") as tx:
            session = sessions.find(tx, hashed(token))
            if session is not None:
                sessions.end(tx, session.id, now)


def _wrong() -> NotAllowed:
    return NotAllowed(
        "未登录：账号、密码或验证码不对。请检查后再试；忘记密码请找安全管理员重置。",
        "Not signed in: the login, the password or the code is wrong. Try again; if it is forgotten, the "
        "security administrator gives a new one.",
    )


def _resting(ms: int) -> NotAllowed:
    minutes = max(1, -(-ms // MINUTE))
    return NotAllowed(
        f"未登录：输错次数过多，账号暂停 {minutes} 分钟。请稍后再试，或请安全管理员重置密码。",
        f"Not signed in: too many wrong tries, the account rests for {minutes} min. Try later, or ask the "
        "security administrator for a new password.",
    )
