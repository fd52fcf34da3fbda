"""Personal tokens: programs come in by them, in their owner's name and with no more than the owner may.

A token is shown once and kept as a hash. It works while its owner's account does, and no longer than
a year; only the feed of one's deadlines has no end, because calendars can't renew theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from workflow.errors import BadValue, NotAllowed, NotNow, Unknown
from workflow.store import Port
from workflow.text import Text

from ..store import accounts, logs, tokens
from ..store.accounts import Account
from ..store.logs import Origin
from ..store.tokens import Token
from .signing_in import MINUTE, hashed, hold

Purpose = Literal["read", "act", "calendar"]
PURPOSES: Final = {
    "read": Text("只读", "reading"),
    "act": Text("读取和办理", "reading and acting"),
    "calendar": Text("日历订阅", "calendar feed"),
}
MARK: Final = "duban_"  # of every token: whoever finds one in a file knows what it is
DAY: Final = 24 * 60 * MINUTE  # ms
LONGEST: Final = 365  # days
_LONGEST_LABEL: Final = 80
_MOST: Final = 20  # that work at a time, of one account


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Whose token it is, and what it is for."""

    account: Account
    token: Token


def make(port: Port, own: Account, purpose: str, label: str, days: int, secret: str, now: int) -> str:
    """A new token, which is shown this once.

    Args:
        days: until it expires; of no meaning for a calendar feed.
        secret: what nobody can guess, hex.

    Raises:
        BadValue: no such purpose, no name, or more days than a year has.
        NotNow: the account has too many already.
        Refused: it was closed meanwhile, or has another password.
    """
    called = label.strip()
    _check(purpose, called, days)
    until = None if purpose == "calendar" else now + days * DAY
    with port.write("people") as tx:
        hold(tx, own)
        if len(tokens.of_account(tx, own.id, now)) >= _MOST:
            raise NotNow(
                f"未建立：您已有 {_MOST} 个令牌。请先撤销不用的。",
                f"Not made: you have {_MOST} tokens. Revoke those that aren't used.",
            )
        tokens.add(tx, hashed(MARK + secret), own.id, purpose, called, now, until)
        logs.note(tx, "token_made", own.id, Origin(by=own.id), now)
    return MARK + secret


def _check(purpose: str, label: str, days: int) -> None:
    if purpose not in PURPOSES:
        raise BadValue("未建立：请选择令牌的用途。", "Not made: choose what the token is for.")
    if not 0 < len(label) <= _LONGEST_LABEL or not label.isprintable():
        raise BadValue(
            f"未建立：请给令牌起个名字（至多 {_LONGEST_LABEL} 字），写明哪个程序用它。",
            f"Not made: give the token a name of {_LONGEST_LABEL} characters at most, such as the program's.",
        )
    if not 1 <= days <= LONGEST:
        raise BadValue(
            f"未建立：有效期为 1 至 {LONGEST} 天。请改写天数。",
            f"Not made: a token lasts 1 to {LONGEST} days. Change the days.",
        )


def revoke(port: Port, own: Account, token: int, now: int) -> None:
    """End one of one's own.

    Raises:
        Unknown: one has none of that id.
    """
    with port.write("people") as tx:
        if not tokens.revoke(tx, token, own.id, now):
            raise Unknown(
                "没有这个令牌，或已撤销。请刷新页面查看。",
                "There is no such token, or it was revoked. Reload the page.",
            )
        logs.note(tx, "token_revoked", own.id, Origin(by=own.id), now)


def holder_of(port: Port, token: str, purposes: tuple[Purpose, ...], now: int) -> Holder:
    """Whose token it is.

    Raises:
        NotAllowed: nobody's, another purpose's, expired, revoked, or its owner may not come in.
    """
    with port.read() as tx:
        found = tokens.find(tx, hashed(token)) if token.startswith(MARK) else None
        account = accounts.by_id(tx, found.account_id) if found else None
    if found is None or account is None or not _works(found, account, now) or found.purpose not in purposes:
        raise NotAllowed(
            "令牌无效：可能抄错、过期、已撤销，或用途不符。请在“我的账号”中另建一个。",
            "The token isn't valid: mistyped, expired, revoked, or made for something else. Make another "
            "under “My account”.",
        )
    if now - (found.used_at or 0) >= MINUTE:  # exact enough, and spares a write for each request
        with port.write("people") as tx:
            tokens.note_used(tx, found.id, now)
    return Holder(account=account, token=found)


def _works(token: Token, account: Account, now: int) -> bool:
    if token.revoked_at is not None or account.disabled_at is not None or account.must_change:
        return False
    return token.expires_at is None or token.expires_at > now


__all__ = ["LONGEST", "MARK", "PURPOSES", "Holder", "Purpose", "holder_of", "make", "revoke"]
