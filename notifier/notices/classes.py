"""Which notices cannot be switched off."""

from __future__ import annotations

from typing import Final

from ..content import Class

_INFORMATION: Final = frozenset({"repeat", "copied", "merged", "team ended"})


def class_of(reason: str) -> Class:
    """The class of a reason. An unknown one is formal: better told than lost."""
    return "information" if reason in _INFORMATION else "formal"
