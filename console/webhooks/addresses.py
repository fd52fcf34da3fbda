"""Where a name leads, and whether anybody may be told there.

A name is looked up once for each message, every address it leads to is checked, and the connection goes to a
checked one: a name that leads elsewhere a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from workflow.errors import BadValue, NotAllowed, NotNow

Resolve = Callable[[str, int], Sequence[str]]
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits
_OWN_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215: within one's own network
_COMPATIBLE = IPv6Network("::/96")
_LONGEST = 2_000  # characters of an address


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A webhook's address, in its parts."""

    secure: bool
    host: str
    port: int
    path: str  # with its query


def target_of(url: str, *, near: bool) -> Target:
    """The parts of an address.

    Args:
        near: this machine itself, for trying things out: http is then allowed.

    Raises:
        BadValue: it isn't https, names nobody, or bears an account or a fragment.
    """
    try:
        found = urlsplit(url)
        host, port = found.hostname, found.port
    except ValueError:
        raise _wrong() from None
    schemes = ("https", "http") if near else ("https",)
    fits = found.scheme in schemes and host and not found.username and not found.fragment
    if not fits or host is None or not url.isascii() or not url.isprintable() or " " in url:
        raise _wrong()
    if len(url) > _LONGEST:
        raise _wrong()
    secure = found.scheme == "https"
    path = (found.path or "/") + (f"?{found.query}" if found.query else "")
    return Target(secure=secure, host=host, port=port or (443 if secure else 80), path=path)


def _wrong() -> BadValue:
    return BadValue(
        "地址不能用：应为 https:// 开头的网址，不带账号和 # 部分（--near 时可用 http://127.0.0.1）。请改正后再加。",
        "The address can't be used: write one that begins with https://, without an account or a fragment "
        "(with --near, http://127.0.0.1 will do).",
    )


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as this machine looks it up.

    Raises:
        NotNow: there is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotNow(
            f"找不到 {host} 的地址。请检查域名和本机的 DNS。",
            f"{host} leads nowhere. Check the name, and this machine's DNS.",
        ) from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def checked(target: Target, looked_up: Sequence[str], *, near: bool) -> str:
    """The address to connect to.

    Raises:
        NotAllowed: one of them is private, or, for what is near, not of this machine.
    """
    fits = _is_loopback if near else _is_public
    if looked_up and all(fits(one) for one in looked_up):
        return looked_up[0]
    if near:
        raise NotAllowed(
            f"已拒绝：{target.host} 不是本机地址，而它是按 --near 加的。请去掉 --near 重新添加。",
            f"Refused: {target.host} isn't this machine, and was added with --near. Add it without.",
        )
    raise NotAllowed(
        f"已拒绝：{target.host} 指向内部或保留地址，不向那里发送。请用公开地址；试用本机可加 --near。",
        f"Refused: {target.host} leads to a private or reserved address; nothing is sent there. Use a public "
        "one; to try things out on this machine, add it with --near.",
    )


def _is_loopback(address: str) -> bool:
    return _plain(address).is_loopback


def _is_public(address: str) -> bool:
    found = _plain(address)
    if isinstance(found, IPv6Address) and (found.is_site_local or found in _OWN_NAT64):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def _plain(address: str) -> IPv4Address | IPv6Address:
    """The address that is meant: an IPv4 address may be wrapped in an IPv6 one."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return found
    wrapped = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
    if wrapped is None and (found in _NAT64 or (found in _COMPATIBLE and int(found) > 1)):
        wrapped = IPv4Address(int(found) & 0xFFFFFFFF)
    return wrapped or found
