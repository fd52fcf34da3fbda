"""Who gets an account, a new password, a duty; and the first account, which can only appoint the three.

Three administrators stand apart (GB/T 22239): system (how it runs), security (who may sign in), audit
(who did what). They are three different people, and none of them reads tasks for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workflow.errors import BadValue, NotAllowed, Refused, Unknown
from workflow.reading import person_id
from workflow.store import Port, Transaction
from workflow.text import Text

from ..store import accounts, sessions, tokens
from ..store.accounts import Account
from .passwords import Passwords, check_strength

FIRST: Final = "first"
DUTIES: Final = {
    "system": Text("系统管理员", "system administrator"),
    "security": Text("安全管理员", "security administrator"),
    "audit": Text("审计管理员", "audit administrator"),
}


def begin(port: Port, passwords: Passwords, password: str, now: int) -> bool:
    """Make the first account, unless there is any. Its password is shown once, and used once.

    Returns:
        False if there are accounts already.
    """
    made = passwords.hash(password)
    with port.write("people") as tx:
        if accounts.count(tx):
            return False
        accounts.add(tx, FIRST, None, FIRST, made, now)
    return True


def appoint(
    port: Port,
    passwords: Passwords,
    by: Account,
    people: Mapping[str, str],
    given: Mapping[str, str],
    now: int,
) -> None:
    """The first account appoints the three administrators, and closes.

    Args:
        people: the code of a person for each duty.
        given: the one-time password of each duty, to be handed over.

    Raises:
        NotAllowed: it isn't the first account, or it has done so.
        BadValue: a duty is missing, or one person has two.
        Unknown: no such person.
    """
    if by.duty != FIRST:
        raise NotAllowed(
            "只有首个账号可以任命三员，且只能一次。", "Only the first account appoints the three, once."
        )
    if set(people) != set(DUTIES) or len(set(people.values())) != len(DUTIES):
        raise BadValue(
            "系统、安全、审计三名管理员须由三个不同的人担任。请各指定一人。",
            "Three different people are system, security and audit administrator. Name one for each.",
        )
    made = {duty: passwords.hash(given[duty]) for duty in DUTIES}
    with port.write("people") as tx:
        if not accounts.disable(tx, by.id, now):
            raise NotAllowed("首个账号已经关闭。", "The first account is closed already.")
        for duty, code in people.items():
            accounts.add(tx, _free(tx, code), person_id(tx, code), duty, made[duty], now)
        sessions.end_all(tx, by.id, now)


def open_account(port: Port, passwords: Passwords, by: Account, person: str, given: str, now: int) -> None:
    """The security administrator gives a person an account with a one-time password.

    Raises:
        NotAllowed: somebody else asks.
        Unknown: no such person.
        BadValue: the person has an account.
    """
    _only_security(by)
    made = passwords.hash(given)
    with port.write("people") as tx:
        accounts.add(tx, _free(tx, person), person_id(tx, person), None, made, now)


def reset(port: Port, passwords: Passwords, by: Account, login: str, given: str, now: int) -> None:
    """The security administrator gives a new one-time password; the second factor begins anew.

    Raises:
        NotAllowed: somebody else asks, or it is their own account.
        Unknown: no such account.
    """
    _only_security(by)
    if login == by.login:
        raise NotAllowed("自己的密码请在“我的账号”中修改。", "Change your own password under “My account”.")
    made = passwords.hash(given)
    with port.write("people") as tx:
        found = _account(tx, login)
        if not accounts.set_password(tx, found, made, now, must_change=True):
            raise _meanwhile()
        accounts.set_totp(tx, found.id, None)
        sessions.end_all(tx, found.id, now)
        tokens.revoke_all(tx, found.id, now)


def close(port: Port, by: Account, login: str, now: int) -> None:
    """The security administrator closes an account; every session of it ends.

    Raises:
        NotAllowed: somebody else asks, or it is their own account.
        Unknown: no such account.
    """
    _only_security(by)
    if login == by.login:
        raise NotAllowed(
            "不能关闭自己的账号。请由接任者关闭。", "Nobody closes their own account: let a successor do it."
        )
    with port.write("people") as tx:
        found = _account(tx, login)
        accounts.disable(tx, found.id, now)
        sessions.end_all(tx, found.id, now)
        tokens.revoke_all(tx, found.id, now)


def change_password(port: Port, passwords: Passwords, own: Account, old: str, new: str, now: int) -> None:
    """Somebody changes their own password; every session ends.

    Raises:
        NotAllowed: the old one is wrong.
        BadValue: the new one is too weak, or the old one again.
    """
    if not passwords.fits(own.password, old):
        raise NotAllowed("未修改：原密码不对。", "Not changed: the old password is wrong.")
    if old == new:
        raise BadValue("新密码不能与原密码相同。", "The new password must differ from the old one.")
    check_strength(new, own.login, *((own.name.zh, own.name.en) if own.name else ()))
    made = passwords.hash(new)
    with port.write("people") as tx:
        if not accounts.set_password(tx, own, made, now, must_change=False):
            raise _meanwhile()
        sessions.end_all(tx, own.id, now)


def _free(tx: Transaction, login: str) -> str:
    name = login.strip().lower()
    if accounts.by_login(tx, name) is not None:
        raise BadValue(
            f"账号 {name} 已存在，未另建。", f"There is an account {name!r} already; none was made."
        )
    return name


def _account(tx: Transaction, login: str) -> Account:
    found = accounts.by_login(tx, login)
    if found is None:
        raise Unknown(f"没有账号 {login}。", f"There is no account {login!r}.")
    return found


def _only_security(by: Account) -> None:
    if by.duty != "security":
        raise NotAllowed("只有安全管理员可以管理账号。", "Only the security administrator manages accounts.")


def _meanwhile() -> Refused:
    return Refused(
        "密码刚被别人修改，本次未改。请重新登录后再试。",
        "The password was changed by somebody else just now; nothing was changed. Sign in and try again.",
    )
