"""Tokens taken out of what is logged and shown: whoever has a token may use its link.

Links that act (/a), unsubscribe (/u) or vote (/r), feeds (/calendar) and gateways that call back
(/receipts/CHANNEL) carry one in their path. A new kind of such a link is named here, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

# In a text, however the path is written: as itself, or percent-encoded as in the log of a proxy. What is
# shorter than any token is left: `/a/b` is no link of ours.
_SLASH: Final = r"(?:/|%2F)"
_CHAR: Final = r"[A-Za-z0-9_.~=%-]"
_TOKEN: Final = re.compile(
    rf"({_SLASH}(?:(?:a|calendar|u){_SLASH}(?={_CHAR}{{16}})|r{_SLASH}(?={_CHAR}{{12}})"
    rf"|receipts{_SLASH}[a-z0-9_-]+{_SLASH})){_CHAR}+",
    re.IGNORECASE,
)
_PATH: Final = re.compile(r"^(/(?:a|calendar|r|u|receipts/[^/]*)/)[^/]*")


def redacted(text: str) -> str:
    """A text with the tokens of links replaced."""
    return _TOKEN.sub(r"\1…", text)


def shown_path(path: str) -> str:
    """The path of a request without the token in it, whatever somebody wrote in its place."""
    return _PATH.sub(r"\1…", path)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A processor of structlog: nothing that is logged holds a token."""
    return {key: _without(value) for key, value in event.items()}


def _without(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {key: _without(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    shown = str(value)  # an exception, a path, a record
    return redacted(shown) if _TOKEN.search(shown) else value
