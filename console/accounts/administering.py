"""Who gets an account, a new password, a duty; and the first account, which can only appoint the three.

Three administrators stand apart (GB/T 22239): system (how it runs), security (who may sign in), audit
(who did what). They are three different people, and none of them reads tasks for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workflow.errors import BadValue, NotAllowed, NotNow, Unknown
from workflow.reading import person_id
from workflow.store import Port, Transaction
from workflow.text import Text

from ..store import accounts, logs, sessions, tokens
from ..store.accounts import LONGEST_SUBJECT, Account
from ..store.logs import AT_THE_MACHINE, Origin
from . import totp
from .passwords import Passwords, check_strength
from .signing_in import Door, as_kept, hold, overtaken

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
        first = accounts.add(tx, FIRST, None, FIRST, made, now)
        logs.note(tx, "opened", first, AT_THE_MACHINE, now)
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
            opened = accounts.add(tx, _free(tx, code), person_id(tx, code), duty, made[duty], now)
            logs.note(tx, "appointed", opened, Origin(by=by.id), now)
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
        opened = accounts.add(tx, _free(tx, person), person_id(tx, person), None, made, now)
        logs.note(tx, "opened", opened, Origin(by=by.id), now)


def reset(port: Port, passwords: Passwords, by: Account, login: str, given: str, now: int) -> None:
    """The security administrator gives a new one-time password. The second factor stays as it is.

    Raises:
        NotAllowed: somebody else asks, or it is an administrator's account.
        Unknown: no such account.
    """
    _only_security(by)
    made = passwords.hash(given)
    with port.write("people") as tx:
        _reset(tx, _others(tx, login), made, Origin(by=by.id), now)


def link(port: Port, by: Account | None, login: str, issuer: str, subject: str, made: str, now: int) -> None:
    """From now on an issuer vouches for a person, and no password opens their account; a reset ends that.

    The second factor stays as it is: else whoever links could sign in as anybody.

    Args:
        by: the security administrator; None: somebody who works at the machine.
        subject: what the issuer calls the person.
        made: the hash of a password that nobody has.

    Raises:
        NotAllowed: somebody else asks, or it is an administrator's account.
        BadValue: no name, or one that another account has.
        Unknown: no such account.
        NotNow: the account is closed.
    """
    if by is not None:
        _only_security(by)
    called = subject.strip()
    with port.write("people") as tx:
        found = _others(tx, login)
        _check_subject(tx, found, issuer, called)
        if found.disabled_at is not None:
            raise NotNow("未关联：该账号已关闭，不能再用。", "Not linked: that account is closed for good.")
        if not accounts.set_password(tx, found, made, now, must_change=False):
            raise overtaken()
        _expel(tx, found, now)
        accounts.link(tx, found.id, issuer, called)
        logs.note(tx, "linked", found.id, AT_THE_MACHINE if by is None else Origin(by=by.id), now)


def _check_subject(tx: Transaction, found: Account, issuer: str, called: str) -> None:
    if not 0 < len(called) <= LONGEST_SUBJECT or not called.isprintable():
        raise BadValue(
            f"未关联：请填写此人在统一身份认证中的标识（至多 {LONGEST_SUBJECT} 字）。",
            "Not linked: type what the organisation's sign-in calls this person, in "
            f"{LONGEST_SUBJECT} characters at most.",
        )
    other = accounts.by_identity(tx, issuer, called)
    if other is not None and other.id != found.id:
        raise BadValue(
            f"未关联：这个标识已关联账号 {other.login}。请核对；确要改动，先重置那个账号的密码。",
            f"Not linked: that identity is linked to {other.login!r}. Check it; to move it, reset the "
            "password of that account first.",
        )


def _reset(tx: Transaction, found: Account, made: str, origin: Origin, now: int) -> None:
    if not accounts.set_password(tx, found, made, now, must_change=True):
        raise overtaken()
    accounts.link(tx, found.id, None, None)
    _expel(tx, found, now)
    logs.note(tx, "reset", found.id, origin, now)


def _expel(tx: Transaction, found: Account, now: int) -> None:
    sessions.end_all(tx, found.id, now)
    tokens.revoke_all(tx, found.id, now)


def close(port: Port, by: Account, login: str, now: int) -> None:
    """The security administrator closes an account; every session of it ends.

    Raises:
        NotAllowed: somebody else asks, or it is an administrator's account.
        Unknown: no such account.
    """
    _only_security(by)
    with port.write("people") as tx:
        _close(tx, _others(tx, login), Origin(by=by.id), now)


def _close(tx: Transaction, found: Account, origin: Origin, now: int) -> None:
    accounts.disable(tx, found.id, now)
    accounts.link(tx, found.id, None, None)
    _expel(tx, found, now)
    logs.note(tx, "closed", found.id, origin, now)


def unlock(port: Port, by: Account, login: str, now: int) -> None:
    """The security administrator ends an account's rest.

    Raises:
        NotAllowed: somebody else asks, or it is an administrator's account.
        Unknown: no such account.
    """
    _only_security(by)
    with port.write("people") as tx:
        found = _others(tx, login)
        accounts.note_success(tx, found.id)
        logs.note(tx, "unlocked", found.id, Origin(by=by.id), now)


def take_factor(port: Port, by: Account, login: str, now: int) -> bool:
    """Take away a second factor whose telephone is lost: the security administrator asks, audit agrees.

    Returns:
        Whether it is taken away now; False if it was asked for.

    Raises:
        NotAllowed: somebody else asks, or it is an administrator's account.
        NotNow: the account has none, or the security administrator has not asked.
        Unknown: no such account.
    """
    if by.duty not in ("security", "audit"):
        raise _not_yours()
    with port.write("people") as tx:
        found = _others(tx, login)
        agreed = by.duty == "audit"
        if found.totp is None or (agreed and found.factor_asked_by is None):
            raise NotNow(
                "未取消：该账号没有启用验证码，或安全管理员尚未提出。",
                "Not taken away: the account has no codes, or the security administrator has not asked.",
            )
        if agreed:
            accounts.set_totp(tx, found.id, None)
        else:
            accounts.ask_for_factor(tx, found.id, by.id)
        logs.note(tx, "factor_taken" if agreed else "factor_asked", found.id, Origin(by=by.id), now)
    return agreed


def at_the_machine(port: Port, act: str, login: str, now: int, made: str = "") -> None:
    """Somebody who works at the machine unlocks, resets or disables any account, an administrator's too.

    It is the way back in when nobody else can let anybody in. A reset takes the second factor away.

    Args:
        act: unlock, reset, disable.
        made: the hash of a new one-time password, of a reset.

    Raises:
        Unknown: no such account.
    """
    with port.write("people") as tx:
        found = _account(tx, login)
        if act == "disable":
            _close(tx, found, AT_THE_MACHINE, now)
        elif act == "reset":
            _reset(tx, found, made, AT_THE_MACHINE, now)
            accounts.set_totp(tx, found.id, None)
        else:
            accounts.note_success(tx, found.id)
            logs.note(tx, "unlocked", found.id, AT_THE_MACHINE, now)


def change_password(
    port: Port, door: Door, passwords: Passwords, own: Account, old: str, new: str, now: int
) -> None:
    """Somebody changes their own password; every session ends, and every token.

    Raises:
        NotAllowed: the old one is wrong, or too many were.
        BadValue: the new one is too weak, or the old one again.
    """
    door.prove(own, old, None, now)
    if old == new:
        raise BadValue("新密码不能与原密码相同。", "The new password must differ from the old one.")
    check_strength(new, own.login, *((own.name.zh, own.name.en) if own.name else ()))
    made = passwords.hash(new)
    with port.write("people") as tx:
        if not accounts.set_password(tx, own, made, now, must_change=False):
            raise overtaken()
        _expel(tx, own, now)
        logs.note(tx, "password_changed", own.id, Origin(by=own.id), now)


def set_factor(
    port: Port, door: Door, own: Account, password: str, old: str, secret: str, code: str, now: int
) -> None:
    """Somebody begins to use a second factor, or another one.

    Args:
        old: a code of the factor that there is.
        secret, code: the new one, and what it shows.

    Raises:
        NotAllowed: the password, the old code or the new one is wrong.
        Refused: the account was closed meanwhile, or has another password.
    """
    step = totp.step_of(secret, code, now, None) if totp.is_secret(secret) else None
    if step is None:
        raise NotAllowed(
            "新验证码不对，尚未启用。请核对手机时间，输入最新的六位数字。",
            "The new code is wrong, nothing was switched on. Check the telephone's time; type the newest.",
        )
    door.prove(own, password, old, now)
    with port.write("people") as tx:
        hold(tx, own)
        accounts.set_totp(tx, own.id, secret)
        accounts.use_step(tx, own.id, step)
        logs.note(tx, "factor_set", own.id, Origin(by=own.id), now)


def _free(tx: Transaction, login: str) -> str:
    name = as_kept(login)
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


def _others(tx: Transaction, login: str) -> Account:
    """The account of somebody who works with tasks: administrators' are in nobody's hands in the web."""
    found = _account(tx, login)
    if found.duty is not None:
        raise _not_yours()
    return found


def _not_yours() -> NotAllowed:
    return NotAllowed(
        "未办理：管理员账号只能在服务器上处理（duban account），以免一名管理员冒用另一名的身份。",
        "Not done: accounts of administrators are looked after at the machine (duban account), so that none "
        "of them signs in as another.",
    )


def _only_security(by: Account) -> None:
    if by.duty != "security":
        raise NotAllowed("只有安全管理员可以管理账号。", "Only the security administrator manages accounts.")
