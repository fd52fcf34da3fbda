"""From where a request comes, as far as limits need it. It is written nowhere."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from fastapi import Request


def address_of(request: Request, *, proxied: bool) -> str:
    """The address to count by: of IPv6 the network, of which one household has all.

    Args:
        proxied: whether a proxy of ours stands in front, which adds the last of `X-Forwarded-For`: at the
            end of the caller's own, or as another header below it.
    """
    said = request.headers.getlist("x-forwarded-for")
    told = said[-1].rpartition(",")[2].strip() if proxied and said else ""
    peer = request.client.host if request.client is not None else ""
    return _network(told) or _network(peer) or peer


def _network(told: str) -> str:
    try:
        found = ip_address(told)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Address(int(found) >> 64 << 64))
    return str(found)
