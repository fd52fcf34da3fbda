"""Addresses and wishes as people type them: what can be one, and how it is written from then on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, get_args

from workflow.definition.yaml import nearest
from workflow.errors import BadValue
from workflow.text import Text

from .content import Kind

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
LABELS: Final = {
    "mail": Text("邮箱", "mail"),
    "sms": Text("手机", "mobile"),
    "chat": Text("即时消息", "chat"),
    "folder": Text("文件夹", "folder"),
}
# RFC 5321 §4.1.2, §4.5.3.1: a dot-atom, a name with a dot; what quoting would allow is not taken.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAIL = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")
_MOST_MAIL = 254  # characters
_NUMBER = re.compile(r"\+?[0-9]{5,15}")  # E.164 §6: 15 digits at most
_CHAT = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]+")
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
NOTICES: Final = "notices"
_TOPIC = re.compile(r"notices|digest:[a-z][a-z0-9_]*")


def address_of(kind: str, typed: str) -> str:
    """An address as it is kept.

    Raises:
        BadValue: there is no such kind, or this can be no address of it.
    """
    if kind not in KINDS:
        raise _no_kind(kind)
    return _READERS[kind](typed.strip())


def _mail(typed: str) -> str:
    if len(typed) > _MOST_MAIL or not _MAIL.fullmatch(typed):
        raise BadValue(
            "这不是邮箱地址，未采用。请写成 name@example.org：只用半角英文、数字和常用符号，不带姓名和"
            "尖括号；中文域名请写成 xn-- 形式。",
            "Not taken: this is no mail address. Write name@example.org, in ASCII, without a name or angle "
            "brackets; of an international domain write the xn-- form.",
        )
    local, _, domain = typed.rpartition("@")
    return f"{local}@{domain.lower()}"


def _number(typed: str) -> str:
    number = re.sub(r"[ ()-]", "", typed)
    if not _NUMBER.fullmatch(number):
        raise BadValue(
            "这不是电话号码，未采用。请只写数字，可带国家码，如 +8613800000000；5 至 15 位。",
            "Not taken: this is no phone number. Write 5 to 15 digits, with the country's code if you like, "
            "as in +8613800000000.",
        )
    return number


def _chat(typed: str) -> str:
    if not _CHAT.fullmatch(typed):
        raise BadValue(
            "这不是即时消息地址，未采用。请写成 平台://…，如 wecombot://…；写法见 docs/sms.md。",
            "Not taken: this is no chat address. Write SERVICE://…, as in wecombot://…; see docs/sms.md.",
        )
    return typed


def _folder(typed: str) -> str:
    if not _FOLDER.fullmatch(typed):
        raise BadValue(
            "这不能作文件夹名，未采用。请只用半角字母、数字、点、横线、下划线，不带路径。",
            "Not taken: this is no name of a folder. Use letters, digits, dots, hyphens and underscores, and "
            "no path.",
        )
    return typed


_READERS: Final[dict[str, Callable[[str], str]]] = {
    "mail": _mail,
    "sms": _number,
    "chat": _chat,
    "folder": _folder,
}


def _no_kind(kind: str) -> BadValue:
    near = nearest(kind, KINDS)
    hint = Text(f"（是否为 {near}？）", f" (did you mean {near}?)") if near else Text("", "")
    return BadValue(
        f"没有地址类别“{kind}”{hint.zh}。可用：{'、'.join(KINDS)}。",
        f"There is no kind of address {kind!r}{hint.en}. Choose one of: {', '.join(KINDS)}.",
    )


def minutes_of(typed: str) -> int:
    """Minutes after midnight of a time of day, such as 07:30.

    Raises:
        BadValue: it is none.
    """
    match = _HOURS.fullmatch(typed)
    if match is None:
        raise BadValue(
            f"“{typed}”不是时刻。请写成 07:30。", f"{typed!r} is no time of day. Write it as in 07:30."
        )
    return int(match[1]) * 60 + int(match[2])


def quiet_of(typed: str) -> tuple[int, int]:
    """Quiet hours, from and to in minutes after midnight: `21:00-07:30`; the same twice means none.

    Raises:
        BadValue: they are none.
    """
    begin, hyphen, end = typed.partition("-")
    if not hyphen:
        raise BadValue(
            f"“{typed}”不是免打扰时段。请写成 21:00-07:30；起止相同表示不设。",
            f"{typed!r} are no quiet hours. Write 21:00-07:30; the same time twice means none.",
        )
    return minutes_of(begin.strip()), minutes_of(end.strip())


def written(minutes: int) -> str:
    """A time of day as people write it."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def topic_of(typed: str) -> str:
    """What may be switched off: information only.

    Raises:
        BadValue: there is no such topic; formal notices are none.
    """
    if not _TOPIC.fullmatch(typed):
        raise BadValue(
            f"“{typed}”不能退订。可退订的是提醒类消息 notices，和简报 digest:名称；"
            "正式通知（交办、预警、需签署的文件、答复）不能退订。",
            f"{typed!r} can't be switched off. Information can: notices, and digest:NAME. Formal notices "
            "(assignments, escalations, letters to sign, answers) cannot.",
        )
    return typed
