"""Signing in, staying signed in, signing out.

A password is checked outside of any transaction, because that takes long on purpose; what came of it is
written in one afterwards, where the account is looked at again: of many guesses at once none passes an
account that rests meanwhile.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256

from workflow.errors import NotAllowed, Refused
from workflow.store import Port, Transaction

from ..store import accounts, logs, sessions
from ..store.accounts import Account
from ..store.logs import Origin
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


def mark_of(account: Account) -> str:
    """What a browser keeps in which somebody has signed in, until the password changes.

    Only whoever knows what is kept of the password can make it (OWASP calls it a device cookie).
    """
    return hmac.new(account.password.encode(), b"a known browser", sha256).hexdigest()


def as_kept(login: str) -> str:
    """A login as it is kept."""
    return login.strip().lower()


def hold(tx: Transaction, own: Account) -> None:
    """Hold an account until the transaction ends: what is written belongs to whoever was let in.

    Raises:
        Refused: it was closed meanwhile, or has another password: its sessions have ended.
    """
    account = accounts.claim(tx, own.id)
    if account is None or account.disabled_at is not None or account.password != own.password:
        raise overtaken()


def overtaken() -> Refused:
    """Somebody else was faster with the account."""
    return Refused(
        "密码刚被别人修改，本次未改。请重新登录后再试。",
        "The password was changed by somebody else just now; nothing was changed. Sign in and try again.",
    )


class Door:
    """Lets people in, and out."""

    def __init__(self, port: Port, passwords: Passwords, lasting: Lasting | None = None) -> None:
        self._port, self._passwords = port, passwords
        self._lasting = lasting or Lasting()

    def knows(self, login: str, mark: str) -> bool:
        """Whether a mark comes from a browser in which this login was signed in by its password."""
        with self._port.read() as tx:
            found = accounts.by_login(tx, as_kept(login))
        return found is not None and hmac.compare_digest(mark_of(found).encode(), mark.encode())

    def sign_in(
        self,
        login: str,
        password: str,
        code: str,
        fresh: Secrets,
        now: int,
        address: str = "",
        *,
        known: bool = False,
    ) -> Account:
        """Begin a session.

        Args:
            code: of the second factor; empty without one.
            known: it comes from a browser that the door knows: an account that rests because others typed
                wrong passwords doesn't rest for it.

        Raises:
            NotAllowed: login, password or code are wrong, the account rests or is closed. Which of these
                it was is not said, nor whether there is such an account.
        """
        with self._port.read() as tx:
            found = accounts.by_login(tx, as_kept(login))
        fits = self._passwords.fits(found.password if found else None, password)
        with self._port.write("people") as tx:
            right = self._judge(tx, found, fits=fits, code=code, now=now, address=address, known=known)
            if found is not None and right:
                _begin(tx, found, fresh, now, address)
        if found is None or not right:
            raise _wrong()
        return found

    def let_in(self, found: Account, code: str, fresh: Secrets, now: int, address: str = "") -> None:
        """Begin a session of somebody for whom their organisation's sign-in vouches.

        Args:
            code: of the second factor; empty without one.

        Raises:
            NotAllowed: the code is wrong; the account rests, is closed, or was changed meanwhile.
        """
        with self._port.write("people") as tx:
            right = self._judge(tx, found, fits=True, code=code, now=now, address=address)
            if right:
                _begin(tx, found, fresh, now, address)
        if not right:
            raise _kept_out()

    def prove(self, own: Account, password: str, code: str | None, now: int, address: str = "") -> None:
        """Somebody who is signed in shows that it is still they, before their password or codes change.

        Args:
            code: of the second factor that there is; None where none is asked for.

        Raises:
            NotAllowed: a wrong one, or too many were wrong: they count as those at the door.
        """
        fits = self._passwords.fits(own.password, password)
        with self._port.write("people") as tx:
            right = self._judge(tx, own, fits=fits, code=code, now=now, address=address)
            if right:
                accounts.note_success(tx, own.id)
        if not right:
            raise _unproven()

    def _judge(
        self,
        tx: Transaction,
        found: Account | None,
        *,
        fits: bool,
        code: str | None,
        now: int,
        address: str,
        known: bool = False,
    ) -> bool:
        """Whether it is they, with what failed counted.

        An account that rests counts nothing, nor one that no password opens: else whoever types some at
        random would shut its person out.
        """
        if found is None:
            logs.note(tx, "failed", None, Origin(address=address), now)
            return False
        account, ident = accounts.claim(tx, found.id), found.id
        rests = account is not None and (account.locked_to or 0) > now and not known
        vouched = account is not None and account.subject is not None and not fits
        if account is None or account.disabled_at is not None or rests or vouched:
            # Written down too: else it would take less time than a login that there isn't.
            logs.note(tx, "failed", ident, Origin(address=address), now)
            return False
        fits = fits and account.password == found.password  # else it was changed while it was checked
        if fits and account.totp is not None and code is not None:
            step = totp.step_of(account.totp, code, now, account.totp_step)
            fits = step is not None and accounts.use_step(tx, ident, step)
        if not fits:
            rest = rest_after(account.failures + 1)
            accounts.note_failure(tx, ident, now + rest if rest else None)
            logs.note(tx, "rests" if rest else "failed", ident, Origin(address=address), now)
        return fits

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
                logs.note(tx, "signed_out", session.account_id, Origin(by=session.account_id), now)

    def end(self, before: Visitor, now: int) -> None:
        """End a session in whose place its browser has begun another."""
        with self._port.write("people") as tx:
            sessions.end(tx, before.session.id, now)

    def elsewhere(self, own: Visitor, now: int) -> list[Session]:
        """Every session of somebody's that lasts, this one too."""
        with self._port.read() as tx:
            found = sessions.of_account(tx, own.account.id, now - self._lasting.idle - 1)
        return [one for one in found if self._lasts(one, own.account, now)]

    def end_others(self, own: Visitor, now: int) -> None:
        """End every session of somebody's but this one."""
        with self._port.write("people") as tx:
            sessions.end_others(tx, own.account.id, own.session.id, now)
            logs.note(tx, "others_ended", own.account.id, Origin(by=own.account.id), now)


