"""Names in braces that settings may hold: checked when the settings are read, never a language."""

from __future__ import annotations

from collections.abc import Collection
from string import Formatter


def check_template(template: str, allowed: Collection[str]) -> None:
    """A template holds plain names only: no attributes, no formats.

    Raises:
        ValueError: a name that isn't known, or a brace that is not closed.
    """
    for _literal, name, form, conversion in Formatter().parse(template):
        if name is not None and (name not in allowed or form or conversion):
            known = sorted(allowed)
            raise ValueError(
                f"{{{name}}} is not known here, only {known}; a brace is written twice · "
                f"此处没有 {{{name}}}，只有 {known}；花括号本身须写两次"
            )
