"""Pictures of definitions, and of a task's place in its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workflow.errors import UsageError

from .arguments import argument, command, group, option, unwritable
from .desk import Desk, desk_of
from .packs import proven

if TYPE_CHECKING:
    from workflow.drawing import Diagram, Spoken

app = group()
FORMATS, SPOKEN = ("mermaid", "svg"), ("zh", "en", "both")
_BY_SUFFIX = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".md": "mermaid", ".txt": "mermaid"}


@command(
    app,
    "状态图：流程的状态、流转、时限、预警；或某事项的现状。",
    "Draw a definition's states, clocks and rules, or a task's place in them.",
)
def draw(
    ctx: typer.Context,
    pack: Annotated[
        str | None, argument("方案包文件夹或名字。", "A pack: its folder or its name.", metavar="PACK")
    ] = None,
    kind: Annotated[str | None, argument("事项类型。", "Kind of task.", metavar="KIND")] = None,
    task: Annotated[
        str | None, option("画某事项的现状（编号）。", "Draw where this task stands.", "--task")
    ] = None,
    form: Annotated[
        str, option("mermaid 或 svg，默认随文件名。", "mermaid or svg; by the file's name.", "--format")
    ] = "",
    out: Annotated[Path | None, option("写入文件。", "Write to a file.", "--out")] = None,
    language: Annotated[str, option("zh、en 或 both，默认随系统。", "zh, en or both.", "--language")] = "",
) -> None:
    from workflow.drawing import mermaid, svg

    desk = desk_of(ctx)
    form = _one_of("--format", form or _by_name(out), FORMATS)
    spoken = cast("Spoken", _one_of("--language", language or desk.language, SPOKEN))
    picture = _of_task(desk, task) if task is not None and pack is None else _of_kind(pack, kind, task)
    text = (svg if form == "svg" else mermaid)(picture, spoken)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable(out, error) from error
    desk.say(f"已画入 {out}。", f"Drawn into {out}.")


def _by_name(out: Path | None) -> str:
    """A picture in a file whose name promises another form would not open."""
    if out is None:
        return "mermaid"
    form = _BY_SUFFIX.get(out.suffix.lower())
    if form is None:
        listed = list(_BY_SUFFIX)
        raise UsageError(
            f"{out.name} 须以 {'、'.join(listed)} 结尾，或写明 --format。",
            f"{out.name} must end with {', '.join(listed)}, or say --format.",
        )
    return form


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value in known:
        return value
    raise UsageError(
        f"{name} 不能是 {value}。可选：{'、'.join(known)}。",
        f"{name} can't be {value!r}. Choose {', '.join(known)}.",
    )


def _of_task(desk: Desk, number: str) -> Diagram:
    from workflow.drawing import diagram
    from workflow.reading import placed, read_number

    with desk.frame() as frame:
        found = placed(frame, read_number(frame, number))
    return diagram(found.definition, found.kinds, found.place)


def _of_kind(pack: str | None, kind: str | None, task: str | None) -> Diagram:
    from workflow.drawing import diagram

    if pack is None or task is not None:
        raise UsageError(
            "请写明方案包和事项类型，或只写 --task 事项编号。",
            "Name a pack and a kind of task, or nothing but --task TASK.",
        )
    found = proven(pack)
    if kind is None or kind not in found.definitions:
        listed = list(found.definitions)
        raise UsageError(
            f"方案包 {pack} 里没有事项类型 {kind or '（未写）'}。可选：{'、'.join(listed)}。",
            f"The pack {pack} has no kind of task {kind or '(none named)'}. Choose {', '.join(listed)}.",
        )
    return diagram(found.definitions[kind], {name: one.label for name, one in found.definitions.items()})