def _begin(tx: Transaction, found: Account, fresh: Secrets, now: int, address: str) -> None:
    accounts.note_success(tx, found.id)
    sessions.begin(tx, hashed(fresh.token), found.id, fresh.csrf, now)
    logs.note(tx, "signed_in", found.id, Origin(by=found.id, address=address), now)


def _wrong() -> NotAllowed:
    """The same words for every reason: they must not tell which logins there are."""
    return NotAllowed(
        "未登录：账号、密码或验证码不对，或输错次数过多、账号正在暂停（1 至 60 分钟）。请检查后再试；"
        "忘记密码请找安全管理员重置。",
        "Not signed in: the login, the password or the code is wrong, or the account rests for 1 to 60 min "
        "after too many wrong ones. Check them and try again; if the password is forgotten, the security "
        "administrator gives a new one.",
    )


def _kept_out() -> NotAllowed:
    return NotAllowed(
        "未登录：验证码不对，或账号已关闭、正在暂停（输错过多，1 至 60 分钟）。请稍后再试，或找安全管理员。",
        "Not signed in: the code is wrong, or the account is closed or rests (1 to 60 min after too many "
        "wrong tries). Try again later, or ask the security administrator.",
    )


def _unproven() -> NotAllowed:
    return NotAllowed(
        "未修改：现在的密码或验证码不对，或输错次数过多、账号正在暂停（1 至 60 分钟）。",
        "Not changed: the password or the code is wrong, or the account rests for 1 to 60 min after too many "
        "wrong ones.",
    )
