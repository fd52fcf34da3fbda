"""Tokens taken out of what is logged and shown: whoever has a token may use its link."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

# In a path, however it is written: as itself, or percent-encoded as in the log of a proxy.
_SLASH: Final = r"(?:/|%2F)"
_TOKEN: Final = re.compile(
    rf"({_SLASH}(?:[au]{_SLASH}(?=[A-Za-z0-9_.~=%-]{{16}})|receipts{_SLASH}[a-z0-9_-]+{_SLASH}))[A-Za-z0-9_.~=%-]+",
    re.IGNORECASE,
)


def redacted(text: str) -> str:
    """A text with the tokens of links replaced."""
    return _TOKEN.sub(r"\1…", text)


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
