"""How commands are declared, and the arguments that several of them take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from workflow.errors import UsageError

from .speaking import both

F = TypeVar("F", bound=Callable[..., Any])


def option(zh: str, en: str, *names: str, **more: Any) -> Any:
    """An option, its help in both languages."""
    return typer.Option(*names, help=both(zh, en), **more)


def argument(zh: str, en: str, **more: Any) -> Any:
    """A positional argument, its help in both languages."""
    return typer.Argument(help=both(zh, en), **more)


def group(**more: Any) -> typer.Typer:
    """Commands of one theme. One without a name is only a theme: its commands stand at the top."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, **more)


def command(group: typer.Typer, zh: str, en: str, name: str | None = None) -> Callable[[F], F]:
    """Declare a command, under the function's name unless told otherwise."""
    return group.command(name, help=both(zh, en))


AsJson = Annotated[bool, option("输出 JSON，供程序读取。", "JSON, for programs.", "--json")]
TaskNumber = Annotated[str, argument("事项编号，如 SFD-12。", "Such as SFD-12, or 12.", metavar="TASK")]
SomeTask = Annotated[str | None, argument("事项编号。", "A task.", metavar="TASK")]
PackName = Annotated[
    str,
    argument(
        "方案包文件夹，或随附方案包的名字。", "A folder, or the name of one that ships.", metavar="PACK"
    ),
]
Limit = Annotated[int, option("最多列几条。", "How many to list.", min=1, max=100_000)]
OfUnit = Annotated[str | None, option("单位代码。", "Code of a unit.", "--unit")]
OfKind = Annotated[str | None, option("事项类型。", "Kind of task.", "--kind")]
OfTrack = Annotated[str | None, option("专项任务。", "Track.", "--track")]
OfCampaign = Annotated[
    str | None, option("专项行动，不止一个时必填。", "The campaign, if there are several.", "--campaign")
]
PersonCode = Annotated[str, argument("人员代码。", "A person's code.", metavar="PERSON")]
UnitCode = Annotated[str, argument("单位代码。", "A unit's code.", metavar="UNIT")]
ActingPerson = Annotated[
    str, option("以谁的身份（人员代码）。", "Who acts: a person's code.", "--as", metavar="PERSON")
]
SeenRevision = Annotated[
    int | None, option("你看到的版次；有人先办则拒绝。", "The revision you saw.", "--revision")
]
RequestId = Annotated[
    str | None, option("请求编号；重复提交只办一次。", "A repeat with the same id acts once.", "--request-id")
]
Why = Annotated[str, option("理由。", "Why.", "--reason", metavar="TEXT")]
DryRun = Annotated[bool, option("只看会怎样，不做改动。", "Only show what would happen.", "--dry-run")]


def readable(name: str, value: str) -> str:
    """What was typed for an option. A byte that is no UTF-8 could neither be kept nor shown."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{name} 不是 UTF-8 文本。请检查终端或脚本的编码，改为 UTF-8 再试。",
            f"{name} is no UTF-8 text. Set the terminal or the script to UTF-8 and try again.",
        ) from error
    return value


def typed_pairs(name: str, given: Sequence[str], zh: str, en: str) -> dict[str, str]:
    """NAME=VALUE of each that was typed.

    Args:
        name: of the option or argument.
        zh, en: what is to be written, said to whoever wrote something else or a name twice.
    """
    found: dict[str, str] = {}
    for one in given:
        key, equals, value = readable(name, one).partition("=")
        if not equals or not key or key in found:
            raise UsageError(f"{name} “{one}”看不懂：应写 {zh}。", f"{name} {one!r}: write {en}.")
        found[key] = value
    return found


def unreadable(file: Path, error: OSError) -> UsageError:
    """A file that was named and can't be read."""
    why = error.strerror or str(error)
    return UsageError(
        f"读不到文件 {file}（{why}）。请检查路径和权限。",
        f"The file {file} can't be read ({why}). Check the path.",
    )


def unwritable(file: Path, error: OSError) -> UsageError:
    """A file that was named and can't be written."""
    why = error.strerror or str(error)
    return UsageError(
        f"写不了文件 {file}（{why}）。请检查路径和权限。",
        f"The file {file} can't be written ({why}). Check the path.",
    )
