"""The system administrator's list: which programs elsewhere are told, since when, of what.

The list is the allow-list: a host that nobody has put on it is never told anything, and only whoever works
at the machine's command line can put one on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from workflow.errors import BadValue, Overtaken, Unknown
from workflow.store import Port

from ..store import webhooks
from .addresses import Resolve, checked, resolve, target_of
from .events import cloud_event, headers_of, secret_of
from .peers import Answer, Post, Poster

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_KIND = re.compile(r"[a-z_]{1,40}")


def added(
    port: Port,
    name: str,
    url: str,
    kinds: Sequence[str],
    randomness: bytes,
    now: int,
    *,
    near: bool = False,
    from_start: bool = False,
) -> str:
    """Tell another webhook; its secret, which is shown this once.

    Args:
        kinds: of events; none: all.
        near: it is on this machine, for trying things out.
        from_start: of everything that ever happened, not only of what is to come.

    Raises:
        BadValue: a name, an address or a kind that can't be one, or a name that is taken.
    """
    if not _NAME.fullmatch(name) or not all(_KIND.fullmatch(one) for one in kinds):
        raise BadValue(
            "未添加：名称和事件类别用小写字母、数字、- 和 _。请改正后再加。",
            "Not added: names and kinds of events are lower-case letters, digits, - and _. Correct them.",
        )
    target_of(url, near=near)
    secret = secret_of(randomness)
    try:
        with port.write("people") as tx:
            begin = 0 if from_start else webhooks.last_event(tx)
            webhooks.add(tx, name, url, secret, kinds, begin, now, near=near)
    except Overtaken as error:
        raise BadValue(
            f"未添加：已有名为 {name} 的 webhook。请换一个名称。",
            f"Not added: there is a webhook {name!r} already. Choose another name.",
        ) from error
    return secret


def removed(port: Port, name: str) -> None:
    """Tell a webhook nothing more.

    Raises:
        Unknown: there is none of that name.
    """
    with port.write("people") as tx:
        if not webhooks.remove(tx, name):
            raise _unknown(name)


def enabled(port: Port, name: str, now: int) -> None:
    """Tell a webhook again, from where it stopped.

    Raises:
        Unknown: there is none of that name.
    """
    with port.write("people") as tx:
        if not webhooks.enable(tx, name, now):
            raise _unknown(name)


def tried(port: Port, name: str, now: int, *, post: Post | None = None, look_up: Resolve = resolve) -> Answer:
    """Send a webhook a message that tells of nothing, now; what it said.

    Raises:
        Unknown: there is none of that name.
        NotAllowed, NotNow: its name leads where nothing may be sent, or nowhere.
    """
    with port.read() as tx:
        found = next((one for one in webhooks.every(tx) if one.name == name), None)
    if found is None:
        raise _unknown(name)
    target = target_of(found.url, near=found.near)
    address = checked(target, look_up(target.host, target.port), near=found.near)
    message = cloud_event(f"test-{now}", "urn:duban:test", "duban.test", now, found.name, {})
    return (post or Poster())(target, address, message.body, headers_of(message, found.secret, now))


def _unknown(name: str) -> Unknown:
    return Unknown(
        f"没有名为 {name} 的 webhook。请用 duban webhook list 查看。",
        f"There is no webhook {name!r}. See them with duban webhook list.",
    )
