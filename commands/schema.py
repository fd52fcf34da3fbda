"""The language of definitions for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .arguments import command, group, option, unwritable
from .desk import desk_of

app = group()


@command(
    app,
    "方案包的 JSON Schema，供编辑器补全和检查。",
    "JSON Schema of packs, for editors to complete and check.",
)
def schema(
    ctx: typer.Context,
    out: Annotated[
        Path | None, option("写入文件夹，每种文件一份。", "Write one for each sort of file.", "--out")
    ] = None,
) -> None:
    from workflow.schema import schema_of_packs, schemas

    desk = desk_of(ctx)
    if out is None:
        desk.json(schema_of_packs())
        return
    for name, one in schemas().items():
        file = out / f"{name}.schema.json"
        _write(file, one)
        desk.say(f"已写入 {file}。", f"Written to {file}.")
    desk.say(
        f"在方案包文件的首行写明，编辑器即可补全和检查：\n"
        f"  # yaml-language-server: $schema={out / 'task.schema.json'}",
        f"Say it in the first line of a pack's file, and the editor completes and checks:\n"
        f"  # yaml-language-server: $schema={out / 'task.schema.json'}",
    )


def _write(file: Path, schema: dict[str, Any]) -> None:
    import orjson

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(orjson.dumps(schema, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise unwritable(file, error) from error
