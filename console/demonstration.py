"""A demonstration: everything is invented, every page says so, and its time can be hurried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from workflow.errors import BadValue, NotNow
from workflow.store import Port
from workflow.store.life import is_demonstration
from workflow.text import Text

from .accounts import Passwords
from .store import accounts

_SECOND, _HOUR, _DAY = 1, 3_600, 86_400
PACES: Final[Mapping[int, Text]] = {
    0: Text("暂停", "pause"),
    _SECOND: Text("实时", "real time"),
    _HOUR: Text("每秒 1 小时", "1 h a second"),
    _DAY: Text("每秒 1 天", "1 day a second"),
}
"""Seconds that pass in each second."""


class Time(Protocol):
    """Whoever lets the demonstration's time pass."""

    pace: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """An account that everybody may use."""

    login: str
    name: Text
    what: Text  # post and unit, or duty


@dataclass(frozen=True, kw_only=True, slots=True)
class Demonstration:
    """What the console needs to know of it."""

    known: Sequence[Known] = ()  # a few accounts, one of each kind
    time: Time | None = None  # None: it can't be hurried


def hurry(demonstration: Demonstration | None, pace: str) -> None:
    """Let time run at another pace.

    Raises:
        NotNow: this is no demonstration, or its time isn't its own.
        BadValue: no such pace.
    """
    if demonstration is None or demonstration.time is None:
        raise NotNow(
            "时间未作改动：只有演示系统可以调快时间。",
            "Time was left alone: only a demonstration's can be hurried.",
        )
    if not pace.isdecimal() or int(pace) not in PACES:
        raise BadValue("没有这个速度，未作改动。", "There is no such pace; nothing was changed.")
    demonstration.time.pace = int(pace)


def open_accounts(
    port: Port, passwords: Passwords, people: Mapping[str, int], duties: Sequence[str], shared: str, now: int
) -> None:
    """An account for everybody, all with one password that everybody may know.

    Args:
        people: person by login.
        duties: each is an account of that name as well.

    Raises:
        NotNow: the database is not a demonstration's.
    """
    made = passwords.hash(shared)
    with port.write("people") as tx:
        if not is_demonstration(tx):
            raise NotNow(
                "未开通账号：共用密码只能用于演示数据库。",
                "No account was made: a shared password is for a demonstration's database only.",
            )
        for login, person in people.items():
            accounts.add_known(tx, login, person, None, made, now)
        for duty in duties:
            accounts.add_known(tx, duty, None, duty, made, now)
