"""Secrets of the settings: named where they lie, never written down.

    password = "env:DUBAN_SMTP_PASSWORD"     a variable of the environment
    password = "file:/run/secrets/smtp"      a file, whose last line break doesn't count

Settings are copied into tickets, backups and repositories. A secret that stands in them literally is
therefore refused, and the refusal does not repeat it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from workflow.errors import UsageError

_LITERAL = (
    "设置中不得直接写出密码或密钥：请写 env:变量名 或 file:文件路径，并把内容放到那里。",
    "A secret must not stand in the settings itself: write env:NAME or file:PATH, and put the secret there.",
)


def secret(reference: str) -> str:
    """What `env:NAME` or `file:PATH` refers to.

    Raises:
        UsageError: a literal, or nothing to be found where it points.
    """
    where, name = _parts(reference)
    found = os.environ.get(name, "") if where == "env" else _read(name)
    if not found:
        raise UsageError(
            f"设置引用的 {where}:{name} 不存在或为空：请设置该变量或写入该文件。",
            f"The settings refer to {where}:{name}, which is missing or empty:"
            " set the variable, or fill the file.",
        )
    return found


def _parts(reference: str) -> tuple[str, str]:
    where, _, name = reference.partition(":")
    if where not in ("env", "file") or not name:
        raise UsageError(*_LITERAL)
    return where, name


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"设置引用的 file:{path} 无法读取（{type(error).__name__}）：请检查路径与权限。",
            f"The settings refer to file:{path}, which can't be read ({type(error).__name__}):"
            " check the path and its permissions.",
        ) from None


def _checked(reference: str) -> str:
    _parts(reference)
    return reference


SecretName = Annotated[str, AfterValidator(_checked)]
"""A field of a settings model that says where a secret lies; a literal is refused when it is read."""
