"""One language, and a sentence for everything that goes wrong.

Every text stands in both languages; which one is shown is settled before the arguments are read:
`--lang`, else DUBAN_LANG, else the locale.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from typer.core import TyperGroup

from workflow.errors import DubanError, PackError
from workflow.text import LANGUAGES, Language, Text

_ANYWHERE = (
    "--lang",
    "--database",
    "--evidence-folder",
    "--settings",
)  # taken before and after the command's name
_SPLIT = "\x1f"  # between the two languages of a help text
_HEADINGS = {
    "Usage:": "用法：",
    "Options:": "选项：",
    "Arguments:": "参数：",
    "Commands:": "命令：",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 [参数]…",
    "[required]": "[必填]",
    "[default: ": "[默认：",
    "Show this message and exit.": "显示本说明。",
}


class Speaking(TyperGroup):
    """The group of all commands. It speaks one language and ends every error with a sentence."""

    def main(self, args: Sequence[str] | None = None, **more: Any) -> Any:  # type: ignore[override]
        """Run a command line; always ends with SystemExit."""
        given = _hoisted(list(sys.argv[1:] if args is None else args))
        language = chosen_language(given, os.environ)
        _localise(self, language)
        try:
            code = super().main(given, **{**more, "prog_name": "duban", "standalone_mode": False})
        except Exception as error:
            code = _complain(error, language)
        sys.exit(code if isinstance(code, int) else 0)


def _hoisted(args: list[str]) -> list[str]:
    """The arguments with the common options moved in front of the command."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(args)
    for one in waiting:
        if one == "--":
            rest.extend((one, *waiting))
        elif one in _ANYWHERE:
            front.append(one)
            front.extend(value for value in [next(waiting, None)] if value is not None)
        else:
            (front if one.partition("=")[0] in _ANYWHERE else rest).append(one)
    return front + rest


def chosen_language(args: Sequence[str], environ: Mapping[str, str]) -> Language:
    """Which language to speak: --lang, else DUBAN_LANG, else the locale, else English."""
    wished = [value for name, value in _pairs(args) if name == "--lang"] + [environ.get("DUBAN_LANG", "")]
    for one in LANGUAGES:
        if next(filter(None, wished), "") == one:
            return one
    places = (environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, places), "").startswith("zh") else "en"


def _pairs(args: Sequence[str]) -> Iterator[tuple[str, str]]:
    for position, one in enumerate(args):
        name, equals, value = one.partition("=")
        yield name, value if equals else "".join(args[position + 1 : position + 2])


def _localise(command: Any, language: Language) -> None:
    """Choose one language in every help text of a command, and of those below it."""
    chosen = LANGUAGES.index(language)
    for holder in (command, *command.params):
        for name in ("help", "short_help", "epilog"):
            text = getattr(holder, name, None)
            if text and _SPLIT in text:
                setattr(holder, name, text.split(_SPLIT)[chosen])
    if language == "zh":
        english = command.get_help
        command.get_help = lambda ctx: _in_chinese(english(ctx))
    for below in getattr(command, "commands", {}).values():
        _localise(below, language)


def _in_chinese(text: str) -> str:
    for english, chinese in _HEADINGS.items():
        text = text.replace(english, chinese)
    return text


def _complain(error: Exception, language: Language) -> int:
    """Say what went wrong in one sentence; the exit code."""
    if os.environ.get("DUBAN_DEBUG"):
        raise error
    for line in _complaint(error, language):
        print(line, file=sys.stderr)
    return int(getattr(error, "exit_code", 1))


def _complaint(error: Exception, language: Language) -> Iterator[str]:
    if isinstance(error, PackError):
        yield from (one.to_text().to(language) for one in cast("Any", error.problems))
    if isinstance(error, DubanError):
        yield error.to(language)
    elif hasattr(error, "exit_code"):
        yield _misuse(error).to(language)
    else:
        what = f"{type(error).__name__}: {error}"
        yield Text(
            f"出现意外错误（{what}）。请设 DUBAN_DEBUG=1 再试，把输出交给开发者。",
            f"Something unexpected went wrong ({what}). Try again with DUBAN_DEBUG=1 and send the output.",
        ).to(language)


def _misuse(error: Any) -> Text:
    """What the parser of arguments has to say, in both languages."""
    context = getattr(error, "ctx", None)
    see = f"{context.command_path if context else 'duban'} --help"
    message, kind = str(error.format_message()).rstrip("."), type(error).__name__
    if kind == "NoArgsIsHelpError":
        return Text(message, message)
    name = error.param.get_error_hint() if getattr(error, "param", None) else message
    told = {
        "NoSuchOption": f"没有选项 {getattr(error, 'option_name', '')}",
        "MissingParameter": f"缺少 {name}",
        "BadParameter": f"{name} 的值不能接受（{error.message}）",
    }.get(kind, f"命令有误（{message}）")
    return Text(f"{told}。用法见 {see}。", f"{message}. See {see}.")


def both(zh: str, en: str) -> str:
    """A help text in both languages, for `Speaking` to choose from."""
    return zh + _SPLIT + en
